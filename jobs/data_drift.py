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
from include.monitoring.verdict import Kind
from include.serving.watched_day import WatchedDay, open_day
from include.settings import Settings
from jobs import _command


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    _command.add_date(parser)
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Check the day's data, or find the check."""
    watched = open_day(settings, arguments.date)
    inputs = {
        "training_set": watched.training_set.manifest.fingerprint,
        "retrained": max((one.day for one in watched.history if one.verdict == Kind.RETRAIN), default=None),
        "held": sorted({one.day for one in watched.history if one.verdict == Kind.HOLD}),
    }
    part = watched.find_or_make_check("data", inputs, lambda: check(watched))
    found = part.read_json()["drift"]
    return {"part": part.folder, "rows": found["rows"], "broken": found["broken"], "moved": found["moved"]}


def check(watched: WatchedDay) -> dict[str, Any]:
    """Return the drift, and the histograms then and now for the report's plots."""
    from include.features.signals import columns_of
    from include.monitoring.data_drift import same_weekdays
    from include.monitoring.judge import find_reference, judge_data
    from include.monitoring.positions import count_accounts
    from include.monitoring.profile import event_columns, from_histograms, heavy_accounts, merge, profile_events

    users = watched.table(c.USERS, c.USER_INDEX, [c.USER_ID, *columns_of(c.USERS)])
    items = watched.table(c.ITEMS, c.ITEM_INDEX, [c.ITEM_ID, *columns_of(c.ITEMS)])
    accounts = count_accounts(watched.events.read_batches(columns=[c.USER_ID]), users[c.USER_ID].combine_chunks())
    events = watched.events.read_batches(columns=event_columns())
    profile = profile_events(events, users, items, heavy_accounts(accounts))
    details = watched.training_set.manifest.details
    days = details.get("reference_days") or {details["run_date"]: details["reference"]}
    stored = {dt.date.fromisoformat(day): from_histograms(histograms) for day, histograms in days.items()}
    drift = judge_data(watched.day, profile, stored, watched.history, watched.drift)
    reference = find_reference(stored, watched.history)
    then = merge(reference[day] for day in same_weekdays(watched.day, reference))
    return {"drift": drift.as_json(), "now": profile.histograms, "then": then.histograms}


if __name__ == "__main__":
    sys.exit(_command.main(arguments().parse_args, run))
