"""What every format of delivered files provides. Each module of this package but `text` is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from include.contract.dataset import Source
from include.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, DataFrameReader
    from pyspark.sql.types import StructType

    from include.landing.sources import SourceFile

KEYS_FROM_RECORDS = 1000


class SourceRecord(NamedTuple):
    """One record: its text, its values by column as far as they are known, and whether it is broken."""

    line: str
    values: Mapping[str, object]
    broken: bool


class Layout(NamedTuple):
    """A delivered file's columns, and a text that is equal for files that Spark can read together."""

    columns: tuple[str, ...]
    layout: str


class SparkRecords(NamedTuple):
    """Files as Spark reads them: a frame of one row a record, and expressions over it.

    Attributes
    ----------
    values
        By column.
    malformed
        Boolean: the record cannot be taken apart.
    line
        The record's text, null where it is made of the columns.
    """

    frame: DataFrame
    values: Mapping[str, Column]
    malformed: Column
    line: Column


class Written(NamedTuple):
    """How `land` writes records of a format.

    Attributes
    ----------
    ending
        Of the files' names.
    start
        From columns and delimiter to the header (empty for none) and a function that makes a line of values.
    """

    ending: str
    start: Callable[[Sequence[str], str], tuple[str, Callable[[Sequence[str]], str]]]


class LandingFormat(Protocol):
    """One format, which a module implements.

    Attributes
    ----------
    TITLE
        For people.
    ENDINGS
        Of the names of its files.
    WRITTEN
        How its records land when `land` splits one's own files into days.
    """

    TITLE: str
    ENDINGS: tuple[str, ...]
    WRITTEN: Written

    def head(self, file: SourceFile) -> tuple[str, list[str]]:
        """Return the header line of one's own file (empty for none) and its columns."""

    def records(self, file: SourceFile) -> Iterator[SourceRecord]:
        """Yield the records of one's own file in order.

        Raises
        ------
        InputError
            While reading, when the file is damaged or in another encoding.
        """

    def inspect(self, lake: Lake, path: str, source: Source) -> Layout | None:
        """Return the layout of a delivered file, None when it holds no records."""

    def spark_records(
        self, reader: DataFrameReader, paths: Sequence[str], columns: Sequence[str], source: Source
    ) -> SparkRecords:
        """Return delivered files of an equal layout with those columns; imports PySpark only here."""


def keys_of(records: Iterable[SourceRecord]) -> list[str]:
    """Return the columns that the first records have."""
    return list(dict.fromkeys(key for record in islice(records, KEYS_FROM_RECORDS) for key in record.values))


def text_schema(columns: Sequence[str]) -> StructType:
    """Return a schema of text columns."""
    from pyspark.sql.types import StringType, StructField, StructType

    return StructType([StructField(name, StringType()) for name in columns])
