"""What each format of delivered files provides: the modules of this package but this one and `text`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from include.contract.dataset import Delivery
from include.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, DataFrameReader
    from pyspark.sql.types import StructType

KEYS_FROM_RECORDS = 1000


class SourceRecord(NamedTuple):
    """One record: its text, its values by column as far as they are known, and whether it cannot be parsed."""

    line: str
    values: Mapping[str, object]
    broken: bool


class Opened(NamedTuple):
    """A source file: its header line (empty for none), its columns, and its records in order."""

    header: str
    columns: list[str]
    records: Iterator[SourceRecord]


class Layout(NamedTuple):
    """A delivered file's columns, and a text that is equal for files that Spark can read together."""

    columns: tuple[str, ...]
    key: str


class SparkRecords(NamedTuple):
    """Delivered files in Spark: a frame of one row a record, and expressions over it.

    `values` are by column; `malformed` is true for a record that cannot be parsed;
    `line` is its text, null where a record is made of its columns.
    """

    frame: DataFrame
    values: Mapping[str, Column]
    malformed: Column
    line: Column


class LineFormat(NamedTuple):
    """How records land: the ending of the files, and the makers of header and lines.

    `start` takes columns and delimiter; the header is empty where the format has none.
    """

    ending: str
    start: Callable[[Sequence[str], str], tuple[str, Callable[[Sequence[str]], str]]]


class LandingFormat(Protocol):
    """One format: a module with these names."""

    TITLE: str
    ENDINGS: tuple[str, ...]
    LANDS_AS: LineFormat

    def open_source(self, path: Path, delimiter: str, encoding: str) -> Opened:
        """Open a source file; `InputError`, now or while reading, if it is damaged or in another encoding."""

    def inspect(self, lake: Lake, path: str, source: Delivery) -> Layout | None:
        """Return the layout of a delivered file, None when it holds no records."""

    def read_spark(
        self, reader: DataFrameReader, paths: list[str], columns: Sequence[str], source: Delivery
    ) -> SparkRecords:
        """Read delivered files of one layout, which has these columns; only here PySpark is imported."""


def keys_of(records: Iterable[SourceRecord]) -> list[str]:
    """Return the columns that the first records have."""
    return list(dict.fromkeys(key for record in islice(records, KEYS_FROM_RECORDS) for key in record.values))


def open_records(records: Callable[[], Iterator[SourceRecord]]) -> Opened:
    """Open a file without a header, whose records name their columns."""
    return Opened("", keys_of(records()), records())


def text_schema(columns: Sequence[str]) -> StructType:
    """Return a Spark schema of text columns."""
    from pyspark.sql.types import StringType, StructField, StructType

    return StructType([StructField(name, StringType()) for name in columns])
