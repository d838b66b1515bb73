"""A job's lines keep their levels."""

from __future__ import annotations

import logging

import pytest

from nightshelf_plugin.operators import with_levels


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
def test_a_line_keeps_its_level(line: str, level: int, text: str) -> None:
    assert list(with_levels([line])) == [(level, text)]


def test_only_what_follows_an_error_belongs_to_it() -> None:
    lines = [
        "26/11/21 02:11:03 WARN Utils: hostname",
        "Using defaults",
        "",
        "Traceback (most recent call last):",
        "  x",
    ]
    levels = [level for level, _ in with_levels(lines)]
    assert levels == [logging.WARNING, logging.INFO, logging.ERROR, logging.ERROR]
