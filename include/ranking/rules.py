"""What a list may hold and must hold: the policy's rules as arrays, for each segment."""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np

from include.policy import RankingPolicy, SeenEvent, SeenRule
from include.types import NOTHING, Bools, Days, Floats, Integers, Strings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Profile:
    """What differs from segment to segment.

    Attributes
    ----------
    allowed
        (n_items,) bool: what may be in the segment's lists.
    pinned
        int32 positions of what stands first, in order.
    """

    allowed: Bools
    pinned: Integers

    @property
    def ranked(self) -> Bools:
        """Return what a list takes by score: allowed and not pinned."""
        ranked = self.allowed.copy()
        ranked[self.pinned] = False
        return ranked


@dataclass(frozen=True)
class Rules:
    """The same for everybody, and by segment.

    Attributes
    ----------
    top_n
        Length of a list.
    categories
        (n_items,) int32 category numbers, -1 where it is unknown: such items know no cap.
    cap
        Most items of one category; 0: any number.
    is_new
        (n_items,) bool.
    min_new
        Places of a list that new items get at least, when there are as many.
    common
        The profile of segments without one of their own.
    profiles
        By segment.
    """

    top_n: int
    categories: Integers
    cap: int
    is_new: Bools
    min_new: int
    common: Profile
    profiles: Mapping[str, Profile]

    def profile(self, segment: str) -> Profile:
        """Return what holds for a segment."""
        return self.profiles.get(segment, self.common)


def make_rules(
    policy: RankingPolicy,
    *,
    item_ids: Strings,
    categories: Strings,
    in_stock: Bools,
    first_seen_on: Days,
    run_date: dt.date,
) -> Rules:
    """Return the rules of a night; what is launched after the run date is not in its lists.

    Parameters
    ----------
    item_ids, categories, in_stock, first_seen_on
        (n_items,) see `TrainingSet`; the category is "" where it is unknown.
    """
    position = {name: place for place, name in enumerate(item_ids.tolist())}
    allowed = allowed_items(item_ids, in_stock, policy.blocked_items)
    allowed &= ~np.isin(categories, sorted(policy.blocked_categories))
    allowed &= first_seen_on <= np.datetime64(run_date, "D")
    if policy.max_age_days is not None:
        allowed &= first_seen_on >= np.datetime64(run_date, "D") - np.timedelta64(policy.max_age_days, "D")
    _warn_of_strangers(policy, position)
    segments = set(policy.allow) | {pin.segment for pin in policy.pinned if pin.segment is not None}
    return Rules(
        top_n=policy.top_n,
        categories=category_numbers(categories),
        cap=policy.max_per_category or 0,
        is_new=new_items(first_seen_on, run_date, policy.new_days),
        min_new=places(policy.min_new_share, policy.top_n),
        common=Profile(allowed, _pinned(policy, None, position)),
        profiles={
            segment: Profile(
                allowed & _allow_list(policy, segment, item_ids, categories), _pinned(policy, segment, position)
            )
            for segment in sorted(segments)
        },
    )


def allowed_items(item_ids: Strings, in_stock: Bools, blocked: Collection[str]) -> Bools:
    """Return which items may be recommended: (n_items,) bool, those in stock and not blocked."""
    return in_stock & ~np.isin(item_ids, sorted(blocked))


def seen_since(rules: Mapping[SeenEvent, SeenRule], run_date: dt.date) -> dict[str, dt.date]:
    """Return, by event type, the first day whose events are left out of the lists; "never" has none.

    Where the rule is days, the run date is the last of them.
    """
    return {
        event: dt.date.min if rule == "ever" else run_date - dt.timedelta(days=rule - 1)
        for event, rule in rules.items()
        if rule != "never"
    }


def first_days_seen(policy: RankingPolicy, categories: Strings, day: dt.date) -> dict[str, Days]:
    """Return, by event type, the first day whose events leave an item out: (n_items,), NaT where none do.

    Parameters
    ----------
    categories
        (n_items,) text.
    day
        The last day that is known.
    """
    common = seen_since(policy.seen_rules, day)
    first = {
        event: np.full(len(categories), np.datetime64(common.get(event, "NaT"), "D")) for event in get_args(SeenEvent)
    }
    for category, rules in policy.seen_by_category.items():
        own = seen_since(rules, day)
        for event in rules:
            first[event][categories == category] = np.datetime64(own.get(event, "NaT"), "D")
    return {event: days for event, days in first.items() if not np.isnat(days).all()}


def places(share: float, n: int) -> int:
    """Return the least number of places that is `share` of `n`."""
    return math.ceil(share * n - 1e-9)


def new_items(first_seen_on: Days, run_date: dt.date, days: int) -> Bools:
    """Return which items came within `days` up to the run date, and not after it: (n_items,) bool.

    What came on the catalogue's first day is not new: it is the shop's own beginning.
    """
    if not len(first_seen_on):
        return np.zeros(0, dtype=bool)
    recent: Bools = first_seen_on > np.datetime64(run_date, "D") - np.timedelta64(days, "D")
    recent &= (first_seen_on > first_seen_on.min()) & (first_seen_on <= np.datetime64(run_date, "D"))
    return recent


def fresh_boost(first_seen_on: Days, run_date: dt.date, policy: RankingPolicy) -> Floats:
    """Return what freshness adds to each item's score: (n_items,) float32; nothing for the shop's beginning."""
    if not policy.fresh_boost or not len(first_seen_on):
        return np.zeros(len(first_seen_on), dtype=np.float32)
    age = (np.datetime64(run_date, "D") - first_seen_on) / np.timedelta64(1, "D")
    boost = policy.fresh_boost * 0.5 ** (np.maximum(age, 0) / policy.fresh_half_life_days)
    return np.where(first_seen_on > first_seen_on.min(), boost, 0).astype(np.float32)


def category_numbers(categories: Strings) -> Integers:
    """Return a number for each category, -1 for "": unknown categories are not one category."""
    _, numbers = np.unique(categories, return_inverse=True)
    return np.where(categories == "", NOTHING, numbers).astype(np.int32)


def _allow_list(policy: RankingPolicy, segment: str, item_ids: Strings, categories: Strings) -> Bools:
    if segment not in policy.allow:
        return np.ones(len(item_ids), dtype=bool)
    allow = policy.allow[segment]
    named: Bools = np.isin(item_ids, allow.items) | np.isin(categories, allow.categories)
    return named


def _pinned(policy: RankingPolicy, segment: str | None, position: Mapping[str, int]) -> Integers:
    names = (item for pin in policy.pinned if pin.segment in (None, segment) for item in pin.items)
    return np.array([position[name] for name in dict.fromkeys(names) if name in position], dtype=np.int32)


def _warn_of_strangers(policy: RankingPolicy, position: Collection[str]) -> None:
    named: dict[str, Iterable[str]] = {
        "blocked_items": policy.blocked_items,
        "pinned": [item for pin in policy.pinned for item in pin.items],
        **{f"allow.{segment}": allow.items for segment, allow in policy.allow.items()},
    }
    for setting, items in named.items():
        missing = [item for item in items if item not in position]
        if missing:
            logger.warning(
                "ranking.%s names %d items that nobody delivered, first %s", setting, len(missing), missing[0]
            )
