"""A full disk is named in plain words, whether Python or Java ran into it."""

from __future__ import annotations

import errno

import pytest

from include.lake.disk import REMEDY, WHICH, disk_failure

TRACE = (
    "org.apache.spark.SparkException: Job aborted\n\tat org.apache.spark.Some.thing(Some.scala:1)\n"
    "Caused by: org.apache.hadoop.fs.FSError: java.io.IOException: No space left on device\n\tat java.base/x"
)


def java_error() -> Exception:
    """Return an error as PySpark raises them: the JVM's trace is kept apart."""
    error = RuntimeError("Job aborted")
    vars(error)["_stackTrace"] = TRACE
    return error


@pytest.mark.parametrize(
    ("error", "words", "remedy"),
    [
        (java_error(), "No space left on device", WHICH),
        (OSError(errno.ENOSPC, "No space left on device", "/lake/a"), "/lake/a", REMEDY),
        (RuntimeError("java.io.IOException: /lake/b: Disk quota exceeded"), "/lake/b: Disk quota exceeded", REMEDY),
    ],
)
def test_the_words_and_the_disk_are_told_not_the_kinds_of_errors(error: Exception, words: str, remedy: str) -> None:
    found = disk_failure(error)
    assert found is not None
    assert words in found.problem and found.remedy == remedy
    assert "java" not in found.problem and "Caused" not in found.problem and "\n" not in found.problem


def test_other_errors_are_not_about_a_disk() -> None:
    assert disk_failure(OSError(errno.ENOENT, "No such file", "/lake/a")) is None
