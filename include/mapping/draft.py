"""The whole first mapping: the tables, and what holds for all of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from include.ingest.accounts import LANDED
from include.mapping.catalogue import guess_items, guess_items_of_events, guess_users, guess_users_of_events
from include.mapping.events import guess_events
from include.mapping.guess import Guess, Line
from include.mapping.kinds import as_day
from include.mapping.roles import SortedFiles, sort_files
from include.mapping.sample import read_samples
from include.mapping.zone import find_zone

if TYPE_CHECKING:
    from include.mapping.trial import Taken

CHECK = "CHECK"
# Longer histories are cut to what the default policy looks at.
LONGEST_HISTORY = 730
WINDOW = 400
# What may be rejected on purpose without a word to the policy.
RARELY_REJECTED = 0.03
SHORT_HISTORY = 56


@dataclass
class Draft:
    """A first mapping of somebody's files."""

    source: Path
    name: str
    description: str
    time_zone: Line
    tables: dict[str, list[Guess]]
    first_day: Line | None = None
    policy: dict[str, dict[str, Line]] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    file_names: list[str] = field(default_factory=list)

    @property
    def snapshot(self) -> bool:
        """Whether the items are the state of one day."""
        return all("day" not in guess.land for guess in self.tables["items"])


def draft_mapping(source: Path) -> Draft:
    """Return a first mapping of the files in `source`, a file or a folder.

    Raises
    ------
    InputError
        When nothing can be read, or no file says which customer had to do with which item.
    """
    samples, unread = read_samples(source)
    files = sort_files(samples, unread)
    catalogue, customers = next(iter(files.items), None), next(iter(files.users), None)
    events = [guess_events(one, catalogue, customers) for one in files.events]
    items = [guess_items(one, files.events[0]) for one in files.items] or [guess_items_of_events(one) for one in events]
    users = [guess_users(one, files.events[0]) for one in files.users] or [guess_users_of_events(one) for one in events]
    name = re.sub(r"\W+", "_", source.stem.casefold()).strip("_") or "shop"
    draft = Draft(
        source, name, _description(files), _zone(events), {"events": events, "items": items, "users": users},
        unused=[*(one.name for one in files.unused), *unread],
        file_names=[path.name for sample in samples for path in sample.paths],
    )  # fmt: skip
    _history(draft)
    return draft


def allow_rejected(draft: Draft, taken: Mapping[str, Taken]) -> bool:
    """Let a night set aside what the mapping rejects on purpose; return whether that changed the policy."""
    shares = []
    for table, one in taken.items():
        reasons = {reason for guess in draft.tables[table] for reason in guess.reject}
        shares.append(sum(one.reasons[reason] for reason in reasons) / max(one.counts[LANDED], 1))
    if max(shares) <= RARELY_REJECTED:
        return False
    warn = min(1.0, round(max(shares) * 1.25 + 0.05, 2))
    draft.policy["quality"] = {
        "warn_quarantined_share": Line(warn, f"{max(shares):.0%} of the sample is rejected on purpose"),
        "max_quarantined_share": Line(min(1.0, round(warn + 0.15, 2)), ""),
    }
    return True


def _description(files: SortedFiles) -> str:
    parts = [", ".join(one.name for one in group) for group in (files.events, files.items, files.users) if group]
    return f"Events, items and users from {'; '.join(parts)}."


def _zone(events: list[Guess]) -> Line:
    """Return the time zone that the offsets show, or the question which it is."""
    times: list[str] = []
    for guess in events:
        times += guess.source.looks[str(guess.land["day"])].values if "day" in guess.land else ()
    if zone := find_zone(times):
        return Line(zone, f"{CHECK}: its offsets fit the files; a day begins and ends in this zone")
    if any(str(guess.land.get("day_format", "")).startswith("%d.%m") for guess in events):
        return Line("Europe/Berlin", f"{CHECK}: a guess from the look of the dates")
    return Line("UTC", f"{CHECK}: name the shop's, such as Europe/Paris; days begin and end in it")


def _history(draft: Draft) -> None:
    """Cut a very long history, and hold out less of a short one."""
    days = sorted(
        day
        for guess in draft.tables["events"]
        if "day" in guess.land
        for value in guess.source.looks[str(guess.land["day"])].values
        if (day := as_day(value, str(guess.land.get("day_format", ""))))
    )
    if not days:
        return
    length = (days[-1] - days[0]).days + 1
    if length > LONGEST_HISTORY:
        first = days[-1] - dt.timedelta(days=WINDOW - 1)
        draft.first_day = Line(f"{first}", f"{CHECK}: the files begin on {days[0]}; older days are left out")
    elif length < SHORT_HISTORY and all(guess.source.sample.to_the_end for guess in draft.tables["events"]):
        holdout = max(1, length // 4)
        draft.policy["evaluation"] = {"holdout_days": Line(holdout, f"of {length} days in the files")}
