"""From events to training sets: interactions, features, popularity."""

from include.features.training_set import (
    Interactions,
    SegmentPopularity,
    TrainingSet,
    load_training_set,
    training_set_from_tables,
)

__all__ = [
    "Interactions",
    "SegmentPopularity",
    "TrainingSet",
    "load_training_set",
    "training_set_from_tables",
]
