"""Housekeeping: what is old goes, what is needed stays, on files and on S3, and each deletion is written down."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from include.columns import TABLES
from include.lake import Lake, open_lake, partition_folder
from include.serving.publish import publish
from include.settings import Settings
from include.tracking import old_versions, register, set_aliases
from jobs import housekeeping
from tests.batches import DAY, write_batch, write_day
from tests.databases import Database
from tests.include.tracking.made import make_lineage, make_model
from tests.jobs.nights import with_policy
from tests.s3_servers import BUCKET

pytestmark = pytest.mark.postgres

KEEP = {
    "landing": 40, "partitions": 20, "training_sets": 20, "evaluations": 20, "batches": 20, "reports": 20,
    "model_runs": 20, "task_logs": 20,
}  # fmt: skip
LONG_AGO = DAY - dt.timedelta(days=300)
OLD = DAY - dt.timedelta(days=25)  # and in the window of the training set


@pytest.fixture(params=["local", "s3"])
def kept_house(request: pytest.FixtureRequest, tracked: Settings, database: Database) -> Settings:
    """A policy that keeps weeks, and something old of each kind."""
    settings = with_policy(tracked, database, retention=KEEP, features={"window_days": 30})
    if request.param == "s3":
        request.getfixturevalue("s3")
        root = f"s3://{BUCKET}/{uuid.uuid4().hex}"
        settings = settings.model_copy(update={"lake_uri": f"{root}/lake", "landing_uri": f"{root}/landing"})
    return settings


def fill(lake: Lake, landing: Lake, logs: Path) -> None:
    """Store something of each kind long ago, lately, and today."""
    for day in (LONG_AGO, OLD, DAY):
        write_day(lake, day)
        for table in TABLES:
            landing.write_bytes(f"{partition_folder(table, day)}/{table}.csv", b"a\n1\n")
            landing.write_bytes(f"{partition_folder(table, day)}/_SUCCESS", b"")
        for name in (f"training_sets/{day}-0", f"evaluations/{day}-0", f"drift_reports/{day}-0", f"drift/{day}"):
            lake.write_bytes(f"{name}/_manifest.json", b"{}")
        log = logs / "dag_id=d" / f"run_id=night__{day}" / "attempt=1.log"
        log.parent.mkdir(parents=True)
        log.write_text("said")
        noon = dt.datetime.combine(day, dt.time(12), dt.UTC).timestamp()
        os.utime(log, (noon, noon))


def keep_house(settings: Settings, *arguments: str) -> Any:
    return housekeeping.run(settings, housekeeping.parse_args(["--date", str(DAY), *arguments]))


def stored(lake: Lake) -> set[str]:
    return {file.path for folder in ("", *TABLES) for file in lake.list_files(folder)}


def test_a_dry_run_says_what_would_go_and_a_real_one_deletes_it_and_nothing_that_is_needed(
    kept_house: Settings, database: Database
) -> None:
    lake, landing = open_lake(kept_house.lake_uri), open_lake(kept_house.landing_uri)
    logs = kept_house.home / "logs" / "tasks"
    fill(lake, landing, logs)
    live = write_batch(lake, OLD)  # readers see an old batch
    write_batch(lake, LONG_AGO)
    publish(database.writer_url, live, keep_batches=2)
    before = stored(lake) | stored(landing)

    dry = keep_house(kept_house)
    assert dry.pop("dry_run") is True
    assert {kind: found["folders"] for kind, found in dry.items()} == {
        "landing": 3, "partitions": 1, "training_sets": 1, "evaluations": 2, "batches": 1, "reports": 4, "task_logs": 2,
    }  # fmt: skip
    assert stored(lake) | stored(landing) == before
    assert database.rows("SELECT * FROM reco.deletions") == []

    done = keep_house(kept_house, "--mode", "delete")
    assert done == {"dry_run": False, **dry}
    gone = {name for name in before if name not in stored(lake) | stored(landing)}
    assert {name.rpartition("/")[0].replace("/popular", "").replace("/items", "") for name in gone} >= {
        f"events/ingest_date={LONG_AGO}", f"training_sets/{LONG_AGO}-0", f"evaluations/{OLD}-0", f"drift/{OLD}",
    }  # fmt: skip
    left = stored(lake)
    for needed in (live.folder, f"training_sets/{OLD}-0", f"items/ingest_date={LONG_AGO}", f"events/ingest_date={OLD}"):
        assert any(name.startswith(f"{needed}/") for name in left), needed
    assert [path.name for path in sorted(logs.glob("*/*"))] == [f"run_id=night__{DAY}"]
    rows = database.rows("SELECT kind, name, day FROM reco.deletions")
    assert len(rows) == sum(found["folders"] for found in dry.values())
    assert ("batches", f"batches/{LONG_AGO}-{0:012x}", LONG_AGO) in rows
    assert keep_house(kept_house, "--mode", "delete") == {"dry_run": False}


def test_the_policy_says_whether_scheduled_runs_delete(tracked: Settings, database: Database) -> None:
    for dry in (True, False):
        settings = with_policy(tracked, database, retention={**KEEP, "dry_run": dry})
        assert keep_house(settings, "--mode", "policy") == {"dry_run": dry}


def test_null_keeps_forever(tracked: Settings, database: Database) -> None:
    lake, landing = open_lake(tracked.lake_uri), open_lake(tracked.landing_uri)
    fill(lake, landing, tracked.home / "logs" / "tasks")
    settings = with_policy(tracked, database, retention=dict.fromkeys(KEEP))
    assert keep_house(settings, "--mode", "delete") == {"dry_run": False}


def test_old_versions_go_with_their_artifacts_but_not_what_is_served_aliased_or_newest(
    tracked: Settings, database: Database
) -> None:
    settings = with_policy(tracked, database, retention=KEEP)
    models = {"evaluation": make_model(1), "serving": make_model(1)}
    days = [LONG_AGO + dt.timedelta(days=number) for number in range(5)]
    versions = [str(register(settings, models, make_lineage(f"n{day}", str(day)), {}, {})) for day in days]
    lake = open_lake(settings.lake_uri)
    batch = write_batch(lake, details={"model_version": versions[0]})
    publish(database.writer_url, batch, keep_batches=2)
    set_aliases(settings, versions[1], None, None)
    artifacts = Path(settings.artifact_uri.removeprefix("file://"))
    files = len(list(artifacts.rglob("*.npz")))
    assert keep_house(settings, "--mode", "delete")["model_runs"] == {"folders": 2, "bytes": 0}
    assert len(list(artifacts.rglob("*.npz"))) == files - 4
    assert old_versions(settings, DAY, {versions[0]}) == []
    assert database.rows("SELECT name FROM reco.deletions") == [(versions[2],), (versions[3],)]
