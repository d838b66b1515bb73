"""Records as Arrow batches of text columns, which is how Python hands them to Spark."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from include.contract.source import Delivery, SourceMapping
from include.landing.formats.values import MISSING, as_text, elements_of, value_at

if TYPE_CHECKING:
    import pyarrow as pa

    from include.landing.formats.base import SourceRecord

# The number of the record in its file, from 0.
POSITION = "_position"
MALFORMED = "_malformed"
# The record's text, null where its columns make it up.
LINE = "_line"
# The contract columns and attributes that the record does not provide; null for none.
ABSENT = "_absent"
# The number of the element in the array of `source.explode`, from 1; 0 for a record without elements.
EXPLODE_POSITION = "explode_position"
# Before the names of columns that the mapping does not use, or not as they are delivered.
EXTRA = "_extra_"
ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Wanted:
    """What is read of the files of one source.

    Attributes
    ----------
    numbers
        Columns whose decimal and thousands separators become those of the contract.
    tells_absent
        Whether it matters what a record does not provide.
    """

    part: SourceMapping
    numbers: frozenset[str] = frozenset()
    tells_absent: bool = False
    _absent: dict[frozenset[str], list[str] | None] = field(default_factory=dict)

    @property
    def source(self) -> Delivery:
        return self.part.source

    @cached_property
    def paths(self) -> list[tuple[str, bool]]:
        """The columns of the source, and whether each is a mere name, which is found faster than a path."""
        return [(name, "." not in name) for name in self.source.columns]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns for expressions, in order."""
        return (*self.source.columns, *((EXPLODE_POSITION,) if self.source.explode else ()))

    def extras(self, columns: Sequence[str]) -> list[str]:
        """Return those of a file's columns that the mapping does not use, or not as they are delivered."""
        return [name for name in columns if name not in self.source.columns or name in self.numbers]

    def absent(self, lacking: Collection[str]) -> list[str] | None:
        """Return what records that lack these columns do not provide."""
        if not self.tells_absent:
            return None
        key = frozenset(lacking)
        if key not in self._absent:
            self._absent[key] = self.part.absent(key) or None
        return self._absent[key]

    def schema(self, extras: Sequence[str]) -> pa.Schema:
        """Return the columns of the batches of `read_batches`."""
        import pyarrow as pa

        fixed = [(POSITION, pa.int64()), (MALFORMED, pa.bool_()), (LINE, pa.string()), (ABSENT, pa.list_(pa.string()))]
        texts = [*self.columns, *(EXTRA + name for name in extras)]
        return pa.schema([*fixed, *((name, pa.string()) for name in texts)])


def batches_of(records: Iterable[SourceRecord], wanted: Wanted) -> Iterator[pa.RecordBatch]:
    """Return records as batches; each row has its record's line, so no column is extra.

    A record with bytes that are no UTF-8 where a text is wanted is malformed.
    """
    rows: list[list[object]] = []
    for position, record in enumerate(records):
        rows.extend(rows_of(position, record, wanted))
        if len(rows) >= ROWS_AT_ONCE:
            yield batch_of(rows, wanted)
            rows = []
    if rows:
        yield batch_of(rows, wanted)


def rows_of(position: int, record: SourceRecord, wanted: Wanted) -> Iterator[list[object]]:
    """Return the rows of a record, one or what `explode` makes of it, in the order of `Wanted.schema`."""
    source = wanted.source
    if record.broken:
        yield [position, True, record.line, None, *(None for _ in wanted.columns)]
        return
    elements = elements_of(record.values, source.explode) if source.explode else [record.values]
    for number, values in enumerate(elements, start=1):
        found = [values.get(name, MISSING) if flat else value_at(values, name) for name, flat in wanted.paths]
        lacking = [name for name, value in zip(source.columns, found, strict=True) if value is MISSING]
        try:
            texts = [None if value is MISSING else _valid(as_text(value)) for value in found]
        except UnicodeDecodeError:
            yield [position, True, record.line, None, *(None for _ in wanted.columns)]
            continue
        if source.explode:
            texts.append(str(0 if values is record.values else number))
        yield [position, False, record.line, wanted.absent(lacking), *texts]


def _valid(text: str | None) -> str | None:
    """Return a text with a question mark in place of half a character; the line tells the ingest that it was there."""
    return text if text is None or text.isascii() else text.encode(errors="replace").decode()


def batch_of(rows: Sequence[Sequence[object]], wanted: Wanted) -> pa.RecordBatch:
    """Return at least one row of `rows_of` as a batch."""
    import pyarrow as pa

    schema = wanted.schema(())
    columns = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
