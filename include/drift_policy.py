"""When the watch acts: every threshold of `include/config/drift.yaml`, typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from include.frozen import Frozen
from include.policy import load_layers

DEFAULTS = Path(__file__).resolve().parent / "config" / "drift.yaml"


class FeedPolicy(Frozen):
    """When the feed is broken."""

    min_rows: int = Field(ge=0)
    max_missing_rise: float = Field(gt=0, le=1)
    min_volume: float = Field(ge=0, lt=1)
    max_volume: float = Field(gt=1)


class DataPolicy(Frozen):
    """When a column moved."""

    min_rows: int = Field(ge=0)
    false_discoveries: float = Field(gt=0, lt=1)
    times_usual: float = Field(ge=1)
    min_distance: dict[str, float]
    max_new_share: float = Field(gt=0, le=1)
    heavy_share: float = Field(gt=0, le=1)


class ResultsPolicy(Frozen):
    """The control chart of the results."""

    events: tuple[str, ...] = Field(min_length=1)
    min_pairs: int = Field(gt=0)
    window_days: int = Field(gt=0)
    min_days: int = Field(gt=1)
    slack: float = Field(ge=0)
    alarm: float = Field(gt=0)


class RollbackPolicy(Frozen):
    """When the lists before would have been better."""

    nights_after_promotion: int = Field(gt=0)
    max_ratio_to_previous: float = Field(gt=0, le=1)
    max_p_value: float = Field(gt=0, lt=1)
    ask_people_above: float = Field(ge=0, le=1)


class RetrainPolicy(Frozen):
    """When moved data need a new model."""

    moved_days_in_a_row: int = Field(gt=0)
    old_weight: float = Field(ge=0, le=1)


class CoolDownPolicy(Frozen):
    """Days without the same action again."""

    retrain: int = Field(ge=0)
    rollback: int = Field(ge=0)


class DriftPolicy(Frozen):
    """Everything together."""

    feed: FeedPolicy
    data: DataPolicy
    results: ResultsPolicy
    rollback: RollbackPolicy
    retrain: RetrainPolicy
    cool_down_days: CoolDownPolicy
    known_days: dict[dt.date, str]


def load_drift_policy(*overrides: Mapping[str, Any], file: Path | None = None) -> DriftPolicy:
    """Return the default policy with `overrides`, then `file`, laid over it.

    Raises
    ------
    ConfigurationError
        For an unknown key, a missing file or a value out of range, by name.
    """
    variable = "NIGHTSHELF_DRIFT_POLICY"
    return load_layers(DriftPolicy, DEFAULTS, *overrides, file=file, kind="drift policy", variable=variable)
