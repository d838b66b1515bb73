"""Spark's ALS on a cluster of two workers: the same form of factors as every other model."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from include.features.matrix import FeatureMatrix
from include.model import Recommender, needs_spark
from include.policy import load_policy
from include.settings import PROJECT
from tests.include.model.worlds import N_ITEMS, N_USERS, make_policy, make_world
from tests.spark_clusters import running_cluster

WORLD = make_world()


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Recommender]]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    command = [sys.executable, "-m", "tests.include.model.spark_als_driver", str(folder)]
    with running_cluster(folder) as cluster:
        done = subprocess.run(
            command, cwd=PROJECT, env=cluster.environment(), capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:] + cluster.logs()
        assert json.loads(done.stdout) == cluster.url
    yield {period: Recommender.load(folder / period) for period in ("before", "all")}


@pytest.mark.spark
def test_it_learns_the_tastes(fitted: dict[str, Recommender]) -> None:
    users, items = fitted["all"].members["spark_als"].describe(WORLD.at("all"))
    scores, half_u, half_i = users.vectors @ items.vectors.T, N_USERS // 2, N_ITEMS // 2
    assert scores[:half_u, :half_i].mean() > scores[:half_u, half_i:].mean() + 0.2
    assert scores[half_u:-1, half_i:].mean() > scores[half_u:-1, :half_i].mean() + 0.2
    assert items.known.tolist() == [True] * (N_ITEMS - 1) + [False]


@pytest.mark.spark
def test_a_users_vector_solves_sparks_own_equations(fitted: dict[str, Recommender]) -> None:
    snapshot, policy = WORLD.at("all"), make_policy(trainer="spark_als")
    users, items = fitted["all"].members["spark_als"].describe(snapshot)
    own = snapshot.history[3]
    y, weights = items.vectors[own.indices].astype(float), policy.alpha * own.data.astype(float)
    trained = items.vectors[items.known].astype(float)
    left = trained.T @ trained + (y * weights[:, None]).T @ y + policy.regularization * own.nnz * np.eye(8)
    expected = np.linalg.solve(left, y.T @ (1 + weights))
    np.testing.assert_allclose(users.vectors[3], expected, rtol=0.02, atol=0.01)


@pytest.mark.spark
def test_a_user_who_came_later_gets_a_vector_and_one_without_a_history_none(fitted: dict[str, Recommender]) -> None:
    snapshot = WORLD.at("all")
    strangers = FeatureMatrix(snapshot.user_features.matrix, np.char.add("new-", snapshot.user_features.names))
    users, _ = fitted["all"].members["spark_als"].describe(replace(snapshot, user_features=strangers))
    assert users.known.tolist() == [True] * (N_USERS - 1) + [False]


@pytest.mark.spark
def test_the_periods_are_trained_apart(fitted: dict[str, Recommender]) -> None:
    before, whole = (fitted[period].members["spark_als"].item.embeddings for period in ("before", "all"))
    assert not np.array_equal(before, whole)


def test_spark_is_started_only_for_what_trains_on_it() -> None:
    assert not needs_spark(load_policy().model)
    assert needs_spark(load_policy({"model": {"trainer": "spark_als"}}).model)
    assert needs_spark(load_policy({"model": {"members": {"spark_als": {}, "ials": None}}}).model)
