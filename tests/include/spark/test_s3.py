"""Spark on S3: what it is told, and with the jars of `make jars` what it does."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from include.errors import ConfigurationError
from include.lake import Lake, find_manifest, list_days, open_folder, open_lake, partition_folder
from include.settings import PROJECT, S3Settings, load_settings
from include.spark.s3 import COMMITTER, jar_names, s3_options, uses_s3
from tests.s3_servers import BUCKET, JARS, needs_jars

FIRST, LAST = "2025-01-01", "2025-01-02"


def with_jars(folder: Path, **variables: str) -> dict[str, str]:
    (folder / "jars").mkdir(parents=True)
    for name in jar_names():
        (folder / "jars" / name).touch()
    return {"NIGHTSHELF_HOME": str(folder), "NIGHTSHELF_CACHE": str(folder), **variables}


def test_local_files_need_nothing(tmp_path: Path) -> None:
    assert not uses_s3(load_settings({"NIGHTSHELF_HOME": str(tmp_path)}))
    assert uses_s3(load_settings({"NIGHTSHELF_HOME": str(tmp_path), "LAKE_URI": "s3://b/p"}))
    assert uses_s3(load_settings({"NIGHTSHELF_HOME": str(tmp_path), "LANDING_URI": "s3://b/p"}))


def test_missing_jars_are_named_with_the_command_that_fetches_them(tmp_path: Path) -> None:
    settings = load_settings({"NIGHTSHELF_HOME": str(tmp_path), "NIGHTSHELF_CACHE": str(tmp_path)})
    with pytest.raises(ConfigurationError, match=r"hadoop-aws-3\.5\.0\.jar.* Remedy: run make jars"):
        s3_options(settings, S3Settings())


def test_keys_are_no_options(tmp_path: Path) -> None:
    access = S3Settings.model_validate({"access_key": "the-key", "secret_key": "the-secret"})
    options = s3_options(load_settings(with_jars(tmp_path)), access)
    assert "the-" not in json.dumps(options)


def test_only_another_server_has_an_endpoint(tmp_path: Path) -> None:
    settings = load_settings(with_jars(tmp_path))
    aws = s3_options(settings, S3Settings(region="eu-west-1"))
    other = s3_options(settings, S3Settings(endpoint="http://127.0.0.1:1"))
    assert aws["spark.hadoop.fs.s3a.endpoint.region"] == "eu-west-1"
    assert set(other) - set(aws) == {
        f"spark.hadoop.fs.s3a.{name}" for name in ("endpoint", "path.style.access", "connection.ssl.enabled")
    }
    assert COMMITTER.items() <= aws.items()


@pytest.fixture
def night(s3: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of jobs on a lake of the test's own, with two small days landed."""
    root = f"s3://{BUCKET}/{uuid.uuid4().hex}"
    environment = {
        **os.environ,
        **s3,
        "NIGHTSHELF_HOME": str(tmp_path),
        "NIGHTSHELF_CACHE": str(JARS.parent),
        "SPARK_MASTER": "local[2]",
        "LAKE_URI": f"{root}/lake",
        "LANDING_URI": f"{root}/landing",
    }
    run(environment, "demo_shop", "--from", FIRST, "--to", LAST, "--users", "200", "--items", "100")
    return environment


def run(environment: dict[str, str], job: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{job}", *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


INGEST = ("--tables", "events", "items", "users", "--from", FIRST, "--to", LAST)


def books(lake: Lake) -> dict[str, dict[str, int]]:
    folders = [partition_folder(table, day) for table in ("events", "items", "users") for day in list_days(lake, table)]
    return {folder: open_folder(lake, folder).counts for folder in folders}


@needs_jars
@pytest.mark.spark
def test_ingest_on_s3_has_the_same_books_as_on_local_files(night: dict[str, str], tmp_path: Path) -> None:
    run(night, "ingest", *INGEST)
    local = {**night, "LAKE_URI": (tmp_path / "lake").as_uri()}
    run(local, "ingest", *INGEST)
    ours, theirs = open_lake(night["LAKE_URI"]), open_lake(local["LAKE_URI"])
    assert books(ours) == books(theirs)
    assert len(books(ours)) == 6
    for folder in books(ours):
        assert open_folder(ours, folder) == open_folder(theirs, folder), "equal rows, equal files"
    assert ours.list_files("_staging") == []


@needs_jars
@pytest.mark.spark
@pytest.mark.long
def test_a_driver_killed_in_mid_write_leaves_nothing_that_anyone_reads(night: dict[str, str]) -> None:
    lake = open_lake(night["LAKE_URI"])
    driver = subprocess.Popen(
        [sys.executable, "-m", "jobs.ingest", *INGEST],
        cwd=PROJECT,
        env=night,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 120
    while driver.poll() is None and not lake.list_files("_staging") and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    day = dt.date.fromisoformat(FIRST)
    committed = [table for table in ("events", "items", "users") if find_manifest(lake, partition_folder(table, day))]
    assert len(committed) < 3, "it was over before it could be killed"
    for table in committed:
        open_folder(lake, partition_folder(table, day))
    run(night, "ingest", *INGEST)
    assert len(books(lake)) == 6
    for folder, counts in books(lake).items():
        assert counts["landed"] == counts["ingested"] + counts["duplicates"] + counts["quarantined"], folder


@needs_jars
@pytest.mark.spark
@pytest.mark.long
def test_an_image_is_prepared_for_a_lake_that_is_not_there_yet(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "jars").symlink_to(JARS)
    nowhere = {"LAKE_URI": "s3://none/lake", "LANDING_URI": "s3://none/landing", "NIGHTSHELF_HOME": str(tmp_path)}
    # Of the tests' environment neither the server nor the folder of the compiled kernel, which an image has not
    others = ("AWS_", "NUMBA_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    made = run({**environment, **nowhere, "NIGHTSHELF_CACHE": str(cache)}, "prepare_spark", "--local")
    assert Path(made["archive"]).parent == cache and Path(made["archive"]).stat().st_size > 100 << 20
    assert Path(made["kernel"]).is_relative_to(cache)
