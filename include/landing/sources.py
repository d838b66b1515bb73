"""One's own files as a stream of records.

A record that cannot be taken apart stays in the stream as it is, so that the ingest can set
it aside with its text; only a file as a whole is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from include.landing.formats import known_format
from include.landing.formats.base import LandingFormat, SourceRecord


@dataclass(frozen=True)
class SourceFile:
    """A file of records.

    Parameters
    ----------
    path
        The name's ending tells the format.
    delimiter, encoding
        Of the text in it.

    Raises
    ------
    InputError
        When the name says nothing about the format; while reading, when the file is
        damaged or in another encoding.
    """

    path: Path
    delimiter: str = ","
    encoding: str = "utf-8"

    @property
    def format(self) -> LandingFormat:
        return known_format(str(self.path), "give it one of the endings {endings}")

    def header(self) -> str:
        """Return the header line, an empty text where the format has none."""
        return self.format.head(self)[0]

    def columns(self) -> list[str]:
        """Return the file's columns."""
        return self.format.head(self)[1]

    def records(self) -> Iterator[SourceRecord]:
        """Yield the records in order."""
        return self.format.records(self)
