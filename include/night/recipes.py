"""Recipes: what trained a version, read back so that it can train again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError as PydanticError

from include.model import recipe_of
from include.model_policy import ModelPolicy, model_policy

logger = logging.getLogger(__name__)

NAME, SETTINGS = "name", "settings"


def record_of(policy: ModelPolicy) -> dict[str, Any]:
    """Return what a version keeps of the policy that trained it."""
    return {NAME: recipe_of(policy), SETTINGS: {**policy.model_dump(), "trainer": policy.trainer}}


def policy_of(recipe: Mapping[str, Any] | None) -> ModelPolicy | None:
    """Return the policy of a version's recipe, None where this release can't train it any more."""
    try:
        policy = model_policy((recipe or {})[SETTINGS])
    except (KeyError, PydanticError) as error:
        logger.info("the recipe %s is not one of this release: %s", recipe, type(error).__name__)
        return None
    return policy if (recipe or {}).get(NAME) == recipe_of(policy) else None
