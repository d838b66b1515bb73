"""Have the lists changed? Compare the batch that served a day with the one before it.

    python -m jobs.prediction_drift --date 2026-11-20

Scores, coverage, popularity bias, category mix, overlap. Lists that change cause no action by themselves; they are
in the report for people. The result is {"part": "drift/<day>/predictions-<fingerprint>", ...}.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from include import columns as c
from include.serving.batch import Batch
from include.settings import Settings
from jobs import _command
from jobs._watch import WatchedDay, find_or_make, open_day, read_part

SAMPLE = 5000


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    _command.add_date(parser)
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Check the lists, or find the check."""
    watched = open_day(settings, arguments.date)
    before = before_it(watched)
    inputs = {"before": before.batch_id if before else None}
    folder = find_or_make(watched, "predictions", inputs, lambda: check(watched, before))
    found = read_part(watched.lake, folder)
    return {"part": folder, "overlap": found["overlap"], "coverage": found["coverage"]}


def before_it(watched: WatchedDay) -> Batch | None:
    """Return the batch that was live before the one of the day, None without one."""
    earlier = [one for one in watched.served if one.run_date < watched.live.run_date]
    return watched.open(earlier[0].batch_id) if earlier else None


def check(watched: WatchedDay, before: Batch | None) -> dict[str, Any]:
    """Return the drift of the lists as JSON."""
    import numpy as np
    import pyarrow.compute as pc

    from include.monitoring.predictions import PredictionDrift, distances, profile_lists

    items = watched.batch.items()
    item_ids = items[c.ITEM_ID].combine_chunks()
    categories = items[c.CATEGORY].fill_null("").to_numpy().astype(str)
    everybody = pc.equal(watched.batch.popular()[c.SEGMENT], c.EVERYBODY)
    popular_ids = watched.batch.popular().filter(everybody)[c.ITEM_ID].slice(0, watched.policy.ranking.top_n)
    popular = pc.is_in(item_ids, value_set=popular_ids.combine_chunks()).to_numpy(zero_copy_only=False)
    now = profile_lists(watched.batch.lists(), item_ids)
    found: dict[str, Any] = {}
    if before is not None:
        then = profile_lists(before.lists(), item_ids)
        scores, mix = distances(now, then, categories)
        found = {
            "previous_batch": before.batch_id,
            "coverage_before": then.coverage(),
            "popularity_bias_before": then.popularity_bias(popular),
            "score_distance": scores,
            "category_distance": mix,
            "overlap": shared(watched.batch, before, item_ids),
        }
    drift = PredictionDrift(
        watched.batch.batch_id, now.users, now.coverage(), now.popularity_bias(np.asarray(popular, bool)), **found
    )
    return drift.as_json()


def shared(batch: Batch, before: Batch, item_ids: Any) -> float:
    """Return the overlap on every n-th user."""
    import pyarrow as pa

    from include.monitoring.events import list_matrix
    from include.monitoring.predictions import overlap

    every = max(1, batch.users // SAMPLE)
    ids = pa.concat_arrays([part[c.USER_ID] for part in batch.lists()])
    sample = ids.take(pa.array(range(0, len(ids), every)))
    n = int(batch.manifest.details.get("top_n", 50))
    return overlap(*(list_matrix(one.lists(), sample, item_ids, n) for one in (batch, before)))


if __name__ == "__main__":
    sys.exit(_command.main(arguments(), run))
