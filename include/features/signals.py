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

import pyarrow as pa
import pyarrow.compute as pc

from include import columns as c

if TYPE_CHECKING:
    from pyspark.sql import Column

UNKNOWN, KNOWN = "unknown", "known"
OTHER = "other"  # all values beyond the most frequent ones of a reference
BINS_A_DOUBLING = 2
# Keeps a power of two in its own bin: Spark and Arrow round the last digit of a logarithm differently
EDGE = 1e-9


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
        The value, null where it is missing: an SQL expression with the columns in braces, and a function of their
        arrays. Both must give the same, row by row. None: the column as it is.
    """

    name: str
    kind: Literal["category", "number"]
    table: str
    columns: tuple[str, ...]
    threshold: str | None = None
    required: bool = False
    spark: str | None = None
    arrow: Callable[..., pa.Array] | None = None

    def in_spark(self, names: Mapping[str, str]) -> Column:
        """Return what to group by: text, the number of the bin for numbers; null where missing.

        Parameters
        ----------
        names
            What the signal's columns are called in the frame.
        """
        from pyspark.sql import functions as F  # noqa: N812 - the name that everyone knows

        value = F.expr((self.spark or f"{{{self.columns[0]}}}").format_map(names))
        if self.kind == "number":
            inside = F.when((value > 0) & (value < float("inf")), value)
            value = F.floor(F.log2(inside) * BINS_A_DOUBLING + EDGE)
        return value.cast("string")

    def in_arrow(self, *columns: pa.Array) -> pa.Array:
        """Return what to count by, as `in_spark` does: text, or float64 numbers of bins; null where missing."""
        value = self.arrow(*columns) if self.arrow else columns[0]
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
    Signal(
        c.USER_ID, "category", c.EVENTS, (c.USER_ID,), required=True,
        spark=f"if({{user_id}} is null, null, '{KNOWN}')",
        arrow=lambda user_id: pc.if_else(pc.is_valid(user_id), KNOWN, None),
    ),
    Signal(c.EVENT_TYPE, "category", c.EVENTS, (c.EVENT_TYPE,), threshold="event_type"),
    Signal(c.CATEGORY, "category", c.ITEMS, (c.CATEGORY,), threshold="category"),
    Signal(
        c.SEGMENT, "category", c.USERS, (c.SEGMENT,), threshold="segment",
        spark=f"nullif({{segment}}, '{c.EVERYBODY}')",
        arrow=lambda segment: pc.if_else(pc.equal(segment, c.EVERYBODY), None, segment),
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
