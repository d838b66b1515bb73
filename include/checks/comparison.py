"""The figures that compare a day with the days before it, and those about its books.

Volume and missing values are compared as the drift watch does (`include.monitoring.data_drift`), with the limits of
the drift policy, but before anything is trained on the day. A figure is None where too little is known to judge.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from include.checks.catalogue import read_stock
from include.checks.figures import Figures
from include.checks.past import Past, event_counts
from include.columns import EVENT_TYPE, EVENTS, ITEM_ID, ITEMS, PRICE, USER_ID
from include.drift_policy import DriftPolicy
from include.features.signals import KNOWN, UNKNOWN
from include.lake import Lake
from include.monitoring.data_drift import (
    LEAST_REFERENCE_DAYS,
    WORSE_THAN_WORST,
    Reference,
    comparable_days,
    usual_rows,
)
from include.monitoring.profile import DataProfile, merge
from include.policy import Policy

USUAL_SHARE, USUAL_ROWS = 0.01, 20
"""An event type that is usually rarer than this may well be absent on a day."""
NOISE, MOST_NOISE = 4, 0.9
"""Standard deviations within which days differ by chance; a day with hardly any event is unusual in every shop."""
CROWD = 10  # with fewer users, one of them may well make most events


def compare_events(figures: Figures, lake: Lake, past: Past, policy: Policy, drift: DriftPolicy) -> None:
    """Add volume, missing values, unknown items and users, event types, the busiest user, late events and age."""
    today = event_counts(lake, past, past.day)
    before = {day: event_counts(lake, past, day) for day in past.days[EVENTS] if day != past.day}
    rows = today["rows"]
    enough = rows >= drift.feed.min_rows
    reference = {day: _profile(counts) for day, counts in before.items()}
    alike = comparable_days(past.day, reference, drift)
    usual = usual_rows(past.day, reference, drift)
    judged = usual and usual >= drift.feed.min_rows and past.day not in drift.known_days
    volume = rows / usual if judged and usual else None
    within = 1 - min(MOST_NOISE, NOISE * _volume_spread(reference, drift))
    figures.values |= {"volume": volume, "volume.unusual": None if volume is None or volume > within else volume}
    for name in (USER_ID, PRICE):
        then = [one.missing_share(name) for one in reference.values() if one.rows >= drift.feed.min_rows]
        share = merge(reference[day] for day in alike).missing_share(name)
        rise = _news(_profile(today).missing_share(name), share, then) if enough and alike else None
        figures.values[f"{name}.missing_rise"] = rise
    for name, unnamed, known in (("item", "", past.items), ("user", "no_user", past.users)):
        # Without a catalogue ids stand for titles, which is worth a warning; customers need no file
        among, delivered = rows - today.get(unnamed, 0), len(known.ids) > 0
        share = today[f"unknown_{name}s"] / among if among and (delivered or name == "item") else 0.0
        named = {day: one["rows"] - one.get(unnamed, 0) for day, one in before.items()}
        then = [before[day][f"unknown_{name}s"] / count for day, count in named.items() if count >= drift.feed.min_rows]
        figures.values[f"unknown_{name}_share"] = share
        none = share == 1 and name == "item" and among >= policy.quality.min_rows
        figures.values[f"unknown_{name}_share.enough"] = share if delivered and (enough or none) else None
        figures.values[f"unknown_{name}_rise"] = (
            _news(share, sum(then) / len(then), then) if enough and then and delivered else None
        )
    for figure in ("unknown_item_share", "unknown_item_share.enough", "unknown_item_rise"):
        figures.examples[figure] = today["strange_items"]
    lost = (
        _lost_types(today, list(before.values()), drift.feed.min_rows)
        if enough and past.day not in drift.known_days
        else None
    )
    figures.values["event_type_loss"] = max(lost.values(), default=0.0) if lost is not None else None
    figures.examples["event_type_loss"] = [name for name, loss in (lost or {}).items() if loss > 0]
    figures.values["top_user_share"] = today["top_user_rows"] / rows if enough and today["users"] >= CROWD else None
    figures.examples["top_user_share"] = [str(today["top_user"])]
    figures.values["late_share"] = today["late"] / rows if rows else None
    newest = today["newest"]
    figures.values["age_days"] = (past.day - dt.date.fromisoformat(newest)).days if newest else None


def compare_catalogue(figures: Figures, lake: Lake, past: Past, policy: Policy, *, whole: bool) -> None:
    """Add how much of the catalogue is in stock, and how large it is, relative to the day before."""
    figures.values |= {"in_stock_ratio": None, "items_ratio": None}
    if not past.days[ITEMS][past.day].paths():
        return
    then, now = read_stock(lake, ITEMS, ITEM_ID, past.days[ITEMS], past.day, whole=whole)
    if then.items >= policy.quality.min_rows:
        figures.values["items_ratio"] = now.items / then.items
        figures.values["in_stock_ratio"] = now.share / then.share if then.share else None


def add_books(figures: Figures, table: str, past: Past, policy: Policy) -> None:
    """Add the shares of what landed that was set aside or dropped, and the age of the newest row."""
    days = past.days[table]
    counts = days[past.day].counts
    for name in ("quarantined", "differing"):
        count = counts.get(name, 0)
        share = round(count / max(1, counts["landed"]), 6)
        figures.values[f"{name}_share"] = share
        figures.values[f"{name}_share.enough"] = share if count >= policy.quality.min_rows else None
    newest = max((day for day, manifest in days.items() if manifest.paths()), default=None)
    figures.values.setdefault("age_days", (past.day - newest).days if newest else None)


def _profile(counts: Mapping[str, Any]) -> DataProfile:
    """Return a day's counts as the drift watch has them."""
    rows = counts["rows"]
    missing = {USER_ID: counts["no_user"], PRICE: counts["no_price"]}
    histograms = {name: {UNKNOWN: count, KNOWN: rows - count} for name, count in missing.items()}
    return DataProfile(rows, {**histograms, EVENT_TYPE: counts["types"]})


def _news(share: float, usual: float, then: Sequence[float]) -> float:
    """Return the rise of a share; 0 where an earlier day had it too, or where days differ that much from each other."""
    news = bool(then) and share > max(then) + WORSE_THAN_WORST and share - usual > NOISE * _spread(then)
    return share - usual if news else 0.0


def _spread(values: Sequence[float]) -> float:
    """Return the standard deviation; 0 where there are too few values to tell."""
    return statistics.stdev(values) if len(values) >= LEAST_REFERENCE_DAYS else 0.0


def _volume_spread(reference: Reference, drift: DriftPolicy) -> float:
    """Return the standard deviation of the days' volume, each relative to its own weekday."""
    usual = {day: usual_rows(day, reference, drift) for day in reference}
    return _spread([reference[day].rows / rows for day, rows in usual.items() if rows and rows >= drift.feed.min_rows])


def _lost_types(today: Mapping[str, Any], before: Sequence[Mapping[str, Any]], least_rows: int) -> dict[str, float]:
    """Return, for each usual event type, which part of its usual share is lost; 0 where earlier days lost as much."""
    whole = [one for one in before if one["rows"] >= least_rows]
    found = {}
    for name in sorted({name for one in whole for name in one["types"]}):
        shares = [one["types"].get(name, 0) / one["rows"] for one in whole]
        usual, share = sum(shares) / len(shares), today["types"].get(name, 0) / today["rows"]
        if usual >= USUAL_SHARE and usual * today["rows"] >= USUAL_ROWS:
            news = share < min(shares) and usual - share > NOISE * _spread(shares)
            found[name] = 1 - share / usual if news else 0.0
    return found
