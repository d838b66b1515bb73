"""The policy, rule by rule: which remedy, and which one not."""

from __future__ import annotations

import dataclasses
import json

import pytest

from include.drift_policy import load_drift_policy
from include.monitoring.verdict import DriftVerdict, Kind, Signals, decide, decided
from tests.include.monitoring.cases import POLICY, comparison, day, quiet

MOVED = {"moved": ["price is 0.3 from the reference, 8.0 times the usual"]}
BROKEN = {"broken": ["user_id is missing in 44% more of the events than in the reference"]}


def judge(*days: Signals) -> DriftVerdict:
    """The verdict on the last day; each earlier one without a verdict gets its own first."""
    history: list[Signals] = []
    for one in days:
        verdict = decide([*history, one], POLICY)
        history.append(one if one.verdict else decided(one, verdict))
    return verdict


def test_an_ordinary_day_is_nothing() -> None:
    verdict = judge(*quiet(20), day(20))
    assert verdict.kind == Kind.NOTHING
    assert "were to be expected" in verdict.reasons[0]


def test_one_bad_day_is_nothing() -> None:
    assert judge(*quiet(20), day(20, comparison=comparison(240, 245))).kind == Kind.NOTHING


def test_a_collapse_after_a_promotion_is_rolled_back_by_itself() -> None:
    verdict = judge(*quiet(20), day(20, comparison=comparison(40, 300)))
    assert (verdict.kind, verdict.automatic) == (Kind.ROLLBACK, True)
    assert "had 40 of 1000" in verdict.reasons[0] and "would have had 300" in verdict.reasons[0]


def test_a_fall_that_the_lists_before_share_is_the_world_s() -> None:
    fallen = [day(20 + n, comparison=comparison(220, 225)) for n in range(5)]
    verdicts = [judge(*quiet(20), *fallen[: n + 1]) for n in range(5)]
    verdict = next(one for one in verdicts if one.kind != Kind.NOTHING)
    assert verdict.kind == Kind.RETRAIN
    assert verdict.since is not None and verdict.since <= fallen[0].day


def test_an_old_model_is_not_rolled_back() -> None:
    late = day(20, comparison=comparison(40, 300), nights_since_promotion=9)
    assert judge(*quiet(20), late).kind != Kind.ROLLBACK


def test_without_a_batch_to_go_back_to_nothing_is_rolled_back() -> None:
    assert judge(*quiet(20), day(20, comparison=comparison(40, None), previous_batch=None)).kind != Kind.ROLLBACK


def test_few_pairs_are_no_evidence() -> None:
    assert judge(*quiet(20), day(20, comparison=comparison(0, 12, 6, pairs=40))).kind == Kind.NOTHING


def test_people_are_asked_when_the_data_moved_too() -> None:
    verdict = judge(*quiet(20), day(20, comparison=comparison(40, 300), data=MOVED))
    assert (verdict.kind, verdict.automatic) == (Kind.ROLLBACK, False)


def test_data_that_move_two_days_in_a_row_are_learned_anew() -> None:
    first, second = day(20, data=MOVED), day(21, data=MOVED)
    assert judge(*quiet(20), first).kind == Kind.NOTHING
    verdict = judge(*quiet(20), first, second)
    assert (verdict.kind, verdict.since) == (Kind.RETRAIN, first.day)


def test_a_quiet_day_between_ends_the_row_and_a_broken_one_does_not() -> None:
    assert judge(*quiet(20), day(20, data=MOVED), day(21), day(22, data=MOVED)).kind == Kind.NOTHING
    assert judge(*quiet(20), day(20, data=MOVED), day(21, data=BROKEN), day(22, data=MOVED)).kind == Kind.RETRAIN


@pytest.mark.parametrize("worse", [{}, {"comparison": comparison(40, 300)}, {"data": {**BROKEN, **MOVED}}])
def test_a_broken_feed_holds_whatever_else_is_seen(worse: dict[str, object]) -> None:
    verdict = judge(*quiet(20), day(20, **{"data": BROKEN, **worse}))
    assert verdict.kind == Kind.HOLD
    assert verdict.reasons[0] == BROKEN["broken"][0]


def test_days_on_hold_do_not_count_for_the_results() -> None:
    broken = [day(20 + n, comparison=comparison(100, 100), data=BROKEN) for n in range(5)]
    assert judge(*quiet(20), *broken, day(25)).kind == Kind.NOTHING


def test_slow_decay_is_found_and_since_when() -> None:
    sinking = [day(20 + n, comparison=comparison(300 - 5 * n, 302 - 5 * n)) for n in range(25)]
    history = quiet(20)
    for one in sinking:
        verdict = decide([*history, one], POLICY)
        history.append(decided(one, verdict))
        if verdict.kind == Kind.RETRAIN:
            break
    assert verdict.kind == Kind.RETRAIN
    assert history[-1].comparison.live.hits > 0.75 * 300
    assert "results have been sinking since" in verdict.reasons[0]


def test_no_second_retrain_until_it_has_cooled_down() -> None:
    moving = [day(20 + n, data=MOVED) for n in range(20)]
    history = quiet(20)
    for one in moving:
        history.append(decided(one, decide([*history, one], POLICY)))
    retrained = [place for place, one in enumerate(history) if one.verdict == Kind.RETRAIN]
    assert retrained == [21, 21 + POLICY.cool_down_days.retrain + 1]
    assert any("no retrain again" in reason for reason in decide(history[:-10], POLICY).reasons)


def test_a_known_day_neither_counts_nor_ends_a_row() -> None:
    black_friday = day(21, data={"known_day": "Black Friday"}, comparison=comparison(200, 200))
    verdict = judge(*quiet(20), day(20, data=MOVED, verdict=Kind.NOTHING), black_friday)
    assert verdict.kind == Kind.NOTHING
    assert verdict.reasons[0] == f"{black_friday.day} is a known day (Black Friday): " + (
        "number and kind of its events are not judged"
    )
    assert all(point.day != black_friday.day for point in verdict.points)
    after = judge(
        *quiet(20), day(20, data=MOVED, verdict=Kind.NOTHING), decided(black_friday, verdict), day(22, data=MOVED)
    )
    assert after.kind == Kind.RETRAIN


def test_bots_are_reported_and_nothing_else() -> None:
    verdict = judge(*quiet(20), day(20, data={"heavy_share": 0.05}))
    assert verdict.kind == Kind.NOTHING
    assert any("bots made 5.0%" in reason for reason in verdict.reasons)


def test_the_first_days_of_a_shop_are_nothing() -> None:
    assert judge(day(0)).kind == Kind.NOTHING
    assert "too few days" in judge(day(0)).reasons[0]


def test_signals_come_back_from_json() -> None:
    signals = dataclasses.replace(day(3, verdict=Kind.HOLD), purchases=comparison(3, None, 2, 9))
    assert Signals.from_json(json.loads(json.dumps(signals.as_json()))) == signals


def test_the_policy_fits_on_one_page() -> None:
    import include.drift_policy as module

    assert len(module.DEFAULTS.read_text().splitlines()) <= 60
    assert load_drift_policy() == POLICY
