"""A night's evaluation: challenger, champion and popularity on the same held-out days, as a report in the lake."""

from __future__ import annotations

import logging
from typing import Any

from include.errors import LakeError, MissingArtifactError
from include.evaluation.report import (
    CHALLENGER,
    CHAMPION,
    CHAMPION_RECIPE,
    FILE,
    LACKS,
    POPULARITY,
    TUNING,
    check_report,
)
from include.evaluation.training_data import compare_data
from include.features import TrainingSet, load_training_set
from include.lake import Artifact, Content, Lake, find_or_make, open_artifact, write_json
from include.log import step
from include.model import Recommender
from include.night.card import CARD, model_card
from include.night.fitting import fit_model
from include.night.judging import compare_models, convene, inspect
from include.night.readiness import lack_of_data
from include.night.recipes import policy_of
from include.policy import Policy
from include.settings import Settings
from include.tracking import find_lineage, load_model

logger = logging.getLogger(__name__)

KIND = "evaluations"
FORMAT = 2  # raise it when equal inputs shall give another report


def find_or_evaluate(
    settings: Settings, source: Artifact, challenger: str, champion: str | None, policy: Policy
) -> Artifact:
    """Return the report on `challenger`, made now unless it is there.

    Parameters
    ----------
    source
        The training set with the holdout.
    challenger, champion
        Registered versions; the challenger is "popularity" when the data was not enough for a model, the champion
        before the night None when there was none.
    """
    inputs = {
        "format": FORMAT,
        "training_set": source.folder,
        "manifest": source.manifest.fingerprint,
        "model_version": challenger,
        "incumbent": champion,  # as it was called when the first evaluations were named
        "evaluation": policy.evaluation.fingerprint(),
        "ranking": policy.ranking.fingerprint(),
        "gate": policy.gate.fingerprint(),
    }

    def make(staged: str) -> Content:
        training_set = load_training_set(source)
        about = {
            "run_date": training_set.run_date.isoformat(),
            "cutoff": training_set.cutoff.isoformat(),
            "k": policy.evaluation.cutoff,
            "training_set": source.folder,
            "variant": policy.publish.variant,
            "model_version": challenger,
            CHAMPION: champion,
            TUNING: None if challenger == POPULARITY else find_lineage(settings, challenger).get(TUNING),
        }
        lacks = lack_of_data(source, training_set)
        found = _compare(
            settings, source, training_set, None if challenger == POPULARITY else challenger, champion, policy
        )
        report = {**about, **found, LACKS: lacks or found[LACKS]}
        files = [write_json(source.lake, staged, FILE, report)]
        if CHALLENGER in report["models"]:
            terms = load_model(settings, challenger, "evaluation").terms
            card = model_card(report, find_lineage(settings, challenger), terms)
            source.lake.write_bytes(f"{staged}/{CARD}", card.encode())
            files.append(CARD)
        return Content(
            files=files,
            counts={"users": found["models"][POPULARITY]["metrics"]["users"]},
            inputs={source.folder: source.manifest.fingerprint},
            details=about,
        )

    return find_or_make(source.lake, KIND, source.run_date, inputs, make)


def find_card(evaluation: Artifact) -> str | None:
    """Return the path of the challenger's model card, None where there was no challenger."""
    return next((path for path in evaluation.paths() if path.endswith(".md")), None)


def read_report(evaluation: Artifact) -> dict[str, Any]:
    """Return the report in a folder that `find_or_evaluate` made.

    Raises
    ------
    MissingArtifactError
        When it is no report.
    """
    return check_report(evaluation.read_json(), evaluation.uri)


def _compare(
    settings: Settings,
    source: Artifact,
    training_set: TrainingSet,
    challenger: str | None,
    champion: str | None,
    policy: Policy,
) -> dict[str, Any]:
    """Return each model's figures on the same users and items, how they differ, and whether the final fit is sane.

    The champion stands as it is, trained before the holdout of its own night, and by its recipe, fitted on the
    challenger's data; there is no second fit where the recipe is the challenger's.
    """
    court = convene(training_set, policy)
    logger.info("%d users are evaluated: they took something after %s", len(court.holdout.users), training_set.cutoff)
    entrants: dict[str, tuple[str, Recommender]] = {POPULARITY: (POPULARITY, Recommender.popular())}
    if challenger is not None:
        entrants[CHALLENGER] = challenger, load_model(settings, challenger, "evaluation")
    if champion is not None:
        entrants[CHAMPION] = champion, load_model(settings, champion, "evaluation")
        refitted = None if challenger is None else _refit(settings, training_set, champion, challenger)
        if refitted is not None:
            entrants[CHAMPION_RECIPE] = champion, refitted
    found = {**compare_models(court, entrants), "sanity": None}
    if CHALLENGER in found["models"]:
        with step(logger, "looking at tonight's lists"):
            serving = load_model(settings, str(challenger), "serving")
            standing = None if champion is None else load_model(settings, champion, "serving")
            found["sanity"] = inspect(training_set, serving, standing, policy)
            if champion is not None:
                found["sanity"] |= _compare_data(settings, source.lake, training_set, champion)
    return found


def _compare_data(settings: Settings, lake: Lake, mine: TrainingSet, champion: str) -> dict[str, float | None]:
    """Return how tonight's data compares with the champion's; nothing where that is no longer there or readable."""
    folder = find_lineage(settings, champion).get("training_set")
    try:
        theirs = load_training_set(open_artifact(lake, str(folder)))
    except (MissingArtifactError, LakeError) as error:
        logger.warning("the training set of version %s is not compared: %s", champion, error.problem)
        return {}
    return compare_data(mine, theirs)


def _refit(settings: Settings, training_set: TrainingSet, champion: str, challenger: str) -> Recommender | None:
    """Return the champion's recipe fitted up to the cutoff, None where it is the challenger's or a former release's."""
    recipe, other = (find_lineage(settings, version).get("recipe") for version in (champion, challenger))
    if recipe == other:
        return None
    known = policy_of(recipe)
    if known is None:
        return None
    with step(logger, f"fitting the recipe of version {champion} on this night's data"):
        return fit_model(settings, training_set, known, ("before",))["before"]
