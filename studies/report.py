"""What the simulation shows: shares, the confusion table, nights to detection, purchases lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from include.demo_shop import FaultKind
from include.monitoring.verdict import Kind
from studies.run import BAD_MODEL, QUIET, SCENARIOS, STABLE, NightRecord, Scenario, ShopRuns

FALSE_RATE = "false_actions_per_200_nights"
ACTIONS = (Kind.RETRAIN, Kind.ROLLBACK)
LOST_SHARE = 0.10
TASTE_NIGHTS, RECOVERY_NIGHTS, RECOVERED = 3, 2, 0.90
Check = tuple[bool, int | None]
TASTE, DECAY, PRICE, BROKEN, BOTS = (kind.value for kind in FaultKind)


def first_night(records: Sequence[NightRecord], kind: Kind) -> int | None:
    """Return the number of the first night (1 is the fault's first) with that verdict, None without one."""
    return next((night for night, record in enumerate(records, 1) if record.verdict == kind), None)


def summarise(shops: Sequence[ShopRuns]) -> dict[str, Any]:
    """Return the figures of all shops; shares are of runs."""
    stable = [record for shop in shops for record in [*shop.quiet, *shop.watched[STABLE]]]
    false = sum(record.verdict in ACTIONS for record in stable)
    found = {name: [check(shop) for shop in shops] for name, check in CHECKS.items()}
    nights = {name: [night for _, night in checks] for name, checks in found.items()}
    bots = [record for shop in shops for record in shop.watched[BOTS]]
    return {
        "shops": len(shops),
        "stable_nights": len(stable),
        "false_actions": false,
        FALSE_RATE: round(200 * false / len(stable), 4),
        **{name: round(sum(hit for hit, _ in checks) / len(checks), 4) for name, checks in found.items()},
        "actions_after_the_feed_was_mended": sum(
            one.verdict in ACTIONS for shop in shops for one in shop.watched[BROKEN]
        ),
        "rollbacks_because_of_bots": sum(record.verdict == Kind.ROLLBACK for record in bots),
        "confusion": confusion(shops),
        "nights_to_detection": {name: _spread(found) for name, found in nights.items() if any(found)},
        "purchases_lost": {scenario.name: lost(shops, scenario) for scenario in SCENARIOS},
        "share_2_nights_after_retrain": _recoveries(shops),
    }


def found_within(shop: ShopRuns, scenario: str, kind: Kind, nights: int) -> Check:
    """Return whether the watch came to a verdict within so many nights of a fault, and on which night it did."""
    night = first_night(shop.watched[scenario], kind)
    return night is not None and night <= nights, night


def held(shop: ShopRuns) -> Check:
    """Return whether every day of a broken feed was held."""
    days = next(scenario.fault_days for scenario in SCENARIOS if scenario.name == BROKEN)
    return all(record.verdict == Kind.HOLD for record in shop.watched[BROKEN][:days]), None


def recovery(shop: ShopRuns, runs: str = "watched") -> float:
    """Return the best share in `runs` of the two days after the retrain of the taste shift, relative to before."""
    night = first_night(shop.watched[TASTE], Kind.RETRAIN)
    after = [] if night is None else getattr(shop, runs)[TASTE][night : night + RECOVERY_NIGHTS]
    return max((record.share for record in after), default=0.0) / shop.before


def found_in_time(shop: ShopRuns) -> Check:
    """Return whether slow decay led to a retrain before a tenth of the stable twin's share was lost, and when."""
    night = first_night(shop.watched[DECAY], Kind.RETRAIN)
    pairs = zip(shop.unwatched[DECAY], shop.unwatched[STABLE], strict=False)
    lost_at = next((n for n, (one, twin) in enumerate(pairs, 1) if one.share < (1 - LOST_SHARE) * twin.share), None)
    return night is not None and (lost_at is None or night <= lost_at), night


CHECKS: dict[str, Callable[[ShopRuns], Check]] = {
    "bad_model_rolled_back_within_1_night": lambda shop: found_within(shop, BAD_MODEL, Kind.ROLLBACK, 1),
    "taste_shift_retrained_within_3_nights": lambda shop: found_within(shop, TASTE, Kind.RETRAIN, TASTE_NIGHTS),
    "recall_back_within_2_nights_after": lambda shop: (recovery(shop) >= RECOVERED, None),
    "decay_found_in_time": found_in_time,
    "price_shift_retrained_within_3_nights": lambda shop: found_within(shop, PRICE, Kind.RETRAIN, TASTE_NIGHTS),
    "broken_feed_held": held,
    "bots_reported": lambda shop: (shop.watched[BOTS][0].bots, None),
}


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
    """Return the users' purchases from their lists, per day, of the stable twin, without the watch and with it."""
    means = {
        runs: round(float(np.mean([one.purchases for shop in shops for one in getattr(shop, runs)[scenario.name]])), 2)
        for runs in ("unwatched", "watched")
    }
    twins = [record.purchases for shop in shops for record in shop.unwatched[STABLE][: scenario.nights]]
    return {"stable_twin": round(float(np.mean(twins)), 2), **means}


def _recoveries(shops: Sequence[ShopRuns]) -> dict[str, float]:
    """Return the distribution of `recovery` over the shops, and what they reach on the same nights unwatched."""
    values = [recovery(shop) for shop in shops]
    unwatched = [recovery(shop, "unwatched") for shop in shops if first_night(shop.watched[TASTE], Kind.RETRAIN)]
    return {
        "median": round(float(np.median(values)), 4),
        "least": round(min(values), 4),
        "median_unwatched": round(float(np.median(unwatched)), 4) if unwatched else float("nan"),
    }


def _spread(nights: Sequence[int | None]) -> dict[str, Any]:
    found = sorted(night for night in nights if night is not None)
    if not found:
        return {"found": 0, "of": len(nights)}
    return {"found": len(found), "of": len(nights), "median": found[len(found) // 2], "latest": found[-1]}


def as_text(figures: dict[str, Any]) -> str:
    """Return the figures as people read them."""
    import pandas as pd

    lines = [
        f"{figures['shops']} shops, {figures['stable_nights']} stable nights ({QUIET.nights} of each before any fault)",
        f"\nnights by verdict\n{pd.DataFrame(figures['confusion']).T.to_string()}",
        f"\nfalse actions: {figures['false_actions']}, {figures[FALSE_RATE]} in 200 nights",
    ]
    for name in CHECKS:
        nights = figures["nights_to_detection"].get(name, {})
        when = f"  (night {nights['median']} in the median, {nights['latest']} at the latest)" if nights else ""
        lines.append(f"{name}: {figures[name]:.0%}{when}")
    purchases = pd.DataFrame(figures["purchases_lost"]).T.rename(columns={"stable_twin": "stable twin"})
    return "\n".join([*lines, f"\npurchases a day\n{purchases.to_string()}"])
