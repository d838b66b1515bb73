"""One shop, night after night: quiet weeks, then a fault or none, with the watch or without it."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from include.demo_shop import Fault, FaultKind, Shop, ShopConfig
from include.demo_shop.tables import CATEGORY_NAMES, COUNTRY_NAMES
from include.drift_policy import DriftPolicy
from include.monitoring.verdict import Kind
from studies.night import DayLog, Model, NightLists, StandInNight, expected_purchases, expected_share
from studies.watch import StudyWatch

HISTORY_DAYS = 60
BEFORE_NIGHTS = 7
BROKEN_FIT_NIGHTS = 10
FIRST_OPENING = dt.date(2025, 1, 1)
DAYS_BETWEEN_OPENINGS = 53  # so that a few shops see all of the year, Christmas among it

STABLE, BAD_MODEL = "stable", "bad_model"


@dataclass(frozen=True)
class Scenario:
    """What goes wrong, for how many nights it is looked at, and how many days the fault lasts (None: to the end)."""

    name: str
    nights: int
    fault_days: int | None = None

    @property
    def kind(self) -> FaultKind | None:
        return FaultKind(self.name) if self.name in set(FaultKind) else None


QUIET = Scenario(STABLE, 30)
SCENARIOS = (
    Scenario(STABLE, 50),
    Scenario(FaultKind.TASTE_SHIFT.value, 21),
    Scenario(FaultKind.SLOW_DECAY.value, 50),
    Scenario(FaultKind.PRICE_SHIFT.value, 14),
    Scenario(FaultKind.BROKEN_FEED.value, 10, fault_days=3),
    Scenario(FaultKind.BOT_TRAFFIC.value, 14),
    Scenario(BAD_MODEL, 14),
)
STABLE_NIGHTS_A_SHOP = QUIET.nights + SCENARIOS[0].nights


@dataclass(frozen=True)
class NightRecord:
    """One night of a run: how good what was served on the day was, what the watch said and reported."""

    day: dt.date
    share: float
    purchases: float
    verdict: Kind | None
    reasons: tuple[str, ...]
    bots: bool


@dataclass
class Installation:
    """A shop with its nights: everything that one night hands to the next."""

    shop: Shop
    night: StandInNight
    watch: StudyWatch
    champion: Model
    live: NightLists
    next_day: dt.date

    def copy(self) -> Installation:
        """Return one that goes on from here by itself; users and items, which never change, are shared."""
        return copy.deepcopy(self, {id(self.shop.world): self.shop.world})

    def run(self, scenario: Scenario, *, watched: bool) -> Iterator[NightRecord]:
        """Yield the nights of a scenario, whose fault begins on the next day."""
        start = self.next_day
        if scenario.kind is not None:
            self.shop.faults = (Fault(scenario.kind, start, days=scenario.fault_days),)
        if scenario.name == BAD_MODEL:  # the night before ended with a broken fit, and the gate was off
            broken = self.night.fit(DayLog.of(self.shop.day(start - dt.timedelta(days=1))), broken=True)
            self._publish(broken)
        for offset in range(scenario.nights):
            fits_break = scenario.name == BAD_MODEL and offset < BROKEN_FIT_NIGHTS
            yield self._one_night(watched=watched, fits_break=fits_break)

    def _one_night(self, *, watched: bool, fits_break: bool) -> NightRecord:
        truth = self.shop.day(self.next_day)
        share = expected_share(truth, self.live.lists, self.night.bought)
        purchases = expected_purchases(truth, self.live.lists)
        day = DayLog.of(truth)
        verdict, fallback = self.watch.judge(day, self.live, self.night)
        self.night.ingest(day)
        self.next_day += dt.timedelta(days=1)
        kind = verdict.kind if watched else None
        if kind == Kind.ROLLBACK and fallback is not None:
            self.champion = fallback.model
        if kind == Kind.RETRAIN:
            self.night.forget(verdict.since or day.date, self.watch.policy.retrain.old_weight)
        # The gate refuses a broken fit while the champion is sound, and a broken champion stays until a fit is sound
        promotes = not fits_break and kind not in (Kind.HOLD, Kind.ROLLBACK)
        self._publish(self.night.fit(day) if promotes else self.champion)
        bots = any("bots" in reason for reason in verdict.reasons)
        return NightRecord(day.date, share, purchases, kind, tuple(verdict.reasons), bots)

    def _publish(self, champion: Model) -> None:
        self.champion = champion
        self.live = self.night.score(DayLog.of(self.shop.day(self.next_day - dt.timedelta(days=1))), champion)
        self.watch.publish(self.live)


def open_shop(number: int, seed: int, policy: DriftPolicy, config: ShopConfig | None = None) -> Installation:
    """Return shop `number` after its history, with its first lists live."""
    opening = FIRST_OPENING + dt.timedelta(days=number * DAYS_BETWEEN_OPENINGS % 365)
    horizon = HISTORY_DAYS + QUIET.nights + max(scenario.nights for scenario in SCENARIOS) + 1
    base = config or ShopConfig()
    shop = Shop(
        ShopConfig(users=base.users, items=base.items, seed=1000 * seed + number, opening=opening, horizon_days=horizon)
    )
    world = shop.world
    segments, categories = np.array(COUNTRY_NAMES)[world.users.country], np.array(CATEGORY_NAMES)[world.items.category]
    night, watch = StandInNight(len(segments), len(categories)), StudyWatch(policy, segments, categories)
    for truth in shop.days(opening, opening + dt.timedelta(days=HISTORY_DAYS - 1)):
        day = DayLog.of(truth)
        night.ingest(day)
        watch.remember(day.date, watch.profile(day))
    model = night.fit(day)
    live = night.score(day, model)
    watch.publish(live)
    return Installation(shop, night, watch, model, live, day.date + dt.timedelta(days=1))


@dataclass(frozen=True)
class ShopRuns:
    """All runs of one shop: its quiet nights, then each scenario with the watch and without."""

    number: int
    quiet: list[NightRecord]
    watched: dict[str, list[NightRecord]]
    unwatched: dict[str, list[NightRecord]]

    @property
    def before(self) -> float:
        """Mean share of the last quiet nights."""
        return float(np.mean([record.share for record in self.quiet[-BEFORE_NIGHTS:]]))


def run_shop(number: int, seed: int, policy: DriftPolicy, config: ShopConfig | None = None) -> ShopRuns:
    """Return one shop's runs; all scenarios begin from the same evening."""
    opened = open_shop(number, seed, policy, config)
    quiet = list(opened.run(QUIET, watched=True))
    watched = {one.name: list(opened.copy().run(one, watched=True)) for one in SCENARIOS}
    unwatched = {one.name: list(opened.copy().run(one, watched=False)) for one in SCENARIOS}
    return ShopRuns(number, quiet, watched, unwatched)
