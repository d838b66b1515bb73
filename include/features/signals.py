"""The signals of the drift watch, one row each: what is counted of every event, and against which limit it is held.

The reference (Spark, `include.features.reference`), the day (Arrow, `include.monitoring.profile`) and the comparison
(`include.monitoring.data_drift`) all go through this table. A new signal is a row here and its limit under
`data.min_distance` in `include/config/drift.yaml`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from include import columns as c

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column

UNKNOWN, KNOWN = "unknown", "known"
OTHER = "other"  # all values beyond the most frequent ones of a reference
BINS_A_DOUBLING = 2
# Keeps a power of two in its own bin: Spark and Arrow round the last digit of a logarithm differently
EDGE = 1e-9


def _unchanged(column: Any) -> Any:
    return column


def _with_segment_spark(segment: Column) -> Column:
    from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

    return F.when(segment != c.EVERYBODY, segment)


def _with_segment_arrow(segment: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(pc.not_equal(segment, c.EVERYBODY), segment, None)


def _present_spark(column: Column) -> Column:
    from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

    return F.when(column.isNotNull(), F.lit(KNOWN))


def _present_arrow(column: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.if_else(column.is_valid(), KNOWN, None)


@dataclass(frozen=True)
class Signal:
    """One thing that is counted of every event.

    Attributes
    ----------
    name
        In histograms, reports and messages.
    kind
        A category is counted by its text; a number under the lower edge of its bin, a power of the square root of 2,
        and one that is not positive counts as missing.
    table, columns
        What it is made of: columns of the event itself, or of the event's item or user.
    threshold
        Name of its limit in the drift policy; None for a signal that is not compared.
    required
        Whether a rise of its missing share means that the feed is broken.
    spark, arrow
        The value from the columns, null where it is missing. Both must give the same, row by row.
    """

    name: str
    kind: Literal["category", "number"]
    table: str
    columns: tuple[str, ...]
    threshold: str | None = None
    required: bool = False
    spark: Callable[..., Column] = _unchanged
    arrow: Callable[..., pa.Array] = _unchanged

    def in_spark(self, *columns: Column) -> Column:
        """Return what to group by: text, the number of the bin for numbers; null where missing."""
        from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

        value = self.spark(*columns)
        if self.kind == "number":
            inside = F.when((value > 0) & (value < float("inf")), value)
            value = F.floor(F.log2(inside) * BINS_A_DOUBLING + EDGE)
        return value.cast("string")

    def in_arrow(self, *columns: pa.Array) -> pa.Array:
        """Return what to count by, as `in_spark` does: text or float64 bins; null where missing."""
        import pyarrow as pa
        import pyarrow.compute as pc

        value = self.arrow(*columns)
        if self.kind == "number":
            value = pc.cast(value, pa.float64())
            inside = pc.and_(pc.greater(value, 0.0), pc.less(value, float("inf")))
            bins = pc.multiply(pc.log2(pc.if_else(inside, value, None)), float(BINS_A_DOUBLING))
            value = pc.floor(pc.add(bins, EDGE))
        return value

    def label(self, value: Any) -> str:
        """Return the name in histograms of one value of `in_spark` or `in_arrow`."""
        if value is None:
            return UNKNOWN
        return f"{2.0 ** (float(value) / BINS_A_DOUBLING):.4f}" if self.kind == "number" else str(value)


SIGNALS: tuple[Signal, ...] = (
    Signal(c.USER_ID, "category", c.EVENTS, (c.USER_ID,), required=True, spark=_present_spark, arrow=_present_arrow),
    Signal(c.EVENT_TYPE, "category", c.EVENTS, (c.EVENT_TYPE,), threshold="event_type"),
    Signal(c.CATEGORY, "category", c.ITEMS, (c.CATEGORY,), threshold="category"),
    Signal(
        c.SEGMENT, "category", c.USERS, (c.SEGMENT,),
        threshold="segment", spark=_with_segment_spark, arrow=_with_segment_arrow,
    ),
    Signal(c.PRICE, "number", c.EVENTS, (c.PRICE,), threshold="price", required=True),
)  # fmt: skip


def columns_of(table: str) -> list[str]:
    """Return the columns of `table` (events, items or users) that the signals are made of, each once."""
    return list(dict.fromkeys(name for signal in SIGNALS if signal.table == table for name in signal.columns))


def fold(counts: Mapping[str, int], known: Collection[str]) -> dict[str, int]:
    """Return the counts in order of their values, with those of values that are not `known` under "other"."""
    folded = Counter[str]()
    for value, count in counts.items():
        folded[value if value in known else OTHER] += count
    return dict(sorted(folded.items()))
