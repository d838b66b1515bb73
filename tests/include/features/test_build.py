"""The training set's tables, from exact small tables of events, items and users."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from pyspark.sql import SparkSession

from include.errors import ConfigurationError
from include.features.build import TrainingFrames, training_frames
from include.features.catalogue import ITEM_SCHEMA, USER_SCHEMA
from include.features.interactions import EVENT_SCHEMA, periods
from include.features.reference import histograms, histograms_by_day
from include.policy import Policy, load_policy

pytestmark = pytest.mark.spark

Rows = Sequence[tuple[Any, ...]]
Build = Callable[..., "Built"]

RUN_DATE = dt.date(2026, 1, 31)
POLICY = load_policy(
    {
        "features": {
            "window_days": 100,
            "half_life_days": 10,
            "popularity_days": 14,
            "min_feature_count": 2,
            "price_bands": 2,
            "item_features": ["category", "price_band", "title_words", "attribute:brand"],
            "user_features": ["segment", "attribute:club"],
        },
        "evaluation": {"holdout_days": 10},
    }
)


def day(number: int) -> dt.date:
    """Return the day so many days before the run date."""
    return RUN_DATE - dt.timedelta(days=number)


def event(
    user: str | None,
    item: str,
    kind: str,
    age: int,
    quantity: float = 1,
    price: float | None = 2.0,
    delivered: int | None = None,
) -> tuple[Any, ...]:
    stamp = dt.datetime.combine(day(age), dt.time(23, 59), dt.UTC)
    return (user, item, kind, stamp, float(quantity), price, day(age if delivered is None else delivered))


def item(
    item_id: str, title: str = "", category: str | None = None, price: float | None = None, **rest: Any
) -> tuple[Any, ...]:
    return (
        item_id,
        title or item_id,
        category,
        price,
        rest.get("in_stock", True),
        rest.get("launched_on"),
        rest.get("attributes"),
        rest.get("updated_ts"),
        rest.get("absent"),
        rest.get("delivered", day(50)),
    )


def user(
    user_id: str, segment: str | None = None, updated: int | None = None, delivered: int = 50, **attributes: str
) -> tuple[Any, ...]:
    stamp = None if updated is None else dt.datetime.combine(day(updated), dt.time(), dt.UTC)
    return (user_id, segment, attributes or None, stamp, None, day(delivered))


class Built:
    """A training set's tables, each collected when it is looked at."""

    def __init__(self, training: TrainingFrames) -> None:
        self.training = training
        self.collected: dict[str, list[dict[str, Any]]] = {}

    def table(self, name: str) -> list[dict[str, Any]]:
        if name not in self.collected:
            self.collected[name] = [row.asDict() for row in self.training.tables[name].collect()]
        return self.collected[name]

    @property
    def users(self) -> dict[str, dict[str, Any]]:
        return {row["user_id"]: row for row in self.table("users")}

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        return {row["item_id"]: row for row in self.table("items")}

    def pair(self, user_id: str, item_id: str) -> dict[str, Any] | None:
        key = (self.users[user_id]["user_index"], self.items[item_id]["item_index"])
        found = [row for row in self.table("interactions") if (row["user_index"], row["item_index"]) == key]
        return found[0] if found else None

    def features(self, side: str, identifier: str) -> set[str]:
        index = (self.users if side == "user" else self.items)[identifier][f"{side}_index"]
        return {row["feature"] for row in self.table(f"{side}_features") if row[f"{side}_index"] == index}

    def popular(self, segment: str) -> list[tuple[str, float, float]]:
        names = {row["item_index"]: row["item_id"] for row in self.table("items")}
        rows = sorted((r for r in self.table("popularity") if r["segment"] == segment), key=lambda r: r["rank"])
        scores = [(names[row["item_index"]], row["score_before"], row["score_all"]) for row in rows]
        return [row for row in scores if any(row[1:])]


@pytest.fixture
def build(spark: SparkSession) -> Iterator[Build]:
    """Build from rows of events, items and users; what Spark keeps of it goes when the test ends."""
    with contextlib.ExitStack() as stack:

        def build(
            events: Rows,
            items: Rows = (),
            users: Rows = (),
            policy: Policy = POLICY,
            fresh: dt.date | None = None,
            whole: dict[str, dt.date] | None = None,
        ) -> Built:
            tables = ((events, EVENT_SCHEMA), (items, ITEM_SCHEMA), (users, USER_SCHEMA))
            frames = [spark.createDataFrame(list(rows), schema) for rows, schema in tables]
            return Built(
                stack.enter_context(
                    training_frames(*frames, periods(RUN_DATE, policy, fresh, 0.3), policy, whole or {})
                )
            )

        yield build


def test_weights_decay_towards_the_end_of_each_period(build: Build) -> None:
    events = [event("u", "a", "purchase", 20), event("u", "a", "view", 10), event("u", "b", "purchase", 0)]
    built = build(events)
    pair = built.pair("u", "a")
    assert pair["weight_before"] == pytest.approx(0.5 + 0.2)  # the cutoff is 10 days before the run date
    assert pair["weight_all"] == pytest.approx(0.25 + 0.1)
    assert (pair["n_before"], pair["n_after"]) == (1, 0)
    assert pair["bought_on"] == day(20)
    other = built.pair("u", "b")
    assert (other["weight_before"], other["weight_all"], other["n_before"], other["n_after"]) == (0, 1, 0, 1)


def test_a_fresh_fit_lets_older_events_weigh_less(build: Build) -> None:
    events = [event("u", "a", "purchase", 20), event("u", "b", "purchase", 0)]
    built = build(events, fresh=day(5))
    old, new = built.pair("u", "a"), built.pair("u", "b")
    assert old is not None and new is not None
    assert old["weight_all"] == pytest.approx(0.3 * 0.25)
    assert (old["n_before"], new["weight_all"]) == (1, 1)


def test_what_a_user_looked_at_is_kept_beside_what_they_bought(build: Build) -> None:
    events = [event("u", "a", "cart", 7), event("u", "a", "cart", 9), event("u", "a", "view", 5)]
    events += [event("v", "a", kind, age) for kind, age in (("purchase", 20), ("return", 19), ("view", 30))]
    silent = POLICY.model_copy(
        update={"features": POLICY.features.model_copy(update={"event_weights": {"purchase": 1.0}})}
    )
    built = build(events, policy=silent)
    pair, undone = built.pair("u", "a"), built.pair("v", "a")
    assert (pair["carted_on"], pair["viewed_on"], pair["bought_on"], pair["weight_all"]) == (day(7), day(5), None, 0)
    assert (undone["carted_on"], undone["viewed_on"], undone["bought_on"]) == (None, day(30), None)


def test_days_outside_the_window_do_not_count(build: Build) -> None:
    events = [event("u", "a", "purchase", 99), event("u", "old", "purchase", 100, delivered=0)]
    events.append(event("u", "future", "purchase", -1, delivered=0))
    built = build(events)
    assert set(built.items) == {"a"}


def test_returns_undo_purchases_in_each_period_by_itself(build: Build) -> None:
    events = [
        *[event("kept", "a", kind, age, n) for kind, age, n in [("purchase", 20, 3), ("return", 19, 2)]],
        *[event("undone", "a", kind, age, n) for kind, age, n in [("purchase", 19, 0.3), ("return", 18, 0.3)]],
        *[event("later", "a", kind, age) for kind, age in [("purchase", 20), ("return", 5)]],
        *[event("again", "a", kind, age) for kind, age in [("purchase", 20), ("return", 19), ("purchase", 5)]],
        event("only", "a", "return", 20),
        event("looked", "a", "view", 20),
    ]
    built = build(events)
    numbers = {name: built.pair(name, "a") for name in built.users}
    assert numbers["kept"]["n_before"] == 1
    assert numbers["kept"]["weight_all"] > 0
    assert numbers["undone"] is None
    assert numbers["only"] is None
    later, again, looked = numbers["later"], numbers["again"], numbers["looked"]
    assert (later["n_before"], later["weight_all"], later["bought_on"]) == (1, 0, None)
    assert (again["weight_before"], again["n_before"], again["n_after"], again["bought_on"]) == (0, 0, 1, day(5))
    assert (looked["weight_before"], looked["n_before"], looked["bought_on"]) == (pytest.approx(0.1), 0, None)


def test_the_early_period_ends_a_holdout_before_the_cutoff(build: Build) -> None:
    ages = {"early": 20, "validation": 19, "holdout": 9}
    events = [event(name, "a", "purchase", age) for name, age in ages.items()]
    events += [*[event("often", "a", "purchase", age) for age in (30, 15, 14, 5)], event("back", "a", "purchase", 25)]
    events.append(event("back", "a", "return", 12))
    built = build(events)
    columns = ("n_early", "n_after_early", "n_before", "n_after", "n_all")
    numbers = {name: tuple(built.pair(name, "a")[column] for column in columns) for name in built.users}
    assert numbers == {
        "early": (1, 0, 1, 0, 1),
        "validation": (0, 1, 1, 0, 1),
        "holdout": (0, 0, 0, 1, 1),
        "often": (1, 2, 3, 1, 4),
        "back": (1, 0, 0, 0, 0),
    }
    often = built.pair("often", "a")
    assert (often["bought_on_early"], often["bought_on_before"], often["bought_on"]) == (day(30), day(14), day(5))
    assert often["weight_early"] == pytest.approx(0.5)
    assert built.items["a"]["popularity_early"] == 3


def test_one_absurd_quantity_does_not_stop_the_night(build: Build) -> None:
    built = build([event("u", "a", "purchase", 3, 1e300), event("u", "a", "purchase", 3, 1e300)])
    assert built.pair("u", "a")["n_after"] == 2


def test_users_and_items_come_from_tables_and_events_in_the_order_of_their_ids(build: Build) -> None:
    built = build(
        [event("b", "y", "purchase", 3), event(None, "z", "purchase", 3)],
        [item("x", launched_on=day(2)), item("y", "Yarn", delivered=day(40))],
        [user("c", "France"), user("a", " ")],
    )
    assert [(u, row["user_index"], row["segment"]) for u, row in built.users.items()] == [
        ("a", 0, "everybody"),
        ("b", 1, "everybody"),
        ("c", 2, "France"),
    ]
    assert [(i, row["item_index"], row["title"]) for i, row in built.items.items()] == [
        ("x", 0, "x"),
        ("y", 1, "Yarn"),
        ("z", 2, "z"),
    ]
    assert [row["first_seen_on"] for row in built.items.values()] == [day(2), day(40), day(3)]
    assert built.items["y"]["in_stock"] is True
    assert built.items["z"]["in_stock"] is False, "what has no name cannot be recommended"


def test_the_latest_row_wins(build: Build) -> None:
    stamp = dt.datetime.combine(day(5), dt.time(), dt.UTC)
    items = [
        item("a", "new", updated_ts=stamp, delivered=day(9)),
        item("a", "old", updated_ts=stamp - dt.timedelta(1), delivered=day(1)),
        item("b", "undated", delivered=day(1)),
        item("b", "dated", updated_ts=stamp, delivered=day(2)),
        item("c", "earlier", in_stock=True, delivered=day(2)),
        item("c", "later", in_stock=False, delivered=day(1)),
    ]
    built = build([event("u", "a", "purchase", 3)], items)
    assert {name: row["title"] for name, row in built.items.items()} == {"a": "new", "b": "dated", "c": "later"}
    assert built.items["c"]["in_stock"] is False


def test_what_is_absent_stays_and_what_is_empty_does_not(build: Build) -> None:
    stock = {"in_stock": False, "absent": ["title", "category", "price", "brand"]}
    items = [
        item("a", "Mug", "MUG", 4.0, attributes={"brand": "Ox"}, delivered=day(9)),
        item("a", "", None, None, delivered=day(1), **stock),
        item("b", "Mug", "MUG", 4.0, attributes={"brand": "Ox"}, delivered=day(9)),
        item("b", "Mug", None, None, delivered=day(1)),
        item("c", "", None, None, delivered=day(1), **{**stock, "in_stock": True}),
    ]
    policy = load_policy({"features": {"item_features": ["attribute:brand"], "min_feature_count": 1}})
    built = build([event("u", "a", "purchase", 3)], items, policy=policy)
    chosen = ("title", "category", "price", "in_stock")
    assert {name: tuple(row[key] for key in chosen) for name, row in built.items.items()} == {
        "a": ("Mug", "MUG", 4.0, False),
        "b": ("Mug", None, None, True),
        "c": ("c", None, None, False),
    }
    assert [built.features("item", name) for name in "abc"] == [{"brand:Ox"}, set(), set()]


def test_what_is_not_in_the_whole_delivery_any_more_is_gone(build: Build) -> None:
    items = [item("a", delivered=day(2)), item("b", delivered=day(2)), item("a", delivered=day(1))]
    users = [user("u", delivered=2), user("v", delivered=2), user("u", delivered=1), user("w", delivered=2)]
    events = [event("v", "b", "purchase", 1), event("u", "b", "purchase", 1), event("x", "a", "view", 1)]
    built = build(events, items, users, whole={"items": day(1), "users": day(1)})
    assert {name: row["in_stock"] for name, row in built.items.items()} == {"a": True, "b": False}
    assert set(built.users) == {"u", "x"}
    changes = build(events, items, users)
    assert {name: row["in_stock"] for name, row in changes.items.items()} == {"a": True, "b": True}
    assert set(changes.users) == {"u", "v", "w", "x"}


def test_what_all_buyers_sent_back_is_not_popular(build: Build) -> None:
    events = [event(f"u{n}", "kettle", kind, age) for n in range(6) for kind, age in (("purchase", 3), ("return", 1))]
    events += [event(None, "kettle", kind, 2) for kind in ("purchase", "purchase", "return")]
    events += [event(f"u{n}", "mug", "purchase", 3) for n in range(2)]
    events += [event("u0", "jug", "purchase", 3, 2), event("u0", "jug", "return", 1, 1)]
    events += [event("u1", "pot", "return", 1), event(None, "pan", "return", 1)]
    built = build(events)
    assert built.popular("everybody") == [("mug", 0, 2), ("jug", 0, 1), ("kettle", 0, 1)]


def test_popularity_counts_each_user_once_and_each_anonymous_event(build: Build) -> None:
    events = [
        *[event("u", "a", "purchase", 1)] * 3,
        event("v", "a", "purchase", 13),
        event("v", "b", "purchase", 14),  # before the popularity window of the run date, in that of the cutoff
        *[event(None, "b", "purchase", 2)] * 3,
        event("u", "b", "view", 2),
        event("u", "old", "purchase", 24),
    ]
    built = build(events, users=[user("u", "France")])
    assert built.popular("everybody") == [("b", 1, 3), ("a", 1, 2)]
    assert built.popular("France") == []  # too few buyers for a list of their own
    assert {name: row["popularity_all"] for name, row in built.items.items()} == {"a": 2, "b": 3, "old": 0}
    assert {name: row["popularity_before"] for name, row in built.items.items()} == {"a": 1, "b": 1, "old": 0}


def test_a_segment_with_enough_buyers_has_its_own_list(build: Build) -> None:
    events = [
        event(f"u{n}", item_id, "purchase", 1) for n in range(60) for item_id in ("a", "b") if n or item_id == "b"
    ]
    users = [user(f"u{n}", "France") for n in range(60)]
    built = build([*events, *[event(None, "a", "purchase", 1)] * 9], users=users)
    assert [name for name, _, _ in built.popular("France")] == ["b", "a"]
    assert [name for name, _, _ in built.popular("everybody")] == ["a", "b"]


def test_side_features_are_those_that_enough_rows_carry(build: Build) -> None:
    items = [
        item("a", "Red mug, the red one", "MUG", 1.0, attributes={"brand": "Ox"}),
        item("b", "RED cup", "MUG", 5.0, attributes={"brand": "Ox"}),
        item("c", "blue", "CUP", None, attributes={"brand": " "}),
        item("d", "green"),
    ]
    users = [user("u", "France", club="yes"), user("v", "France", club="no"), user("w", "Spain", club="yes"), user("x")]
    built = build([event("u", "a", "purchase", 1)], items, users)
    assert built.features("item", "a") == {"word:RED", "category:MUG", "brand:Ox"}
    assert built.features("item", "b") == {"word:RED", "category:MUG", "brand:Ox"}  # alone in its price band
    assert built.features("item", "c") == set()
    assert built.features("user", "u") == {"segment:France", "club:yes"}
    assert built.features("user", "w") == {"club:yes"}
    assert built.features("user", "x") == set()


def test_equal_prices_share_a_band(build: Build) -> None:
    items = [item(name, price=price) for name, price in zip("abcdef", [1.0, 1.0, 1.0, 7.0, 7.0, None], strict=True)]
    built = build([event("u", "a", "purchase", 1)], items)
    bands = {name: built.features("item", name) for name in "abcdef"}
    assert bands == {name: {"price_band:0"} if name in "abc" else {"price_band:1"} for name in "abcde"} | {"f": set()}


@pytest.mark.parametrize("setting", ["item_features", "user_features"])
def test_a_feature_that_does_not_exist_is_named(build: Build, setting: str) -> None:
    policy = load_policy({"features": {setting: ["colour"]}})
    with pytest.raises(ConfigurationError, match=rf"{setting} names 'colour'.*attribute:<name>"):
        build([event("u", "a", "purchase", 1)], policy=policy)


def test_histograms_count_what_was_delivered_lately(build: Build) -> None:
    events = [
        event("u", "a", "purchase", 20, price=4.0, delivered=13),
        event(None, "b", "view", 3, price=None),
        event("u", "a", "purchase", 14),
    ]
    built = build(events, [item("a", category="MUG")], [user("u", "France")])
    rows = [tuple(row) for row in built.training.histograms.collect()]
    whole = histograms(rows)
    assert whole == {
        "event_type": {"purchase": 1, "view": 1},
        "category": {"MUG": 1, "unknown": 1},
        "price": {"4.0000": 1, "unknown": 1},
        "segment": {"France": 1, "unknown": 1},
        "user_id": {"known": 1, "unknown": 1},
    }
    days = histograms_by_day(rows, whole)
    assert sum(len(day) for day in days.values()) == 5 * len(days)
    assert [sum(day["event_type"].values()) for day in days.values()] == [1] * len(days)


def test_rare_values_of_a_histogram_are_counted_together() -> None:
    counted = histograms([(RUN_DATE, "category", f"c{n:03}", n) for n in range(103)])["category"]
    assert len(counted) == 101
    assert counted["other"] == 0 + 1 + 2
