"""Has the data moved? Compare a day's events with the reference of the training set that served it.

    python -m jobs.data_drift --date 2026-11-20

The result is {"part": "drift/<day>/data-<fingerprint>", "broken": ..., "moved": ...}.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from typing import Any

from include import columns as c
from include.contract import EVENT_TYPES
from include.monitoring.verdict import Kind
from include.settings import Settings
from jobs import _command
from jobs._watch import WatchedDay, find_or_make, open_day, read_part


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    _command.add_date(parser)
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Check the day's data, or find the check."""
    watched = open_day(settings, arguments.date)
    retrained = max((one.day for one in watched.history if one.verdict == Kind.RETRAIN), default=None)
    held = {one.day for one in watched.history if one.verdict == Kind.HOLD}
    inputs = {"training_set": watched.training_set[1].fingerprint, "retrained": retrained, "held": sorted(held)}
    folder = find_or_make(watched, "data", inputs, lambda: check(watched, retrained, held))
    found = read_part(watched.lake, folder)["drift"]
    return {"part": folder, "rows": found["rows"], "broken": found["broken"], "moved": found["moved"]}


def check(watched: WatchedDay, retrained: dt.date | None, held: set[dt.date]) -> dict[str, Any]:
    """Return the drift, and the histograms then and now for the report's plots."""
    from include.monitoring.data_drift import detect, reference_days, same_weekdays
    from include.monitoring.events import COLUMNS, Coder, count_accounts, known, profile_events
    from include.monitoring.profile import from_histograms, heavy_accounts, merge

    users = watched.table(c.USERS, [c.USER_ID, c.SEGMENT], c.USER_INDEX)
    items = watched.table(c.ITEMS, [c.ITEM_ID, c.CATEGORY], c.ITEM_INDEX)
    coder = Coder(users[c.USER_ID].combine_chunks(), items[c.ITEM_ID].combine_chunks(), EVENT_TYPES)
    categories, segments = items[c.CATEGORY].fill_null("").to_numpy(), users[c.SEGMENT].to_numpy()
    heavy = heavy_accounts(count_accounts(watched.events([c.USER_ID]), coder.users))
    about = known(categories.astype(str), segments.astype(str))
    profile = profile_events(watched.events(COLUMNS), coder, about, heavy)
    details = watched.training_set[1].details
    days = details.get("reference_days") or {details["run_date"]: details["reference"]}
    stored = {dt.date.fromisoformat(day): from_histograms(histograms) for day, histograms in days.items()}
    reference = reference_days(stored, retrained, held)
    drift = detect(watched.day, profile, reference, watched.drift)
    then = merge(reference[day] for day in same_weekdays(watched.day, reference))
    return {"drift": drift.as_json(), "now": profile.histograms, "then": then.histograms}


if __name__ == "__main__":
    sys.exit(_command.main(arguments(), run))
