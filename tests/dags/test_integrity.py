"""The DAGs: what they are made of, in which order, with which words."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.sdk import DAG, TriggerRule
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from include.columns import TABLES
from include.orchestration.assets import LAKE_POOL, LAKE_POOL_SLOTS
from include.orchestration.notify import tell_on_call
from include.orchestration.runbook import sections
from include.settings import PROJECT
from tests.jobs.lines import parse_line

DAGS = PROJECT / "dags"
EDGES = {
    "wait_for_landing": {"ingest"},
    "ingest": {"validate"},
    "validate": {"build_training_set"},
    "build_training_set": {"train"},
    "train": {"evaluate"},
    "evaluate": {"gate"},
    "gate": {"promote", "keep"},
    "promote": {"score"},
    "keep": {"score"},
    "score": {"publish"},
    "publish": {"verify"},
    "verify": set(),
}
LEFT = {
    "build_training_set": {"training_set": "training_sets/2026-11-20-abc"},
    "train": {"model_version": 3},
    "evaluate": {"evaluation": "evaluations/2026-11-20-abc"},
    "score": {"batch": "batches/2026-11-20-abc"},
}
ANSWER = {"approve_rollback": {"chosen_options": ["Approve"], "responded_by_user": {"id": "1", "name": "ada"}}}
WATCH_EDGES = {
    "wait_for_events": {"data_drift", "prediction_drift", "performance"},
    "data_drift": {"verdict"},
    "prediction_drift": {"verdict"},
    "performance": {"verdict"},
    "verdict": {"act"},
    "act": {"retrain", "rollback", "ask_rollback", "hold", "nothing"},
    **{task: {"audit_drift"} for task in ("retrain", "rollback", "ask_rollback", "hold", "nothing")},
    "audit_drift": set(),
}
WATCH_LEFT = {
    "data_drift": {"part": "drift/2026-11-20/data-abc"},
    "prediction_drift": {"part": "drift/2026-11-20/predictions-abc"},
    "performance": {"part": "drift/2026-11-20/performance-abc"},
    "verdict": {
        "decision": "rollback", "reason": "model 3 is worse", "target": "2026-11-18-abc", "since": "2026-11-19",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def bag() -> BundleDagBag:
    return BundleDagBag(str(DAGS), bundle_path=DAGS, bundle_name="tests")


@pytest.fixture(scope="module")
def nightly(bag: BundleDagBag) -> DAG:
    return bag.dags["nightly_recommendations"]


@pytest.fixture(scope="module")
def bootstrap(bag: BundleDagBag) -> DAG:
    return bag.dags["bootstrap_history"]


def commands(dag: DAG) -> list[tuple[str, str, list[str]]]:
    """Return task, job and rendered command line of everything that a run of the dag would start."""
    context = {
        "dag_run": SimpleNamespace(data_interval_start=None, run_after=None),
        "params": {
            "run_date": "2026-11-20",
            "first_day": "2026-01-01",
            "last_day": "2026-01-31",
            "batch": "previous",
            "reason": "it's wrong",
            "day": "2026-11-20",
            "fresh_since": None,
        },
        "run_id": "manual__1",
        "ti": SimpleNamespace(
            dag_id="drift_watch",
            run_id="r",
            xcom_pull=lambda task_ids: (LEFT | WATCH_LEFT | ANSWER)[task_ids],
            get_task_states=lambda dag_id, run_ids, task_ids: {"r": dict.fromkeys(task_ids, "skipped")},
        ),
        "triggering_asset_events": {},
    }
    found = []
    for task in dag.tasks:
        if task.is_mapped:
            job, lines = task.partial_kwargs.get("job", task.task_id), task.expand_input.value["arguments"]
        elif hasattr(task, "job"):
            job, lines = task.job, [task.arguments]
        else:
            continue
        environment = dag.get_template_env()
        found += [
            (task.task_id, job, [environment.from_string(text).render(context) for text in line]) for line in lines
        ]
    return found


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
        ("validate", day),
        ("build_training_set", [*day, "--fresh-since", ""]),
        ("train", training_set),
        ("evaluate", [*training_set, *version]),
        ("gate", ["--evaluation", "evaluations/2026-11-20-abc"]),
        ("promote", [*day, *version]),
        ("keep", [*day, *version]),
        ("score", [*day, *training_set]),
        ("publish", ["--batch", "batches/2026-11-20-abc"]),
        ("verify", ["--batch", "batches/2026-11-20-abc"]),
    ]


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


def test_tasks_edges_and_rules_of_the_watch(bag: BundleDagBag) -> None:
    dag = bag.dags["drift_watch"]
    assert {task.task_id: set(task.downstream_task_ids) for task in dag.tasks} == WATCH_EDGES
    rules = {task.task_id: task.trigger_rule for task in dag.tasks}
    assert rules.pop("audit_drift") == TriggerRule.ALL_DONE, "the audit runs whatever happened"
    assert set(rules.values()) == {TriggerRule.ALL_SUCCESS}


def test_the_watch_starts_with_a_night_and_waits_for_the_lake(bag: BundleDagBag) -> None:
    dag = bag.dags["drift_watch"]
    assert [asset.name for asset in dag.timetable.asset_condition.objects] == ["reco.live"]
    sensor = dag.get_task("wait_for_events")
    assert (sensor.tables, sensor.marker, sensor.execution_timeout) == (list(TABLES), "_manifest.json", None)
    assert sensor.landing_uri.endswith("/lake")


def test_commands_of_the_watch(bag: BundleDagBag) -> None:
    day = ["--date", "2026-11-20"]
    parts = [f"--{name}=drift/2026-11-20/{name}-abc" for name in ("data", "predictions", "performance")]
    states = ",".join(f"{task}=skipped" for task in ("retrain", "rollback", "ask_rollback", "hold", "nothing"))
    request = ["--to", "2026-11-18-abc", "--reason", "model 3 is worse", "--by", "drift_watch"]
    assert {task_id: line for task_id, _, line in commands(bag.dags["drift_watch"])} == {
        "data_drift": day,
        "prediction_drift": day,
        "performance": day,
        "verdict": [*day, *parts],
        "rollback": [*request, "--request", "drift_watch 2026-11-20"],
        "audit_drift": [*day, "--states", states],
    }


@pytest.mark.parametrize(("task_id", "dag_id"), [("retrain", "nightly_recommendations"), ("ask_rollback", "rollback")])
def test_what_the_watch_triggers_is_triggered_once(bag: BundleDagBag, task_id: str, dag_id: str) -> None:
    dag = bag.dags["drift_watch"]
    task = dag.get_task(task_id)
    context = {"dag_run": None, "params": {"day": "2026-11-20"}, "triggering_asset_events": {}}
    run_id = dag.get_template_env().from_string(task.trigger_run_id).render(context)
    assert (task.trigger_dag_id, run_id) == (dag_id, "drift_watch__2026-11-20")
    assert task.skip_when_already_exists and not task.reset_dag_run
    assert set(task.conf) <= set(bag.dags[dag_id].params)


@pytest.mark.parametrize("dag_id", ["nightly_recommendations", "bootstrap_history", "drift_watch", "rollback"])
def test_every_job_takes_the_command_line_that_its_task_passes(bag: BundleDagBag, dag_id: str) -> None:
    refused = []
    for task_id, job, line in commands(bag.dags[dag_id]):
        try:
            parse_line(job, line)
        except (SystemExit, ModuleNotFoundError) as error:
            refused.append(f"{task_id}: python -m jobs.{job} {' '.join(line)}: {error}")
    assert refused == []


@pytest.mark.parametrize(("dag_id", "left"), [("nightly_recommendations", LEFT), ("drift_watch", WATCH_LEFT)])
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
    history = bootstrap.get_task("ingest_history")
    assert [asset.name for asset in history.outlets] == lake
    assert (history.pool, history.pool_slots) == (LAKE_POOL, LAKE_POOL_SLOTS)
    assert (nightly.get_task("ingest").pool, nightly.get_task("ingest").pool_slots) == (LAKE_POOL, 1)


def test_every_task_is_tried_again_with_patience(bag: BundleDagBag) -> None:
    tasks = {task for dag in bag.dags.values() for task in dag.tasks}
    (question,) = (task for task in tasks if task.task_id == "approve_rollback")
    assert {(task.retries, task.retry_exponential_backoff) for task in tasks - {question}} == {(2, 2.0)}
    assert (question.retries, question.retry_exponential_backoff) == (10, 0)  # nobody waits longer to be asked again


def test_docs_say_what_when_rerun_and_what_to_look_at(bag: BundleDagBag) -> None:
    for dag in bag.dags.values():
        for word in ("**What.**", "**When.**", "**Rerun.**", "**Look at.**"):
            assert word in dag.doc_md, f"{dag.dag_id} lacks {word}"
        for task in dag.tasks:
            assert task.doc_md.startswith(sections()[task.task_id]), task.task_id
            assert f"docs/runbook.md#{task.task_id}" in task.doc_md


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
        used |= {"day"} if "watched_day(" in texts else set()
        for_people = {"reason"} if dag.dag_id != "rollback" else set()
        assert used == set(dag.params) - for_people, dag.dag_id


def test_the_dags_survive_serialization(bag: BundleDagBag) -> None:
    for dag in bag.dags.values():
        restored = DagSerialization.deserialize_dag(json.loads(json.dumps(DagSerialization.serialize_dag(dag))))
        assert set(restored.task_ids) == set(dag.task_ids)


def test_dag_files_are_short_and_hold_structure_only() -> None:
    for path in sorted(DAGS.glob("*.py")):
        assert 40 <= len(Path(path).read_text().splitlines()) <= 120, path.name


def test_every_task_tells_on_call_when_it_has_failed_for_good(bag: BundleDagBag) -> None:
    for dag in bag.dags.values():
        for task in dag.tasks:
            told = task.partial_kwargs if task.is_mapped else vars(task)
            assert tell_on_call in list(told["on_failure_callback"]), task.task_id
