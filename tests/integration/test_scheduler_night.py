"""A whole night as a user and an on-call engineer see it: real scheduler, real database, real Spark.

A policy that tolerates no quarantined row fails `validate` for a real reason. The command line
says so; somebody overrides the check, the task is cleared, the night ends well. Then
each task is cleared again, and readers see the same. The next day comes in, and the drift watch
judges the night by it. A wrong batch goes live, and the DAG `rollback` brings the night's back
once somebody has approved it. At last days are delivered, one of them late.
"""

import contextlib
import datetime as dt
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from devstack.airflow import supervised
from devstack.postgres import POSTGRES_PORT, Postgres
from devstack.processes import marked
from devstack.scheduler import DAG
from devstack.stack import delete_stack
from include.lake import open_lake
from include.settings import load_settings
from include.tracking import set_aliases
from tests import leaks
from tests.batches import write_batch
from tests.integration import clearing
from tests.integration.approval import RollbackRun
from tests.integration.shell import NIGHT, RUN, Shell
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

NEXT_DAY = "2025-03-03"
SHOP = "--users 400 --items 120"
POLICY = """
model: {{epochs: 3, refit_epochs: 1, dimensions: 16}}
gate: {{min_users: 20}}
quality: {{max_quarantined_share: {share}, warn_quarantined_share: 0.0, min_rows: 1}}
"""
TABLES = ("events", "items", "users")
TASKS = (
    "wait_for_landing", "ingest", "validate", "build_training_set", "count_sales", "train", "evaluate", "gate",
    "promote", "keep", "score", "publish", "verify", "report",
)  # fmt: skip
PUBLISHED = "SELECT batch_id, checksum, is_live FROM reco.batches"
LIVE = "SELECT batch_id FROM reco.batches WHERE is_live"
ACTIVATED = "SELECT kind, batch_id FROM reco.activations ORDER BY activation_id"
REPORTS = "SELECT day, batch_id, verdict, reasons, report FROM reco.drift_reports"
LISTS = "SELECT count(*) AS n, count(DISTINCT user_id) AS users FROM reco.recommendations"


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
    """The night after on-call has overridden the check and cleared the task, followed by the same command."""
    api, run = shell.api(), "test__override"
    form = {"run_date": NIGHT, "checks": "all", "name": "ada", "reason": "the shop is like that"}
    api.trigger("override", run, form)
    assert eventually(lambda: api.run("override", run)["state"] == "success", seconds=120, pause=1)
    api.clear_task(DAG, RUN, "validate", downstream=True)
    done = shell.run("nightly", "--nights", "1", "--shop", SHOP)
    shell.policy.write_text(POLICY.format(share=0.5))
    return done


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
    for part in ("validate", RUN, "quarantined", f"/dags/{DAG}/runs/{RUN}/tasks/validate", "docs/runbook/validate.md"):
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
    (override,) = shell.query("SELECT run_date, reasons FROM reco.model_decisions WHERE decision = 'override'")
    assert override == {"run_date": NIGHT, "reasons": '{"all: the shop is like that (ada)"}'}
    assert shell.states()["report"] == "success"
    (run,) = shell.query("SELECT landed, ingested + duplicates + quarantined AS accounted FROM reco.nightly_runs")
    assert run["landed"] == run["accounted"]


@pytest.mark.long
def test_each_task_cleared_alone_leaves_the_same(shell: Shell, mended: "subprocess.CompletedProcess[str]") -> None:
    before = shell.query(PUBLISHED)
    decisions = shell.query("SELECT * FROM reco.model_decisions")
    for task in TASKS:
        shell.api().clear_task(DAG, RUN, task, downstream=False)
        assert shell.wait_for_night() == "success", f"after clearing {task}: {shell.states()}"
        assert shell.query(PUBLISHED) == before, f"after clearing {task}"
    assert shell.query("SELECT * FROM reco.model_decisions") == decisions


@pytest.mark.long
def test_the_whole_night_cleared_leaves_the_same(shell: Shell, mended: "subprocess.CompletedProcess[str]") -> None:
    before = shell.query(PUBLISHED)
    decisions = shell.query("SELECT * FROM reco.model_decisions")
    shell.api().clear_run(DAG, RUN)
    assert shell.wait_for_night() == "success", shell.states()
    assert shell.query(PUBLISHED) == before
    assert shell.query("SELECT * FROM reco.model_decisions") == decisions


def test_the_next_day_judges_the_night(shell: Shell, mended: "subprocess.CompletedProcess[str]") -> None:
    (night,) = shell.query(PUBLISHED)
    assert watch_states(shell)["wait_for_events"] == "deferred"
    shell.job("jobs.demo_shop", "--from", NEXT_DAY, "--to", NEXT_DAY, *SHOP.split())
    shell.job("jobs.ingest", "--tables", *TABLES, "--date", NEXT_DAY)
    assert eventually(lambda: watch_states(shell).get("audit_drift") in ("success", "failed"), seconds=300, pause=1)
    (report,) = shell.query(REPORTS)
    assert (report["day"], report["batch_id"]) == (NEXT_DAY, night["batch_id"])
    assert report["verdict"] == "nothing", report["reasons"]
    assert Path(urlsplit(report["report"]).path).read_text().startswith("<!doctype html>")
    states = watch_states(shell)
    assert {task for task, state in states.items() if state == "skipped"} == {
        "retrain", "rollback", "ask_rollback", "hold", "judge_later_days",
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
    why = ("--checks", "all", "--by", "ada", "--reason", "a wrong batch on purpose")
    shell.job("jobs.override", "--date", wrong.run_date.isoformat(), *why)
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


def test_a_task_whose_process_is_killed_is_told_of_and_others_only_once(
    shell: Shell, webhook: Webhook, mended: "subprocess.CompletedProcess[str]"
) -> None:
    """Airflow calls a task's callbacks in the process that is gone."""
    api, run = shell.api(), "test__killed"
    api.trigger("export", run, {"target": (shell.home.root / "exports").as_uri()})
    job: list[psutil.Process] = []

    def at_work() -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            job[:] = [found for found in marked(shell.home.root) if "jobs.export" in found.cmdline()]
        return bool(job)

    assert eventually(at_work, seconds=60)
    runner = job[0].parent()
    assert runner is not None
    runner.kill()
    told = "export_lists of export has failed (test__killed)"
    assert eventually(lambda: any(told in message["text"] for message in webhook.received), seconds=60)
    assert api.run("export", run)["state"] == "failed"
    assert [message["text"].count(" validate of ") for message in webhook.received].count(1) == 1


@pytest.mark.long
def test_a_delivery_brings_its_night_and_a_day_that_was_passed_over_is_named(
    shell: Shell, mended: "subprocess.CompletedProcess[str]"
) -> None:
    """Nobody asks for it: `catch_up` sees the day, as it does every hour."""
    passed_over, delivered = (str(dt.date.fromisoformat(NEXT_DAY) + dt.timedelta(days=days)) for days in (1, 2))
    shell.job("jobs.demo_shop", "--from", delivered, "--to", delivered, *SHOP.split())
    shell.api().trigger("catch_up", "test__1", {})
    night = f"catch_up__{delivered}"
    assert eventually(lambda: shell.api().has_run(DAG, night), seconds=120, pause=1)
    assert eventually(lambda: shell.api().run(DAG, night)["state"] in ("success", "failed"), seconds=600, pause=1)
    assert shell.query(f"{PUBLISHED} WHERE run_date = '{delivered}'")[0]["is_live"] == "t"
    (compared,) = shell.query(f"SELECT problems FROM reco.landing_comparisons WHERE run_date = '{delivered}'")
    for table in TABLES:
        assert f"{table} of {passed_over}: not delivered" in compared["problems"]


@pytest.mark.long
def test_a_backfilled_night_is_stored_and_starts_no_watch(
    shell: Shell, mended: "subprocess.CompletedProcess[str]"
) -> None:
    """The day that was passed over comes late: its night is run, and readers keep the newer one."""
    api, day = shell.api(), dt.date.fromisoformat(NEXT_DAY) + dt.timedelta(days=1)
    live, watched = shell.query(LIVE), len(api.runs("drift_watch"))
    shell.job("jobs.demo_shop", "--from", str(day), "--to", str(day), *SHOP.split())
    api.backfill(DAG, day, day)
    assert eventually(
        lambda: (api.run_on(DAG, day) or {"state": ""})["state"] in ("success", "failed"), seconds=600, pause=1
    )
    assert api.run_on(DAG, day)["state"] == "success"  # type: ignore[index]
    assert [batch["is_live"] for batch in shell.query(f"{PUBLISHED} WHERE run_date = '{day}'")] == ["f"]
    assert shell.query(LIVE) == live
    assert len(api.runs("drift_watch")) == watched


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_whatever_is_cleared_in_the_ui_leaves_the_same(
    shell: Shell, mended: "subprocess.CompletedProcess[str]"
) -> None:
    """The night that was backfilled, what judged and what rolled back; if all is tried the live one, too.

    The live night is run again first: the day that came late belongs to its inputs now, so its decision is another.
    """
    api, day = shell.api(), dt.date.fromisoformat(NEXT_DAY)
    backfilled = api.run_on(DAG, day + dt.timedelta(days=1))
    assert backfilled is not None
    runs = {
        DAG: backfilled["dag_run_id"],
        "drift_watch": api.runs("drift_watch")[0]["dag_run_id"],
        "rollback": api.runs("rollback")[0]["dag_run_id"],
        "override": "test__override",
        "catch_up": "test__1",
    }
    if clearing.tries_all():
        runs[DAG] = f"catch_up__{day + dt.timedelta(days=2)}"
        api.clear_run(DAG, runs[DAG])
        assert eventually(lambda: clearing.is_quiet(api, DAG), seconds=600, pause=1)
        forms = {
            "bootstrap_history": {"first_day": NIGHT, "last_day": NIGHT, "reason": "again"},
            "promotion": {"model_version": "1", "reason": "a question"},
        }
        for dag_id, form in forms.items():
            runs[dag_id] = "test__clearing"
            api.trigger(dag_id, runs[dag_id], form)
            api.set_paused(dag_id, False)
            assert eventually(lambda dag_id=dag_id: clearing.is_quiet(api, dag_id), seconds=300, pause=1)  # type: ignore[misc]
    cases = clearing.make_cases(api, runs, {DAG: backfilled["dag_run_id"]})
    assert len(cases) >= len(clearing.HANDFUL)

    def content() -> list[list[dict[str, str]]]:
        return [shell.query(sql) for sql in (PUBLISHED, "SELECT * FROM reco.model_decisions", LISTS, ACTIVATED)]

    assert clearing.try_all(api, cases, content) == []


def test_a_night_that_is_not_live_by_its_hour_is_told(
    shell: Shell, webhook: Webhook, mended: "subprocess.CompletedProcess[str]"
) -> None:
    """The last night by the calendar waits for its landing, and its hour is over; those by hand have no hour."""
    assert not any("is not fresh" in message["text"] for message in webhook.received)
    begins = dt.timedelta(hours=2, minutes=2)  # the schedule's hour, and until the night should be live
    today = (dt.datetime.now(dt.UTC) - begins).date()
    landing = open_lake(load_settings(shell.environment).landing_uri)
    for table in TABLES:  # a shop that delivers is waited for
        landing.write_bytes(f"{table}/ingest_date={today - dt.timedelta(days=3)}/_SUCCESS", b"")
    shell.home.remember({"NIGHTSHELF_FIRST_NIGHT": str(today - dt.timedelta(days=1))})
    shell.api().parse_now(DAG)
    assert eventually(lambda: any("is not fresh" in message["text"] for message in webhook.received), seconds=180)
    (message,) = [message for message in webhook.received if "is not fresh" in message["text"]]
    for part in ("at 02:01 UTC", f"/dags/{DAG}/runs/scheduled__", f"{DAG} is ", "docs/runbook/ShelfNotFresh.md"):
        assert part in message["text"]
    shell.home.remember({"NIGHTSHELF_FIRST_NIGHT": str(today)})


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
