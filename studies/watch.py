"""The watch over the stand-in: the same statistics, chart and verdict as the jobs use, on arrays instead of files."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np

from include.columns import EVENT_TYPES
from include.demo_shop import EventLog, ShopDay
from include.demo_shop.tables import CATEGORY_NAMES, COUNTRY_NAMES
from include.demo_shop.world import World
from include.drift_policy import DriftPolicy
from include.monitoring.data_drift import detect, reference_days
from include.monitoring.fallback import Candidate, choose_fallback
from include.monitoring.performance import compare_lists
from include.monitoring.profile import NEW_CODE, Profile, Profiler, from_histograms, heavy_accounts
from include.monitoring.verdict import Kind, Signals, Verdict, decide, decided
from include.types import Longs
from studies.night import Night, Served

REFERENCE_DAYS = 28
KEPT_BATCHES = 7


@dataclass
class Watch:
    """What the watch remembers: its own verdicts, the reference's days, the kept batches."""

    policy: DriftPolicy
    history: list[Signals] = field(default_factory=list)
    profiles: dict[dt.date, Profile] = field(default_factory=dict)
    kept: list[Served] = field(default_factory=list)

    def published(self, served: Served) -> None:
        """Take note of a batch that went live."""
        self.kept = [*self.kept, served][-KEPT_BATCHES:]

    def judge(self, day: ShopDay, served: Served, night: Night) -> tuple[Verdict, Served | None]:
        """Return the verdict on the lists that were served on `day`, and the batch to which a rollback leads.

        Parameters
        ----------
        night
            Which has not taken the day's events in yet.
        """
        profile = profile_day(day, served)
        fallback = self._fallback(served)
        n_users = len(served.lists)
        wanted = night.new_pairs(day, n_users, ~heavy_accounts(events_by_account(day)))
        lists = {
            "live": served.lists,
            "popularity": np.broadcast_to(served.popular, served.lists.shape),
            "previous": fallback.for_everybody(n_users) if fallback else None,
        }
        segments = np.array(COUNTRY_NAMES)[night.world.users.country[:n_users]]
        reference = reference_days(self.profiles, self._retrained(), self._held())
        signals = Signals(
            day=day.date,
            batch_id=served.batch_id,
            model_version=str(served.model.version),
            data=detect(day.date, profile, reference, self.policy),
            comparison=compare_lists(wanted, lists, segments),
            nights_since_promotion=(day.date - served.model.run_date).days,
            previous_batch=fallback.batch_id if fallback else None,
        )
        verdict = decide([*self.history, signals], self.policy)
        self.history.append(decided(signals, verdict))
        self.remember(day.date, profile)
        return verdict, fallback

    def remember(self, day: dt.date, profile: Profile) -> None:
        """Let a day be part of the reference of the nights that follow."""
        self.profiles[day] = from_histograms(profile.histograms)
        for old in sorted(self.profiles)[:-REFERENCE_DAYS]:
            del self.profiles[old]

    def _retrained(self) -> dt.date | None:
        return max((one.day for one in self.history if one.verdict == Kind.RETRAIN), default=None)

    def _held(self) -> set[dt.date]:
        return {one.day for one in self.history if one.verdict == Kind.HOLD}

    def _fallback(self, served: Served) -> Served | None:
        candidates = [Candidate(one.batch_id, one.run_date, str(one.model.version)) for one in self.kept]
        live = Candidate(served.batch_id, served.run_date, str(served.model.version))
        chosen = choose_fallback(live, candidates, self.history)
        return next((one for one in self.kept if chosen and one.batch_id == chosen.batch_id), None)


def profile_day(day: ShopDay, served: Served | None) -> Profile:
    """Return the day's counts as seen by the night before, of which `served` is the batch."""
    n_users = len(served.lists) if served else day.truth.n_users
    n_items = len(served.model.basis) if served else day.truth.n_items
    world, log = day.world, day.events
    profiler = Profiler(
        event_types=EVENT_TYPES,
        categories=CATEGORY_NAMES,
        segments=COUNTRY_NAMES,
        item_categories=world.items.category,
        user_segments=world.users.country,
        heavy=heavy_accounts(events_by_account(day)),
    )
    _add(profiler, log, n_users, n_items, world)
    return profiler.profile()


def _add(profiler: Profiler, log: EventLog, n_users: int, n_items: int, world: World) -> None:
    users = np.where(log.user >= n_users, NEW_CODE, log.user)
    items = np.where(log.item >= n_items, NEW_CODE, log.item)
    profiler.add(log.kind, users, items, log.price)


def events_by_account(day: ShopDay) -> Longs:
    """Return how many events each account has on the day."""
    users = day.events.user
    return np.bincount(users[users >= 0], minlength=len(day.world.users.user_ids))
