"""Spark and pyarrow on an S3 that fails: repeated with the same content, or one clear line with the right exit code."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from include.columns import TABLES, USER_ID
from include.lake import Lake, Manifest, list_days, open_folder, open_lake, partition_folder
from include.settings import PROJECT
from tests.include.checks.partitions import commit_rows
from tests.s3_proxy import Fault, FaultyProxy, running_proxy
from tests.s3_servers import BUCKET, JARS, KEY, SECRET, needs_jars

pytestmark = [pytest.mark.spark, needs_jars]

RUNS = max(1, int(os.environ.get("NIGHTSHELF_FAULT_RUNS", "20")) // 20)
DAYS = ["2025-01-01", "2025-01-02"]
# S3A does not ask again for a short answer in XML that breaks off: then the job fails by name and is tried again.
# Silence costs half a minute each time and is tried on the lake.
FAULTS = [Fault.SLOW_DOWN, Fault.RESET, Fault.LOST_ANSWER, Fault.CUT_OBJECT]


@pytest.fixture(scope="module")
def proxy(s3: dict[str, str]) -> Iterator[FaultyProxy]:
    with running_proxy(s3["AWS_ENDPOINT_URL"]) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def environment(s3: dict[str, str], proxy: FaultyProxy, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What jobs are told: the server is behind the proxy, two small days are landed, holdouts are short."""
    home = tmp_path_factory.mktemp("home")
    (home / "policy.yaml").write_text("{evaluation: {holdout_days: 1}}")
    environment = {
        **os.environ,
        **s3,
        "AWS_ENDPOINT_URL": proxy.address,
        "NIGHTSHELF_HOME": str(home),
        "NIGHTSHELF_CACHE": str(JARS.parent),
        "NIGHTSHELF_POLICY": str(home / "policy.yaml"),
        "SPARK_MASTER": "local[2]",
        "LANDING_URI": f"s3://{BUCKET}/landing",
        "LAKE_URI": f"s3://{BUCKET}/{uuid.uuid4().hex}",
    }
    shop = ("--from", DAYS[0], "--to", DAYS[1], "--users", "200", "--items", "100")
    done = run(environment, "demo_shop", *shop)
    assert done.returncode == 0, done.stderr
    return environment


def run(environment: dict[str, str], job: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"jobs.{job}", *arguments],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip


@contextmanager
def spark_driver(environment: dict[str, str], runs: int, log: Path) -> Iterator[Callable[[], dict[str, Any]]]:
    """Start `tests.spark_faults`; yield what lets the next run go on and returns its answer."""
    command = [sys.executable, "-m", "tests.spark_faults", str(runs), *DAYS]
    with log.open("wb") as errors:
        driver = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )

    def next_run() -> dict[str, Any]:
        line = driver.stdout.readline()
        assert line, log.read_text()[-3000:]
        return dict(json.loads(line))

    def go_on() -> dict[str, Any]:
        driver.stdin.write("\n")
        driver.stdin.flush()
        return next_run()

    try:
        assert next_run()["codes"] == [0, 0], log.read_text()[-3000:]
        yield go_on
        driver.stdin.close()
        driver.wait(60)
    finally:
        driver.kill()
        driver.wait()


def committed(lake: Lake) -> dict[str, Manifest]:
    """Return every manifest of the lake, after reading each row that it promises and closing its books."""
    folders = [partition_folder(table, day) for table in TABLES for day in list_days(lake, table)]
    for folder in folders:
        manifest = open_folder(lake, folder)
        counts = manifest.counts
        assert counts["landed"] == counts["ingested"] + counts["duplicates"] + counts["quarantined"]
        filesystem, root = lake.filesystem()
        files = [pq.read_table(f"{root}/{folder}/{path}", filesystem=filesystem) for path in manifest.paths()]
        assert sum(file.num_rows for file in files) == counts["ingested"]
    folders += sorted({"/".join(file.path.split("/")[:2]) for file in lake.list_files("training_sets")})
    folders += [
        partition_folder(f"quarantine/{table}", day)
        for table in TABLES
        for day in list_days(lake, f"quarantine/{table}")
    ]
    return {folder: open_folder(lake, folder) for folder in folders}


@pytest.mark.long
@pytest.mark.timeout(300 + 90 * RUNS)
def test_nights_through_faults_have_the_same_content(
    environment: dict[str, str], s3: dict[str, str], proxy: FaultyProxy, tmp_path: Path
) -> None:
    """Any of the faults in every twentieth request of boto3, pyarrow and Spark: no row is lost or doubled."""
    with spark_driver(environment, RUNS + 1, tmp_path / "driver.log") as go_on:
        expected = committed(open_lake(f"{environment['LAKE_URI']}/0"))
        assert len(expected) == 2 * len(TABLES) + 1 + 2 * len(TABLES)
        codes, before = [], proxy.made
        for number in range(1, RUNS + 1):
            proxy.at_random(share=0.05, seed=number, faults=FAULTS)
            codes.append(go_on()["codes"])
            proxy.plan()
            assert codes[-1][-1] == 0, (tmp_path / "driver.log").read_text()[-3000:]
            assert set(codes[-1]) <= {0, 1}, "a fault that passes is no reason to give up"
            assert committed(open_lake(f"{environment['LAKE_URI']}/{number}")) == expected
    made, again = proxy.made - before, sum(code == 1 for one in codes for code in one)
    sys.stderr.write(f"\n{RUNS} runs, {made} faults, {again} jobs tried again\n")
    assert made > 5 * RUNS
    assert "Traceback" not in (tmp_path / "driver.log").read_text()


@pytest.mark.long
def test_a_listing_that_lags_is_noticed_and_nothing_half_written_is_read(
    environment: dict[str, str], s3: dict[str, str], proxy: FaultyProxy
) -> None:
    """Spark's committer finds what its tasks wrote by listings, so it cannot work; the day must not be committed."""
    late = {**environment, "LAKE_URI": f"s3://{BUCKET}/{uuid.uuid4().hex}"}
    with proxy.lagging(seconds=3600) as listings:
        done = run(late, "ingest", "--date", DAYS[0])
    assert listings.hidden
    assert done.returncode == 1, done.stderr
    assert re.search(r"ERROR +nightshelf: LakeError: .*the server's listings lag behind", done.stderr), done.stderr
    lake = open_lake(late["LAKE_URI"])
    assert [list_days(lake, table) for table in TABLES] == [[], [], []]
    assert run(late, "ingest", "--date", DAYS[0]).returncode == 0, "the server has caught up"
    assert len(committed(lake)) == 2 * len(TABLES)


def test_a_committed_day_that_no_listing_shows_is_read(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, proxy: FaultyProxy
) -> None:
    root = f"s3://{BUCKET}/{uuid.uuid4().hex}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
    lake = open_lake(root)
    first, last = map(dt.date.fromisoformat, DAYS)
    commit_rows(lake, "users", [{USER_ID: "u1"}], day=first)
    with proxy.lagging(seconds=3600) as listings:
        commit_rows(lake, "users", [{USER_ID: "u2"}], day=last)
        late = {**environment, "LAKE_URI": root}
        command = [sys.executable, "-m", "tests.spark_late", *DAYS]
        done = subprocess.run(command, cwd=PROJECT, env=late, capture_output=True, text=True, timeout=200, check=False)
    assert listings.hidden
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["u1", "u2"]


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        pytest.param(Fault.SLOW_DOWN, 1, "LakeError: ", marks=pytest.mark.long),
        (Fault.FORBIDDEN, 2, "ConfigurationError: .* refuses access.*Remedy: correct AWS_ACCESS_KEY_ID"),
    ],
    ids=["503", "403"],
)
def test_a_fault_that_stays_is_one_line(
    fault: Fault, code: int, said: str, environment: dict[str, str], proxy: FaultyProxy
) -> None:
    """The fault begins when Spark writes: of all requests only those for staged files fail."""
    late = {**environment, "LAKE_URI": f"s3://{BUCKET}/{uuid.uuid4().hex}"}
    with proxy.failing(fault, "/_staging/"):
        done = run(late, "ingest", "--date", DAYS[0])
    assert done.returncode == code, done.stderr
    (line,) = re.findall(r"ERROR +nightshelf: (.*)", done.stderr)
    assert re.search(said, line)
    assert "Traceback" not in done.stderr


def test_keys_are_nowhere_that_spark_shows_or_sends(environment: dict[str, str], tmp_path: Path) -> None:
    """Neither pages nor event logs, command lines, Hadoop's configuration or pickled functions hold a key."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.spark_secrets", str(tmp_path)],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    places = json.loads(done.stdout)
    assert set(places) == {"environment page", "hadoop configuration", "closure", "event log", "command lines"}
    for place, text in places.items():
        assert text, place
        assert KEY not in text, place
        assert SECRET not in text, place
