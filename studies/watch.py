"""The watch over a stand-in: the statistics, the chart and the verdict of the jobs, on arrays instead of files."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from include import columns as c
from include.drift_policy import DriftPolicy
from include.monitoring.judge import LiveBatch, choose_fallback, judge_data, judge_day
from include.monitoring.performance import compare_lists
from include.monitoring.positions import NEW, count_positions
from include.monitoring.profile import DataProfile, Profiler, from_histograms, heavy_accounts
from include.monitoring.verdict import DriftVerdict, Signals
from include.types import Longs, Positions, Strings
from studies.night import DayLog, NightLists, StandInNight

REFERENCE_DAYS = 28
KEPT_BATCHES = 7


@dataclass
class StudyWatch:
    """What the watch remembers: its verdicts, the days of the reference, the kept batches.

    Parameters
    ----------
    segments, categories
        Of each user and of each item, in order of positions.
    bots_apart
        Whether the profile sets aside heavy accounts; the pairs always do.
    """

    policy: DriftPolicy
    segments: Strings
    categories: Strings
    bots_apart: bool = True
    history: list[Signals] = field(default_factory=list)
    reference: dict[dt.date, DataProfile] = field(default_factory=dict)
    kept: list[NightLists] = field(default_factory=list)

    def publish(self, lists: NightLists) -> None:
        """Take note of lists that went live."""
        self.kept = [*self.kept, lists][-KEPT_BATCHES:]

    def judge(self, day: DayLog, live: NightLists, night: StandInNight) -> tuple[DriftVerdict, NightLists | None]:
        """Return the verdict on the lists that were live on `day`, and those to which a rollback would lead.

        Parameters
        ----------
        night
            It has not ingested the day yet.
        """
        profile, fallback, n_users = self.profile(day, live), self._fallback(live), len(live.lists)
        wanted = night.new_pairs(day, n_users, ~heavy_accounts(events_by_account(day, night.n_users)))
        lists = {
            "live": live.lists,
            "popularity": np.broadcast_to(live.popular, live.lists.shape),
            "previous": fallback.for_everybody(n_users) if fallback else None,
        }
        signals, verdict = judge_day(
            day.date,
            _candidate(live),
            fallback.batch_id if fallback else None,
            live.model.run_date,
            judge_data(day.date, profile, self.reference, self.history, self.policy),
            compare_lists(wanted, lists, self.segments[:n_users]),
            self.history,
            self.policy,
        )
        self.history.append(signals)
        self.remember(day.date, profile)
        return verdict, fallback

    def profile(self, day: DayLog, live: NightLists | None = None) -> DataProfile:
        """Return the day's counts as the night before knows users and items; without `live` it knows all of them."""
        heavy = heavy_accounts(events_by_account(day, len(self.segments))) & self.bots_apart
        profiler = Profiler(pa.table({c.SEGMENT: self.segments}), pa.table({c.CATEGORY: self.categories}), heavy)
        events = pa.record_batch(
            {
                c.USER_ID: pa.array(day.users, mask=day.users < 0),
                c.EVENT_TYPE: pa.DictionaryArray.from_arrays(pa.array(day.kinds), pa.array(c.EVENT_TYPES)),
                c.PRICE: pa.array(day.prices, from_pandas=True),
            }
        )
        n_users = len(live.lists) if live else day.n_users
        n_items = len(live.model.basis) if live else day.n_items
        profiler.add(events, _known(day.users, n_users), _known(day.items, n_items))
        return profiler.profile()

    def remember(self, day: dt.date, profile: DataProfile) -> None:
        """Make a day part of the reference of the nights that follow."""
        self.reference[day] = from_histograms(profile.histograms)
        for old in sorted(self.reference)[:-REFERENCE_DAYS]:
            del self.reference[old]

    def _fallback(self, live: NightLists) -> NightLists | None:
        chosen = choose_fallback(_candidate(live), [_candidate(one) for one in self.kept], self.history)
        return next((one for one in self.kept if chosen and one.batch_id == chosen.batch_id), None)


def events_by_account(day: DayLog, n_users: int) -> Longs:
    """Return how many events each account has on the day: (n_users,)."""
    return count_positions(day.users, n_users)


def _known(positions: Positions, n: int) -> Positions:
    """Return the positions with NEW for those from `n` on."""
    known: Positions = np.where(positions >= n, NEW, positions)
    return known


def _candidate(lists: NightLists) -> LiveBatch:
    return LiveBatch(lists.batch_id, lists.run_date, str(lists.model.version))
