"""Whether the lists are fresh, what readers see and why, and how the last nights went."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from include.contract import load_dataset, load_policy
from include.overview.session import Row, reading, rows
from include.settings import Settings

NIGHTS, EVENTS = 30, 12


@dataclass(frozen=True)
class Freshness:
    """Whether readers see what they should by now.

    Attributes
    ----------
    kind
        `good`: the night that was due is live; `bad`: it is not; `none`: none was due yet by the schedule.
    due
        The run date that had to be live by now.
    deadline
        When the next night must be live, in the shop's time zone; None after the last scheduled one.
    behind
        Nights that are missing.
    """

    kind: Literal["good", "bad", "none"]
    due: dt.date
    deadline: dt.datetime | None
    behind: int = 0


@dataclass(frozen=True)
class Overview:
    """What the page shows first; rows are those of include/sql/overview."""

    freshness: Freshness
    live: Row | None
    champion: Row | None
    nights: list[Row]
    events: list[Row]
    batches: list[Row]


def read_overview(settings: Settings, now: dt.datetime) -> Overview:
    """Return the state of the installation at the moment `now`.

    Raises
    ------
    ConfigurationError, DatabaseError
        When the database does not answer, or not in time.
    """
    variant = load_policy(settings).publish.variant
    with reading(settings, "page") as cursor:
        live = next(iter(rows(cursor, "live", variant=variant)), None)
        version = live["model_version"] if live else None
        return Overview(
            freshness=freshness(settings, now, live["run_date"] if live else None),
            live=live,
            champion=next(iter(rows(cursor, "champion", variant=variant, model_version=version)), None),
            nights=rows(cursor, "nights", variant=variant, up_to=dt.date.max, nights=NIGHTS),
            events=rows(cursor, "events", variant=variant, most=EVENTS),
            batches=rows(cursor, "batches", variant=variant),
        )


def freshness(settings: Settings, now: dt.datetime, live: dt.date | None) -> Freshness:
    """Return whether the night that was due at the moment `now` is live; `live` is the live batch's run date.

    The night of a day begins on the next day at 02:00 and must be live by `NIGHTSHELF_FRESH_BY` of the shop's time.
    Before the first scheduled night, and after the last one, none is due.
    """
    zone: ZoneInfo = load_dataset(settings.dataset).zone
    local = now.astimezone(zone)
    today = dt.datetime.combine(local.date(), settings.fresh_by, tzinfo=zone)
    passed = local >= today
    due = local.date() - dt.timedelta(days=1 if passed else 2)
    deadline: dt.datetime | None = today + dt.timedelta(days=1) if passed else today
    if settings.last_night is not None and settings.last_night <= due:
        due, deadline = settings.last_night, None
    if settings.first_night is not None and due < settings.first_night:
        return Freshness("none", due, deadline)
    if live is None:
        return Freshness("bad", due, deadline, 1)
    behind = max(0, (due - live).days)
    return Freshness("bad" if behind else "good", due, deadline, behind)
