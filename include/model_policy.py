"""The models' section of the policy: who trains, by which settings, and what `tune` may try instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from include.frozen import Frozen

# The recipe, not the policy, tells models apart in a version's fingerprint, so `trainer` is left out of it.
TRAINER = "Module of include.model that trains."
ALONE = "Weight of the standardised log(1 + recent buyers) where the model stands alone."
LATER = "Further passes for each later period."


class LightfmHybridPolicy(Frozen):
    """Hyperparameters of the LightFM hybrid (Kula 2015, WARP: Weston et al. 2011)."""

    trainer: Literal["lightfm_hybrid"] = Field(default="lightfm_hybrid", exclude=True, description=TRAINER)
    dimensions: int = Field(default=32, gt=0)
    epochs: int = Field(default=6, gt=0, description="Passes over the interactions of the first period.")
    refit_epochs: int = Field(default=4, gt=0, description=LATER)
    most_pairs: int = Field(
        default=500_000, gt=0, description="Pairs of an epoch; of more, each epoch samples as many."
    )
    learning_rate: float = Field(default=0.15, gt=0)
    max_sampled: int = Field(default=50, gt=0, description="Negatives tried per positive by WARP.")
    item_alpha: float = Field(default=0.0, ge=0, description="L2 penalty on item features.")
    user_alpha: float = Field(default=0.0, ge=0, description="L2 penalty on user features.")
    popularity_weight: float = Field(default=0.5, ge=0, description=ALONE)
    threads: int = Field(default=1, gt=0, description="1 is reproducible; feature rows do not scale over threads.")
    seed: int = 20260101


class AlsPolicy(Frozen):
    """What all kinds of alternating least squares share (Rendle et al. 2021, arXiv:2110.14037)."""

    dimensions: int = Field(default=64, gt=0)
    epochs: int = Field(default=12, gt=0, description="Passes over the interactions of the first period.")
    regularization: float = Field(default=0.01, gt=0, description="Penalty of a row for each of its pairs.")
    popularity_weight: float = Field(default=0.5, ge=0, description=ALONE)
    seed: int = 20260101


class IalsPolicy(AlsPolicy):
    """Hyperparameters of implicit ALS with features as priors."""

    trainer: Literal["ials"] = Field(default="ials", exclude=True, description=TRAINER)
    refit_epochs: int = Field(default=4, gt=0, description=LATER)
    unobserved_weight: float = Field(default=0.1, gt=0, description="alpha0: weight of a pair that was not observed.")
    frequency_power: float = Field(default=1.0, ge=0, le=1, description="nu: how the penalty grows with a row's pairs.")
    item_feature_ridge: float = Field(default=5.0, gt=0, description="Penalty of the items' map, in average items.")
    user_feature_ridge: float = Field(default=5.0, gt=0, description="Penalty of the users' map, in average users.")
    user_prior: float = Field(
        default=0.0, ge=0, le=1, description="Share of their features' vector to which users with a history are pulled."
    )


class SparkAlsPolicy(AlsPolicy):
    """Hyperparameters of Spark's ALS, for what is too large for one machine; it knows no features."""

    trainer: Literal["spark_als"] = Field(default="spark_als", exclude=True, description=TRAINER)
    alpha: float = Field(default=10.0, gt=0, description="Confidence of a pair: 1 + alpha * weight.")
    blocks: int | None = Field(default=None, gt=0, description="Parts of users and items; null: Spark's own choice.")


class PopularityPolicy(Frozen):
    """No taste, only what sold lately."""

    trainer: Literal["popularity"] = Field(default="popularity", exclude=True, description=TRAINER)


class MembersPolicy(Frozen):
    """The models that a blend adds up; null leaves one out."""

    lightfm_hybrid: LightfmHybridPolicy | None = LightfmHybridPolicy()
    ials: IalsPolicy | None = IalsPolicy()
    spark_als: SparkAlsPolicy | None = None

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if not self.chosen:
            raise ValueError("a blend has at least one member; for none take the trainer popularity")
        return self

    @property
    def chosen(self) -> dict[str, LightfmHybridPolicy | IalsPolicy | SparkAlsPolicy]:
        """Return the members by name."""
        return {name: member for name, member in self if member is not None}


class TermsPolicy(Frozen):
    """How much each part of a score weighs, see `include.model.Terms`."""

    members: dict[str, float] = Field(default={}, description="By name; 1 where it is not given.")
    cold: dict[str, float] = Field(default={}, description="The same for users without a history; 0 where not given.")
    popularity: float = Field(default=0.5, ge=0)
    repurchase: float = Field(default=3.0, ge=0)
    shrinkage: float = Field(default=0.0, ge=0)


class BlendPolicy(Frozen):
    """Several models as one."""

    trainer: Literal["blend"] = Field(default="blend", exclude=True, description=TRAINER)
    members: MembersPolicy = MembersPolicy()
    terms: TermsPolicy = Field(
        default=TermsPolicy(), description="Where the learning begins, and what holds without it."
    )
    learn: bool = Field(default=True, description="Learn the terms on the last days before the cutoff.")

    @model_validator(mode="before")
    @classmethod
    def _takes_settings_of_its_hybrid(cls, values: Any) -> Any:
        """Let `model: {epochs: 3}`, as mappings had it when there was one model, set the blend's LightFM member."""
        own = {name for name in LightfmHybridPolicy.model_fields if name not in cls.model_fields}
        given = {name: values[name] for name in own if name in values} if isinstance(values, Mapping) else {}
        members = {**(values.get("members") or {})} if given else {}
        if not given or members.get("lightfm_hybrid", {}) is None:
            return values
        members["lightfm_hybrid"] = {**members.get("lightfm_hybrid", {}), **given}
        return {**{name: value for name, value in values.items() if name not in given}, "members": members}


ModelPolicy = Annotated[
    BlendPolicy | LightfmHybridPolicy | IalsPolicy | SparkAlsPolicy | PopularityPolicy, Field(discriminator="trainer")
]
_policies: TypeAdapter[Any] = TypeAdapter(ModelPolicy)


def model_policy(values: Any) -> ModelPolicy:
    """Return the section `model` of plain values, the trainer's name among them; pydantic's error if it is none."""
    policy: ModelPolicy = _policies.validate_python(values)
    return policy


# Whose settings `tune` may search, by the name of the trainer.
TUNABLE: dict[str, type[Frozen]] = {
    "lightfm_hybrid": LightfmHybridPolicy, "ials": IalsPolicy, "spark_als": SparkAlsPolicy,
}  # fmt: skip


class SearchRange(Frozen):
    """What a setting may be: one of some values, or anything between two; whole numbers where both are."""

    choices: tuple[int | float, ...] = ()
    low: int | float | None = None
    high: int | float | None = None
    log: bool = Field(default=False, description="Search by orders of magnitude.")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        bounds = [each for each in (self.low, self.high) if each is not None]
        if bool(self.choices) == bool(bounds):
            raise ValueError("give either choices, or low and high")
        if bounds and (len(bounds) < 2 or bounds[0] >= bounds[1] or (self.log and bounds[0] <= 0)):
            raise ValueError("low must be less than high, and above 0 where the search is logarithmic")
        return self

    @property
    def values(self) -> tuple[int | float, ...]:
        """Return the choices, or the lowest and the highest value."""
        return self.choices or tuple(each for each in (self.low, self.high) if each is not None)

    def with_value(self, value: int | float) -> SearchRange:
        """Return a range that holds the value, too."""
        if self.choices:
            return self.model_copy(update={"choices": tuple(sorted({*self.choices, value}))})
        low, *_, high = sorted((*self.values, value))
        return self.model_copy(update={"low": low, "high": high, "log": self.log and low > 0})


class TuningPolicy(Frozen):
    """What the DAG `tune` tries, on the days between `early` and the cutoff."""

    trials: int = Field(gt=0, le=500, description="Sets of settings that a study tries.")
    judged: int = Field(gt=0, description="Times that a trial is judged while it trains; the last is the result.")
    unpruned: int = Field(ge=1, description="Trials that are finished before any is stopped for being below them.")
    min_gain: float = Field(ge=0, description="Least gain over the present settings, as a share of theirs.")
    space: dict[str, SearchRange] = Field(
        description="By <trainer>.<setting>; what the model does not use is left out."
    )

    @model_validator(mode="after")
    def _names_settings(self) -> Self:
        for name, tried in self.space.items():
            trainer, _, setting = name.partition(".")
            known = TUNABLE.get(trainer)
            if known is None or setting not in known.model_fields:
                raise ValueError(f"space names {name}, which is no setting of {', '.join(TUNABLE)}")
            for value in tried.values:
                known.model_validate({setting: value})
        return self
