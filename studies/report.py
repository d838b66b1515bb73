"""What the simulation shows: shares, the confusion table, nights to detection, what the shoppers lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from include.demo_shop import FaultKind
from include.monitoring.verdict import Kind
from studies.run import BAD_MODEL, QUIET_NIGHTS, SCENARIOS, STABLE, NightRecord, Scenario, mean_share

ACTIONS = (Kind.RETRAIN, Kind.ROLLBACK)
BEFORE_NIGHTS = 7
LOST_SHARE = 0.10
TASTE_NIGHTS, RECOVERY_NIGHTS, RECOVERED = 3, 2, 0.90
TASTE, DECAY, PRICE, BROKEN, BOTS = (kind.value for kind in FaultKind)


@dataclass(frozen=True)
class ShopRuns:
    """All runs of one shop: its quiet nights, then each scenario with the watch and without."""

    number: int
    quiet: list[NightRecord]
    watched: dict[str, list[NightRecord]]
    unwatched: dict[str, list[NightRecord]]

    @property
    def before(self) -> float:
        """Mean share of the last quiet week."""
        return mean_share(self.quiet[-BEFORE_NIGHTS:])


@dataclass
class Tally:
    """Counts hits among runs."""

    hits: int = 0
    runs: int = 0
    nights: list[int | None] = field(default_factory=list)

    def add(self, hit: bool, night: int | None = None) -> None:
        self.hits += hit
        self.runs += 1
        self.nights.append(night)

    @property
    def share(self) -> float | None:
        return round(self.hits / self.runs, 4) if self.runs else None


def first_night(records: Sequence[NightRecord], kind: Kind) -> int | None:
    """Return the number of the first night (1 is the fault's first) with that verdict, None without one."""
    return next((night for night, record in enumerate(records, 1) if record.verdict == kind), None)


def summarise(shops: Sequence[ShopRuns]) -> dict[str, Any]:
    """Return the figures of all shops; shares are of runs."""
    stable = [record for shop in shops for record in [*shop.quiet, *shop.watched[STABLE]]]
    false = sum(record.verdict in ACTIONS for record in stable)
    tallies = {
        "bad_model_rolled_back_within_1_night": Tally(),
        "taste_shift_retrained_within_3_nights": Tally(),
        "recall_back_within_2_nights_after": Tally(),
        "decay_found_in_time": Tally(),
        "price_shift_retrained_within_3_nights": Tally(),
        "broken_feed_held": Tally(),
        "bots_reported": Tally(),
    }
    for shop in shops:
        _add(tallies, shop)
    bots = [record for shop in shops for record in shop.watched[BOTS]]
    return {
        "shops": len(shops),
        "stable_nights": len(stable),
        "false_actions": false,
        "false_actions_per_200_nights": round(200 * false / len(stable), 4),
        **{name: tally.share for name, tally in tallies.items()},
        "actions_after_the_feed_was_mended": _actions(shops, BROKEN),
        "rollbacks_because_of_bots": sum(record.verdict == Kind.ROLLBACK for record in bots),
        "confusion": confusion(shops),
        "nights_to_detection": {name: _spread(tally.nights) for name, tally in tallies.items() if any(tally.nights)},
        "purchases_lost": {scenario.name: lost(shops, scenario) for scenario in SCENARIOS},
        "share_2_nights_after_retrain": _recoveries(shops),
    }


def _add(tallies: dict[str, Tally], shop: ShopRuns) -> None:
    watched = shop.watched
    night = first_night(watched[BAD_MODEL], Kind.ROLLBACK)
    tallies["bad_model_rolled_back_within_1_night"].add(night == 1, night)
    night = first_night(watched[TASTE], Kind.RETRAIN)
    tallies["taste_shift_retrained_within_3_nights"].add(night is not None and night <= TASTE_NIGHTS, night)
    tallies["recall_back_within_2_nights_after"].add(recovery(shop) >= RECOVERED)
    night = first_night(watched[DECAY], Kind.RETRAIN)
    tallies["decay_found_in_time"].add(found_in_time(shop), night)
    night = first_night(watched[PRICE], Kind.RETRAIN)
    tallies["price_shift_retrained_within_3_nights"].add(night is not None and night <= TASTE_NIGHTS, night)
    broken = watched[BROKEN]
    days = next(scenario.fault_days or 0 for scenario in SCENARIOS if scenario.name == BROKEN)
    tallies["broken_feed_held"].add(all(record.verdict == Kind.HOLD for record in broken[:days]))
    tallies["bots_reported"].add(watched[BOTS][0].bots)


def recovery(shop: ShopRuns) -> float:
    """Return the best share of the two days after the retrain of the taste shift, relative to the week before it."""
    night = first_night(shop.watched[TASTE], Kind.RETRAIN)
    if night is None:
        return 0.0
    after = [record.share for record in shop.watched[TASTE][night : night + RECOVERY_NIGHTS]]
    return max(after, default=0.0) / shop.before


def found_in_time(shop: ShopRuns) -> bool:
    """Tell whether slow decay led to a retrain before a tenth of the share was lost that the stable twin had."""
    night = first_night(shop.watched[DECAY], Kind.RETRAIN)
    pairs = zip(shop.unwatched[DECAY], shop.unwatched[STABLE], strict=False)
    lost_at = next((n for n, (one, twin) in enumerate(pairs, 1) if one.share < (1 - LOST_SHARE) * twin.share), None)
    if night is None:
        return False
    return lost_at is None or night <= lost_at


def confusion(shops: Sequence[ShopRuns]) -> dict[str, dict[str, int]]:
    """Return scenario to verdict to nights; the quiet nights stand with the stable ones."""
    table = {}
    for scenario in SCENARIOS:
        verdicts = Counter(str(record.verdict) for shop in shops for record in shop.watched[scenario.name])
        if scenario.name == STABLE:
            verdicts.update(str(record.verdict) for shop in shops for record in shop.quiet)
        table[scenario.name] = {str(kind): verdicts.get(str(kind), 0) for kind in Kind}
    return table


def lost(shops: Sequence[ShopRuns], scenario: Scenario) -> dict[str, float]:
    """Return the shoppers' purchases from the shelf, per day, of the stable twin, without the watch and with it."""
    found = {}
    for name, runs in (("unwatched", "unwatched"), ("watched", "watched")):
        records = [record.purchases for shop in shops for record in getattr(shop, runs)[scenario.name]]
        found[name] = round(float(np.mean(records)), 2)
    twins = [record.purchases for shop in shops for record in shop.unwatched[STABLE][: scenario.nights]]
    return {"stable_twin": round(float(np.mean(twins)), 2), **found}


def _recoveries(shops: Sequence[ShopRuns]) -> dict[str, float]:
    """Return the distribution of `recovery` over the shops, and what the shops reach on the same nights unwatched."""
    values = [recovery(shop) for shop in shops]
    unwatched = []
    for shop in shops:
        night = first_night(shop.watched[TASTE], Kind.RETRAIN)
        if night is not None:
            after = shop.unwatched[TASTE][night : night + RECOVERY_NIGHTS]
            unwatched.append(max(record.share for record in after) / shop.before)
    return {
        "median": round(float(np.median(values)), 4),
        "least": round(min(values), 4),
        "median_unwatched": round(float(np.median(unwatched)), 4) if unwatched else float("nan"),
    }


def _actions(shops: Sequence[ShopRuns], name: str) -> int:
    """Count actions of a scenario; on broken days there are none, those on hold."""
    return sum(record.verdict in ACTIONS for shop in shops for record in shop.watched[name])


def _spread(nights: Sequence[int | None]) -> dict[str, Any]:
    found = sorted(night for night in nights if night is not None)
    if not found:
        return {"found": 0, "of": len(nights)}
    return {"found": len(found), "of": len(nights), "median": found[len(found) // 2], "latest": found[-1]}


def as_text(figures: dict[str, Any]) -> str:
    """Return the figures as people read them."""
    lines = [
        f"{figures['shops']} shops, {figures['stable_nights']} stable nights ({QUIET_NIGHTS} of each before any fault)"
    ]
    lines += ["", f"{'nights with verdict':<16}" + "".join(f"{kind:>10}" for kind in Kind)]
    lines += [
        f"{name:<16}" + "".join(f"{count:>10}" for count in row.values()) for name, row in figures["confusion"].items()
    ]
    lines += ["", f"false actions: {figures['false_actions']}, {figures['false_actions_per_200_nights']} in 200 nights"]
    for name, value in figures.items():
        if isinstance(value, float) and name != "false_actions_per_200_nights":
            nights = figures["nights_to_detection"].get(name, {})
            when = f"  (night {nights['median']} in the median, {nights['latest']} at the latest)" if nights else ""
            lines.append(f"{name}: {value:.0%}{when}")
    lines += ["", f"{'purchases a day':<16}{'stable twin':>12}{'unwatched':>12}{'watched':>12}"]
    lines += [
        f"{name:<16}{row['stable_twin']:>12.2f}{row['unwatched']:>12.2f}{row['watched']:>12.2f}"
        for name, row in figures["purchases_lost"].items()
    ]
    return "\n".join(lines)
