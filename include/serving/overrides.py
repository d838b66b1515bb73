"""Overrides: a person lets one night go on although checks of it fail, by name and with a reason.

Each is a decision of kind `override`, a row a check, which no later row takes back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.serving.database import connect
from include.serving.decisions import POPULARITY, Decision, champion_before, record_decision
from include.serving.statements import run
from include.settings import Settings

if TYPE_CHECKING:
    from include.serving.database import Connection

ALL = "all"
PREFIX = "override "


@dataclass(frozen=True)
class Overrides:
    """What was overridden for one night.

    Attributes
    ----------
    reasons
        By check: why and by whom; `all` stands for every check.
    """

    run_date: dt.date
    reasons: Mapping[str, str]

    def of(self, check: str) -> str | None:
        """Return why, and by whom, `check` may fail in this night; None when it may not."""
        return self.reasons.get(check) or self.reasons.get(ALL)


def record_overrides(
    connection: Connection, variant: str, run_date: dt.date, checks: Sequence[str], reason: str, by: str
) -> list[Decision]:
    """Store one decision a check and return them; the first one on a check stands."""
    champion = champion_before(connection, variant, run_date)
    return [
        record_decision(
            connection,
            Decision(
                run_date=run_date,
                variant=variant,
                kind="override",
                model_version=champion or POPULARITY,
                champion=champion,
                reasons=[f"{check}: {reason} ({by})"],
                fingerprint=f"{PREFIX}{check}",
            ),
        )
        for check in checks
    ]


def load_overrides(settings: Settings, variant: str, run_date: dt.date) -> Overrides:
    """Return what was overridden for the night of `run_date`."""
    with connect(settings.database_url, "overrides") as connection:
        return find_overrides(connection, variant, run_date)


def find_overrides(connection: Connection, variant: str, run_date: dt.date) -> Overrides:
    """Do the same over an open connection."""
    with connection, connection.cursor() as cursor:
        rows = run(cursor, "model_decision/overrides", variant=variant, run_date=run_date)
    return Overrides(run_date, {fingerprint.removeprefix(PREFIX): reasons[0] for fingerprint, reasons in rows})
