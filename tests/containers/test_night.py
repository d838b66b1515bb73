"""The first night as docs/production.md prints it, and a second one with faults and the drift watch."""

from __future__ import annotations

import json
import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.containers.engine import Containers
from tests.containers.nights import airflow_sql, kill_the_worker_in, run_night, spark_page, tasks, wait_for_task
from tests.containers.page import printed
from tests.waiting import eventually

logger = logging.getLogger(__name__)

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]

NIGHT, NEXT = "2025-03-02", "2025-03-03"
NIGHTLY = "nightly_recommendations"
SPARK_JOBS = {f"nightshelf-{job}" for job in ("ingest", "build_training_set", "score")}
SECRET = re.compile(r"PASSWORD|SECRET|KEY")


def test_the_page_leads_to_a_live_batch_and_to_an_analyst_s_rows(stack: Containers, first_night: str) -> None:
    day, batch, checksum = stack.live()
    assert day == NIGHT
    assert f"Live batch    {batch}" in first_night and checksum in first_night
    rows = stack.shell(printed("A first night")[3], "SELECT count(*) FROM recommendations WHERE rank = 1;\n")
    users = stack.sql("SELECT users FROM reco.batches WHERE is_live")
    assert users in rows.split() and int(users) > 0
    assert {state for states in tasks(stack, NIGHTLY, NIGHT).values() for state, _ in states} <= {"success", "skipped"}


def test_the_first_command_again_changes_nothing(stack: Containers, first_night: str) -> None:
    before = stack.live()
    run_night(stack, NIGHT)
    assert stack.live() == before


def test_the_lake_is_whole_and_spark_has_seen_every_job(stack: Containers, first_night: str) -> None:
    code = (
        "from include.lake import list_days, open_lake; from include.settings import load_settings;"
        "from include.columns import TABLES; lake = open_lake(load_settings().lake_uri);"
        "print(lake.uri, *(len(list_days(lake, table)) for table in TABLES))"
    )
    assert stack.python("airflow-scheduler", code) == "s3://nightshelf/lake 61 61 61"
    page = spark_page(stack, "spark-master", 8080)
    assert page["aliveworkers"] == 1
    assert {app["name"] for app in page["completedapps"]} >= SPARK_JOBS
    assert {app["state"] for app in page["completedapps"]} == {"FINISHED"}


def test_the_champion_is_in_the_bucket(stack: Containers, first_night: str) -> None:
    code = (
        "import boto3, mlflow; from include.tracking import MODEL; from include.settings import load_settings;"
        "version = mlflow.MlflowClient(load_settings().tracking_uri).get_model_version_by_alias(MODEL, 'champion');"
        "pages = boto3.client('s3').get_paginator('list_objects_v2').paginate(Bucket='nightshelf', Prefix='mlflow/');"
        "names = [one['Key'] for page in pages for one in page.get('Contents', ())];"
        "print(sum(version.run_id in name or version.source.rpartition('/')[2] in name for name in names))"
    )
    assert int(stack.python("airflow-scheduler", code).splitlines()[-1]) > 0


def test_metrics_arrive(stack: Containers, first_night: str) -> None:
    code = "import urllib.request as u, sys; print(u.urlopen(sys.argv[1]).read().decode())"
    text = stack.python("exporter", code, "http://127.0.0.1:9105/metrics")
    assert sorted(re.findall(r'^nightshelf_source_up\{source="(\w+)"\} 1', text, re.MULTILINE)) == ["airflow", "shelf"]
    names = "http://prometheus:9090/api/v1/label/__name__/values"
    assert eventually(
        lambda: any(name.startswith("airflow") for name in json.loads(stack.python("exporter", code, names))["data"]),
        seconds=60,
    )


def test_the_read_api_gives_the_live_batch_to_whoever_has_the_key(stack: Containers, first_night: str) -> None:
    code = (
        "import sys, requests as r; page = f'http://api:8000/users/{sys.argv[1]}/recommendations';"
        "refused, given = (r.get(page, headers=key, timeout=30) for key in ({}, {'X-API-Key': sys.argv[2]}));"
        "print(refused.status_code, given.status_code, given.json()['batch_id'], len(given.json()['entries']))"
    )
    user = stack.sql("SELECT user_id FROM recommendations LIMIT 1")
    key = stack.values()["NIGHTSHELF_API_KEY"]
    assert stack.python("exporter", code, user, key) == f"401 200 {stack.live()[1]} 20"


def test_killed_workers_and_a_stop_in_mid_task_cost_no_try(stack: Containers, first_night: str) -> None:
    with ThreadPoolExecutor(1) as beside:
        night = beside.submit(run_night, stack, NEXT)
        kill_the_worker_in(stack, "ingest", NEXT)
        wait_for_task(stack, "build_training_set", "running", NEXT)
        begun = time.monotonic()
        stack.compose("stop", "airflow-scheduler")
        logger.info("stop in mid-task: %.0f s", time.monotonic() - begun)
        assert stack.services()["airflow-scheduler"]["State"]["ExitCode"] == 0
        assert tasks(stack, NIGHTLY, NEXT)["build_training_set"] == [("success", 1)]
        stack.up()
        kill_the_worker_in(stack, "score", NEXT)
        night.result()
    assert stack.live()[0] == NEXT
    ended = tasks(stack, NIGHTLY, NEXT)
    assert {state for states in ended.values() for state in states} <= {("success", 1), ("skipped", 1), ("skipped", 0)}
    assert stack.services()["spark-worker"]["RestartCount"] >= 2


def test_the_drift_watch_judges_the_first_night_by_the_second(stack: Containers, first_night: str) -> None:
    verdict = f"SELECT verdict FROM reco.drift_reports WHERE day = '{NEXT}'"
    assert eventually(lambda: bool(stack.sql(verdict)), seconds=600, pause=5)
    audited = "SELECT 1 FROM task_instance WHERE task_id = 'audit_drift' AND state = 'success'"
    assert eventually(lambda: bool(airflow_sql(stack, audited)), seconds=300, pause=5)
    logger.info("the drift watch's verdict on %s: %s", NEXT, stack.sql(verdict))


def test_no_secret_stands_in_a_log_or_a_command(stack: Containers, first_night: str) -> None:
    secrets = {name: value for name, value in stack.values().items() if SECRET.search(name) and value}
    containers = stack.services()
    seen = {f"{name}'s log": stack.compose("logs", "--no-color", name) for name in containers}
    all_of = "find {} -type f -exec cat {{}} +"
    for service, folder in (("airflow-scheduler", "/var/lib/nightshelf/logs"), ("spark-worker", "/tmp/spark")):
        seen[f"{service}'s files"] = stack.run(service, "sh", "-c", all_of.format(folder))
    for name, container in containers.items():
        del container["Config"]["Env"]  # it holds what the service is given
        seen[f"what `docker inspect` says of {name}"] = json.dumps(container)
    found = {(name, place) for place, text in seen.items() for name, value in secrets.items() if value in text}
    # SeaweedFS names the identity whose keys it was given by the key's id, which opens nothing without the other
    assert found <= {("AWS_ACCESS_KEY_ID", "s3's log")}
