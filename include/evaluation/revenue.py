"""What a day's purchases were worth, and how much of it was on the buyer's list before it was bought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include import columns as c

if TYPE_CHECKING:
    import pyarrow as pa

CURRENCY = "currency"


@dataclass(frozen=True)
class Takings:
    """Purchases of one currency; `worth` is price times quantity.

    Attributes
    ----------
    bought, on_list
        Number of purchases, and of those of an item on the buyer's list.
    worth, worth_on_list
        What they were worth; purchases without a price count as nothing, see `priced`.
    """

    currency: str
    bought: int
    on_list: int
    priced: int
    worth: float
    worth_on_list: float

    @property
    def share(self) -> float | None:
        """The part of the worth that was on lists; of the purchases where no price is known."""
        if self.worth:
            return self.worth_on_list / self.worth
        return self.on_list / self.bought if self.bought else None


def measure_takings(events: pa.Table, lists: Iterable[pa.RecordBatch], prices: Mapping[str, float]) -> list[Takings]:
    """Return what the purchases among a day's events were worth, by currency.

    Parameters
    ----------
    events
        With user_id, item_id and event_type; price, quantity and currency where the shop has them. Purchases by nobody
        known count: they were on no list.
    lists
        The lists that served the day, with user_id and item_ids.
    prices
        Of items, for purchases without a price of their own.
    """
    import pyarrow.compute as pc

    bought = events.filter(pc.equal(events[c.EVENT_TYPE], c.PURCHASE))
    rows = bought.select([name for name in _COLUMNS if name in bought.column_names]).to_pylist()
    shown = _shown({row[c.USER_ID] for row in rows if row[c.USER_ID] is not None}, lists)
    sums: dict[str, list[float]] = {}
    for row in rows:
        each = sums.setdefault(row.get(CURRENCY) or "", [0, 0, 0, 0.0, 0.0])
        price = row.get(c.PRICE)
        price = prices.get(row[c.ITEM_ID]) if price is None else price
        worth = 0.0 if price is None else float(price) * (row.get(c.QUANTITY) or 1)
        on_list = row[c.ITEM_ID] in shown.get(row[c.USER_ID], ())
        for place, value in enumerate((1, int(on_list), int(price is not None), worth, worth * on_list)):
            each[place] += value
    return [
        Takings(currency, int(one[0]), int(one[1]), int(one[2]), round(one[3], 2), round(one[4], 2))
        for currency, one in sorted(sums.items(), key=lambda pair: (-pair[1][0], pair[0]))
    ]


_COLUMNS = (c.USER_ID, c.ITEM_ID, c.PRICE, c.QUANTITY, CURRENCY)


def _shown(users: set[str], lists: Iterable[pa.RecordBatch]) -> dict[str, set[str]]:
    """Return the items on the lists of some users."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(sorted(users), pa.string())
    found: dict[str, set[str]] = {}
    for part in lists if users else ():
        theirs = part.filter(pc.is_in(part[c.USER_ID], wanted))
        pairs = zip(theirs[c.USER_ID].to_pylist(), theirs[c.ITEM_IDS].to_pylist(), strict=True)
        found.update((user, set(items)) for user, items in pairs)
    return found
