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
from include.serving.watched_day import WatchedDay, open_day
from include.settings import Settings
from jobs import _command

SAMPLE = 5000


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    _command.add_date(parser)
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Check the lists, or find the check."""
    watched = open_day(settings, arguments.date)
    inputs = {"before": watched.batch_before.batch_id if watched.batch_before else None}
    part = watched.find_or_make_check("predictions", inputs, lambda: check(watched))
    found = part.read_json()
    return {"part": part.folder, "overlap": found["overlap"], "coverage": found["coverage"]}


def check(watched: WatchedDay) -> dict[str, Any]:
    """Return the drift of the lists as JSON."""
    import pyarrow.compute as pc

    from include.monitoring.predictions import compare_profiles, profile_lists

    items, popular = watched.batch.items(), watched.batch.popular()
    item_ids = items[c.ITEM_ID].combine_chunks()
    categories = items[c.CATEGORY].fill_null("").to_numpy().astype(str)
    everybody = popular.filter(pc.equal(popular[c.SEGMENT], c.EVERYBODY))[c.ITEM_ID]
    most_popular = everybody.slice(0, watched.policy.ranking.top_n).combine_chunks()
    is_popular = pc.is_in(item_ids, value_set=most_popular).to_numpy(zero_copy_only=False).astype(bool)
    before = watched.batch_before
    now = profile_lists(watched.batch.lists(), item_ids)
    then = profile_lists(before.lists(), item_ids) if before else None
    return {
        "batch_id": watched.batch.batch_id,
        "previous_batch": before.batch_id if before else None,
        **compare_profiles(now, then, is_popular, categories),
        "overlap": measure_overlap(watched.batch, before, item_ids) if before else None,
    }


def measure_overlap(batch: Batch, before: Batch, item_ids: Any) -> float:
    """Return the overlap of the lists of every n-th user."""
    import pyarrow as pa

    from include.monitoring.pairs import list_matrix
    from include.monitoring.predictions import overlap

    ids = pa.concat_arrays([part[c.USER_ID] for part in batch.lists()])
    sample = ids.take(pa.array(range(0, len(ids), max(1, batch.users // SAMPLE))))
    n = int(batch.manifest.details.get("top_n", 50))
    return overlap(*(list_matrix(one.lists(), sample, item_ids, n) for one in (batch, before)))


if __name__ == "__main__":
    sys.exit(_command.main(arguments().parse_args, run))
