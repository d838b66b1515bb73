"""How did the lists do? Hold what was served on a day against what shoppers then did.

    python -m jobs.performance --date 2026-11-20

The same shoppers and the same new pairs of user and item for the served lists, for what is popular, and for the
lists to which a rollback would lead. The result is {"part": "drift/<day>/performance-<fingerprint>", ...}.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from include import columns as c
from include.contract import EVENT_TYPES
from include.monitoring.fallback import Candidate, choose_fallback
from include.serving.batch import Batch
from include.settings import Settings
from jobs import _command
from jobs._watch import WatchedDay, find_or_make, open_day, read_part

MOST_USERS = 50_000  # more users are a sample of every n-th: the memory stays flat


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    _command.add_date(parser)
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Compare the lists, or find the comparison."""
    watched = open_day(settings, arguments.date)
    fallback = find_fallback(watched)
    inputs = {"previous": fallback.batch_id if fallback else None}
    folder = find_or_make(watched, "performance", inputs, lambda: check(watched, fallback))
    found = read_part(watched.lake, folder)
    pairs, hits = found["comparison"]["pairs"], found["comparison"]["live"]["hits"]
    return {"part": folder, "pairs": pairs, "hits": hits, "previous_batch": found["previous_batch"]}


def find_fallback(watched: WatchedDay) -> Batch | None:
    """Return the batch to which a rollback would lead, None when there is none."""
    if watched.report is not None:  # what is kept now is not what was kept when the verdict was made
        previous = watched.report.signals.get("previous_batch")
        return watched.open(previous) if previous else None
    live, *others = (Candidate(one.batch_id, one.run_date, one.model_version) for one in watched.served)
    kept = {one.batch_id for one in watched.served if one.kept}
    chosen = choose_fallback(live, [one for one in others if one.batch_id in kept], watched.history)
    return watched.open(chosen.batch_id) if chosen else None


def check(watched: WatchedDay, fallback: Batch | None) -> dict[str, Any]:
    """Return the comparison of all new pairs and that of purchases alone."""
    import numpy as np

    from include.monitoring.events import COLUMNS, Coder, count_accounts, list_matrix, people, wanted_pairs
    from include.monitoring.performance import compare_lists

    users = watched.table(c.USERS, [c.USER_ID, c.SEGMENT], c.USER_INDEX)
    items = watched.table(c.ITEMS, [c.ITEM_ID], c.ITEM_INDEX)
    coder = Coder(users[c.USER_ID].combine_chunks(), items[c.ITEM_ID].combine_chunks(), EVENT_TYPES)
    chosen = people(count_accounts(watched.events([c.USER_ID]), coder.users), MOST_USERS)
    bought = bought_before(watched, len(coder.users), len(coder.items))
    kinds = {"comparison": watched.drift.results.events, "purchases": watched.policy.evaluation.target_events}
    wanted = {
        name: wanted_pairs(watched.events(COLUMNS), coder, events, chosen, bought) for name, events in kinds.items()
    }
    rows = np.flatnonzero(np.diff(wanted["comparison"].indptr) + np.diff(wanted["purchases"].indptr))
    ids, n = coder.users.take(rows), watched.policy.ranking.top_n
    segments = users[c.SEGMENT].take(rows).to_numpy().astype(str)
    lists = {
        "live": list_matrix(watched.batch.lists(), ids, coder.items, n),
        "popularity": popular_lists(watched.batch, segments, coder.items, n),
        "previous": list_matrix(fallback.lists(), ids, coder.items, n) if fallback else None,
    }
    found = {name: compare_lists(matrix[rows], lists, segments).as_json() for name, matrix in wanted.items()}
    return {**found, "previous_batch": fallback.batch_id if fallback else None}


def bought_before(watched: WatchedDay, n_users: int, n_items: int) -> Any:
    """Return what users had bought by the night before: (n_users, n_items) CSR; nothing where lists may repeat it."""
    import numpy as np
    from scipy import sparse

    empty = sparse.csr_matrix((n_users, n_items), dtype=bool)
    if watched.policy.ranking.seen_rules.get("purchase", "never") == "never":
        return empty
    pairs = watched.table("interactions", [c.ITEM_INDEX, c.BOUGHT_ON], c.USER_INDEX)
    pairs = pairs.filter(pairs[c.BOUGHT_ON].is_valid())
    index = (pairs[c.USER_INDEX].to_numpy(), pairs[c.ITEM_INDEX].to_numpy())
    return sparse.csr_matrix((np.ones(pairs.num_rows, dtype=bool), index), shape=empty.shape)


def popular_lists(batch: Batch, segments: Any, items: Any, n: int) -> Any:
    """Return what each user would have seen without a list of their own: what is popular in their segment."""
    import numpy as np
    import pyarrow.compute as pc

    popular = batch.popular()
    lists = np.full((len(segments), n), -1, dtype=np.int32)
    everybody = pc.equal(popular[c.SEGMENT], c.EVERYBODY)
    for name in np.unique(segments):
        own = popular.filter(pc.equal(popular[c.SEGMENT], name))
        ids = [*own[c.ITEM_ID].to_pylist(), *popular.filter(everybody)[c.ITEM_ID].to_pylist()]
        found = pc.index_in(list(dict.fromkeys(ids)), value_set=items).drop_null().to_numpy()[:n]
        lists[segments == name, : len(found)] = found
    return lists


if __name__ == "__main__":
    sys.exit(_command.main(arguments(), run))
