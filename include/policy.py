"""What the night does with the data: every weight, limit and threshold, typed.

`include/config/policy.yaml` holds the defaults, a data set's mapping may override them
under `policy:`, and the file named by NIGHTSHELF_POLICY overrides both.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic import ValidationError as PydanticError

from include.errors import ConfigurationError
from include.frozen import Frozen
from include.model_policy import ModelPolicy, TuningPolicy
from include.placement_policy import HOME, PlacementPolicy

DEFAULTS = Path(__file__).resolve().parent / "config" / "policy.yaml"

DEEP = ("model", "lists", "placements")
"""Sections whose own groups of settings are laid over one by one."""

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


class EvaluationPolicy(Frozen):
    """The time split and the metrics."""

    holdout_days: int = Field(gt=0, description="The last days of the window, up to and with the run date.")
    cutoff: int = Field(gt=0, description="k of recall@k, precision@k and NDCG@k.")
    max_users: int = Field(gt=0, description="Of more users with something held out, every n-th is evaluated.")
    target_events: tuple[str, ...] = Field(description="Event types that count as relevant.")


class GatePolicy(Frozen):
    """When a challenger deserves to replace the champion."""

    metric: Literal["recall", "ndcg", "map", "mrr", "precision", "hit_rate"]
    min_ratio_to_champion: float = Field(gt=0, description="Challenger over champion: less is refused if beyond doubt.")
    min_group_ratio: float = Field(gt=0, description="The same for little history, new users and new items.")
    min_ratio_to_popularity: float = Field(gt=0, description="Challenger over popularity, beyond the interval.")
    min_users: int = Field(ge=0, description="Fewer evaluated users are no evidence: the champion stays.")
    min_group_users: int = Field(ge=1, description="A group of fewer users is not looked at.")
    min_coverage: float = Field(ge=0, le=1, description="Least share of the catalogue in the lists.")
    min_overlap: float = Field(ge=0, le=1, description="Least share of the entries that the champion's lists have too.")
    max_empty_share: float = Field(ge=0, le=1, description="Most lists without an entry.")
    min_interactions: float = Field(ge=0, description="Least pairs in its training data, over the champion's.")
    min_features: float = Field(ge=0, le=1, description="Least share of the items' features as the champion had them.")


SeenEvent = Literal["purchase", "cart", "view"]
SeenRule = Literal["never", "ever"] | Annotated[int, Field(gt=0)]


class SeenRules(Frozen):
    """How long items stay out after each kind of event, and other rules for some categories."""

    purchase: SeenRule | None = None
    cart: SeenRule | None = None
    view: SeenRule | None = None
    categories: dict[str, SeenRule | dict[SeenEvent, SeenRule]] = Field(default={})


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
    seen: SeenRule | SeenRules = Field(
        description="Leave out what the user had: never, ever, or within that many days. One rule for purchases, or "
        "by event type, and other rules under `categories`."
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
        return _by_event(self.seen)

    @property
    def seen_by_category(self) -> dict[str, dict[SeenEvent, SeenRule]]:
        """Return the rules of categories that differ, by event type."""
        categories = self.seen.categories if isinstance(self.seen, SeenRules) else {}
        return {name: _by_event(rules) for name, rules in categories.items()}


def _by_event(rules: SeenRule | SeenRules | dict[SeenEvent, SeenRule]) -> dict[SeenEvent, SeenRule]:
    if isinstance(rules, SeenRules):
        given: dict[SeenEvent, SeenRule | None] = {"purchase": rules.purchase, "cart": rules.cart, "view": rules.view}
        return {event: rule for event, rule in given.items() if rule is not None}
    return dict(rules) if isinstance(rules, dict) else {"purchase": rules}


class SimilarItemsPolicy(Frozen):
    """For each item those most like it."""

    top_n: int = Field(gt=0, description="Length of a list.")
    together: float = Field(
        ge=0, description="Weight of the baskets shared, as a share of the item's most, beside the cosine."
    )
    variants: str | None = Field(
        default=None,
        description="The item attribute, one of features.item_features, by which items are variants of one product: "
        "they are not in each other's lists.",
    )


class AudiencePolicy(Frozen):
    """For each item, category and brand the users who would like it most."""

    top_n: int | None = Field(gt=0, description="Length of a list; null: no such lists.")
    brand: str | None = Field(
        default=None, description="The item attribute that is the brand, one of features.item_features."
    )


class ListsPolicy(Frozen):
    """The kinds of lists that a batch holds besides the users' own."""

    similar_items: SimilarItemsPolicy
    audience: AudiencePolicy


class PublishPolicy(Frozen):
    """Batches in PostgreSQL."""

    keep_batches: int = Field(gt=1, description="Batches that stay for rollback, the live one included.")
    min_in_stock: float = Field(ge=0, le=1, description="Least share of the items in stock, relative to before.")
    min_items: float = Field(ge=0, le=1, description="Least number of items, relative to before.")
    min_users: float = Field(ge=0, le=1, description="Least number of users with a list, relative to before.")
    min_filled: float = Field(ge=0, le=1, description="Least share of the lists' places with an item, likewise.")
    min_lists: float = Field(
        ge=0, le=1, description="Least number of lists of each further kind that hold something, relative to before."
    )
    max_emptied: float = Field(ge=0, le=1, description="Most of the users who had a list and would have an empty one.")
    variant: str


class QualityPolicy(Frozen):
    """When the day's rows stop the night."""

    min_rows: int = Field(ge=0, description="A share of fewer rows is no evidence.")
    max_quarantined_share: float = Field(ge=0, le=1)
    warn_quarantined_share: float = Field(ge=0, le=1)
    duplicate_days: int = Field(ge=0, description="An event delivered up to so many days before is a duplicate.")
    max_differing_share: float = Field(ge=0, le=1, description="Of the landed rows: duplicates that are no copies.")
    max_overwritten_share: float = Field(ge=0, le=1, description="Items, or users, replaced by another row of the day.")
    max_unknown_item_share: float = Field(ge=0, le=1, description="Events whose item was never delivered.")
    max_unknown_user_share: float = Field(ge=0, le=1, description="Events whose user was never delivered.")
    max_unknown_rise: float = Field(ge=0, le=1, description="Rise of either share over the last four weeks.")
    max_event_type_loss: float = Field(ge=0, le=1, description="Part of its usual share that an event type may lose.")
    max_user_share: float = Field(ge=0, le=1, description="Events of one user.")
    warn_user_share: float = Field(ge=0, le=1)


class SalesPolicy(Frozen):
    """What was bought together, what trends, and what is due again; `include.sales` has the formulas."""

    top_n: int = Field(gt=0, description="Length of each of these lists.")
    half_life_days: float = Field(gt=0, description="Days after which a shared basket counts half.")
    max_basket_items: int = Field(gt=1, description="Of a wider basket an even sample counts.")
    min_support: int = Field(gt=0, description="Least number of baskets that a pair of items shares.")
    pair_prior: float = Field(gt=0, description="Baskets as by chance that are added to each pair's.")
    neighbours: int = Field(gt=0, description="Most items that are kept for one item.")
    trend_days: int = Field(gt=0, le=7, description="The last days, which are compared with their weekdays before.")
    trend_weeks: int = Field(gt=0, description="Earlier weeks that they are compared with.")
    trend_prior: float = Field(gt=0, description="Buyers as usual that are added to each item's.")
    rhythm_prior: float = Field(gt=0, description="Gaps, or buyers, as usual that are added to a pair's or an item's.")
    rhythm_spread: float = Field(gt=0, description="Spread of the log of a gap: the larger, the less the day matters.")
    due_from: float = Field(ge=0, description="Part of the usual gap after which an item may be due.")
    due_items: int = Field(gt=0, description="Most items that are kept for one user.")


class RetentionPolicy(Frozen):
    """Days that things are kept, counted back from the day of housekeeping; null: forever."""

    dry_run: bool = Field(description="Whether the scheduled runs only say what they would delete.")
    landing: int | None = Field(gt=0, description="Deliveries, by day.")
    partitions: int | None = Field(gt=0, description="Events in the lake, and what was set aside, by day.")
    training_sets: int | None = Field(gt=0)
    evaluations: int | None = Field(gt=0)
    batches: int | None = Field(gt=0, description="In the lake; publish.keep_batches is PostgreSQL's.")
    reports: int | None = Field(gt=0, description="Of checks, drift and nights.")
    model_runs: int | None = Field(gt=0, description="Versions in MLflow, with their runs and artifacts.")
    task_logs: int | None = Field(gt=0, description="Of Airflow's runs, in the home.")

    def is_dry(self, mode: str) -> bool:
        """Tell whether a job of this mode only says what it would do: ``policy`` does what `dry_run` says."""
        return mode == "dry" or (mode == "policy" and self.dry_run)


class Policy(Frozen):
    """Everything together."""

    features: FeaturePolicy
    model: ModelPolicy
    evaluation: EvaluationPolicy
    gate: GatePolicy
    ranking: RankingPolicy
    placements: dict[str, PlacementPolicy]
    lists: ListsPolicy
    publish: PublishPolicy
    sales: SalesPolicy
    quality: QualityPolicy
    tuning: TuningPolicy
    retention: RetentionPolicy

    @field_validator("placements")
    @classmethod
    def _placements_are_rules(
        cls, placements: dict[str, PlacementPolicy], info: ValidationInfo
    ) -> dict[str, PlacementPolicy]:
        if HOME in placements:
            raise ValueError(f"ranking describes the placement {HOME} already; give this one another name")
        for name, placement in placements.items():
            try:
                _with_overrides(info.data["ranking"], placement)
            except PydanticError as error:
                place, message, value = first_problem(error)
                raise ValueError(f"of {name}, {'.'.join(place)} is {value!r}: {message}") from error
        return placements

    def ranking_of(self, placement: str) -> RankingPolicy:
        """Return the rules of a placement: those of `ranking` with its own laid over them."""
        return self.ranking if placement == HOME else _with_overrides(self.ranking, self.placements[placement])


def _with_overrides(ranking: RankingPolicy, placement: PlacementPolicy) -> RankingPolicy:
    return RankingPolicy.model_validate({**ranking.model_dump(), **placement.overrides})


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
            values[name] = laid_over({} if other else known, section, deep=name in DEEP)
    try:
        return model.model_validate(values)
    except PydanticError as error:
        (section, *place), message, value = first_problem(error)
        where = ".".join([section, *place[section == "model" :]])  # less the trainer's name
        raise ConfigurationError(
            f"{kind} setting {where} is {value!r}: {message}",
            remedy=f"compare it with {defaults.name} and correct it",
        ) from error


def laid_over(known: Mapping[str, Any], section: Mapping[str, Any], *, deep: bool) -> dict[str, Any]:
    """Return `known` with the keys of `section` laid over it; `deep`: and so their own groups of settings."""
    merged = dict(known)
    for key, value in section.items():
        below = merged.get(key)
        if deep and isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = laid_over(below, value, deep=True)
        else:
            merged[key] = value
    return merged


def first_problem(error: PydanticError) -> tuple[list[str], str, object]:
    """Return where the first of pydantic's findings is, what is wrong there, and the value seen."""
    first = error.errors()[0]
    return [str(part) for part in first["loc"]], first["msg"].removeprefix("Value error, "), first["input"]
