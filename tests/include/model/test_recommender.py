from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from include.errors import MissingArtifactError
from include.model import Recommender, Terms
from include.model.factors import Factors, FeatureEmbeddings, HybridModel
from include.model.recommender import demote_unknown, standardised, standardised_popularity
from include.ranking import top_n
from tests.training_sets import RUN_DATE, Pair, make_training_set

SHOP = make_training_set(
    [
        Pair("ann", "cup", n_before=1, n_after=2),
        Pair("ann", "mug"),
        Pair("ann", "pan", weight_all=0, n_before=0, bought_on=None, viewed_on=RUN_DATE),
        Pair("bea", "cup", bought_on=RUN_DATE.replace(day=21)),
    ],
    users={"new": "everybody"},
    items={"pot": {}},
    user_features=[("ann", "club:yes"), ("new", "club:yes")],
).at("all")


def side(features: dict[str, list[float]], biases: list[float] | None = None) -> FeatureEmbeddings:
    return FeatureEmbeddings(
        np.array(list(features)),
        np.array(list(features.values()), np.float32),
        np.array(biases or [0.0] * len(features), np.float32),
        np.zeros(2, np.float32),
    )


MEMBER = HybridModel(
    side({"user_id:ann": [2, 0], "user_id:bea": [1, 1], "club:yes": [0, 4]}),
    side({"item_id:cup": [1, 0], "item_id:mug": [0, 1], "item_id:pan": [3, 2]}, [0, 1, -1]),
)


def test_scores_of_each_member_have_a_standard_deviation_of_one_and_add_up() -> None:
    model = Recommender(
        {"a": MEMBER, "b": MEMBER}, Terms({"a": 1.0, "b": 0.5}, popularity=0.25, cold={"a": 1.0, "b": 0.5})
    )
    users, items = model.factors(SHOP)
    raw = np.array([[1, 0], [0, 1], [3, 2]]) @ np.array([[1, 2], [1, 1], [0, 2]]).T + np.array([[0], [1], [-1]])
    counts = np.log1p(np.array([2, 1, 0, 0]))
    expected = 1.5 * (raw / raw.std(axis=0)).T + 0.25 * (counts / counts.std())[:3]
    np.testing.assert_allclose((users.vectors @ items.vectors.T + items.biases)[:, :3], expected, rtol=1e-5)
    assert users.known.all()
    assert items.known.tolist() == [True, True, True, False]


def test_a_member_weighs_the_more_the_longer_the_history() -> None:
    terms = Terms({"a": 1.0}, popularity=0.0, shrinkage=2.0, cold={"a": 0.2})
    model = Recommender({"a": MEMBER}, terms)
    np.testing.assert_allclose(model.weights("a", SHOP), [0.6, 0.2 + 0.8 / 3, 0.2], rtol=1e-6)
    plain = Recommender({"a": MEMBER}, Terms({"a": 1.0}, popularity=0.0))
    assert plain.weights("a", SHOP).tolist() == [1, 1, 0]


def test_where_no_member_says_anything_the_user_is_not_known() -> None:
    users, items = Recommender({"a": MEMBER}, Terms({"a": 1.0}, popularity=0.5)).factors(SHOP)
    assert users.known.tolist() == [True, True, False]
    assert not users.vectors[2].any()
    np.testing.assert_allclose(items.biases[:3], 0.5 * standardised_popularity(SHOP)[:3])
    alone = Recommender.popular().factors(SHOP)
    assert not alone[0].known.any() and alone[0].vectors.shape == (3, 0)
    assert np.argsort(-alone[1].biases, kind="stable").tolist() == [0, 1, 2, 3]


def test_a_user_whose_scores_are_all_equal_has_no_taste() -> None:
    flat = HybridModel(MEMBER.user, side({"item_id:cup": [1, 1], "item_id:mug": [1, 1]}))
    users, _ = standardised(flat, SHOP)
    assert not users.known.any() and not users.vectors.any()


def test_what_was_bought_before_scores_more_the_more_often() -> None:
    often = Recommender({}, Terms({}, 0.0, repurchase=3.0)).own_items(SHOP)
    np.testing.assert_allclose(often.toarray(), 3 * np.log1p([[3, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]), rtol=1e-6)
    assert Recommender.popular().own_items(SHOP).nnz == 0


def test_a_boost_is_added_to_the_items() -> None:
    boost = np.array([0, 0, 7, 0], np.float32)
    plain, boosted = (Recommender.popular().factors(SHOP, each)[1].biases for each in (None, boost))
    np.testing.assert_allclose(boosted - plain, boost)


def test_a_version_of_a_former_release_still_loads(tmp_path: Path) -> None:
    np.savez(tmp_path / "factors.npz", **MEMBER.to_arrays())
    loaded = Recommender.load(tmp_path)
    assert loaded.terms == Terms({"lightfm_hybrid": 1.0}, popularity=0.5, cold={"lightfm_hybrid": 1.0})
    np.testing.assert_array_equal(loaded.members["lightfm_hybrid"].item.embeddings, MEMBER.item.embeddings)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingArtifactError, match=r"factors\.npz does not exist"):
        Recommender.load(tmp_path)


def test_items_that_the_model_does_not_know_come_after_all_others() -> None:
    users = Factors(np.array([[-4.0], [4.0]], np.float32), np.zeros(2, np.float32), np.ones(2, bool))
    known = np.array([True, False, True])
    items = Factors(np.array([[2.0], [0.0], [-3.0]], np.float32), np.array([-1.0, 0.0, -1.0], np.float32), known)
    assert top_n(users, items, 3).items.tolist() == [[2, 1, 0], [0, 1, 2]]
    assert top_n(users, demote_unknown(items, users), 3).items.tolist() == [[2, 0, 1], [0, 2, 1]]


@pytest.mark.parametrize("known", [True, False])
def test_where_all_or_none_are_known_nothing_changes(known: bool) -> None:
    items = Factors(np.ones((2, 1), np.float32), np.ones(2, np.float32), np.full(2, known))
    assert demote_unknown(items, items) is items


def test_what_the_model_does_not_know_stays_last_however_popular_it_is() -> None:
    users = Factors(np.array([[1.0]], np.float32), np.zeros(1, np.float32), np.ones(1, bool))
    items = Factors(np.array([[-1.0], [0.0]], np.float32), np.array([-1.0, 9.0], np.float32), np.array([True, False]))
    assert top_n(users, demote_unknown(items, users), 2).items.tolist() == [[0, 1]]


def test_a_period_knows_nothing_of_what_comes_after_it() -> None:
    before = make_training_set([Pair("ann", "cup", n_before=1, n_after=2), Pair("ann", "mug", n_before=0)]).at("before")
    model = Recommender({}, Terms({}, 0.0, repurchase=1.0))
    np.testing.assert_allclose(model.own_items(before).toarray(), np.log1p([[1, 0]]), rtol=1e-6)
    assert replace(before, bought_on=before.bought_on).day < RUN_DATE
