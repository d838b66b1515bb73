"""Which settings of a model a search may change, and the model with such settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from include.frozen import Frozen
from include.model_policy import BlendPolicy, ModelPolicy, SearchRange, model_policy


def parts_of(model: ModelPolicy) -> dict[str, Frozen]:
    """Return what trains, by the name of the trainer: the members of a blend, or the model itself."""
    return dict(model.members.chosen) if isinstance(model, BlendPolicy) else {model.trainer: model}


def searched(model: ModelPolicy, space: Mapping[str, SearchRange]) -> dict[str, SearchRange]:
    """Return the part of the space that is about the model, the model's own values in it, by <trainer>.<setting>."""
    own = settings_of(model, space)
    return {name: tried.with_value(own[name]) for name, tried in space.items() if name in own}


def settings_of(model: ModelPolicy, names: Collection[str]) -> dict[str, Any]:
    """Return the model's own values of those settings that it has."""
    parts, split = parts_of(model), {name: name.split(".") for name in names}
    return {name: getattr(parts[trainer], setting) for name, (trainer, setting) in split.items() if trainer in parts}


def with_settings(model: ModelPolicy, settings: Mapping[str, Any]) -> ModelPolicy:
    """Return the model with these settings, by <trainer>.<setting>, in place of its own."""
    values: dict[str, Any] = {**model.model_dump(), "trainer": model.trainer}
    for name, value in settings.items():
        trainer, _, setting = name.partition(".")
        part = values["members"][trainer] if isinstance(model, BlendPolicy) else values
        part[setting] = value
    return model_policy(values)


def in_stages(model: ModelPolicy, stages: int) -> tuple[ModelPolicy, int]:
    """Return the model such that training it for a period so many times is one whole training, and how many times.

    Its epochs are shared out over the stages. A trainer that does not continue has one stage.
    """
    parts = parts_of(model)
    epochs = {name: getattr(part, "epochs", 1) for name, part in parts.items()}
    continued = all(hasattr(part, "refit_epochs") for part in parts.values())
    count = min(stages, *epochs.values()) if continued else 1
    if count == 1:
        return model, 1
    shared: dict[str, int] = {}
    for name, whole in epochs.items():
        each = whole // count
        shared |= {f"{name}.epochs": whole - each * (count - 1), f"{name}.refit_epochs": each}
    return with_settings(model, shared), count
