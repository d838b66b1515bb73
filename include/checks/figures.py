"""The figures of a day's rows: one pass over a partition counts what breaks the contract, column by column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.checks.rules import DUPLICATES, INVALID, NULLS, ROWS
from include.columns import ABSENT
from include.contract.schema import ContractColumn, ContractTable, Kind
from include.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES = 5
BATCH_ROWS = 1 << 18


@dataclass
class Figures:
    """What was counted of one table on one day.

    Attributes
    ----------
    values
        By figure: `rowCount`, `<column>.nullValues`, `<column>.duplicateValues`, `<column>.invalidValues`, each also
        as `.percent` of the rows, and those of `include.checks.day`; None where too little is known to judge.
    examples
        By figure: some of the values that were counted.
    """

    values: dict[str, float | None] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return int(self.values.get(ROWS) or 0)

    def add(self, figure: str, count: int, examples: Sequence[Any] = ()) -> None:
        self.values[figure] = (self.values.get(figure) or 0) + count
        shown = self.examples.setdefault(figure, [])
        shown += [text for text in map(str, examples) if text not in shown][: EXAMPLES - len(shown)]


def start_of(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Return the instant at which a day of the shop begins."""
    return dt.datetime.combine(day, dt.time(), tzinfo=zone)


def count_rows(lake: Lake, paths: Sequence[str], table: ContractTable, day: dt.date, zone: ZoneInfo) -> Figures:
    """Count the rows of a partition's files that break the contract of `table`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    figures, keys = Figures({ROWS: 0}), []
    for column in table.columns:
        figures.values |= {f"{column.name}.{rule}": 0 for rule in (NULLS, INVALID, DUPLICATES)}
    end = pa.scalar(start_of(day + dt.timedelta(days=1), zone), pa.timestamp("us", "UTC"))
    coded = [column.name for column in table.columns if column.kind == "text" and column.name != table.key]
    for batch in read_batches(lake, paths, [*table.names(), ABSENT], coded):
        figures.add(ROWS, batch.num_rows)
        for column in (one for one in table.columns if one.name in batch.schema.names):
            values = batch[column.name]
            figures.add(f"{column.name}.{NULLS}", values.null_count - _absent(batch, column.name))
            wrong = _invalid(column, values, end)
            if wrong is not None and (count := pc.sum(wrong).as_py()):
                examples = values.filter(wrong).slice(0, EXAMPLES).to_pylist()
                figures.add(f"{column.name}.{INVALID}", count, examples)
            if column.unique:
                keys.append(values)
    if keys:
        _count_twice(figures, pa.chunked_array(keys), table.key)
    for name in [name for name in figures.values if name != ROWS]:
        figures.values[f"{name}.percent"] = 100 * (figures.values[name] or 0) / max(1, figures.rows)
    return figures


def _absent(batch: pa.RecordBatch, name: str) -> int:
    """Return how many values of a column are null because their rows say nothing of it."""
    import pyarrow.compute as pc

    if ABSENT not in batch.schema.names:
        return 0
    listed = batch[ABSENT]
    rows = pc.list_parent_indices(listed).filter(pc.equal(listed.flatten(), name))
    return int(batch[name].take(rows).null_count)


def read_batches(
    lake: Lake, paths: Sequence[str], columns: Sequence[str], coded: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of Parquet files, some at a time; a column that a file lacks is left out.

    Parameters
    ----------
    coded
        Text columns to read as codes of a dictionary, so that what repeats is looked at once.
    """
    import pyarrow.parquet as pq

    filesystem, root = lake.filesystem()
    for path in paths:
        there = pq.read_schema(f"{root}/{path}", filesystem=filesystem).names
        codes = [name for name in coded if name in there]
        with pq.ParquetFile(f"{root}/{path}", filesystem=filesystem, read_dictionary=codes) as file:
            yield from file.iter_batches(BATCH_ROWS, columns=[name for name in columns if name in there])


def _invalid(column: ContractColumn, values: Any, end: pa.Scalar) -> Any:
    """Return which values break a limit of the column; None when it has no limit."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(values, pa.DictionaryArray):
        wrong = _invalid(column, values.dictionary, end)
        return None if wrong is None else wrong.take(values.indices)
    broken = []
    if column.allowed:
        known = pc.is_in(values, value_set=pa.array(column.allowed))
        broken.append(pc.and_(pc.is_valid(values), pc.invert(known)))
    if column.above is not None:
        broken.append(pc.less_equal(values, float(column.above)))
    if column.at_least is not None:
        broken.append(pc.less(values, float(column.at_least)))
    if column.since is not None:
        broken.append(pc.less(values, pa.scalar(_since(column.kind, column.since), values.type)))
    if column.by_end_of_day:
        broken.append(pc.greater_equal(values, end))
    if column.max_length is not None:
        broken.append(pc.greater(pc.utf8_length(values), column.max_length))
    if column.forbidden is not None:
        broken.append(pc.match_substring_regex(values, column.forbidden))
    return reduce(pc.or_kleene, broken) if broken else None


def _since(kind: Kind, day: str) -> Any:
    first = dt.date.fromisoformat(day)
    return first if kind == "date" else dt.datetime.combine(first, dt.time(), tzinfo=dt.UTC)


def _count_twice(figures: Figures, keys: Any, name: str) -> None:
    import pyarrow.compute as pc

    twice = len(keys) - keys.null_count - pc.count_distinct(keys, mode="only_valid").as_py()
    if twice:
        counted = pc.value_counts(keys)
        again = counted.filter(pc.greater(counted.field("counts"), 1)).field("values").slice(0, EXAMPLES)
        figures.add(f"{name}.{DUPLICATES}", twice, again.to_pylist())
