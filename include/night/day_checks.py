"""The checks of a watched day: its data, the lists that were live, and how these did. Each is made once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from include import columns as c
from include.features.signals import columns_of
from include.lake import Artifact
from include.monitoring.data_drift import comparable_days
from include.monitoring.judge import find_reference, judge_data, retrained_and_held
from include.monitoring.pairs import COLUMNS, bought_pairs, choose_users, list_matrix, popular_lists, wanted_pairs
from include.monitoring.performance import compare_lists
from include.monitoring.positions import count_accounts
from include.monitoring.predictions import compare_profiles, overlap, profile_lists
from include.monitoring.profile import event_columns, from_histograms, heavy_accounts, merge, profile_events
from include.monitoring.results import PAID_COLUMNS, results_table, revenue_of_pairs
from include.night.watched_day import WatchedDay
from include.serving.batch import Batch
from include.types import Longs

SAMPLE = 5000  # users whose lists are compared one by one
MOST_USERS = 50_000  # more users are a sample of every n-th: the memory stays flat


def check_data(watched: WatchedDay) -> Artifact:
    """Compare the day's events with the reference of the live batch's training set.

    Returns
    -------
    The artifact with `drift` (see `DataDrift`) and the histograms `now` and `then`.
    """
    training_set = watched.training_set.manifest.fingerprint
    retrained, held = retrained_and_held(watched.history)
    inputs = {"training_set": training_set, "retrained": retrained, "held": held}

    def make() -> dict[str, Any]:
        users = watched.table(c.USERS, c.USER_INDEX, [c.USER_ID, *columns_of(c.USERS)])
        items = watched.table(c.ITEMS, c.ITEM_INDEX, [c.ITEM_ID, *columns_of(c.ITEMS)])
        heavy = heavy_accounts(_events_by_account(watched, users[c.USER_ID].combine_chunks()))
        profile = profile_events(watched.events.read_batches(columns=event_columns()), users, items, heavy)
        details = watched.training_set.manifest.details
        days = details.get("reference_days") or {details["run_date"]: details["reference"]}
        stored = {dt.date.fromisoformat(day): from_histograms(histograms) for day, histograms in days.items()}
        drift = judge_data(watched.day, profile, stored, watched.history, watched.drift)
        reference = find_reference(stored, watched.history)
        then = merge(reference[day] for day in comparable_days(watched.day, reference, watched.drift))
        return {"drift": drift.as_json(), "now": profile.histograms, "then": then.histograms}

    return watched.find_or_make_check("data", inputs, make)


def check_predictions(watched: WatchedDay) -> Artifact:
    """Compare the live batch with the one before it, see `compare_profiles`."""
    live, before = watched.batch, watched.batch_before

    def make() -> dict[str, Any]:
        items, popular = live.items(), live.popular()
        item_ids = items[c.ITEM_ID].combine_chunks()
        categories = items[c.CATEGORY].fill_null("").to_numpy().astype(str)
        everybody = popular.filter(pc.equal(popular[c.SEGMENT], c.EVERYBODY))[c.ITEM_ID]
        most_popular = everybody.slice(0, watched.policy.ranking.top_n).combine_chunks()
        is_popular = pc.is_in(item_ids, value_set=most_popular).to_numpy(zero_copy_only=False).astype(bool)
        now = profile_lists(live.lists(), item_ids)
        then = profile_lists(before.lists(), item_ids) if before else None
        return {
            "batch_id": live.batch_id,
            "previous_batch": before.batch_id if before else None,
            **compare_profiles(now, then, is_popular, categories),
            "overlap": _measure_overlap(live, before, item_ids) if before else None,
        }

    return watched.find_or_make_check("predictions", {"before": before.batch_id if before else None}, make)


def check_performance(watched: WatchedDay) -> Artifact:
    """Hold the lists of the day against what users then did.

    Returns
    -------
    The artifact with `comparison` (of all new pairs) and `purchases` (see `Comparison`), `previous_batch`, and the
    table `results` (see `results_table`).
    """
    fallback = watched.fallback
    previous = fallback.batch_id if fallback else None
    made: dict[str, pa.Table] = {}

    def make() -> dict[str, Any]:
        users = watched.table(c.USERS, c.USER_INDEX, [c.USER_ID, c.SEGMENT])
        user_ids = users[c.USER_ID].combine_chunks()
        item_ids = watched.table(c.ITEMS, c.ITEM_INDEX, [c.ITEM_ID])[c.ITEM_ID].combine_chunks()
        chosen = choose_users(_events_by_account(watched, user_ids), MOST_USERS)
        bought = _bought_before(watched, len(user_ids), len(item_ids))
        kinds = {"comparison": watched.drift.results.events, "purchases": watched.policy.evaluation.target_events}
        wanted = {
            name: wanted_pairs(watched.events.read_batches(columns=COLUMNS), user_ids, item_ids, events, chosen, bought)
            for name, events in kinds.items()
        }
        rows = np.flatnonzero(sum(np.diff(matrix.indptr) for matrix in wanted.values()))
        ids, n = user_ids.take(rows), watched.policy.ranking.top_n
        segments = users[c.SEGMENT].take(rows).to_numpy().astype(str)
        lists: dict[str, Any] = {
            "live": list_matrix(watched.batch.lists(), ids, item_ids, n),
            "popularity": popular_lists(watched.batch.popular(), segments, item_ids, n),
            "previous": list_matrix(fallback.lists(), ids, item_ids, n) if fallback else None,
        }
        found = {name: compare_lists(matrix[rows], lists, segments).as_json() for name, matrix in wanted.items()}
        paid = revenue_of_pairs(
            watched.events.read_batches(columns=PAID_COLUMNS), ids, item_ids, watched.policy.evaluation.target_events
        )
        by_row = {name: matrix[rows] for name, matrix in wanted.items()}
        made["results"] = results_table(by_row, lists["live"], paid, segments, item_ids)
        return {**found, "previous_batch": previous}

    return watched.find_or_make_check("performance", {"previous": previous}, make, lambda: made)


def _events_by_account(watched: WatchedDay, user_ids: pa.Array) -> Longs:
    return count_accounts(watched.events.read_batches(columns=[c.USER_ID]), user_ids)


def _bought_before(watched: WatchedDay, n_users: int, n_items: int) -> sparse.csr_matrix:
    """Return what users had bought by the night before; nothing where lists may repeat it."""
    if watched.policy.ranking.seen_rules.get("purchase", "never") == "never":
        return sparse.csr_matrix((n_users, n_items), dtype=bool)
    return bought_pairs(watched.table("interactions", c.USER_INDEX, [c.ITEM_INDEX, c.BOUGHT_ON]), n_users, n_items)


def _measure_overlap(batch: Batch, before: Batch, item_ids: pa.Array) -> float:
    ids = pa.concat_arrays([part[c.USER_ID] for part in batch.lists()])
    sample = ids.take(pa.array(range(0, len(ids), max(1, batch.users // SAMPLE))))
    n = int(batch.manifest.details.get("top_n", 50))
    return overlap(*(list_matrix(one.lists(), sample, item_ids, n) for one in (batch, before)))
