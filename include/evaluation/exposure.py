"""Who got what: how often each item and reason is in the lists of a batch, and in how many of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include import columns as c

if TYPE_CHECKING:
    import pyarrow as pa

COUNT, ITEM = "count_all", "item"


@dataclass
class Exposure:
    """Counts over all lists. An item is at most once in a list, so its count is the number of users who got it.

    Attributes
    ----------
    users
        By segment: users with a list that is not empty.
    entries
        By segment and item.
    reasons
        By reason code.
    """

    users: Counter[str] = field(default_factory=Counter)
    entries: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[int] = field(default_factory=Counter)

    def by_item(self, segment: str | None = None) -> Counter[str]:
        """Return how many users of a segment, or of all, got each item."""
        counts: Counter[str] = Counter()
        for (name, item), count in self.entries.items():
            if segment in (None, name):
                counts[item] += count
        return counts


def measure_exposure(lists: Iterable[pa.RecordBatch]) -> Exposure:
    """Count the lists of a batch, a part at a time: memory does not grow with the users.

    Parameters
    ----------
    lists
        With `segment`, `item_ids` and `reason_codes`, see `include.serving.batch`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found = Exposure()
    for part in lists:
        filled = part.filter(pc.greater(pc.list_value_length(part[c.ITEM_IDS]), 0))
        segments = filled[c.SEGMENT]
        _add(found.users, pa.table({c.SEGMENT: segments}))
        owners = pc.list_parent_indices(filled[c.ITEM_IDS])
        items = _plain(pc.list_flatten(filled[c.ITEM_IDS]))
        _add(found.entries, pa.table({c.SEGMENT: pc.take(segments, owners), ITEM: items}))
        _add(found.reasons, pa.table({c.REASON_CODES: pc.list_flatten(filled[c.REASON_CODES])}))
    return found


def movers(now: Mapping[str, int], before: Mapping[str, int], most: int) -> list[tuple[str, int, int]]:
    """Return the items whose number of users changed most: item, before, now; ties by item."""
    changes = [(item, before.get(item, 0), now.get(item, 0)) for item in {*now, *before}]
    changed = [row for row in changes if row[1] != row[2]]
    return sorted(changed, key=lambda row: (-abs(row[2] - row[1]), row[0]))[:most]


def top_share(counts: Mapping[str, int], share: float) -> float:
    """Return the part of all entries that goes to the most shown `share` of the items in the lists."""
    ordered = sorted(counts.values(), reverse=True)
    total = sum(ordered)
    return sum(ordered[: max(1, round(share * len(ordered)))]) / total if total else 0.0


def _add(counts: Counter, table: pa.Table) -> None:  # type: ignore[type-arg]
    """Add the number of rows for each value, or each pair of values, of the table's columns."""
    names = table.column_names
    grouped = table.group_by(names).aggregate([([], "count_all")])
    keys = [grouped[name].to_pylist() for name in names]
    for *key, count in zip(*keys, grouped[COUNT].to_pylist(), strict=True):
        counts[key[0] if len(key) == 1 else tuple(key)] += count


def _plain(values: pa.Array) -> pa.Array:
    """Return texts that may be codes of a dictionary as texts."""
    import pyarrow as pa

    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values
