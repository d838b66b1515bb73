"""When the watch acts: every threshold of `include/config/drift.yaml`, typed."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import Field
from pydantic import ValidationError as PydanticError

from include.errors import ConfigurationError
from include.policy import Frozen, merge

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


def load_drift_policy(file: Path | None = None) -> DriftPolicy:
    """Return the default policy with `file` laid over it.

    Raises
    ------
    ConfigurationError
        For an unknown key, a missing file or a value out of range, by name.
    """
    values = yaml.safe_load(DEFAULTS.read_text())
    if file is not None:
        if not file.is_file():
            raise ConfigurationError(f"drift policy {file} does not exist", remedy="correct NIGHTSHELF_DRIFT_POLICY")
        values = merge(values, yaml.safe_load(file.read_text()) or {})
    try:
        return DriftPolicy.model_validate(values)
    except PydanticError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"drift policy setting {where} is {first['input']!r}: {first['msg']}",
            remedy=f"compare it with {DEFAULTS.name} and correct it",
        ) from error
