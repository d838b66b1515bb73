"""Source files of `land` as streams of records.

A record that cannot be parsed stays in the stream unchanged, so that the ingest can
quarantine it with its text; only whole files are refused.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from include.contract.source import Delivery
from include.errors import ConfigurationError
from include.landing.formats import known_format, stem
from include.landing.formats.base import LandingFormat, Opened, SourceRecord
from include.landing.stored import StoredFile


@dataclass(frozen=True)
class SourceFile:
    """A source file.

    Parameters
    ----------
    source
        What the text in it looks like.

    Raises
    ------
    InputError
        When neither the name nor `source` tells the format; when opened or read, if the file is
        damaged or in another encoding.
    """

    path: Path
    source: Delivery

    @property
    def format(self) -> LandingFormat:
        return known_format(str(self.path), self.source, "give it one of the endings {endings}")

    def open(self) -> Opened:
        """Return the file's header, columns and records."""
        from pyarrow.fs import LocalFileSystem

        return self.format.open_file(StoredFile(str(self.path), LocalFileSystem(), str(self.path)), self.source)

    def columns(self) -> list[str]:
        return self.open().columns

    def records(self) -> Iterator[SourceRecord]:
        return self.open().records

    def landed_stem(self, patterns: Sequence[str]) -> str:
        """Return what the file is called in the landing zone, where one of `patterns` must match it.

        Raises
        ------
        ConfigurationError
            When a pattern matches neither its own name nor the pattern itself without wildcards.
        """
        for name in (stem(self.path.name), *(stem(pattern).replace("*", "export") for pattern in patterns)):
            if any(fnmatch.fnmatchcase(name, stem(pattern)) for pattern in patterns):
                return name
        raise ConfigurationError(
            f"source.files ({', '.join(patterns)}) of the mapping do not match what {self.path.name} lands as",
            remedy="write them with no other wildcard than *",
        )
