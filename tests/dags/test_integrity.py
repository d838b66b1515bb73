"""The DAGs: what they are made of, in which order, with which words."""

from __future__ import annotations

import datetime as dt
import json
import re
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.sdk import DAG, TriggerRule
from airflow.sdk.exceptions import AirflowSkipException, ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction

from include.columns import TABLES
from include.orchestration import numbered
from include.orchestration.assets import LAKE_POOL, LAKE_POOL_SLOTS
from include.orchestration.last_words import say_why, say_why_again
from include.orchestration.notify import tell_on_call
from include.orchestration.silence import tell_of_silent_tasks
from include.settings import PROJECT
from tests.dags.rendered import LEFT, MISSED, TUNED, WATCH_LEFT, commands
from tests.jobs.lines import parse_line

DAGS = PROJECT / "dags"
POOLS = PROJECT / "deploy" / "airflow" / "pools.json"
EDGES = {
    "wait_for_landing": {"ingest"},
    "ingest": {"validate", "compare_landing"},
    "compare_landing": set(),
    "validate": {"build_training_set"},
    "build_training_set": {"train", "count_sales"},
    "count_sales": {"score"},
    "train": {"evaluate"},
    "evaluate": {"gate"},
    "gate": {"promote", "keep"},
    "promote": {"score"},
    "keep": {"score"},
    "score": {"publish"},
    "publish": {"verify"},
    "verify": {"report"},
    "report": set(),
}


@pytest.fixture(scope="module")
def nightly(bag: BundleDagBag) -> DAG:
    return bag.dags["nightly_recommendations"]


@pytest.fixture(scope="module")
def bootstrap(bag: BundleDagBag) -> DAG:
    return bag.dags["bootstrap_history"]


def test_every_file_is_a_dag_without_errors(bag: BundleDagBag) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == {path.stem for path in DAGS.glob("*.py")}


def test_tasks_and_edges(nightly: DAG) -> None:
    assert {task.task_id: set(task.downstream_task_ids) for task in nightly.tasks} == EDGES


def test_both_branches_lead_to_the_score(nightly: DAG) -> None:
    rules = {task.task_id: task.trigger_rule for task in nightly.tasks}
    assert rules.pop("score") == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    assert set(rules.values()) == {TriggerRule.ALL_SUCCESS}


def test_commands_of_the_night(nightly: DAG) -> None:
    day, training_set = ["--date", "2026-11-20"], ["--training-set", "training_sets/2026-11-20-abc"]
    version = ["--model-version", "3"]
    assert [(job, line) for _, job, line in commands(nightly)] == [
        *(("ingest", ["--tables", table, *day]) for table in TABLES),
        ("compare_landing", day),
        ("validate", day),
        ("build_training_set", [*day, "--fresh-since", ""]),
        ("count_sales", training_set),
        ("train", training_set),
        ("evaluate", [*training_set, *version]),
        ("gate", ["--evaluation", "evaluations/2026-11-20-abc"]),
        ("promote", [*day, *version]),
        ("keep", [*day, *version]),
        ("score", [*day, *training_set, "--sales", "sales/2026-11-20-abc"]),
        ("publish", ["--batch", "batches/2026-11-20-abc"]),
        ("verify", ["--batch", "batches/2026-11-20-abc"]),
        ("report", ["--batch", "batches/2026-11-20-abc"]),
    ]


def test_missed_days_get_a_night_each_in_order_and_only_while_none_is_at_work(bag: BundleDagBag) -> None:
    dag = bag.dags["catch_up"]
    edges = {"find_missed": {"name_nights"}, "name_nights": {"run_missed"}, "run_missed": set()}
    assert {task.task_id: set(task.downstream_task_ids) for task in dag.tasks} == edges
    night = dag.get_task("run_missed").partial_kwargs
    assert (night["trigger_dag_id"], night["skip_when_already_exists"]) == ("nightly_recommendations", True)
    assert night["max_active_tis_per_dagrun"] == 1
    for at_work in (0, 1):
        context = {"ti": SimpleNamespace(get_dr_count=lambda dag_id, states, runs=at_work: runs)}
        with (
            pytest.raises(AirflowSkipException, match="nightly_recommendations is at work")
            if at_work
            else nullcontext()
        ):
            dag.get_task("find_missed")._pre_execute_hook(context)


def test_trials_are_tasks_of_their_own_and_a_failed_one_does_not_end_the_study(bag: BundleDagBag) -> None:
    dag = bag.dags["tune"]
    edges = {
        "plan_tuning": {"name_trials"}, "name_trials": {"try_settings"}, "try_settings": {"choose_settings"},
        "choose_settings": set(),
    }  # fmt: skip
    assert {task.task_id: set(task.downstream_task_ids) for task in dag.tasks} == edges
    study = ["--study", "main-2026-11-20-abc"]
    assert commands(dag) == [
        ("plan_tuning", "plan_tuning", ["--date", "2026-11-20", "--trials", ""]),
        ("choose_settings", "choose_settings", [*study, "--trials", "3"]),
    ]
    trials = [each["arguments"] for each in numbered("3", [*study, "--task"])]
    assert trials == [[*study, "--task", str(number)] for number in range(3)]
    assert [parse_line("try_settings", line).task for line in trials] == [0, 1, 2]
    assert dag.get_task("try_settings").partial_kwargs["pool"] in json.loads(POOLS.read_text())
    assert dag.get_task("choose_settings").trigger_rule == TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
    assert not dag.is_paused_upon_creation and dag.timetable.expression == "0 12 * * 0"


def test_a_shop_that_opens_on_a_sunday_afternoon_tunes_on_the_next_sunday(
    bag: BundleDagBag, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, next_sunday = (dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC) for day in (22, 29))
    monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda: opened + dt.timedelta(hours=1))
    restored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(bag.dags["tune"]))
    first = restored.timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(earliest=None, latest=None, catchup=False)
    )
    assert first is not None
    assert first.run_after == next_sunday


def test_housekeeping_merges_after_it_deleted_and_runs_by_hand_are_dry_unless_the_form_says_otherwise(
    bag: BundleDagBag,
) -> None:
    dag = bag.dags["housekeeping"]
    edges = {"delete_expired": {"merge_months"}, "merge_months": set()}
    assert {task.task_id: set(task.downstream_task_ids) for task in dag.tasks} == edges
    assert {task.trigger_rule for task in dag.tasks} == {TriggerRule.ALL_SUCCESS}, "skipped together during a night"
    environment = dag.get_template_env()
    for run_type, dry_run, modes in (
        ("scheduled", True, ["policy", "merge"]),
        ("manual", True, ["dry", "dry"]),
        ("manual", False, ["delete", "merge"]),
    ):
        run = SimpleNamespace(run_type=run_type, run_after=dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC))
        run.data_interval_start = None
        context = {"dag_run": run, "params": {"dry_run": dry_run}}
        lines = [[environment.from_string(text).render(context) for text in task.arguments] for task in dag.tasks]
        parsed = [parse_line(task.job, line) for task, line in zip(dag.tasks, lines, strict=True)]
        assert [(one.date, one.mode) for one in parsed] == [(dt.date(2026, 11, 20), mode) for mode in modes]


def test_command_of_the_bootstrap(bootstrap: DAG) -> None:
    line = ["--tables", *TABLES, "--from", "2026-01-01", "--to", "2026-01-31"]
    assert commands(bootstrap) == [("ingest_history", "ingest", line)]


def test_a_rollback_is_approved_then_done_then_written_down(bag: BundleDagBag) -> None:
    dag = bag.dags["rollback"]
    edges = {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}
    assert edges == {"approve_rollback": {"rollback"}, "rollback": {"audit_rollback"}, "audit_rollback": set()}
    rules = {task.task_id: task.trigger_rule for task in dag.tasks}
    assert rules == dict.fromkeys(edges, TriggerRule.ALL_SUCCESS) | {"audit_rollback": TriggerRule.ALL_DONE}
    line = ["--to", "previous", "--reason", "it's wrong", "--request", "manual__1", "--by", "ada"]
    assert commands(dag) == [
        ("rollback", "rollback", line),
        ("audit_rollback", "audit_rollback", [*line, "--answer", "approve"]),
    ]
    assert [asset.name for asset in dag.get_task("rollback").outlets] == ["reco.live"]


def test_an_approval_waits_for_people_and_ends_in_a_refusal(bag: BundleDagBag) -> None:
    approve = bag.dags["rollback"].get_task("approve_rollback")
    assert (approve.options, approve.defaults) == (["Approve", "Reject"], ["Reject"])
    assert approve.response_timeout == dt.timedelta(days=1)
    assert approve.execution_timeout is None


@pytest.mark.parametrize(("name", "value"), [("reason", ""), ("reason", "no"), ("batch", "")])
def test_a_rollback_without_batch_or_reason_is_refused_by_the_form(bag: BundleDagBag, name: str, value: str) -> None:
    param = bag.dags["rollback"].params.get_param(name)
    assert param.resolve("2026-11-20-abc") == "2026-11-20-abc"
    with pytest.raises(ParamValidationError):
        param.resolve(value)


@pytest.mark.parametrize(
    "dag_id",
    [
        "nightly_recommendations", "bootstrap_history", "drift_watch", "rollback", "override", "catch_up", "promotion",
        "tune", "hold", "replay",
    ],
)  # fmt: skip
def test_every_job_takes_the_command_line_that_its_task_passes(bag: BundleDagBag, dag_id: str) -> None:
    refused = []
    for task_id, job, line in commands(bag.dags[dag_id]):
        try:
            parse_line(job, line)
        except (SystemExit, ModuleNotFoundError) as error:
            refused.append(f"{task_id}: python -m jobs.{job} {' '.join(line)}: {error}")
    assert refused == []


@pytest.mark.parametrize(
    ("dag_id", "left"),
    [("nightly_recommendations", LEFT), ("drift_watch", WATCH_LEFT), ("catch_up", MISSED), ("tune", TUNED)],
)
def test_every_result_that_a_task_asks_for_is_one_that_the_job_gives(
    bag: BundleDagBag, dag_id: str, left: dict[str, dict[str, Any]]
) -> None:
    asked = {
        pair
        for task in bag.dags[dag_id].tasks
        for pair in re.findall(r"result\(ti, '(\w+)', '(\w+)'\)", str(vars(task)))
    }
    assert asked == {(task_id, key) for task_id, results in left.items() for key in results}
    given = {task_id: (PROJECT / "jobs" / f"{task_id}.py").read_text() for task_id in left}
    assert [(task_id, key) for task_id, key in asked if f'"{key}": ' not in given[task_id]] == []


def test_the_sensor_waits_for_every_table_of_the_same_day(nightly: DAG) -> None:
    sensor = nightly.get_task("wait_for_landing")
    ingest = nightly.get_task("ingest").expand_input.value["arguments"]
    assert sensor.tables == list(TABLES)
    assert {sensor.run_date} == {line[-1] for line in ingest}
    assert sensor.execution_timeout is None


def test_assets_and_pool(nightly: DAG, bootstrap: DAG) -> None:
    outlets = {task.task_id: [asset.name for asset in task.outlets] for task in nightly.tasks if task.outlets}
    lake = [f"lake.{table}" for table in TABLES]
    assert outlets == {"ingest": lake, "publish": ["reco.live"]}
    assert nightly.get_task("publish").announce_if == "live"
    history = bootstrap.get_task("ingest_history")
    assert [asset.name for asset in history.outlets] == lake
    assert (history.pool, history.pool_slots) == (LAKE_POOL, LAKE_POOL_SLOTS)
    assert (nightly.get_task("ingest").pool, nightly.get_task("ingest").pool_slots) == (LAKE_POOL, 1)


def test_every_task_is_tried_again_with_patience(bag: BundleDagBag) -> None:
    tasks = {task for dag in bag.dags.values() for task in dag.tasks}
    questions = {task for task in tasks if task.task_id in ("approve_rollback", "approve_promotion")}
    assert {(task.retries, task.retry_exponential_backoff) for task in tasks - questions} == {(2, 2.0)}
    assert len(questions) == 2
    for question in questions:  # nobody waits longer to be asked again
        assert (question.retries, question.retry_exponential_backoff) == (10, 0)


def test_docs_say_what_when_rerun_and_what_to_look_at(bag: BundleDagBag) -> None:
    for dag in bag.dags.values():
        for word in ("**What.**", "**When.**", "**Rerun.**", "**Look at.**"):
            assert word in dag.doc_md, f"{dag.dag_id} lacks {word}"
        for task in dag.tasks:
            assert task.doc_md.startswith(f"# {task.task_id}\n"), task.task_id
            assert task.doc_md.endswith(f"\n\nRunbook: docs/runbook/{task.task_id}.md")


def test_form_of_the_night(nightly: DAG) -> None:
    run_date = nightly.params.get_param("run_date")
    assert run_date.resolve("2026-11-20") == "2026-11-20"
    assert run_date.resolve(None) is None
    assert nightly.params.dump() == {"run_date": None, "fresh_since": None, "reason": ""}


@pytest.mark.parametrize("value", ["20.11.2026", "2026-13-01", "yesterday", 20261120])
def test_a_run_date_that_is_no_date_is_refused_by_the_form(nightly: DAG, value: Any) -> None:
    with pytest.raises(ParamValidationError):
        nightly.params.get_param("run_date").resolve(value)


@pytest.mark.parametrize("name", ["first_day", "last_day"])
def test_the_bootstrap_asks_for_its_days(bootstrap: DAG, name: str) -> None:
    day = bootstrap.params.get_param(name)
    assert not day.has_value
    assert day.resolve("2026-01-01") == "2026-01-01"
    with pytest.raises(ParamValidationError):
        day.resolve("January")


def test_what_the_form_takes_is_what_the_commands_use(bag: BundleDagBag) -> None:
    for dag in bag.dags.values():
        texts = json.dumps([str(task.partial_kwargs if task.is_mapped else vars(task)) for task in dag.tasks])
        used = set(re.findall(r"params\.([a-z_]+)", texts)) | ({"run_date"} if "run_date(" in texts else set())
        used |= {"day", "later"} if "watched_day(" in texts else set()
        for_people = (
            {"reason"} & set(dag.params) if dag.dag_id not in ("rollback", "override", "promotion", "hold") else set()
        )
        assert used == set(dag.params) - for_people, dag.dag_id


def test_the_dags_survive_serialization(bag: BundleDagBag) -> None:
    for dag in bag.dags.values():
        restored = DagSerialization.deserialize_dag(json.loads(json.dumps(DagSerialization.serialize_dag(dag))))
        assert set(restored.task_ids) == set(dag.task_ids)


def test_dag_files_are_short_and_hold_structure_only() -> None:
    for path in sorted(DAGS.glob("*.py")):
        assert 40 <= len(Path(path).read_text().splitlines()) <= 120, path.name


def test_a_report_that_cannot_be_written_is_told_and_fails_no_night(nightly: DAG) -> None:
    report = nightly.get_task("report")
    assert tell_on_call in list(report.on_skipped_callback) and report.downstream_task_ids == set()


def test_every_task_tells_on_call_when_it_has_failed_for_good(bag: BundleDagBag) -> None:
    for dag in bag.dags.values():
        assert dag.on_failure_callback is tell_of_silent_tasks, dag.dag_id
        for task in dag.tasks:
            told = task.partial_kwargs if task.is_mapped else vars(task)
            assert list(told["on_failure_callback"]) == [tell_on_call, say_why], task.task_id
            assert list(told["on_retry_callback"]) == [say_why_again], task.task_id
