"""Models and lineages that are quickly made."""

from __future__ import annotations

import numpy as np

from include.model import Recommender
from include.model.factors import FeatureEmbeddings, HybridModel
from include.tracking import Lineage


def make_model(value: float) -> Recommender:
    def side(name: str) -> FeatureEmbeddings:
        return FeatureEmbeddings(
            np.array([name]), np.full((1, 2), value, np.float32), np.zeros(1, np.float32), np.zeros(2, np.float32)
        )

    return Recommender.single("made", HybridModel(side("user_id:1"), side("item_id:1")), 0.5)


def make_lineage(fingerprint: str, run_date: str = "2026-01-31") -> Lineage:
    return Lineage(
        fingerprint=fingerprint,
        run_date=run_date,
        training_set=f"training_sets/{run_date}-abc",
        training_set_uri=f"file:///lake/training_sets/{run_date}-abc",
        manifest_digest="abc",
        counts={"users": 3, "items": 4},
    )
