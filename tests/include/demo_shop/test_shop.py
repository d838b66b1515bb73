from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.demo_shop import OPENING, EventLog, Fault, FaultKind, Shop, ShopConfig, ShopDay
from include.demo_shop.tables import ANONYMOUS, PURCHASE, RETURN, VIEW
from include.errors import ConfigurationError
from include.types import NOTHING

SMALL = ShopConfig(users=60, items=40)
BUSY = ShopConfig(users=400, items=120)


def after(days: int) -> dt.date:
    return OPENING + dt.timedelta(days=days)


def rows(day: ShopDay) -> tuple[object, ...]:
    return (day.date, day.user_rows(), day.item_rows(), day.event_rows())


def history(shop: Shop, days: int) -> list[ShopDay]:
    return list(shop.days(OPENING, after(days - 1)))


@given(
    wanted=st.lists(st.integers(0, 12), min_size=1, max_size=6),
    seed=st.integers(0, 5),
    fault=st.none() | st.builds(Fault, st.sampled_from(FaultKind), st.integers(0, 12).map(after)),
)
@settings(max_examples=25, deadline=None)
def test_a_day_is_the_same_however_it_is_asked_for(wanted: list[int], seed: int, fault: Fault | None) -> None:
    config, faults = SMALL.model_copy(update={"seed": seed}), [fault] if fault else []
    in_order = history(Shop(config, faults), 13)
    shop = Shop(config, faults)
    for number in wanted:
        assert rows(shop.day(after(number))) == rows(in_order[number])


@given(kind=st.sampled_from(FaultKind), start=st.integers(1, 9), seed=st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_a_fault_changes_nothing_before_it_starts(kind: FaultKind, start: int, seed: int) -> None:
    config = SMALL.model_copy(update={"seed": seed})
    clean = history(Shop(config), start + 1)
    faulty = history(Shop(config, [Fault(kind, after(start), strength=0.5)]), start + 1)
    assert [rows(day) for day in faulty[:-1]] == [rows(day) for day in clean[:-1]]
    assert rows(faulty[-1]) != rows(clean[-1])


def test_another_seed_is_another_shop() -> None:
    assert rows(Shop(SMALL).day(OPENING)) != rows(Shop(SMALL.model_copy(update={"seed": 8})).day(OPENING))


def test_a_day_outside_the_calendar_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="2026-01-01"):
        Shop(SMALL).day(dt.date(2026, 1, 1))


@pytest.fixture(scope="module")
def month() -> list[ShopDay]:
    return history(Shop(BUSY), 40)


@pytest.fixture(scope="module")
def events(month: list[ShopDay]) -> EventLog:
    return EventLog.concatenate([day.events for day in month])


def test_event_ids_are_unique_over_all_days(events: EventLog) -> None:
    assert len(np.unique(events.number)) == len(events)


def test_events_refer_to_users_and_items_that_were_delivered_before(month: list[ShopDay]) -> None:
    users: set[int] = {ANONYMOUS}
    items: set[int] = set()
    for day in month:
        users.update(day.users.user.tolist())
        items.update(day.items.item.tolist())
        assert set(day.events.user.tolist()) <= users
        assert set(day.events.item.tolist()) <= items
        assert (day.events.time < np.datetime64(day.date + dt.timedelta(days=1), "s")).all()


def test_only_new_and_changed_rows_are_delivered_after_the_first_day(month: list[ShopDay]) -> None:
    known: dict[int, tuple[float, bool]] = {}
    for day in month:
        state = dict(
            zip(
                day.items.item.tolist(),
                zip(day.items.price.tolist(), day.items.in_stock.tolist(), strict=True),
                strict=True,
            )
        )
        assert all(known.get(item) != values for item, values in state.items())
        known.update(state)
        stock = np.array([known[item][1] for item in range(day.truth.n_items)])
        np.testing.assert_array_equal(stock, day.truth.available)
    assert sum(len(day.items.item) for day in month[1:]) < len(month) * 0.1 * BUSY.items
    assert any(not available for _, available in known.values())


def test_new_users_and_items_appear_most_weeks_and_new_users_come_at_once(month: list[ShopDay]) -> None:
    new_users = [np.arange(a.truth.n_users, b.truth.n_users) for a, b in pairwise(month)]
    assert sum(map(len, new_users)) > 20
    assert month[-1].truth.n_items > month[0].truth.n_items
    came = sum(int(np.isin(users, day.events.user).sum()) for users, day in zip(new_users, month[1:], strict=True))
    assert came > 0.6 * sum(map(len, new_users))


def test_users_who_move_are_delivered_again_with_their_new_country() -> None:
    shop = Shop(SMALL.model_copy(update={"move_rate": 0.2, "signup_rate": 0.0}))
    country = shop.day(OPENING).users.country.copy()
    for day in shop.days(after(1), after(5)):
        assert 0 < len(day.users.user) < 0.5 * SMALL.users
        country[day.users.user] = day.users.country
    assert 0.2 < (country != shop.world.users.country[: SMALL.users]).mean() < 0.9


def test_users_stop_to_come_after_their_lifetime() -> None:
    shop = Shop(BUSY.model_copy(update={"lifetime_days": 5.0, "signup_rate": 0.0}))
    visits = [len(day.events) for day in shop.days(OPENING, after(30))]
    assert sum(visits[-5:]) < 0.1 * sum(visits[:5])
    gone = np.flatnonzero(shop.world.users.leaves[: BUSY.users] <= 30)
    assert (shop.day(after(30)).truth.visit_probability[gone] == 0).all()


def test_a_shop_never_runs_out_of_everything() -> None:
    shop = Shop(SMALL.model_copy(update={"items": 3, "launch_rate": 0.0, "restock_rate": 1.0}))
    assert all(day.truth.available.any() and len(day.events) > 0 for day in shop.days(OPENING, after(5)))


def test_returns_undo_a_purchase_of_days_before(events: EventLog) -> None:
    purchases, returns = events.take(events.kind == PURCHASE), events.take(events.kind == RETURN)
    first: dict[tuple[int, int], np.datetime64] = {}
    for user, item, time in zip(purchases.user.tolist(), purchases.item.tolist(), purchases.time, strict=True):
        first[user, item] = min(time, first.get((user, item), time))
    late = 0
    for user, item, time in zip(returns.user.tolist(), returns.item.tolist(), returns.time, strict=True):
        late += (user, item) not in first or time < first[user, item] + np.timedelta64(2, "D")
    assert len(returns) > 0.02 * len(purchases)
    # A purchase of the last days may itself be on its way still
    assert late <= 0.05 * len(returns)


def test_consumables_are_bought_again_and_other_things_seldom(month: list[ShopDay], events: EventLog) -> None:
    bought = events.take((events.kind == PURCHASE) & (events.user != ANONYMOUS))
    pairs, counts = np.unique(bought.user.astype(np.int64) * 10_000 + bought.item, return_counts=True)
    consumable = month[-1].truth.consumable[pairs % 10_000]
    assert (counts[consumable] > 1).mean() > 4 * (counts[~consumable] > 1).mean()


def test_what_was_bought_is_known_the_next_day(month: list[ShopDay]) -> None:
    shop = Shop(BUSY)
    day, following = shop.day(after(0)), shop.day(after(1))
    bought = day.events.take((day.events.kind == PURCHASE) & (day.events.user != ANONYMOUS))
    for user, item in zip(bought.user.tolist(), bought.item.tolist(), strict=True):
        assert item in following.truth.owned[user]
    assert (day.truth.owned == NOTHING).all()


def test_late_events_arrive_up_to_three_days_after_they_happened(month: list[ShopDay]) -> None:
    ages = np.concatenate(
        [(np.datetime64(day.date) - day.events.time.astype("datetime64[D]")).astype(int) for day in month]
    )
    assert set(ages.tolist()) == {0, 1, 2, 3}
    assert (ages > 0).mean() == pytest.approx(BUSY.late_share, rel=0.4)
    assert sum(day.late for day in month) == (ages > 0).sum()


def test_saturdays_have_more_visits_than_tuesdays(month: list[ShopDay]) -> None:
    by_weekday = [[len(day.events) for day in month if day.date.weekday() == weekday] for weekday in range(7)]
    assert np.mean(by_weekday[5]) > 1.1 * np.mean(by_weekday[1])


def broken(kind: FaultKind, strength: float | None = None, days: int | None = None) -> tuple[ShopDay, ShopDay]:
    """Return the 15th day of a shop without and with a fault since the 11th."""
    fault = Fault(kind, after(10), strength, days)
    return Shop(BUSY).day(after(14)), Shop(BUSY, [fault]).day(after(14))


def test_taste_shift_turns_the_taste_of_that_share() -> None:
    clean, faulty = broken(FaultKind.TASTE_SHIFT, 0.3)
    moved = (clean.truth.tastes != faulty.truth.tastes).any(axis=1)
    assert moved.mean() == pytest.approx(0.3, abs=0.06)


def test_slow_decay_turns_everybody_a_little_more_each_day() -> None:
    shop, clean = Shop(BUSY, [Fault(FaultKind.SLOW_DECAY, after(1), 0.05)]), Shop(BUSY)
    away = []
    for number in (0, 1, 10, 20):
        old, new = clean.day(after(number)).truth.tastes, shop.day(after(number)).truth.tastes
        away.append(float(np.abs(old - new).mean()))
    assert away[0] == 0
    assert away[0] < away[1] < away[2] < away[3]


def test_price_shift_raises_all_prices_at_once_and_sells_less(month: list[ShopDay]) -> None:
    shifted = Shop(BUSY, [Fault(FaultKind.PRICE_SHIFT, after(10), 0.3)])
    assert len(shifted.day(after(10)).items.item) == shifted.day(after(10)).truth.n_items
    clean = EventLog.concatenate([day.events for day in month[11:31]])
    faulty = EventLog.concatenate([day.events for day in shifted.days(after(11), after(30))])
    assert np.median(faulty.price) > 1.1 * np.median(clean.price)
    assert (faulty.kind == PURCHASE).sum() < 0.85 * (clean.kind == PURCHASE).sum()


def test_broken_feed_loses_rows_and_values_and_heals() -> None:
    clean, faulty = broken(FaultKind.BROKEN_FEED, 0.5)
    assert len(faulty.events) == pytest.approx(0.5 * len(clean.events), rel=0.1)
    assert np.isnan(faulty.events.price).mean() == pytest.approx(0.5, abs=0.08)
    assert (faulty.events.user == ANONYMOUS).mean() > 0.45
    clean, healed = broken(FaultKind.BROKEN_FEED, 0.5, days=2)
    assert rows(healed) == rows(clean)


def test_bots_make_their_share_of_the_traffic() -> None:
    clean, faulty = broken(FaultKind.BOT_TRAFFIC, 0.2)
    assert len(clean.events) / len(faulty.events) == pytest.approx(0.8, abs=0.02)
    users, counts = np.unique(faulty.events.user[faulty.events.kind == VIEW], return_counts=True)
    loudest = np.sort(counts[users != ANONYMOUS])[-5:]
    assert loudest.sum() > 0.15 * len(faulty.events)
