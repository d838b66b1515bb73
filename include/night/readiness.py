"""Whether a training set is enough for a model: until it is, everybody gets what is popular."""

from __future__ import annotations

import datetime as dt

import numpy as np

from include import columns as c
from include.features import TrainingSet
from include.lake import Artifact

FEWEST = 2
"""Users and items without which there is no taste to tell from another."""


def lack_of_data(source: Artifact, training_set: TrainingSet) -> str | None:
    """Return what a training set lacks for a model and from when on there will be one, None when it lacks nothing."""
    everything, before = training_set.matrix("all"), training_set.matrix("before")
    if not everything.nnz:
        return (
            f"no model yet: none of the events up to {training_set.run_date} is a known user's; there will be one "
            f"{_days(training_set)} after the first events with a user_id"
        )
    users, items = int((np.diff(before.indptr) > 0).sum()), len(np.unique(before.indices))
    if min(users, items) >= FEWEST:
        return None
    return (
        f"no model yet: the {_days(training_set)} after {training_set.cutoff} are held out to judge a model by, "
        f"the days before them have events of {users} known users with {items} items; there will be one "
        f"{_when(source, training_set)}"
    )


def _when(source: Artifact, training_set: TrainingSet) -> str:
    """Return the first night whose holdout leaves some history before it."""
    days = [name.partition("/")[2] for name in source.manifest.inputs if name.startswith(f"{c.EVENTS}/")]
    held_out = training_set.run_date - training_set.cutoff
    first = dt.date.fromisoformat(min(days)) + held_out if days else training_set.run_date
    if first <= training_set.run_date:
        return f"once there are {FEWEST} of each"
    return f"from the night of {first} on"


def _days(training_set: TrainingSet) -> str:
    return f"{(training_set.run_date - training_set.cutoff).days} days"
