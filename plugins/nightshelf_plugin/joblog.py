"""What a job says on stderr, turned back into log records with their levels."""

from __future__ import annotations

import logging
import re

# "02:11:03 ERROR   nightshelf: text" of include.log, "26/11/21 02:11:03 WARN Utils: text" of Spark
LINE = re.compile(r"^(?:\d\d/\d\d/\d\d )?\d\d:\d\d:\d\d (?P<level>[A-Z]+)\s+(?P<text>\S.*)$")
OUR_LOGGER = re.compile(r"^nightshelf: ")
LEVELS = {
    "TRACE": logging.DEBUG,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
    "FATAL": logging.CRITICAL,
}
TRACEBACK = "Traceback (most recent call last):"


class JobLog:
    """Pass a job's lines on to `logger` and remember the one that says why it failed."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._level = logging.INFO
        self._last_error = ""
        self._last_line = ""

    @property
    def reason(self) -> str:
        """The last error line, without time and level; the last line if none was an error."""
        return self._last_error or self._last_line or "the job said nothing"

    def add(self, line: str) -> None:
        """Log one line of stderr. After an error, lines without a level belong to it; else they are information."""
        if not line:
            return
        match = LINE.match(line)
        if match and match["level"] in LEVELS:
            self._level, text = LEVELS[match["level"]], match["text"]
        else:
            in_error = line == TRACEBACK or self._level >= logging.ERROR
            self._level, text = (logging.ERROR if in_error else logging.INFO), line
        self._logger.log(self._level, "%s", text)
        self._last_line = text
        if self._level >= logging.ERROR:
            self._last_error = OUR_LOGGER.sub("", text)
