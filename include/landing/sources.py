"""Source files of `land` as streams of records.

A record that cannot be parsed stays in the stream unchanged, so that the ingest can
quarantine it with its text; only whole files are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from include.landing.formats import known_format
from include.landing.formats.base import LandingFormat, Opened, SourceRecord


@dataclass(frozen=True)
class SourceFile:
    """A source file.

    Parameters
    ----------
    path
        The name's ending tells the format.
    delimiter, encoding
        Of the text in it.

    Raises
    ------
    InputError
        When the name has no known ending; when opened or read, if the file is damaged or in
        another encoding.
    """

    path: Path
    delimiter: str = ","
    encoding: str = "utf-8"

    @property
    def format(self) -> LandingFormat:
        return known_format(str(self.path), "give it one of the endings {endings}")

    def open(self) -> Opened:
        """Return the file's header, columns and records."""
        return self.format.open_source(self.path, self.delimiter, self.encoding)

    def columns(self) -> list[str]:
        return self.open().columns

    def records(self) -> Iterator[SourceRecord]:
        return self.open().records
