"""A real shop replayed night by night: events as arrays, the same stand-in of the night, the same watch.

Purchases alone stand for taste, as in a shop whose feed has nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from include.drift_policy import DriftPolicy
from include.monitoring.data_drift import detect, reference_days
from include.monitoring.performance import compare_lists
from include.monitoring.profile import NEW_CODE, Profile, Profiler, from_histograms, heavy_accounts
from include.monitoring.verdict import Kind, Signals, Verdict, decide, decided
from include.types import Bools, Days, Doubles, Integers, Longs, Strings
from studies.night import best

HALF_LIFE_DAYS, DIMENSIONS, STEPS, TOP_N, REFERENCE_DAYS = 30.0, 16, 3, 50, 28
NEGATIVE = -np.inf


@dataclass(frozen=True)
class Log:
    """A shop's purchases and returns in order of days.

    Attributes
    ----------
    days
        (n_events,) datetime64[D].
    kinds, users, items
        Codes; a user that is not known is -1, a return has kind 1, a purchase 0.
    prices
        NaN where missing.
    categories, segments
        Of each item, of each user: names.
    """

    days: Days
    kinds: Longs
    users: Longs
    items: Longs
    prices: Doubles
    categories: Strings
    segments: Strings

    def rows(self, day: dt.date) -> slice:
        """Return the rows of a day."""
        first, last = np.searchsorted(self.days, [np.datetime64(day), np.datetime64(day) + 1])
        return slice(int(first), int(last))


@dataclass(frozen=True)
class Lists:
    """One night's lists, the items that are popular, and who and what was known."""

    night: dt.date
    lists: Integers
    popular: Integers
    known_users: Bools
    known_items: Bools


def replay(log: Log, first: dt.date, last: dt.date, policy: DriftPolicy) -> Iterator[tuple[Signals, Verdict]]:
    """Yield the verdicts on the days from `first` to `last` on which the shop was open.

    Nothing is acted on but retrains, which begin a new chart; so every verdict can be explained by itself.
    """
    history: list[Signals] = []
    profiles: dict[dt.date, Profile] = {}
    before: Lists | None = None
    served: Lists | None = None
    for number in range((last - log.days[0].item()).days + 1):
        day = log.days[0].item() + dt.timedelta(days=number)
        rows = log.rows(day)
        if rows.start == rows.stop:
            continue
        profile = _profile(log, rows, served)
        if served is not None and day >= first:
            retrained = max((one.day for one in history if one.verdict == Kind.RETRAIN), default=None)
            held = {one.day for one in history if one.verdict == Kind.HOLD}
            reference = reference_days(profiles, retrained, held)
            signals = _signals(log, day, rows, served, before, profile, reference, policy)
            verdict = decide([*history, signals], policy)
            history.append(decided(signals, verdict))
            yield history[-1], verdict
        profiles[day] = from_histograms(profile.histograms)
        for old in sorted(profiles)[:-REFERENCE_DAYS]:
            del profiles[old]
        if day >= first - dt.timedelta(days=3):
            before, served = served, _night(log, day, rows.stop)


def _night(log: Log, day: dt.date, end: int) -> Lists:
    """Fit and score on what happened up to and with `day`."""
    n_users, n_items = len(log.segments), len(log.categories)
    chosen = np.flatnonzero((log.users[:end] >= 0) & (log.kinds[:end] == 0))
    ages = (np.datetime64(day) - log.days[chosen]).astype(int)
    decayed = (0.5 ** (ages / HALF_LIFE_DAYS)).astype(np.float32)
    index = (log.users[chosen], log.items[chosen])
    weights = sparse.csr_matrix((decayed, index), shape=(n_users, n_items))
    weights.data = np.minimum(weights.data, 1)
    popularity = np.asarray(weights.sum(axis=0)).ravel()
    normalised = weights @ sparse.diags(1 / np.sqrt(np.sqrt(popularity + 1)))
    basis = np.random.default_rng(0).standard_normal((n_items, DIMENSIONS))
    for _ in range(STEPS):
        basis, _ = np.linalg.qr(normalised.T @ (normalised @ basis))
    scores = ((normalised @ basis) @ basis.T).astype(np.float32)
    scores[index] = NEGATIVE
    known_items = np.bincount(log.items[:end], minlength=n_items) > 0
    scores[:, ~known_items] = NEGATIVE
    known_users = np.bincount(log.users[:end][log.users[:end] >= 0], minlength=n_users) > 0
    popular = np.argsort(-popularity, kind="stable")[:TOP_N].astype(np.int32)
    lists = best(scores, TOP_N)
    lists[~known_users] = popular
    return Lists(day, lists, popular, known_users, known_items)


def _profile(log: Log, rows: slice, served: Lists | None) -> Profile:
    users, items = log.users[rows], log.items[rows]
    if served is not None:
        users = np.where((users >= 0) & ~served.known_users[users], NEW_CODE, users)
        items = np.where(~served.known_items[items], NEW_CODE, items)
    names, categories = np.unique(log.categories, return_inverse=True)
    parts, segments = np.unique(log.segments, return_inverse=True)
    profiler = Profiler(
        event_types=("purchase", "return"),
        categories=tuple(names.tolist()),
        segments=tuple(parts.tolist()),
        item_categories=categories,
        user_segments=segments,
        heavy=np.zeros(len(log.segments), dtype=bool),
    )
    profiler.add(log.kinds[rows], users, items, log.prices[rows])
    return profiler.profile()


def _signals(
    log: Log,
    day: dt.date,
    rows: slice,
    served: Lists,
    before: Lists | None,
    profile: Profile,
    reference: Mapping[dt.date, Profile],
    policy: DriftPolicy,
) -> Signals:
    n_users, n_items = len(log.segments), len(log.categories)
    accounts = np.bincount(log.users[rows][log.users[rows] >= 0], minlength=n_users)
    people = ~heavy_accounts(accounts)
    users, items = log.users[rows], log.items[rows]
    chosen = (users >= 0) & (log.kinds[rows] == 0) & served.known_users[users] & people[users]
    today = np.unique(users[chosen] * n_items + items[chosen])
    earlier = slice(0, rows.start)
    past = np.unique((log.users[earlier] * n_items + log.items[earlier])[log.users[earlier] >= 0])
    new = np.setdiff1d(today, past, assume_unique=True)
    ones = np.ones(len(new), dtype=bool)
    wanted = sparse.csr_matrix((ones, (new // n_items, new % n_items)), shape=(n_users, n_items))
    lists = {
        "live": served.lists,
        "popularity": np.broadcast_to(served.popular, served.lists.shape),
        "previous": before.lists if before else None,
    }
    compared = compare_lists(wanted, lists, log.segments)
    return Signals(
        day=day,
        batch_id=str(served.night),
        model_version=str(served.night),
        data=detect(day, profile, reference, policy),
        comparison=compared,
        purchases=compared,
        nights_since_promotion=1,
        previous_batch=str(before.night) if before else None,
    )
