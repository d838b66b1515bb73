from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from scipy import sparse

import include.ranking.distribute as distribute
from include.model.factors import Factors
from include.ranking import Catalogue, Shoppers, shelves
from include.ranking.reasons import unit_vectors
from tests.include.ranking.test_shelf import popularity

N_USERS, N_ITEMS = 30, 5


def night() -> tuple[Catalogue, Shoppers]:
    random = np.random.default_rng(5)
    vectors = random.normal(size=(N_ITEMS, 3)).astype(np.float32)
    catalogue = Catalogue(
        item_ids=np.array(["cup", "mug", "pan", "pot", "rug"]),
        items=Factors(vectors, np.zeros(N_ITEMS, np.float32), np.ones(N_ITEMS, bool)),
        units=unit_vectors(vectors),
        allowed=np.ones(N_ITEMS, bool),
        is_new=np.zeros(N_ITEMS, bool),
        categories=np.full(N_ITEMS, -1, np.int32),
        popularity={"everybody": popularity(rug=5, pan=3)},
        top_n=3,
        max_per_category=2,
    )
    had = sparse.csr_matrix(random.random((N_USERS, N_ITEMS)) < 0.3)
    shoppers = Shoppers(
        user_ids=np.array([f"u{number:02}" for number in range(N_USERS)]),
        segments=np.full(N_USERS, "France"),
        users=Factors(
            random.normal(size=(N_USERS, 3)).astype(np.float32),
            np.zeros(N_USERS, np.float32),
            np.arange(N_USERS) % 4 > 0,
        ),
        seen=had,
        history=had,
    )
    return catalogue, shoppers


@pytest.mark.spark
@pytest.mark.parametrize("size", [4, 1000])
def test_spark_gives_the_lists_that_one_process_gives(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(distribute, "USERS_AT_ONCE", size)
    catalogue, shoppers = night()
    before = spark.conf.get("spark.sql.execution.arrow.maxRecordsPerBatch")
    frame = distribute.recommend(spark, catalogue, shoppers)
    expected = pa.Table.from_batches([shelves(catalogue, shoppers)])
    found = frame.toArrow().cast(expected.schema)
    assert found.drop(["scores"]).equals(expected.drop(["scores"]))
    # The last bit of a score may depend on who is scored together: chunks have a fixed size for that.
    scores = [table["scores"].combine_chunks().flatten().to_numpy() for table in (found, expected)]
    np.testing.assert_allclose(*scores, rtol=1e-5, atol=1e-6)
    assert spark.conf.get("spark.sql.execution.arrow.maxRecordsPerBatch") == before


def test_users_are_split_in_their_order() -> None:
    _, shoppers = night()
    parts = list(distribute.split(shoppers, 8))
    assert [len(part.user_ids) for part in parts] == [8, 8, 8, 6]
    assert np.concatenate([part.user_ids for part in parts]).tolist() == shoppers.user_ids.tolist()
