"""A day judged: from what was served and seen to the verdict. The jobs, the simulation and the replay all call this."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from include.drift_policy import DriftPolicy
from include.monitoring.data_drift import DataDrift, Reference, detect, reference_days
from include.monitoring.performance import Comparison
from include.monitoring.profile import DataProfile
from include.monitoring.verdict import DriftVerdict, Kind, Signals, decide, decided


class LiveBatch(NamedTuple):
    """A batch that was live; `kept` tells whether it is still stored, so that a rollback can lead to it."""

    batch_id: str
    run_date: dt.date
    model_version: str
    kept: bool = True


def choose_fallback(live: LiveBatch, others: Sequence[LiveBatch], history: Sequence[Signals]) -> LiveBatch | None:
    """Return the batch to which a rollback would lead, or None.

    It is the newest kept one of another model, unless by `history` that model was rolled back or the day was broken.
    """
    bad_models = {one.model_version for one in history if one.verdict == Kind.ROLLBACK} | {live.model_version}
    bad_days = {one.day for one in history if one.verdict == Kind.HOLD}
    good = [
        one
        for one in others
        if one.kept
        and one.run_date < live.run_date
        and one.model_version not in bad_models
        and one.run_date not in bad_days
    ]
    return max(good, key=lambda one: (one.run_date, one.batch_id), default=None)


def retrained_and_held(history: Sequence[Signals]) -> tuple[dt.date | None, list[dt.date]]:
    """Return the day of the last retrain and the days on hold: they decide what a day is compared with."""
    retrained = max((one.day for one in history if one.verdict == Kind.RETRAIN), default=None)
    return retrained, sorted({one.day for one in history if one.verdict == Kind.HOLD})


def find_reference(stored: Reference, history: Sequence[Signals]) -> Reference:
    """Return the days of `stored` to compare with, after what the watch decided before, see `reference_days`."""
    return reference_days(stored, *retrained_and_held(history))


def judge_data(
    day: dt.date, profile: DataProfile, stored: Reference, history: Sequence[Signals], policy: DriftPolicy
) -> DataDrift:
    """Return how a day's events compare with the days of `stored`."""
    return detect(day, profile, find_reference(stored, history), policy)


def judge_day(
    day: dt.date,
    live: LiveBatch,
    previous_batch: str | None,
    promoted: dt.date,
    data: DataDrift,
    comparison: Comparison,
    history: Sequence[Signals],
    policy: DriftPolicy,
    purchases: Comparison | None = None,
) -> tuple[Signals, DriftVerdict]:
    """Return the day's signals, as the history keeps them, and the verdict on it.

    Parameters
    ----------
    live, previous_batch
        The batch that served the day, and the one to which a rollback would lead.
    promoted
        Run date of the first batch of the live model.
    data, comparison, purchases
        See `judge_data`, `compare_lists` and `Signals`.
    history
        The days before, oldest first.
    """
    signals = Signals(
        day=day,
        batch_id=live.batch_id,
        model_version=live.model_version,
        data=data,
        comparison=comparison,
        purchases=purchases,
        nights_since_promotion=(day - promoted).days,
        previous_batch=previous_batch,
    )
    verdict = decide([*history, signals], policy)
    return decided(signals, verdict), verdict
