"""A job's lines keep their levels, and the one that says why it failed is found."""

from __future__ import annotations

import logging

import pytest

from nightshelf_plugin.joblog import JobLog

OURS = "02:11:03 ERROR   nightshelf: InputError: row 7 is wrong. Remedy: correct it."


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("02:11:03 INFO    include.lake: 3 files", logging.INFO, "include.lake: 3 files"),
        ("02:11:03 WARNING jobs.ingest: 4 rows", logging.WARNING, "jobs.ingest: 4 rows"),
        ("26/11/21 02:11:03 WARN Utils: hostname", logging.WARNING, "Utils: hostname"),
        ("26/11/21 02:11:03 ERROR Executor: broken", logging.ERROR, "Executor: broken"),
        ("Using Spark's default log4j profile", logging.INFO, "Using Spark's default log4j profile"),
        ("02:11:03 LOUD x: y", logging.INFO, "02:11:03 LOUD x: y"),
    ],
)
def test_a_line_keeps_its_level(line: str, level: int, text: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        JobLog(logging.getLogger("task")).add(line)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(level, text)]


def test_only_what_follows_an_error_belongs_to_it(caplog: pytest.LogCaptureFixture) -> None:
    log = JobLog(logging.getLogger("task"))
    with caplog.at_level(logging.INFO):
        for line in (
            "26/11/21 02:11:03 WARN Utils: hostname",
            "Using defaults",
            "Traceback (most recent call last):",
            "  x",
        ):
            log.add(line)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "ERROR", "ERROR"]


def test_percent_signs_are_no_format(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        JobLog(logging.getLogger("task")).add("02:11:03 INFO    jobs.x: 100%s done")
    assert caplog.messages == ["jobs.x: 100%s done"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([OURS], "InputError: row 7 is wrong. Remedy: correct it."),
        ([OURS, "02:11:04 INFO    py4j: closing down"], "InputError: row 7 is wrong. Remedy: correct it."),
        (
            ["02:11:03 INFO    x: y", "Traceback (most recent call last):", '  File "a.py"', "ValueError: seven"],
            "ValueError: seven",
        ),
        (["usage: ingest", "ingest.py: error: argument --date: no date"], "ingest.py: error: argument --date: no date"),
        (["", ""], "the job said nothing"),
    ],
)
def test_reason_is_the_last_error_line(lines: list[str], reason: str) -> None:
    log = JobLog(logging.getLogger("task"))
    for line in lines:
        log.add(line)
    assert log.reason == reason
