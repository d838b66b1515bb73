import pytest

from include.evaluation.training_data import compare_data
from include.features import TrainingSet
from tests.training_sets import Pair, make_training_set

PAIRS = [Pair("ann", "cup"), Pair("bob", "mug"), Pair("bob", "cup"), Pair("eve", "pan")]
FEATURES = [("cup", "category:a"), ("mug", "category:a"), ("pan", "category:b")]


def make(pairs: list[Pair] = PAIRS, features: list[tuple[str, str]] = FEATURES) -> TrainingSet:
    return make_training_set(pairs, item_features=features)


def test_equal_data_is_all_there_and_carries_the_same() -> None:
    assert compare_data(make(), make()) == {"interactions": 1.0, "features": 1.0}


def test_half_a_feed_and_other_features_show() -> None:
    found = compare_data(make(PAIRS[:2], FEATURES[:2]), make())
    assert found == {"interactions": 0.5, "features": 1.0}
    swapped = [("cup", "category:b"), ("mug", "category:a"), ("pan", "category:a")]
    assert compare_data(make(features=swapped), make())["features"] == pytest.approx(1 / 5)


def test_items_and_kinds_of_features_that_only_one_has_do_not_count() -> None:
    more = [*PAIRS, Pair("ann", "rug")]
    extended = [*FEATURES, ("rug", "category:a"), ("cup", "word:BLUE")]
    assert compare_data(make(more, extended), make())["features"] == 1.0
    assert compare_data(make(features=[("cup", "word:BLUE")]), make())["features"] is None
