"""What is judged is what is served: `evaluate` and `score` make the same lists, by the same rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from include.columns import of_period
from include.contract import load_policy
from include.features import TrainingSet, training_set_from_tables
from include.lake import Lake, open_lake
from include.model import Recommender
from include.night import scoring
from include.night.judging import convene
from include.serving.batch import open_batch
from include.settings import Settings
from include.tracking import Lineage, load_model, register
from include.types import NOTHING
from jobs import score, train
from tests.databases import Database
from tests.jobs.nights import N_ITEMS, N_USERS, commit_training_set, make_pairs, with_policy
from tests.jobs.sparks import share_spark
from tests.jobs.test_evaluate import promote
from tests.training_sets import HOLDOUT_DAYS, RUN_DATE, make_tables

pytestmark = [pytest.mark.spark, pytest.mark.postgres]

CUTOFF = RUN_DATE - dt.timedelta(days=HOLDOUT_DAYS)
ITEMS = {
    f"i{item:02}": {
        "category": f"c{item % 4}", "in_stock": item != 3,
        "first_seen_on": CUTOFF + dt.timedelta(days=item - 24) if item > 20 else dt.date(2025, 1, 1),
    }
    for item in range(N_ITEMS)
}  # fmt: skip
EVERY_RULE: dict[str, Any] = {
    "top_n": 12,
    "seen": {"purchase": "never", "categories": {"c1": "ever"}},
    "max_per_category": 4,
    "blocked_items": ["i05"],
    "pinned": [{"items": ["i07"]}],
    "min_new_share": 0.2,
    "fresh_boost": 0.5,
    "max_age_days": 3000,
}


def at_the_cutoff(tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables of a night whose run date was the cutoff: all that it knew is what was known before."""
    found = {}
    for name, table in tables.items():
        columns = {column: table[column] for column in table.column_names}
        known = {
            of_period(column[: -len("_before")], "all"): column for column in columns if column.endswith("_before")
        }
        found[name] = pa.table(columns | {target: columns[column] for target, column in known.items()})
    return found


@pytest.fixture
def night(
    tracked: Settings, database: Database, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> tuple[Settings, TrainingSet, str]:
    """Return settings, the training set of the run date, and the folder of one whose run date was its cutoff."""
    share_spark(monkeypatch, scoring, spark)
    settings, tables = with_policy(tracked, database), make_tables(make_pairs(), items=ITEMS)
    folder = commit_training_set(open_lake(settings.lake_uri), CUTOFF, tag="then", tables=at_the_cutoff(tables))
    return settings, training_set_from_tables(tables, run_date=RUN_DATE, cutoff=CUTOFF), folder


def serve(settings: Settings, folder: str, repurchase: float) -> Recommender:
    """Train on the folder's data, register the same factors for evaluation and serving, and make them champion."""
    trained = train.run(settings, train.TrainConfig(folder))
    model = load_model(settings, str(trained["model_version"]), "serving")
    model = replace(model, terms=replace(model.terms, repurchase=repurchase))
    lineage = Lineage(f"{repurchase}", str(CUTOFF), folder, "file:x", "m", {})
    version = register(settings, {"evaluation": model, "serving": model}, lineage, {}, {})
    promote(settings, CUTOFF, str(version))
    return model


def served_lists(settings: Settings, lake: Lake, folder: str) -> dict[str, list[str]]:
    made = score.run(settings, score.ScoreConfig(CUTOFF, folder, ""))
    table = pa.Table.from_batches(open_batch(lake, str(made["batch"])).lists())
    return dict(zip(table["user_id"].to_pylist(), table["item_ids"].to_pylist(), strict=True))


def judged_lists(settings: Settings, training_set: TrainingSet, model: Recommender) -> dict[str, list[str]]:
    court = convene(training_set, load_policy(settings))
    users = training_set.user_ids[court.holdout.users].tolist()
    rows = [training_set.item_ids[row[row != NOTHING]].tolist() for row in court.lists(model)[0]]
    return dict(zip(users, rows, strict=True))


@pytest.mark.parametrize("repurchase", [0.0, 1.5])
def test_the_lists_of_evaluate_are_those_of_score_entry_by_entry(
    night: tuple[Settings, TrainingSet, str], database: Database, lake: Lake, repurchase: float
) -> None:
    settings, training_set, folder = night
    settings = with_policy(settings, database, ranking=EVERY_RULE)
    model = serve(settings, folder, repurchase)
    served = served_lists(settings, lake, folder)
    assert len(served) == N_USERS
    assert judged_lists(settings, training_set, model) == served
    bought = training_set.at("before").bought
    again = [
        item
        for user, items in served.items()
        for item in items
        if bought[training_set.user_ids.tolist().index(user), training_set.item_ids.tolist().index(item)]
    ]
    assert again and not {item for item in again if ITEMS[item]["category"] == "c1"}
    assert all(items[0] == "i07" for items in served.values() if "i07" in items)
    assert not {"i03", "i05", "i25", "i27", "i29"} & {item for items in served.values() for item in items}


RULES = [
    {"blocked_categories": ["c2"]},
    {"max_per_category": 1},
    {"seen": "ever"},
    {"fresh_boost": 9.0},
    {"pinned": [{"items": ["i10"]}]},
    {"min_new_share": 0.5},
    {"allow": {"everybody": {"categories": ["c0", "c1"]}}},
]


def test_one_changed_rule_changes_both(
    night: tuple[Settings, TrainingSet, str], database: Database, lake: Lake
) -> None:
    settings, training_set, folder = night
    settings = with_policy(settings, database, ranking=EVERY_RULE)
    model = serve(settings, folder, 1.5)
    before = served_lists(settings, lake, folder)
    assert before == judged_lists(settings, training_set, model)
    for rule in RULES:
        changed = with_policy(settings, database, ranking={**EVERY_RULE, **rule})
        after = served_lists(changed, lake, folder)
        assert after != before, rule
        assert after == judged_lists(changed, training_set, model), rule


def test_without_bought_items_the_second_lists_are_of_new_things(
    night: tuple[Settings, TrainingSet, str], database: Database
) -> None:
    settings, training_set, folder = night
    model = serve(settings, folder, 5.0)
    changed = with_policy(settings, database, ranking={"seen": "never"})
    court = convene(training_set, load_policy(changed))
    bought = training_set.seen("before")[court.holdout.users].toarray()
    served, unseen = court.lists(model)
    rows = np.arange(len(served))[:, None]
    assert court.view == "all"
    assert bought[rows, served[:, :5]].mean() > 0.9
    assert not (bought[rows, unseen] & (unseen != NOTHING)).any()
