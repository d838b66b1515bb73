"""Aliases of the registered model: names that follow the decisions in the database, never lead them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from include.settings import Settings
from include.tracking.store import MODEL, ensure_model, tracking
from include.tracking.versions import RUN_DATE

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

CHAMPION = "champion"
PREVIOUS = "previous"
CHALLENGER = "challenger"


def set_aliases(settings: Settings, champion: str | None, previous: str | None, challenger: str | None) -> None:
    """Make the aliases name these versions; None takes champion and previous away.

    Calling again with the same versions changes nothing. `challenger` is the version judged last:
    that of an older night than the present challenger's leaves it, and None leaves it as well.
    """
    with tracking(settings) as client:
        ensure_model(client)
        present: dict[str, str] = {
            name: str(version) for name, version in client.get_registered_model(MODEL).aliases.items()
        }
        wanted = {CHAMPION: champion, PREVIOUS: previous}
        if challenger is not None and _night(client, challenger) >= _night(client, present.get(CHALLENGER)):
            wanted[CHALLENGER] = challenger
        for alias, version in wanted.items():
            if version == present.get(alias):
                continue
            logger.info("alias %s: version %s -> %s", alias, present.get(alias), version)
            if version is None:
                client.delete_registered_model_alias(MODEL, alias)
            else:
                client.set_registered_model_alias(MODEL, alias, version)


def _night(client: MlflowClient, version: str | None) -> str:
    """Return the ISO run date that a version was trained for, "" without one."""
    return str(client.get_model_version(MODEL, version).tags.get(RUN_DATE, "")) if version else ""
