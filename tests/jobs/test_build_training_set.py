from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from include.errors import MissingArtifactError, ValidationError
from include.features import load_training_set
from include.features.interactions import periods
from include.lake import (
    MANIFEST,
    Content,
    Lake,
    find_or_make,
    load_manifest,
    open_artifact,
    open_folder,
    partition_folder,
)
from include.lake.manifest import fingerprint
from include.night import building
from include.policy import load_policy
from include.settings import Settings
from jobs import build_training_set as job
from jobs import merge_months
from tests.include.checks.partitions import commit_day
from tests.jobs.nights import with_policy
from tests.jobs.sparks import share_spark

FIRST, LAST = dt.date(2026, 1, 1), dt.date(2026, 1, 31)


def events(day: dt.date, *rows: tuple[str | None, str]) -> list[dict[str, Any]]:
    stamp = dt.datetime.combine(day, dt.time(9), dt.UTC)
    common = {"event_type": "purchase", "event_ts": stamp, "quantity": 1.0, "price": 1.5}
    return [
        {"event_id": f"{day}{number}", "user_id": user, "item_id": item, **common}
        for number, (user, item) in enumerate(rows)
    ]


def commit_two_days(lake: Lake) -> None:
    commit_day(lake, day=FIRST, events=events(FIRST, ("ann", "MILK"), ("bob", "BREAD"), (None, "BREAD")))
    commit_day(lake, day=LAST, events=events(LAST, ("ann", "BREAD")), items=[], users=[])


def run(settings: Settings, day: dt.date = LAST) -> Any:
    return job.run(settings, job.BuildTrainingSetConfig(day, None))


@pytest.mark.spark
def test_a_training_set_is_made_once_and_loads(
    settings: Settings, lake: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = share_spark(monkeypatch, building, spark)
    commit_two_days(lake)
    settings = with_policy(settings)
    result = run(settings)
    folder = result["training_set"]
    manifest = open_folder(lake, folder)
    training_set = load_training_set(open_artifact(lake, folder))

    assert folder == f"training_sets/2026-01-31-{manifest.fingerprint}"
    assert training_set.user_ids.tolist() == ["ann", "bob"]
    assert training_set.segments.tolist() == ["Rome", "everybody"]
    assert training_set.item_ids.tolist() == ["BREAD", "MILK"]
    assert training_set.targets().toarray().tolist() == [[True, False], [False, False]]
    assert training_set.buyers["all"].tolist() == [1, 0]
    assert (training_set.run_date, training_set.cutoff) == (LAST, dt.date(2026, 1, 17))
    assert result["counts"] == manifest.counts
    assert (manifest.counts["users"], manifest.counts["items"], manifest.counts["interactions"]) == (2, 2, 3)
    assert manifest.inputs["events/2026-01-01"] == load_manifest(lake, partition_folder("events", FIRST)).fingerprint
    assert manifest.details["reference"]["category"] == {"unknown": 1}
    assert [day["category"] for day in manifest.details["reference_days"].values()] == [{"unknown": 1}]
    assert lake.list_files("_staging") == []

    assert run(settings) == result
    assert len(sessions) == 1

    Path(settings.home, "lake", folder, manifest.paths("users")[0]).write_bytes(b"cut off")
    assert run(settings) == result
    assert len(sessions) == 2
    again = load_training_set(open_artifact(lake, folder))
    np.testing.assert_array_equal(again.matrix("all").toarray(), training_set.matrix("all").toarray())


@pytest.mark.spark
def test_the_training_set_of_a_past_day_never_sees_what_came_later(
    settings: Settings, lake: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    share_spark(monkeypatch, building, spark)
    settings = with_policy(settings)
    commit_day(lake, day=FIRST, events=events(FIRST, ("ann", "MILK")))
    before = run(settings, FIRST)
    late = [{**one, "event_id": "late"} for one in events(FIRST, ("ann", "BREAD"))]
    commit_day(lake, day=LAST, events=[*late, *events(LAST, ("bob", "BREAD"))], items=[], users=[])
    assert run(settings, FIRST) == before
    lake.delete(before["training_set"])
    assert run(settings, FIRST) == before
    pairs = {
        day: load_training_set(open_artifact(lake, run(settings, day)["training_set"])).at("all").bought.nnz
        for day in (FIRST, LAST)
    }
    assert pairs == {FIRST: 1, LAST: 3}


@pytest.mark.spark
def test_merged_months_give_the_same_training_set(
    settings: Settings, lake: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    share_spark(monkeypatch, building, spark)
    settings = with_policy(settings)
    commit_two_days(lake)
    later = LAST + dt.timedelta(days=2)
    commit_day(lake, day=later, events=events(later, ("eve", "BREAD")), items=[], users=[])
    built = run(settings, later)
    lake.delete(built["training_set"])
    months = {"events": 1, "items": 1, "users": 1}
    for mode, dry in (("dry", True), ("merge", False)):
        assert lake.list_files("months") == []
        merged = merge_months.run(settings, merge_months.MergeMonthsConfig(later, mode))
        assert merged == {"dry_run": dry, "months": months}
    for folder in (partition_folder(table, FIRST) for table in ("events", "items", "users")):
        for path in load_manifest(lake, folder).paths():
            lake.delete(f"{folder}/{path}")
    again = run(settings, later)
    assert again == built
    training_set = load_training_set(open_artifact(lake, again["training_set"]))
    assert training_set.user_ids.tolist() == ["ann", "bob", "eve"]
    assert training_set.at("all").bought.nnz == 4


@pytest.mark.spark
def test_days_without_an_event_stop_the_night(
    settings: Settings, lake: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    share_spark(monkeypatch, building, spark)
    commit_day(lake, day=LAST, events=[], items=[])
    with pytest.raises(ValidationError, match="400 days up to 2026-01-31 hold no event"):
        run(settings)
    assert lake.list_files("training_sets") == []
    assert lake.list_files("_staging") == []


def test_a_night_that_was_not_ingested_is_named(settings: Settings, lake: Lake) -> None:
    commit_two_days(lake)
    lake.delete(f"{partition_folder('items', LAST)}/{MANIFEST}")
    with pytest.raises(MissingArtifactError, match=r"items has no committed ingest_date=2026-01-31.*--tables items"):
        run(settings)


def test_a_day_that_has_vanished_since_the_last_training_set_is_named(lake: Lake) -> None:
    commit_two_days(lake)
    policy, next_day = load_policy({}), LAST + dt.timedelta(days=1)
    commit_day(lake, day=next_day, events=events(next_day, ("ann", "BREAD")), items=[], users=[])
    content = Content(files=[], inputs={**building.find_sources(lake, LAST, policy).tags, "policy.features": "1"})
    find_or_make(lake, building.KIND, LAST, {}, lambda _: content)
    assert building.find_sources(lake, next_day, policy).tags
    for table in ("items", "events"):
        lake.delete(partition_folder(table, FIRST))
        with pytest.raises(MissingArtifactError) as caught:
            building.find_sources(lake, next_day, policy)
    assert "events/ingest_date=2026-01-01 is gone, and with it 2 of the days that training_sets/2026-01-31-" in str(
        caught.value
    )
    assert "jobs.ingest --tables events --date 2026-01-01" in caught.value.remedy
    short = policy.model_copy(update={"features": policy.features.model_copy(update={"window_days": 31})})
    with pytest.raises(MissingArtifactError, match="items/ingest_date=2026-01-01 is gone, and with it 1 of the days"):
        building.find_sources(lake, next_day, short)  # that day of events is outside the window now
    assert building.find_sources(lake, LAST, policy).tags, "a night is compared with those before it"


def test_the_name_follows_from_days_features_and_split_alone(lake: Lake) -> None:
    commit_two_days(lake)

    def name(fresh: dt.date | None = None, **sections: dict[str, Any]) -> str:
        policy = load_policy(sections)
        days = periods(LAST, policy, fresh, 0.3 if fresh else 1.0)
        return fingerprint(building.inputs_of(days, policy, building.find_sources(lake, LAST, policy)))

    first = name()
    assert name(model={"learn": False}, ranking={"top_n": 7}) == first
    assert name(features={"half_life_days": 7}) != first
    assert name(evaluation={"holdout_days": 7}) != first
    assert name(fresh=LAST) != first
    folder = partition_folder("events", FIRST)
    changed = load_manifest(lake, folder).model_copy(update={"fingerprint": "other"})
    lake.write_bytes(f"{folder}/{MANIFEST}", changed.model_dump_json().encode())
    assert name() != first
    assert name(features={"window_days": 30}) == name(features={"window_days": 30})


def test_events_before_the_window_are_not_read(lake: Lake) -> None:
    commit_two_days(lake)
    tags = building.find_sources(lake, LAST, load_policy({"features": {"window_days": 30}})).tags
    assert [day for day in tags if day.startswith("events/")] == ["events/2026-01-31"]
    assert [day for day in tags if day.startswith("items/")] == ["items/2026-01-01", "items/2026-01-31"]
