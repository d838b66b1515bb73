"""What the night does with the data: every weight, limit and threshold, typed.

`include/config/policy.yaml` holds the defaults, a data set's mapping may override them
under `policy:`, and the file named by NIGHTSHELF_POLICY overrides both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic import ValidationError as PydanticError

from include.errors import ConfigurationError

DEFAULTS = Path(__file__).resolve().parent / "config" / "policy.yaml"


class Frozen(BaseModel):
    """Immutable, and unknown keys are errors that name them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def fingerprint(self) -> str:
        """Return 12 hex digits of the SHA-256 of the canonical JSON form."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


Loaded = TypeVar("Loaded", bound=Frozen)


class FeaturePolicy(Frozen):
    """How events become interactions and attributes become features."""

    window_days: int = Field(gt=0, description="Events up to this many days before the run date count.")
    half_life_days: float = Field(gt=0, description="Days after which an event weighs half.")
    event_weights: dict[str, float] = Field(description="Weight of one event by event_type; 0 leaves it out.")
    popularity_days: int = Field(gt=0, description="Window of the popularity counts.")
    popularity_events: tuple[str, ...] = Field(description="Event types that count as popularity.")
    item_features: tuple[str, ...] = Field(description="category, price_band, title_words, attribute:<name>.")
    user_features: tuple[str, ...] = Field(description="segment, attribute:<name>.")
    price_bands: int = Field(gt=0, description="Number of price quantiles.")
    min_feature_count: int = Field(gt=0, description="A feature carried by fewer rows is left out.")


# The recipe, not the policy, tells models apart in a version's fingerprint, so `trainer` is left out of it.
TRAINER = "Module of include.model that trains."


class LightfmHybridPolicy(Frozen):
    """Hyperparameters of the LightFM hybrid (Kula 2015, WARP: Weston et al. 2011)."""

    trainer: Literal["lightfm_hybrid"] = Field(exclude=True, description=TRAINER)
    dimensions: int = Field(gt=0)
    epochs: int = Field(gt=0, description="Passes over the interactions before the holdout.")
    refit_epochs: int = Field(gt=0, description="Further passes over all interactions for the served factors.")
    learning_rate: float = Field(gt=0)
    max_sampled: int = Field(gt=0, description="Negatives tried per positive by WARP.")
    item_alpha: float = Field(ge=0, description="L2 penalty on item features.")
    user_alpha: float = Field(ge=0, description="L2 penalty on user features.")
    popularity_weight: float = Field(ge=0, description="Weight of log(1 + recent popularity) as an item bias.")
    threads: int = Field(gt=0, description="1 is reproducible; feature rows do not scale over threads.")
    seed: int


class PopularityPolicy(Frozen):
    """No taste, only the popularity prior."""

    trainer: Literal["popularity"] = Field(exclude=True, description=TRAINER)
    popularity_weight: float = Field(gt=0, description="Weight of log(1 + recent popularity) as an item bias.")


ModelPolicy = Annotated[LightfmHybridPolicy | PopularityPolicy, Field(discriminator="trainer")]


class EvaluationPolicy(Frozen):
    """The time split and the metrics."""

    holdout_days: int = Field(gt=0, description="The last days of the window, up to and with the run date.")
    cutoff: int = Field(gt=0, description="k of recall@k, precision@k and NDCG@k.")
    target_events: tuple[str, ...] = Field(description="Event types that count as relevant.")


class GatePolicy(Frozen):
    """When a challenger deserves to replace the champion."""

    metric: Literal["recall", "ndcg", "precision", "hit_rate"]
    min_ratio_to_champion: float = Field(gt=0, description="Challenger over champion, same users and items.")
    min_ratio_to_popularity: float = Field(gt=0)
    min_users: int = Field(ge=0, description="Fewer evaluated users are no evidence: the champion stays.")
    min_coverage: float = Field(ge=0, le=1, description="Least share of the catalogue in the lists.")


SeenEvent = Literal["purchase", "cart", "view"]
SeenRule = Literal["never", "ever"] | Annotated[int, Field(gt=0)]


class AllowList(Frozen):
    """The only items that a segment may see: these items, and everything in these categories."""

    items: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.items or self.categories):
            raise ValueError("an allow list names items or categories; leave the segment out to allow everything")
        return self


class Pin(Frozen):
    """Items that stand first, in this order."""

    items: tuple[str, ...] = Field(min_length=1)
    segment: str | None = Field(None, description="None: in everybody's list.")


class RankingPolicy(Frozen):
    """What a list may hold and must hold; docs/ranking.md has each rule's exact meaning."""

    top_n: int = Field(gt=0)
    seen: SeenRule | dict[SeenEvent, SeenRule] = Field(
        description="Leave out what the user had: never, ever, or within that many days. By event type, or "
        "one rule for purchases."
    )
    max_per_category: int | None = Field(gt=0, description="Most items of one category in a list; null: any number.")
    blocked_items: tuple[str, ...] = ()
    blocked_categories: tuple[str, ...] = ()
    allow: dict[str, AllowList] = Field({}, description="Segment to the only items it may see.")
    pinned: tuple[Pin, ...] = ()
    new_days: int = Field(gt=0, description="An item is new for that many days after it was first seen.")
    min_new_share: float = Field(ge=0, le=1, description="Least share of new items in a list.")
    max_age_days: int | None = Field(gt=0, description="Leave out what was first seen longer ago; null: nothing.")
    fresh_boost: float = Field(ge=0, description="Added to the score of an item first seen on the run date.")
    fresh_half_life_days: float = Field(gt=0, description="Days after which the boost is half.")
    fallback_items: int = Field(gt=0, description="Length of each segment's popularity list.")

    @property
    def seen_rules(self) -> dict[SeenEvent, SeenRule]:
        """Return the rule of each event type that has one."""
        return dict(self.seen) if isinstance(self.seen, dict) else {"purchase": self.seen}


class PublishPolicy(Frozen):
    """Batches in PostgreSQL."""

    keep_batches: int = Field(gt=1, description="Batches that stay for rollback, the live one included.")
    variant: str


class QualityPolicy(Frozen):
    """When the quarantine itself stops the night."""

    max_quarantined_share: float = Field(ge=0, le=1)
    warn_quarantined_share: float = Field(ge=0, le=1)


class Policy(Frozen):
    """Everything together."""

    features: FeaturePolicy
    model: ModelPolicy
    evaluation: EvaluationPolicy
    gate: GatePolicy
    ranking: RankingPolicy
    publish: PublishPolicy
    quality: QualityPolicy


def load_policy(*overrides: Mapping[str, Any], file: Path | None = None) -> Policy:
    """Return the default policy with `overrides`, then `file`, laid over it.

    Raises
    ------
    ConfigurationError
        For an unknown key, a missing file or a value out of range, by name.
    """
    return load_layers(Policy, DEFAULTS, *overrides, file=file, kind="policy", variable="NIGHTSHELF_POLICY")


def load_layers(
    model: type[Loaded],
    defaults: Path,
    *overrides: Mapping[str, Any],
    file: Path | None,
    kind: str,
    variable: str,
) -> Loaded:
    """Return the YAML file `defaults` with `overrides`, then the YAML file that `variable` names, laid over it.

    Raises
    ------
    ConfigurationError
        As `load_policy` does.
    """
    layers = list(overrides)
    if file is not None:
        if not file.is_file():
            raise ConfigurationError(f"{kind} file {file} does not exist", remedy=f"correct {variable}")
        layers.append(yaml.safe_load(file.read_text()) or {})
    values: dict[str, dict[str, Any]] = yaml.safe_load(defaults.read_text())
    for layer in layers:
        for name, section in layer.items():
            if not isinstance(section, Mapping):
                raise ConfigurationError(
                    f"{kind} section {name!r} is {section!r}, not a group of settings",
                    remedy="write the section's keys indented below it",
                )
            known = values.get(name, {})
            other = section.get("trainer", known.get("trainer")) != known.get("trainer")  # has settings of its own
            values[name] = {**({} if other else known), **section}
    try:
        return model.model_validate(values)
    except PydanticError as error:
        (section, *place), message, value = first_problem(error)
        where = ".".join([section, *place[section == "model" :]])  # less the trainer's name
        raise ConfigurationError(
            f"{kind} setting {where} is {value!r}: {message}",
            remedy=f"compare it with {defaults.name} and correct it",
        ) from error


def first_problem(error: PydanticError) -> tuple[list[str], str, object]:
    """Return where the first of pydantic's findings is, what is wrong there, and the value seen."""
    first = error.errors()[0]
    return [str(part) for part in first["loc"]], first["msg"].removeprefix("Value error, "), first["input"]
