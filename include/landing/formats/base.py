"""What each format of delivered files provides: the modules that `FORMATS` lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from include.contract.source import Delivery
from include.landing.formats.rows import Wanted
from include.landing.formats.values import paths_of
from include.landing.stored import StoredFile

if TYPE_CHECKING:
    import pyarrow as pa

KEYS_FROM_RECORDS = 1000


class SourceRecord(NamedTuple):
    """One record: its text, its values by column as far as they are known, and whether it cannot be parsed."""

    line: str
    values: Mapping[str, object]
    broken: bool


class Opened(NamedTuple):
    """A file: its header line (empty for none), its columns, and its records in order.

    The columns of nested records are named by dotted paths, the outer ones first. `schema` has
    the types of the columns, where the file says them.
    """

    header: str
    columns: list[str]
    records: Iterator[SourceRecord]
    schema: pa.Schema | None = None


class LineFormat(NamedTuple):
    """How records land: the ending of the files, and the makers of header and lines.

    `start` takes columns and source; the header is empty where the format has none.
    """

    ending: str
    start: Callable[[Sequence[str], Delivery], tuple[str, Callable[[Sequence[object]], str]]]


class LandingFormat(Protocol):
    """One format: a module with these names.

    `NAME` is what `source.format` calls it. `KEEPS_LINES` tells whether the rows of `read_batches` have
    their record's line; without it they have the columns that the mapping does not use.
    """

    NAME: str
    TITLE: str
    ENDINGS: tuple[str, ...]
    LANDS_AS: LineFormat
    KEEPS_LINES: bool

    def open_file(self, file: StoredFile, source: Delivery) -> Opened:
        """Open a file; `InputError`, now or while reading, if it is damaged or in another encoding."""

    def read_batches(self, file: StoredFile, wanted: Wanted, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Return the rows of a file, which has these columns, as `wanted.schema(columns)` says."""


def keys_of(records: Iterable[SourceRecord]) -> list[str]:
    """Return the paths that the first records have."""
    found: dict[str, None] = {}
    for record in islice(records, KEYS_FROM_RECORDS):
        found |= dict.fromkeys(paths_of(record.values))
    return list(found)


def open_records(records: Callable[[], Iterator[SourceRecord]]) -> Opened:
    """Open a file without a header, whose records name their columns."""
    return Opened("", keys_of(records()), records())
