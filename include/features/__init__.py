"""From events to training sets: interactions, features, popularity."""

from include.features.snapshot import Period, SegmentPopularity, Snapshot
from include.features.training_set import (
    Interactions,
    TrainingSet,
    load_training_set,
    training_set_from_tables,
)

__all__ = [
    "Interactions",
    "Period",
    "SegmentPopularity",
    "Snapshot",
    "TrainingSet",
    "load_training_set",
    "training_set_from_tables",
]
