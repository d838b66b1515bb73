"""What a user had, and what the rules keep out of the user's list, from the training set of the live batch.

Read from the lake by the statistics of its Parquet files: nothing is loaded whole but the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include import columns as c
from include.contract import load_policy
from include.errors import MissingArtifactError
from include.features.snapshot import EVENT_DAYS
from include.lake import Artifact, Lake, load_manifest, open_lake
from include.policy import RankingPolicy
from include.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

MOST = 50
ITEMS = (c.ITEM_INDEX, c.ITEM_ID, c.TITLE, c.CATEGORY, c.IN_STOCK, c.FIRST_SEEN_ON)
DAYS = tuple(c.of_period(name, c.ALL) for name in EVENT_DAYS.values())


@dataclass(frozen=True)
class Had:
    """An item of a user's history; days by event type, None where there was no such event."""

    item_id: str
    title: str
    category: str
    days: Mapping[str, Any]
    kept_out: bool


@dataclass(frozen=True)
class History:
    """What a night knew of a user.

    Attributes
    ----------
    had
        At most 50 items, the one touched last first; `items_had` counts them all.
    removed
        How many items each rule keeps out of this user's list, by the rule's words; an item that several rules keep
        out counts for each.
    left
        Items from which the list is made.
    """

    run_date: str
    segment: str
    items_had: int
    had: list[Had]
    catalogue: int
    removed: dict[str, int]
    left: int


def find_history(settings: Settings, batch_id: str, user_id: str) -> History | None:
    """Return what is known of a user in the training set of a batch; None for a user who is not in it.

    Raises
    ------
    MissingArtifactError
        When the batch or its training set is no longer in the lake.
    """
    lake = open_lake(settings.lake_uri)
    source = _open(lake, str(_open(lake, f"batches/{batch_id}").detail("training_set")))
    users = _select(source, c.USERS, c.USER_ID, user_id, [c.USER_INDEX, c.SEGMENT]).to_pylist()
    if not users:
        return None
    (user,) = users
    counted = c.of_period(c.N, c.ALL)
    pairs = _select(source, "interactions", c.USER_INDEX, user[c.USER_INDEX], [c.ITEM_INDEX, counted, *DAYS])
    items = source.read_table(c.ITEMS, list(ITEMS)).sort_by(c.ITEM_INDEX)
    return _describe(load_policy(settings).ranking, source, str(user[c.SEGMENT]), pairs, items)


def _describe(policy: RankingPolicy, source: Artifact, segment: str, pairs: pa.Table, items: pa.Table) -> History:
    import numpy as np

    from include.ranking.rules import first_days_seen, make_rules

    columns = {name: np.asarray(items[name].to_pylist()) for name in (c.ITEM_ID, c.IN_STOCK)}
    categories = np.asarray([name or "" for name in items[c.CATEGORY].to_pylist()])
    first_seen = np.asarray(items[c.FIRST_SEEN_ON].to_numpy(zero_copy_only=False), dtype="datetime64[D]")
    rules = make_rules(
        policy,
        item_ids=columns[c.ITEM_ID],
        categories=categories,
        in_stock=columns[c.IN_STOCK],
        first_seen_on=first_seen,
        run_date=source.run_date,
    )
    places = pairs[c.ITEM_INDEX].to_numpy()
    days = {
        event: np.asarray(
            pairs[c.of_period(name, c.ALL)].to_numpy(zero_copy_only=False).astype("datetime64[D]"),
            dtype="datetime64[D]",
        )
        for event, name in EVENT_DAYS.items()
    }
    seen = np.zeros(len(items), dtype=bool)
    for event, first in first_days_seen(policy, categories, source.run_date).items():
        with np.errstate(invalid="ignore"):
            seen[places[days[event] >= first[places]]] = True
    allowed, common = rules.profile(segment).allowed, rules.common.allowed
    stock = columns[c.IN_STOCK].astype(bool)
    removed = {
        "out of stock": int((~stock).sum()),
        "blocked, too old or not launched": int((stock & ~common).sum()),
        f"not in the allow list of {segment}": int((common & ~allowed).sum()),
        "the user had them": int((allowed & seen).sum()),
    }
    return History(
        run_date=source.run_date.isoformat(),
        segment=segment,
        items_had=len(places),
        had=_newest(items, places, days, seen),
        catalogue=len(items),
        removed={words: count for words, count in removed.items() if count},
        left=int((allowed & ~seen).sum()),
    )


def _newest(items: pa.Table, places: NDArray[Any], days: Mapping[str, NDArray[Any]], seen: NDArray[Any]) -> list[Had]:
    import numpy as np

    last = np.fmax.reduce(list(days.values()))
    order = np.argsort(np.where(np.isnat(last), 0, -last.astype(np.int64)), kind="stable")[:MOST]
    rows = items.take(places[order]).select([c.ITEM_ID, c.TITLE, c.CATEGORY]).to_pylist()
    return [
        Had(
            item_id=row[c.ITEM_ID],
            title=row[c.TITLE] or row[c.ITEM_ID],
            category=row[c.CATEGORY] or "",
            days={event: None if np.isnat(each[pair]) else each[pair].item() for event, each in days.items()},
            kept_out=bool(seen[places[pair]]),
        )
        for pair, row in zip(order.tolist(), rows, strict=True)
    ]


def _open(lake: Lake, folder: str) -> Artifact:
    return Artifact(lake, folder, load_manifest(lake, folder))


def _select(source: Artifact, name: str, column: str, value: Any, columns: list[str]) -> pa.Table:
    """Return the rows in which a column has a value: only the parts of files that may hold it are read.

    Raises
    ------
    MissingArtifactError
        When a file of the training set is gone.
    """
    import pyarrow.dataset as ds

    filesystem, root = source.lake.filesystem()
    try:
        files = ds.dataset([f"{root}/{path}" for path in source.paths(name)], filesystem=filesystem, format="parquet")
        return files.to_table(columns=columns, filter=ds.field(column) == value)
    except FileNotFoundError as error:
        raise MissingArtifactError(
            f"a file of {source.uri} is gone: {error}", remedy="look at a newer batch, or clear build_training_set"
        ) from error
