"""A day judged: from what was served and seen to the verdict. The jobs, the simulation and the replay all call this."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from include.drift_policy import DriftPolicy
from include.monitoring.data_drift import DataDrift, Reference, detect, reference_days
from include.monitoring.fallback import Candidate
from include.monitoring.performance import Comparison
from include.monitoring.profile import DataProfile
from include.monitoring.verdict import DriftVerdict, Kind, Signals, decide, decided


def find_reference(stored: Reference, history: Sequence[Signals]) -> Reference:
    """Return the days of `stored` to compare with, after what the watch decided before, see `reference_days`."""
    retrained = max((one.day for one in history if one.verdict == Kind.RETRAIN), default=None)
    return reference_days(stored, retrained, {one.day for one in history if one.verdict == Kind.HOLD})


def judge_data(
    day: dt.date, profile: DataProfile, stored: Reference, history: Sequence[Signals], policy: DriftPolicy
) -> DataDrift:
    """Return how a day's events compare with the days of `stored`."""
    return detect(day, profile, find_reference(stored, history), policy)


def judge_day(
    day: dt.date,
    live: Candidate,
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
