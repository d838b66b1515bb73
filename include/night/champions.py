"""Who is champion: the decisions in the database say so, and MLflow's aliases follow them."""

from __future__ import annotations

from collections.abc import Sequence

from include.contract import load_policy
from include.errors import MissingArtifactError
from include.serving.database import WRITER, connect
from include.serving.decisions import POPULARITY, Decision, champion_as_of, champions, highest_version, record_decision
from include.settings import Settings
from include.tracking import newest_version, set_aliases, use_up_versions


def promoted(settings: Settings) -> list[str | None]:
    """Return the versions that were ever champion, newest first."""
    with connect(settings.database_url, "champions") as connection:
        return champions(connection, load_policy(settings).publish.variant)


def follow(settings: Settings, titles: Sequence[str | None], challenger: str | None) -> dict[str, str | None]:
    """Make the aliases agree with the decisions and return the champion and the one before it.

    The alias `challenger` stays where it is when popularity was judged: there was no model.
    """
    champion, previous = ([*titles, None, None])[:2]
    set_aliases(settings, champion, previous, None if challenger == POPULARITY else challenger)
    return {"champion": champion, "previous": previous}


def raise_if_store_lost(settings: Settings) -> None:
    """Notice that MLflow's store is another one than that of the decisions, before it gives their numbers again.

    Raises
    ------
    MissingArtifactError
        When decisions name a version that is higher than any in the store.
    """
    with connect(settings.database_url, "champions") as connection:
        decided, _ = highest_version(connection)
    held = newest_version(settings)
    if held < decided:
        raise MissingArtifactError(
            f"MLflow's newest version is {held or 'none'}, but decisions know version {decided}: its store was lost",
            remedy="restore MLflow's store from its backup; if there is none, run `python -m jobs.adopt_model_store`, "
            "then clear this task with downstream (docs/runbook.md, *MLflow's store is lost*)",
        )


def adopt_store(settings: Settings, by: str, reason: str) -> int | None:
    """Go on with a store that is new: its numbers begin after those of the decisions, and there is no champion.

    Returns
    -------
    The last number that is not given again; None where nothing was lost.
    """
    variant = load_policy(settings).publish.variant
    with connect(settings.database_url, "adopt_model_store", role=WRITER) as connection:
        decided, night = highest_version(connection)
        if night is None or newest_version(settings) >= decided:
            return None
        use_up_versions(settings, decided)
        decision = Decision(
            run_date=night,
            variant=variant,
            kind="rollback",
            model_version=POPULARITY,
            champion=champion_as_of(connection, variant, night),
            reasons=[f"MLflow's store is new, versions up to {decided} are lost: {reason} ({by})"],
            fingerprint=f"new model store after {decided}",
        )
        record_decision(connection, decision)
    set_aliases(settings, None, None, None)
    return decided
