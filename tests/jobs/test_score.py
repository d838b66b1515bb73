from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from include.contract import load_policy
from include.errors import ConfigurationError
from include.lake import Lake, open_lake
from include.lake.manifest import fingerprint
from include.model import Recommender
from include.model.factors import FeatureEmbeddings, HybridModel
from include.model.recommender import Terms
from include.night import scoring
from include.ranking.reasons import Reason
from include.serving.batch import open_batch
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, record_decision
from include.serving.load import combine, table_digest
from include.settings import Settings
from jobs import score as job
from jobs import train
from tests.databases import Database
from tests.jobs.nights import N_ITEMS, N_USERS, commit_training_set, make_pairs, with_policy
from tests.jobs.sparks import share_spark
from tests.training_sets import RUN_DATE

pytestmark = [pytest.mark.spark, pytest.mark.postgres]

METRICS = {"k": 5, "challenger": {"recall": 0.4}, "champion": {"recall": 0.3}, "popularity": {"recall": 0.2}}


def run(settings: Settings, folder: str, date: Any = RUN_DATE) -> Any:
    return job.run(settings, job.ScoreConfig(date, folder, ""))


def read(lake: Lake, folder: str) -> tuple[pa.Table, dict[str, Any]]:
    batch = open_batch(lake, folder)
    return pa.Table.from_batches(batch.lists()), batch.manifest.details


def decide(settings: Settings, version: str, kind: Any = "promote") -> None:
    decision = Decision(RUN_DATE, "main", kind, version, None, ["because"], METRICS, "f")
    with connect(settings.database_url, "test", role=WRITER) as connection:
        record_decision(connection, decision)


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch, spark: SparkSession) -> list[str]:
    return share_spark(monkeypatch, scoring, spark)


def test_the_champion_scores_everyone_once(tracked: Settings, database: Database, sessions: list[str]) -> None:
    settings = with_policy(
        tracked, database, ranking={"top_n": 10, "fallback_items": 7}, placements={"email": {"top_n": 4}}
    )
    lake = open_lake(settings.lake_uri)
    folder = commit_training_set(lake)
    decide(settings, train.run(settings, train.TrainConfig(folder))["model_version"])
    result = run(settings, folder)
    lists, details = read(lake, result["batch"])

    assert result["batch"] == f"batches/{result['batch_id']}"
    assert result["batch_id"].startswith("2026-01-31-")
    assert result["users"] == lists.num_rows == N_USERS
    kinds = open_batch(lake, result["batch"]).kinds
    digests = [
        table_digest(
            pa.Table.from_batches((some.cast(each.kind.schema) for some in each.read()), each.kind.schema), each.kind
        )
        for each in kinds
    ]
    assert result["checksum"] == details["checksum"] == combine(digests)
    assert {each.kind.name for each in kinds} >= {"recommendations", "similar_items", "audience", "placements"}
    assert details["lists"]["placements"] == {"lists": N_USERS, "full": N_USERS, "entries": 4 * N_USERS}
    assert lists["user_id"].to_pylist() == sorted(lists["user_id"].to_pylist())
    assert (details["model_version"], details["variant"], details["top_n"]) == ("1", "main", 10)
    assert details["metrics"] == {"k": 5, "model": {"recall": 0.4}, "popularity": {"recall": 0.2}}
    rows = lists.to_pylist()
    own_taste = [(row["user_id"] < "u20") == (item < "i15") for row in rows for item in row["item_ids"][:5]]
    assert np.mean(own_taste) > 0.7  # five of their taste are left to each
    assert sum(1 in row["reason_codes"] for row in rows) > N_USERS / 2

    assert run(settings, folder) == result
    assert sessions == ["score"]
    shutil.rmtree(Path(settings.home, "lake", result["batch"]))
    assert run(settings, folder) == result  # made again, the checksum is the same
    assert sessions == ["score", "score"]


def test_without_a_champion_everyone_gets_what_is_popular(
    settings: Settings, database: Database, lake: Lake, sessions: list[str]
) -> None:
    settings = with_policy(settings, database, ranking={"top_n": 25, "fallback_items": 7})
    result = run(settings, commit_training_set(lake))
    lists, details = read(lake, result["batch"])
    assert details["model_version"] == "popularity"
    assert details["metrics"] == {}
    reasons = lists["reason_codes"].combine_chunks().flatten().to_pylist()
    assert set(reasons) == {Reason.POPULAR, Reason.IN_THE_SHOP}
    assert set(lists["item_ids"].combine_chunks().value_lengths().to_pylist()) == {N_ITEMS - 10}  # less what they have
    assert (details["shortfall"], details["shortfall_causes"]) == (N_USERS, {"seen": N_USERS})
    assert (result["shortfall"], result["causes"]) == (N_USERS, {"seen": N_USERS})
    batch = open_batch(lake, result["batch"])
    assert batch.popular()["rank"].to_pylist() == [1, 2, 3, 4, 5, 6, 7]
    assert batch.items().num_rows == N_ITEMS
    assert batch.items()["category"].null_count == N_ITEMS


def test_what_comes_again_has_its_figures_in_the_batch(
    settings: Settings, database: Database, lake: Lake, sessions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(1)

    def side(column: str, ids: list[str]) -> FeatureEmbeddings:
        names, zeros = np.array([f"{column}:{each}" for each in ids]), np.zeros(len(ids), np.float32)
        return FeatureEmbeddings(names, random.normal(size=(len(ids), 4)).astype(np.float32), zeros, zeros[:4])

    users = side("user_id", [f"u{user:02}" for user in range(N_USERS)])
    member = HybridModel(users, side("item_id", [f"i{item:02}" for item in range(N_ITEMS)]))
    model = Recommender({"ials": member}, Terms({"ials": 1.0}, popularity=0.0, repurchase=20.0))
    monkeypatch.setattr(scoring, "load_model", lambda *_: model)
    settings = with_policy(
        settings, database, ranking={"top_n": 8, "seen": "never"}, placements={"email": {"top_n": 12}}
    )
    decide(settings, "1")
    batch = open_batch(lake, run(settings, commit_training_set(lake))["batch"])
    lists = [row for kind in ("recommendations", "placements") for row in pa.Table.from_batches(
        batch.of(kind).read()).to_pylist()]  # fmt: skip
    said = {
        (row["user_id"], item)
        for row in lists
        for item, code in zip(row["item_ids"], row["reason_codes"], strict=True)
        if code == Reason.BOUGHT_AGAIN
    }
    assert said == {(pair.user, pair.item) for pair in make_pairs()}, "each user's ten items stand before all others"
    found = pa.Table.from_batches(batch.of("bought_before").read()).to_pylist()
    assert {(row["user_id"], item) for row in found for item in row["item_ids"]} == said
    assert {(n, days) for row in found for n, days in zip(row["purchases"], row["days_since"], strict=True)} == {(1, 1)}


def test_another_policy_is_another_batch(
    settings: Settings, database: Database, lake: Lake, sessions: list[str]
) -> None:
    folder = commit_training_set(lake)

    def name(**sections: dict[str, Any]) -> str:
        policed = with_policy(settings, database, **sections)
        return fingerprint(scoring.find_source(policed, lake, RUN_DATE, folder, load_policy(policed)).inputs)

    first = name()
    assert name(ranking={"top_n": 3}) != first
    assert name() == first
    decide(with_policy(settings, database), "7")
    assert name() != first


def test_a_kept_champion_is_described_by_its_own_figures() -> None:
    decision = Decision(RUN_DATE, "main", "keep", "8", "7", ["because"], METRICS, "f")
    assert scoring.headline_metrics(decision, "7")["model"] == {"recall": 0.3}
    assert scoring.headline_metrics(decision, "8")["model"] == {"recall": 0.4}
    assert scoring.headline_metrics(None, "7") == {}


def test_the_figures_of_a_former_releases_champion_are_found() -> None:
    old = {name.replace("champion", "incumbent"): value for name, value in METRICS.items()}
    decision = Decision(RUN_DATE, "main", "keep", "8", "7", ["because"], old, "f")
    assert scoring.headline_metrics(decision, "7")["model"] == {"recall": 0.3}


def test_the_training_set_of_another_night_is_refused(settings: Settings, lake: Lake) -> None:
    folder = commit_training_set(lake)
    with pytest.raises(ConfigurationError, match=r"is of the run date 2026-01-31, not of 2026-02-01"):
        run(settings, folder, RUN_DATE.replace(month=2, day=1))
