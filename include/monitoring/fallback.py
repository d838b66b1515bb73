"""To which batch a rollback would lead: the newest one of another model that was never rolled back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from include.monitoring.verdict import Kind, Signals


class Candidate(NamedTuple):
    """A batch that is kept and was live."""

    batch_id: str
    run_date: dt.date
    model_version: str


def choose_fallback(live: Candidate, kept: Sequence[Candidate], history: Sequence[Signals]) -> Candidate | None:
    """Return the batch, None when there is none.

    Parameters
    ----------
    history
        The watch's verdicts: a model that was rolled back is not gone back to, nor is a batch of a broken day.
    """
    bad_models = {one.model_version for one in history if one.verdict == Kind.ROLLBACK} | {live.model_version}
    bad_days = {one.day for one in history if one.verdict == Kind.HOLD}
    good = [
        one
        for one in kept
        if one.run_date < live.run_date and one.model_version not in bad_models and one.run_date not in bad_days
    ]
    return max(good, key=lambda one: (one.run_date, one.batch_id), default=None)
