"""How did the lists do? Hold what was served on a day against what users then did.

    python -m jobs.performance --date 2026-11-20

The same users and the same new pairs of user and item for the served lists, for what is popular, and for the
lists to which a rollback would lead. The result is {"part": "drift/<day>/performance-<fingerprint>", ...}.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from include import columns as c
from include.serving.watched_day import WatchedDay, open_day
from include.settings import Settings
from jobs import _command

MOST_USERS = 50_000  # more users are a sample of every n-th: the memory stays flat


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    _command.add_date(parser)
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Compare the lists, or find the comparison."""
    watched = open_day(settings, arguments.date)
    inputs = {"previous": watched.fallback.batch_id if watched.fallback else None}
    part = watched.find_or_make_check("performance", inputs, lambda: check(watched))
    found = part.read_json()
    pairs, hits = found["comparison"]["pairs"], found["comparison"]["live"]["hits"]
    return {"part": part.folder, "pairs": pairs, "hits": hits, "previous_batch": found["previous_batch"]}


def check(watched: WatchedDay) -> dict[str, Any]:
    """Return the comparison of all new pairs and that of purchases alone."""
    import numpy as np
    from scipy import sparse

    from include.monitoring.pairs import COLUMNS, bought_pairs, choose_users, list_matrix, popular_lists, wanted_pairs
    from include.monitoring.performance import compare_lists
    from include.monitoring.positions import count_accounts

    users = watched.table(c.USERS, c.USER_INDEX, [c.USER_ID, c.SEGMENT])
    user_ids = users[c.USER_ID].combine_chunks()
    item_ids = watched.table(c.ITEMS, c.ITEM_INDEX, [c.ITEM_ID])[c.ITEM_ID].combine_chunks()
    chosen = choose_users(count_accounts(watched.events.read_batches(columns=[c.USER_ID]), user_ids), MOST_USERS)
    bought = sparse.csr_matrix((len(user_ids), len(item_ids)), dtype=bool)
    if watched.policy.ranking.seen_rules.get("purchase", "never") != "never":  # else lists may repeat what was bought
        interactions = watched.table("interactions", c.USER_INDEX, [c.ITEM_INDEX, c.BOUGHT_ON])
        bought = bought_pairs(interactions, *bought.shape)
    kinds = {"comparison": watched.drift.results.events, "purchases": watched.policy.evaluation.target_events}
    wanted = {
        name: wanted_pairs(watched.events.read_batches(columns=COLUMNS), user_ids, item_ids, events, chosen, bought)
        for name, events in kinds.items()
    }
    rows = np.flatnonzero(np.diff(wanted["comparison"].indptr) + np.diff(wanted["purchases"].indptr))
    ids, n, fallback = user_ids.take(rows), watched.policy.ranking.top_n, watched.fallback
    segments = users[c.SEGMENT].take(rows).to_numpy().astype(str)
    lists = {
        "live": list_matrix(watched.batch.lists(), ids, item_ids, n),
        "popularity": popular_lists(watched.batch.popular(), segments, item_ids, n),
        "previous": list_matrix(fallback.lists(), ids, item_ids, n) if fallback else None,
    }
    found = {name: compare_lists(matrix[rows], lists, segments).as_json() for name, matrix in wanted.items()}
    return {**found, "previous_batch": fallback.batch_id if fallback else None}


if __name__ == "__main__":
    sys.exit(_command.main(arguments().parse_args, run))
