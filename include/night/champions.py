"""Who is champion: the decisions in the database say so, and MLflow's aliases follow them."""

from __future__ import annotations

from collections.abc import Sequence

from include.contract import load_policy
from include.serving.database import connect
from include.serving.decisions import champions
from include.settings import Settings
from include.tracking import set_aliases


def promoted(settings: Settings) -> list[str | None]:
    """Return the versions that were ever champion, newest first."""
    with connect(settings.database_url, "champions") as connection:
        return champions(connection, load_policy(settings).publish.variant)


def follow(settings: Settings, titles: Sequence[str | None], challenger: str | None) -> dict[str, str | None]:
    """Make the aliases agree with the decisions and return the champion and the one before it."""
    champion, previous = ([*titles, None, None])[:2]
    set_aliases(settings, champion, previous, challenger)
    return {"champion": champion, "previous": previous}
