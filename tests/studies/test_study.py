"""A small shop through every scenario: what comes out, and that it comes out again."""

from __future__ import annotations

import numpy as np
import pytest

from include.demo_shop import ShopConfig
from include.drift_policy import load_drift_policy
from include.monitoring.verdict import Kind
from studies.night import best
from studies.plot import draw_shop
from studies.report import as_text, first_night, summarise
from studies.run import QUIET, SCENARIOS, STABLE_NIGHTS_A_SHOP, ShopRuns, open_shop, run_shop

CONFIG = ShopConfig(users=500, items=250)
POLICY = load_drift_policy()
SHARES = (
    "bad_model_rolled_back_within_1_night",
    "taste_shift_retrained_within_3_nights",
    "decay_found_in_time",
    "broken_feed_held",
)


@pytest.fixture(scope="module")
def shop() -> ShopRuns:
    return run_shop(0, 1, POLICY, CONFIG)


def test_a_bad_model_is_rolled_back_and_a_broken_feed_held(shop: ShopRuns) -> None:
    figures = summarise([shop])
    assert figures["bad_model_rolled_back_within_1_night"] == 1.0
    assert figures["broken_feed_held"] == 1.0
    assert figures["rollbacks_because_of_bots"] == 0
    assert all(0 <= figures[name] <= 1 for name in SHARES)
    assert figures["stable_nights"] == STABLE_NIGHTS_A_SHOP
    assert figures["confusion"]["broken_feed"]["hold"] >= 3
    assert set(figures["purchases_lost"]) == {scenario.name for scenario in SCENARIOS}


def test_the_rollback_saves_the_shoppers_what_the_bad_model_takes(shop: ShopRuns) -> None:
    lost = summarise([shop])["purchases_lost"]["bad_model"]
    assert lost["unwatched"] < 0.8 * lost["stable_twin"]
    assert lost["watched"] > 0.85 * lost["stable_twin"]


def test_faults_show_from_their_first_night_on(shop: ShopRuns) -> None:
    stable, broken = shop.unwatched["stable"], shop.unwatched["bad_model"]
    assert broken[0].share < 0.6 * stable[0].share
    assert first_night(shop.watched["bad_model"], Kind.ROLLBACK) == 1
    assert [record.verdict for record in shop.unwatched["stable"]] == [None] * len(stable)


def test_the_same_seed_gives_the_same_nights(shop: ShopRuns) -> None:
    again = open_shop(0, 1, POLICY, CONFIG)
    assert list(again.run(QUIET, watched=True)) == shop.quiet


def test_the_figures_are_read_by_people(shop: ShopRuns) -> None:
    text = as_text(summarise([shop]))
    assert "false actions" in text and "stable twin" in text
    plot = draw_shop(shop)
    assert plot.startswith("<svg") and plot.count('id="curve-') >= 3 * (len(SCENARIOS) - 1)


def test_best_is_a_sorted_prefix() -> None:
    scores = np.random.default_rng(1).standard_normal((20, 60)).astype(np.float32)
    assert (best(scores, 5) == np.argsort(-scores, axis=1)[:, :5]).all()
