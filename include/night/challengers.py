"""By which settings a night trains its challenger: the policy's, or those that a search found since."""

from __future__ import annotations

import datetime as dt
import logging
from typing import NamedTuple

from include.lake.manifest import fingerprint
from include.model import recipe_of
from include.model_policy import ModelPolicy
from include.night.recipes import policy_of
from include.policy import Policy
from include.serving.database import connect
from include.serving.tuning import tuned_recipes
from include.settings import Settings

logger = logging.getLogger(__name__)


class Chosen(NamedTuple):
    """The model of a night, and the number of the tuning that found its settings; None where they are the policy's."""

    model: ModelPolicy
    tuning: int | None


def base_of(policy: Policy) -> str:
    """Return the name of the policy's model; what was tuned from it is not used under another one."""
    return fingerprint({"recipe": recipe_of(policy.model), "policy": policy.model.fingerprint()})


def choose_model(settings: Settings, policy: Policy, run_date: dt.date) -> Chosen:
    """Return what the night trains.

    The newest tuning before it is tried by one night. If the gate promotes that challenger, later nights go on with its
    settings; if not, with those of before.
    """
    with connect(settings.database_url, "challengers") as connection:
        found = tuned_recipes(connection, policy.publish.variant, base_of(policy), run_date)
    for number, recipe in found:
        model = policy_of(recipe)
        if model is not None:
            logger.info("training by the settings of tuning %d", number)
            return Chosen(model, number)
    return Chosen(policy.model, None)
