import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.errors import MissingArtifactError, ValidationError
from include.features import load_training_set, training_set_from_tables
from include.lake import Artifact, Lake, Manifest
from tests.commits import commit_all
from tests.training_sets import RUN_DATE, Pair, make_tables, make_training_set

PAIRS = [
    Pair("bea", "mug", weight_before=0.5, weight_all=0.25, bought_on=dt.date(2026, 1, 1)),
    Pair("ann", "mug", weight_before=0, weight_all=1, n_before=0, n_after=2),
    Pair("ann", "cup", weight_before=1, weight_all=0, n_before=1, bought_on=None),
]


def test_ids_are_sorted_and_positions_follow_them() -> None:
    training_set = make_training_set(PAIRS, users={"abe": "France"})
    assert training_set.user_ids.tolist() == ["abe", "ann", "bea"]
    assert training_set.segments.tolist() == ["France", "everybody", "everybody"]
    assert training_set.item_ids.tolist() == ["cup", "mug"]
    assert training_set.interactions.users.tolist() == [1, 1, 2]
    assert training_set.interactions.items.tolist() == [0, 1, 1]


def test_a_matrix_holds_the_weights_of_its_period_and_no_zeros() -> None:
    training_set = make_training_set(PAIRS)
    before, whole = training_set.matrix("before"), training_set.matrix("all")
    assert before.toarray().tolist() == [[1, 0], [0, 0.5]]
    assert whole.toarray().tolist() == [[0, 1], [0, 0.25]]
    assert (before.nnz, whole.nnz, whole.dtype) == (2, 2, np.float32)


def test_targets_are_bought_after_the_cutoff_and_never_before() -> None:
    training_set = make_training_set([*PAIRS, Pair("bea", "cup", n_before=1, n_after=1)])
    assert training_set.targets().toarray().tolist() == [[False, True], [False, False]]


def test_targets_of_the_early_period_are_bought_before_the_cutoff_and_repeats_count_where_asked() -> None:
    pairs = [Pair("ann", "cup", n_early=0, n_after_early=1), Pair("ann", "mug", n_early=2, n_after_early=3, n_after=1)]
    training_set = make_training_set(pairs)
    assert training_set.targets("early").toarray().tolist() == [[True, False]]
    assert training_set.targets("early", repeats=True).toarray().tolist() == [[True, True]]
    assert training_set.targets("before", repeats=True).toarray().tolist() == [[False, True]]


def test_a_snapshot_is_what_was_known_on_its_day() -> None:
    later = dt.date(2026, 1, 25)
    pairs = [Pair("ann", "cup", n_before=2, n_after=1, bought_on=later), Pair("ann", "mug", n_before=0, n_after=1)]
    training_set = make_training_set(pairs)
    early, before, whole = (training_set.at(period) for period in ("early", "before", "all"))
    assert [each.day for each in (early, before, whole)] == [dt.date(2026, 1, 3), dt.date(2026, 1, 17), RUN_DATE]
    assert before.bought.toarray().tolist() == [[2, 0]]
    assert whole.bought.toarray().tolist() == [[3, 1]]
    assert whole.bought_on.tolist() == [later, RUN_DATE]
    assert (before.shape, before.popularity.tolist()) == ((1, 2), [1, 0])


def test_a_training_set_of_a_former_release_is_named() -> None:
    tables = make_tables(PAIRS)
    tables["interactions"] = tables["interactions"].drop_columns(["weight_early"])
    with pytest.raises(MissingArtifactError, match="have no weight_early"):
        training_set_from_tables(tables, run_date=RUN_DATE, cutoff=RUN_DATE)


def test_an_id_that_numpy_would_cut_off_is_refused() -> None:
    tables = make_tables([Pair("a", "x", n_before=1), Pair("a\0", "x", n_before=1)])
    with pytest.raises(ValidationError, match=r"user_id 'a\\x00' of the training set ends with U\+0000"):
        training_set_from_tables(tables, run_date=RUN_DATE, cutoff=RUN_DATE)


def test_seen_knows_periods() -> None:
    training_set = make_training_set(PAIRS)
    assert training_set.seen("before").toarray().tolist() == [[True, False], [False, True]]
    assert training_set.seen().toarray().tolist() == [[False, True], [False, True]]


def test_what_was_had_lately_depends_on_the_event_type() -> None:
    looked = {"weight_all": 0, "n_before": 0, "bought_on": None}
    pairs = [
        *PAIRS,
        Pair("abe", "cup", carted_on=dt.date(2026, 1, 20), viewed_on=dt.date(2026, 1, 31), **looked),
        Pair("abe", "mug", viewed_on=dt.date(2026, 1, 25), **looked),
    ]
    training_set = make_training_set(pairs)

    def had(**since: dt.date) -> list[list[int]]:
        return training_set.at("all").had_since(since).toarray().astype(int).tolist()

    assert had(purchase=dt.date.min) == [[0, 0], [0, 1], [0, 1]]
    assert had(purchase=dt.date(2026, 1, 1)) == [[0, 0], [0, 1], [0, 1]]
    assert had(purchase=dt.date(2026, 1, 2)) == [[0, 0], [0, 1], [0, 0]]
    assert had(cart=dt.date(2026, 1, 20)) == [[1, 0], [0, 0], [0, 0]]
    assert had(cart=dt.date(2026, 1, 21), view=dt.date(2026, 1, 26)) == [[1, 0], [0, 0], [0, 0]]
    assert had(view=dt.date.min, purchase=dt.date.min) == [[1, 1], [0, 1], [0, 1]]


def test_feature_rows_hold_identity_and_side_features_and_sum_to_one() -> None:
    training_set = make_training_set(PAIRS, item_features=[("mug", "category:MUG"), ("mug", "price_band:1")])
    features = training_set.item_features
    assert features.names.tolist() == ["item_id:cup", "item_id:mug", "category:MUG", "price_band:1"]
    np.testing.assert_allclose(features.matrix.toarray(), [[1, 0, 0, 0], [0, 1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)


def test_unknown_values_have_one_form_each() -> None:
    training_set = make_training_set(PAIRS, items={"mug": {"category": "MUG", "price": 2.5, "in_stock": False}})
    assert training_set.categories.tolist() == ["", "MUG"]
    assert np.isnan(training_set.prices[0])
    assert training_set.in_stock.tolist() == [True, False]
    assert training_set.interactions.days["all"]["purchase"].tolist() == [None, RUN_DATE, dt.date(2026, 1, 1)]


def test_nothing_at_all_still_loads() -> None:
    training_set = make_training_set([])
    assert (training_set.n_users, training_set.n_items) == (0, 0)
    assert training_set.matrix("all").shape == (0, 0)
    assert training_set.popularity["all"]["everybody"].items.tolist() == []


def commit(lake: Lake, tables: dict[str, pa.Table]) -> Manifest:
    _, root = lake.filesystem()
    for name, table in tables.items():
        lake.write_bytes(f"staged/{name}/x", b"")
        pq.write_table(table, f"{root}/staged/{name}/part.parquet")
        lake.delete(f"staged/{name}/x")
    dates = {"run_date": "2026-01-31", "cutoff": "2026-01-17"}
    return commit_all(lake, "staged", "training_sets/t", fingerprint="f", details=dates)


def test_loading_returns_what_was_written(lake: Lake) -> None:
    tables = make_tables(PAIRS)
    manifest = commit(lake, {**tables, "interactions": tables["interactions"][::-1]})
    training_set = load_training_set(Artifact(lake, "training_sets/t", manifest))
    expected = make_training_set(PAIRS)
    assert (training_set.run_date, training_set.cutoff) == (RUN_DATE, dt.date(2026, 1, 17))
    np.testing.assert_array_equal(training_set.matrix("all").toarray(), expected.matrix("all").toarray())
    np.testing.assert_array_equal(training_set.buyers["all"], expected.buyers["all"])


def test_a_missing_part_is_named(lake: Lake) -> None:
    tables = make_tables(PAIRS)
    del tables["popularity"]
    manifest = commit(lake, tables)
    with pytest.raises(MissingArtifactError, match="popularity"):
        load_training_set(Artifact(lake, "training_sets/t", manifest))
