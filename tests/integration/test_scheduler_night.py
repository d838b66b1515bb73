"""A whole night as a user and an on-call engineer see it: real scheduler, real database, real Spark.

A policy that tolerates no quarantined row fails `validate` for a real reason. The command line
says so; the policy is mended, the task is cleared through the API, the night ends well. Then
each task is cleared again, and readers see the same. The next day comes in, and the drift watch
judges the night by it. At last a wrong batch goes live, and the DAG
`rollback` brings the night's back once somebody has approved it.
"""

import csv
import datetime as dt
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from devstack.airflow import PASSWORD, USER, supervised
from devstack.home import Home
from devstack.ports import free_port
from devstack.postgres import POSTGRES_PORT, Postgres
from devstack.processes import marked
from devstack.scheduler import DAG
from devstack.stack import AIRFLOW_PORT, delete_stack
from include.lake import open_lake
from include.settings import PROJECT, load_settings
from include.tracking import set_aliases
from tests import leaks
from tests.airflow_api import UserApi
from tests.batches import write_batch
from tests.integration.approval import RollbackRun
from tests.mlflow_stores import get_aliases
from tests.waiting import eventually
from tests.webhooks import Webhook, webhook_server

pytestmark = [
    pytest.mark.night,
    pytest.mark.spark,
    pytest.mark.postgres,
    pytest.mark.airflow,
    pytest.mark.timeout(1500),
]

NIGHT = "2025-03-02"
NEXT_DAY = "2025-03-03"
RUN = f"night__{NIGHT}"
SHOP = "--users 400 --items 120"
POLICY = """
model: {{epochs: 3, refit_epochs: 1, dimensions: 16}}
gate: {{min_users: 20}}
quality: {{max_quarantined_share: {share}, warn_quarantined_share: 0.0}}
"""
TABLES = ("events", "items", "users")
TASKS = (
    "wait_for_landing", "ingest", "validate", "build_training_set", "train", "evaluate", "gate", "promote", "keep",
    "score", "publish", "verify",
)  # fmt: skip
PUBLISHED = "SELECT batch_id, checksum, is_live FROM reco.batches"
LIVE = "SELECT batch_id FROM reco.batches WHERE is_live"
REPORTS = "SELECT day, batch_id, verdict, reasons, report FROM reco.drift_reports"
LISTS = "SELECT count(*) AS n, count(DISTINCT user_id) AS users FROM reco.recommendations"


class Shell:
    """A person's shell in front of one home."""

    def __init__(self, folder: Path, webhook: Webhook) -> None:
        self.home = Home(folder / "home")
        self.policy = folder / "policy.yaml"
        self.secrets = {
            "NIGHTSHELF_SLACK_WEBHOOK": webhook.url,
            "NIGHTSHELF_SMTP_URL": f"smtps://night:m41l-pa55word@127.0.0.1:{free_port()}",
            "AWS_ACCESS_KEY_ID": "AKIA0NIGHTSHELF0TESTS",
            "AWS_SECRET_ACCESS_KEY": "aws/s3cret+of+the+tests",
        }
        (folder / "webhook").write_text(f"{webhook.url}\n")
        self.environment = {
            **os.environ,
            **self.secrets,
            "NIGHTSHELF_SLACK_WEBHOOK": "",
            "NIGHTSHELF_SLACK_WEBHOOK_FILE": str(folder / "webhook"),
            "NIGHTSHELF_MAIL_FROM": "night@example.org",
            "NIGHTSHELF_MAIL_TO": "ada@example.org",
            "NIGHTSHELF_FRESH_BY": "02:01",
            "NIGHTSHELF_HOME": str(self.home.root),
            "NIGHTSHELF_POLICY": str(self.policy),
            "SPARK_DRIVER_MEMORY": "1g",
        }

    def run(self, *line: str, timeout: float = 1200) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "devstack", *line]
        return subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def job(self, *line: str) -> None:
        command = [sys.executable, "-m", *line]
        subprocess.run(command, cwd=PROJECT, env=self.environment, check=True, capture_output=True, timeout=300)

    def query(self, sql: str) -> list[dict[str, str]]:
        done = self.run("psql", "--sql", sql)
        assert done.returncode == 0, done.stderr
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def api(self) -> UserApi:
        values = self.home.values()
        return UserApi(f"http://127.0.0.1:{values[AIRFLOW_PORT]}", USER, values[PASSWORD])

    def states(self) -> dict[str, str]:
        return {task["task_id"]: task["state"] for task in self.api().tasks(DAG, RUN)}

    def wait_for_night(self) -> str:
        assert eventually(lambda: self.api().run(DAG, RUN)["state"] in ("success", "failed"), seconds=900)
        return str(self.api().run(DAG, RUN)["state"])


@pytest.fixture(scope="module")
def webhook() -> Iterator[Webhook]:
    with webhook_server() as server:
        yield server


@pytest.fixture(scope="module")
def command_lines() -> Iterator[leaks.CommandLines]:
    """Of every process of this machine, from before the first of the stack's on."""
    with leaks.CommandLines() as seen:
        yield seen


@pytest.fixture(scope="module")
def shell(
    tmp_path_factory: pytest.TempPathFactory, webhook: Webhook, command_lines: leaks.CommandLines
) -> Iterator[Shell]:
    found = Shell(tmp_path_factory.mktemp("night"), webhook)
    yield found
    delete_stack(found.home, lambda _: None)


@pytest.fixture(scope="module")
def failed(shell: Shell) -> "subprocess.CompletedProcess[str]":
    """The command line's first night, which `validate` stops."""
    shell.policy.write_text(POLICY.format(share=0.0))
    return shell.run("nightly", "--nights", "1", "--shop", SHOP)


@pytest.fixture(scope="module")
def mended(shell: Shell, failed: "subprocess.CompletedProcess[str]") -> "subprocess.CompletedProcess[str]":
    """The night after on-call has mended the policy and cleared the task, followed by the same command."""
    shell.policy.write_text(POLICY.format(share=0.5))
    shell.api().clear_task(DAG, RUN, "validate", downstream=True)
    return shell.run("nightly", "--nights", "1", "--shop", SHOP)


def test_a_failed_task_is_named_with_its_reason(shell: Shell, failed: "subprocess.CompletedProcess[str]") -> None:
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "✓ ingest[events]" in failed.stdout
    assert "✗ validate" in failed.stdout
    assert f"night {NIGHT}: task validate failed: " in failed.stderr
    assert "quarantined" in failed.stderr
    assert failed.stderr.count("\n") == 1
    log = Path(next(line for line in failed.stdout.splitlines() if line.startswith("  log: ")).removeprefix("  log: "))
    assert log.is_file()
    assert f"/dags/{DAG}/runs/{RUN}/tasks/validate" in failed.stdout


def test_on_call_is_told_of_it(webhook: Webhook, failed: "subprocess.CompletedProcess[str]") -> None:
    (message,) = webhook.received
    for part in ("validate", RUN, "quarantined", f"/dags/{DAG}/runs/{RUN}/tasks/validate", "docs/runbook.md#validate"):
        assert part in message["text"]


def test_readers_see_no_half_done_night(shell: Shell, failed: "subprocess.CompletedProcess[str]") -> None:
    assert shell.query(PUBLISHED) == []
    assert shell.query(LISTS) == [{"n": "0", "users": "0"}]
    assert shell.states()["publish"] == "upstream_failed"


def test_a_cleared_night_ends_well(shell: Shell, mended: "subprocess.CompletedProcess[str]") -> None:
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert mended.stderr == ""
    assert "ingest[events] started" not in mended.stdout  # what was done well is not done again
    assert f"night {NIGHT}: done in" in mended.stdout
    (batch,) = shell.query(PUBLISHED)
    assert batch["is_live"] == "t"
    assert f"Live batch    {batch['batch_id']}" in mended.stdout
    assert f"checksum {batch['checksum']}" in mended.stdout
    (lists,) = shell.query(LISTS)
    assert int(lists["n"]) == 50 * int(lists["users"])
    assert int(lists["users"]) >= 400
    (run,) = shell.query("SELECT landed, ingested + duplicates + quarantined AS accounted FROM reco.nightly_runs")
    assert run["landed"] == run["accounted"]


def test_each_task_cleared_alone_leaves_the_same(shell: Shell, mended: "subprocess.CompletedProcess[str]") -> None:
    before = shell.query(PUBLISHED)
    decisions = shell.query("SELECT * FROM reco.model_decisions")
    for task in TASKS:
        shell.api().clear_task(DAG, RUN, task, downstream=False)
        assert shell.wait_for_night() == "success", f"after clearing {task}: {shell.states()}"
        assert shell.query(PUBLISHED) == before, f"after clearing {task}"
    assert shell.query("SELECT * FROM reco.model_decisions") == decisions


def test_the_whole_night_cleared_leaves_the_same(shell: Shell, mended: "subprocess.CompletedProcess[str]") -> None:
    before = shell.query(PUBLISHED)
    shell.api().clear_run(DAG, RUN)
    assert shell.wait_for_night() == "success"
    assert shell.query(PUBLISHED) == before


def test_the_next_day_judges_the_night(shell: Shell, mended: "subprocess.CompletedProcess[str]") -> None:
    (night,) = shell.query(PUBLISHED)
    assert watch_states(shell)["wait_for_events"] == "deferred"
    shell.job("jobs.demo_shop", "--from", NEXT_DAY, "--to", NEXT_DAY, *SHOP.split())
    shell.job("jobs.ingest", "--tables", *TABLES, "--date", NEXT_DAY)
    assert eventually(lambda: watch_states(shell).get("audit_drift") in ("success", "failed"), seconds=300)
    (report,) = shell.query(REPORTS)
    assert (report["day"], report["batch_id"]) == (NEXT_DAY, night["batch_id"])
    assert report["verdict"] == "nothing", report["reasons"]
    assert Path(urlsplit(report["report"]).path).read_text().startswith("<!doctype html>")
    states = watch_states(shell)
    assert {task for task, state in states.items() if state == "skipped"} == {
        "retrain", "rollback", "ask_rollback", "hold",
    }, states  # fmt: skip
    assert set(states.values()) == {"skipped", "success"}


def watch_states(shell: Shell) -> dict[str, str]:
    """Return the state of each task of the oldest run of the watch."""
    run = shell.api().runs("drift_watch")[0]
    return {task["task_id"]: task["state"] for task in shell.api().tasks("drift_watch", run["dag_run_id"])}


def test_readers_go_back_after_approval(shell: Shell, mended: "subprocess.CompletedProcess[str]") -> None:
    (night,) = shell.query(PUBLISHED)
    settings = load_settings(shell.environment)
    wrong = write_batch(open_lake(settings.lake_uri), dt.date.fromisoformat(NIGHT) + dt.timedelta(days=1))
    shell.job("jobs.publish", "--batch", wrong.folder)
    assert shell.query(LIVE) == [{"batch_id": wrong.batch_id}]
    set_aliases(settings, None, None, "1")

    going_back = RollbackRun(shell.api())
    going_back.ask("the lists are wrong")
    assert shell.query(LIVE) == [{"batch_id": wrong.batch_id}]  # nothing moves before somebody approves
    assert going_back.answer("Approve") == "success", going_back.states()
    assert shell.query(LIVE) == [{"batch_id": night["batch_id"]}]
    assert get_aliases(settings)["champion"] == "1"
    (last,) = shell.query("SELECT * FROM reco.activations ORDER BY activation_id DESC LIMIT 1")
    assert (last["kind"], last["reason"]) == ("rollback", "the lists are wrong")

    again = RollbackRun(shell.api())
    again.ask("a second thought")
    assert again.answer("Reject") == "success", again.states()
    assert again.states()["rollback"] == "skipped"
    assert shell.query(LIVE) == [{"batch_id": night["batch_id"]}]


def test_a_night_that_is_not_live_by_its_hour_is_told(
    shell: Shell, webhook: Webhook, mended: "subprocess.CompletedProcess[str]"
) -> None:
    """The last night by the calendar waits for its landing, and its hour is over; those by hand have no hour."""
    assert not any("is not fresh" in message["text"] for message in webhook.received)
    shell.home.remember({"NIGHTSHELF_LAST_NIGHT": "2100-01-01"})
    assert eventually(lambda: any("is not fresh" in message["text"] for message in webhook.received), seconds=180)
    (message,) = [message for message in webhook.received if "is not fresh" in message["text"]]
    for part in ("at 02:01 UTC", f"/dags/{DAG}/runs/scheduled__", f"{DAG} is ", "docs/runbook.md#shelfnotfresh"):
        assert part in message["text"]
    shell.home.remember({"NIGHTSHELF_LAST_NIGHT": NIGHT})


def test_no_secret_is_left_where_others_look(
    shell: Shell, command_lines: leaks.CommandLines, mended: "subprocess.CompletedProcess[str]"
) -> None:
    """Logs, XComs, rendered templates, serialised DAGs, MLflow's params and tags, command lines: wherever it may be."""
    root = shell.home.root
    postgres = Postgres(root, int(shell.home.values()[POSTGRES_PORT]))

    def found(secrets: dict[str, str]) -> list[list[str]]:
        return [
            leaks.in_files(root, secrets),
            leaks.in_files(postgres.log_file().parent, secrets, kept_in=("data",)),
            leaks.in_database(postgres.url("airflow", "postgres"), secrets),
            leaks.in_database(postgres.url("nightshelf", "postgres"), secrets),
            command_lines.with_secrets(secrets),
        ]

    secrets = leaks.secrets_of(root, shell.secrets)
    assert len(secrets) >= 13, sorted(secrets)
    assert found(secrets) == [[], [], [], [], []]
    # What is no secret is found in each of the places
    day = {line for lines in found({"the day": NIGHT}) for line in lines}
    for place in ("logs/jobs/", "logs/tasks/", "mlflow/mlflow.db"):
        assert any(line.startswith(f"the day in {place}") for line in day), day
    for table in ("public.xcom", "public.rendered_task_instance_fields", "reco.batch"):
        assert f"the day in table {table}" in day
    assert any(line.startswith("the day in the command line of ") for line in day), day
    assert {"a task in table public.dag_code", "a task in table public.serialized_dag"} <= set(
        found({"a task": "wait_for_landing"})[2]
    )
    assert found({"the server": "listening on"})[1] == ["the server in server.log"]


def test_status_shows_the_night_and_down_stops_everything(
    shell: Shell, mended: "subprocess.CompletedProcess[str]"
) -> None:
    assert f"night {NIGHT} success" in shell.run("status").stdout
    assert supervised(shell.home).stop() > 4
    done = shell.run("down")
    assert done.returncode == 0
    assert marked(shell.home.root) == []
    assert "scheduler        does not run" in shell.run("status").stdout
