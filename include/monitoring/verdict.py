"""The verdict: from the signals of today and before to an action. Pure: equal signals, equal verdict.

The order is the policy: a broken feed forbids everything else; then the model is suspected, because a rollback is quick
and certain; then the world.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from include.drift_policy import DriftPolicy
from include.monitoring.control import Day, Point, chart
from include.monitoring.data_drift import DataDrift
from include.monitoring.performance import Comparison


class Kind(StrEnum):
    """What the watch does about a day."""

    HOLD = "hold"
    ROLLBACK = "rollback"
    RETRAIN = "retrain"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Signals:
    """What the watch saw of one day.

    Attributes
    ----------
    day
        The day on which the batch was live, and by whose events it is judged.
    comparison, purchases
        Of all new pairs, which decide, and of new purchases alone, for people to read.
    nights_since_promotion
        1 for the first day of a model; None when unknown.
    previous_batch
        The batch to which a rollback would lead, or None.
    verdict
        What was decided; None for the day to be decided.
    events
        Fingerprint of the day's events in the lake.
    """

    day: dt.date
    batch_id: str
    model_version: str
    data: DataDrift
    comparison: Comparison
    purchases: Comparison | None = None
    nights_since_promotion: int | None = None
    previous_batch: str | None = None
    verdict: Kind | None = None
    events: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "day": self.day.isoformat()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Signals:
        """Return what `as_json` gave."""
        return TypeAdapter(cls).validate_python(values)


@dataclass(frozen=True)
class DriftVerdict:
    """What to do about a day, and why.

    Attributes
    ----------
    reasons
        Sentences, decisive ones first.
    automatic
        False for a rollback that people must approve.
    since
        For a retrain: the first day of the change, if known.
    points
        The control chart, with today last if today has enough pairs.
    """

    kind: Kind
    reasons: list[str]
    points: list[Point]
    automatic: bool = True
    since: dt.date | None = None


def decide(history: Sequence[Signals], policy: DriftPolicy) -> DriftVerdict:
    """Return the verdict on the last day of `history`, oldest first."""
    today = history[-1]
    points = chart(_chart_days(history), policy.results)
    notes = [*_known_day_note(today), *_results_note(points, today), *_bots_note(today, policy)]
    if today.data.broken:
        held = ["the feed is broken: the champion stays, and nothing is concluded from this day"]
        return DriftVerdict(Kind.HOLD, [*today.data.broken, *held], points)
    rollback = _rollback(today, policy)
    retrain, since = _retrain(history, points, policy)
    for kind, reasons in ((Kind.ROLLBACK, rollback), (Kind.RETRAIN, retrain)):
        if not reasons:
            continue
        cooling = _cooling(history, kind, policy)
        if cooling:
            notes = [*reasons, cooling, *notes]
            continue
        automatic = kind != Kind.ROLLBACK or _is_collapse(today, policy)
        return DriftVerdict(kind, [*reasons, *notes], points, automatic, since if kind == Kind.RETRAIN else None)
    return DriftVerdict(Kind.NOTHING, [*today.data.moved, *notes] or ["nothing is out of the ordinary"], points)


def decided(signals: Signals, verdict: DriftVerdict) -> Signals:
    """Return `signals` as the history keeps them."""
    return replace(signals, verdict=verdict.kind)


def _chart_days(history: Sequence[Signals]) -> list[Day]:
    """Return the days of one level: since the last retrain, without known days and days on hold or rolled back."""
    retrained = [place for place, one in enumerate(history[:-1]) if one.verdict == Kind.RETRAIN]
    since = history[retrained[-1] + 1 :] if retrained else history
    usable = [
        one
        for one in since
        if one.verdict not in (Kind.HOLD, Kind.ROLLBACK) and not one.data.broken and not one.data.known_day
    ]
    return [
        Day(one.day, one.comparison.pairs, one.comparison.live.hits, one.comparison.popularity.hits) for one in usable
    ]


def _rollback(today: Signals, policy: DriftPolicy) -> list[str]:
    comparison, limits = today.comparison, policy.rollback
    recent = today.nights_since_promotion is not None and today.nights_since_promotion <= limits.nights_after_promotion
    if (
        comparison.previous is None
        or not recent
        or comparison.pairs < policy.results.min_pairs
        or comparison.ratio_to_previous > limits.max_ratio_to_previous
        or comparison.p_value > limits.max_p_value
    ):
        return []
    return [
        f"the lists of model {today.model_version}, live for {today.nights_since_promotion} nights, had "
        f"{comparison.live.hits} of {comparison.pairs} new pairs on the shelf; the lists of batch "
        f"{today.previous_batch} would have had {comparison.previous.hits} (p {comparison.p_value:.0e})",
        "the same users on the same day: the model is at fault, not the world",
        *([f"but the data moved too: {what}" for what in today.data.moved]),
    ]


def _is_collapse(today: Signals, policy: DriftPolicy) -> bool:
    return today.comparison.ratio_to_previous <= policy.rollback.ask_people_above and not today.data.moved


def _retrain(
    history: Sequence[Signals], points: Sequence[Point], policy: DriftPolicy
) -> tuple[list[str], dt.date | None]:
    reasons: list[str] = []
    starts: list[dt.date] = []
    row = _moved_in_a_row(history)
    if len(row) >= policy.retrain.moved_days_in_a_row:
        reasons += [f"the data moved on {len(row)} days in a row, since {row[0].day}", *history[-1].data.moved]
        starts.append(row[0].day)
    last = points[-1] if points and points[-1].day == history[-1].day else None
    if last is not None and last.since is not None and last.cusum >= policy.results.alarm:
        reasons.append(
            f"results have been sinking since {last.since}: {last.share:.1%} of what users turned to was on the "
            f"shelf, {last.expected:.1%} were to be expected; CUSUM {last.cusum:.1f} of {policy.results.alarm:g}"
        )
        starts.append(last.since)
    return reasons, min(starts, default=None)


def _moved_in_a_row(history: Sequence[Signals]) -> list[Signals]:
    """Return the latest days in a row on which the data moved; broken and known days are skipped."""
    row: list[Signals] = []
    for one in reversed(history):
        if one.data.broken or one.data.known_day:
            continue
        if not one.data.moved or one.verdict == Kind.RETRAIN:
            break
        row.insert(0, one)
    return row


def _cooling(history: Sequence[Signals], kind: Kind, policy: DriftPolicy) -> str | None:
    days = policy.cool_down_days.retrain if kind == Kind.RETRAIN else policy.cool_down_days.rollback
    last = max((one.day for one in history[:-1] if one.verdict == kind), default=None)
    if last is None or (history[-1].day - last).days > days:
        return None
    return f"no {kind} again: the last one was on {last}, and {days} days have to pass"


def _results_note(points: Sequence[Point], today: Signals) -> list[str]:
    last = points[-1] if points and points[-1].day == today.day else None
    if last is None:
        return [f"{today.comparison.pairs} new pairs of user and item say nothing about the results"]
    known = last.expected == last.expected
    usual = (
        f"{last.expected:.1%} were to be expected, CUSUM {last.cusum:.1f}"
        if known
        else "too few days to say what is usual"
    )
    return [f"{last.share:.1%} of {today.comparison.pairs} new pairs were on the shelf; {usual}"]


def _known_day_note(today: Signals) -> list[str]:
    name = today.data.known_day
    return [f"{today.day} is a known day ({name}): number and kind of its events are not judged"] if name else []


def _bots_note(today: Signals, policy: DriftPolicy) -> list[str]:
    share = today.data.heavy_share
    if share < policy.data.heavy_share:
        return []
    return [f"accounts that behave like bots made {share:.1%} of the events; they are left out of the comparison"]
