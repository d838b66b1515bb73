"""Nothing goes live that leaves lists empty which were full: a batch beside the live one, before readers see it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from include.columns import EVERYBODY, IN_STOCK, SEGMENT
from include.errors import MissingArtifactError, ValidationError
from include.list_kinds import BOUGHT_BEFORE, RECOMMENDATIONS
from include.policy import PublishPolicy
from include.serving.batch import COUNTS, Batch, open_batch

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

BATCHES = "batches"
PLACES = "top_n"


@dataclass(frozen=True)
class Shelf:
    """What readers find in a batch.

    Attributes
    ----------
    filled
        Share of the places of all lists that hold an item.
    full, empty
        Users whose list holds something, and users whose list holds nothing.
    lists
        Lists of each further kind that hold something.
    """

    users: int
    filled: float
    full: pa.Array
    empty: pa.Array
    items: int
    in_stock: float
    popular: int
    lists: Mapping[str, int]


class Loss(NamedTuple):
    """One way in which readers would be worse off."""

    check: str
    problem: str
    setting: str


def refuse_empty_shelves(
    batch: Batch, live_batch_id: str | None, limits: PublishPolicy, overridden: Callable[[str], str | None]
) -> None:
    """Refuse a batch that leaves readers much worse off than the live one.

    Parameters
    ----------
    live_batch_id
        What readers see now; None before the first night.
    overridden
        Why the check of a name may fail in this night, None when it may not.

    Raises
    ------
    ValidationError
        With the first loss that nobody let pass, and the names of all.
    """
    losses = []
    for loss in find_losses(measure(batch), _measure_live(batch, live_batch_id), limits):
        if why := overridden(loss.check):
            logger.warning("%s: %s. Let pass: %s.", loss.check, loss.problem, why)
        else:
            losses.append(loss)
    if losses:
        first, names = losses[0], ",".join(loss.check for loss in losses)
        policy = f"if that is right, set {first.setting} in the policy; or " if first.setting else ""
        raise ValidationError(
            f"batch {batch.batch_id} does not go live, {first.check}: {first.problem}"
            + (f"; and {', '.join(loss.check for loss in losses[1:])}" if len(losses) > 1 else ""),
            remedy="look at the items and the events of the night, correct them and clear ingest with everything "
            f"downstream; {policy}let this night pass: trigger the DAG override with Checks={names}, then clear this "
            "task",
        )


def measure(batch: Batch) -> Shelf:
    """Return what readers would find in a batch."""
    import pyarrow as pa
    import pyarrow.compute as pc

    entries, full, empty = 0, [], []
    for user_ids, lengths in batch.of(RECOMMENDATIONS).lengths():
        entries += pc.sum(lengths).as_py() or 0
        there = pc.greater(lengths, 0)
        full.append(user_ids.filter(there))
        empty.append(user_ids.filter(pc.invert(there)))
    places = int(batch.manifest.details.get(PLACES, 1))
    items, popular = batch.items(), batch.popular()
    return Shelf(
        users=batch.users,
        filled=entries / max(1, batch.users * places),
        full=pa.chunked_array(full, pa.string()).combine_chunks(),
        empty=pa.chunked_array(empty, pa.string()).combine_chunks(),
        items=items.num_rows,
        in_stock=(pc.sum(pc.fill_null(items[IN_STOCK], True)).as_py() or 0) / max(1, items.num_rows),
        popular=pc.sum(pc.equal(popular[SEGMENT], EVERYBODY)).as_py() or 0,
        lists={
            name: int(counts["full"])
            for name, counts in batch.manifest.details.get(COUNTS, {}).items()
            if name not in (RECOMMENDATIONS, BOUGHT_BEFORE)  # the first has limits of its own, the other follows it
        },
    )


def find_losses(new: Shelf, live: Shelf | None, limits: PublishPolicy) -> Iterator[Loss]:
    """Yield what the new batch lacks; without a live one only whether it is empty."""
    import pyarrow.compute as pc

    if not new.popular and (live is None or live.popular):
        yield Loss("publish.popular", "the list of popular items is empty: nothing that was bought is in stock", "")
    if live is None:
        return
    ratios = (
        ("in_stock", new.in_stock, live.in_stock, limits.min_in_stock, "of the items are in stock"),
        ("filled", new.filled, live.filled, limits.min_filled, "of the places in the lists are filled"),
    )
    for name, now, then, least, what in ratios:
        if now < least * then:
            yield Loss(f"publish.{name}", f"{now:.1%} {what}, {then:.1%} in the live batch", f"publish.min_{name}")
    for name, count, before, least in (
        ("items", new.items, live.items, limits.min_items),
        ("users", new.users, live.users, limits.min_users),
    ):
        if count < least * before:
            yield Loss(f"publish.{name}", f"{count} {name}, {before} in the live batch", f"publish.min_{name}")
    for name, before in live.lists.items():
        if name in new.lists and new.lists[name] < limits.min_lists * before:
            problem = f"{new.lists[name]} lists of {name} hold something, {before} in the live batch"
            yield Loss(f"publish.{name}", problem, "publish.min_lists")
    emptied = pc.sum(pc.is_in(new.empty, value_set=live.full)).as_py() or 0
    if emptied > limits.max_emptied * max(1, len(live.full)):
        problem = f"the lists of {emptied} users are empty that hold items in the live batch"
        yield Loss("publish.emptied", problem, "publish.max_emptied")


def _measure_live(batch: Batch, live_batch_id: str | None) -> Shelf | None:
    if live_batch_id is None:
        return None
    try:
        return measure(open_batch(batch.lake, f"{BATCHES}/{live_batch_id}"))
    except MissingArtifactError as error:
        logger.warning("batch %s is not compared with the live one: %s", batch.batch_id, error)
        return None
