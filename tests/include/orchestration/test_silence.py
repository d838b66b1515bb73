"""On-call hears of failed tasks that could not tell themselves; `test_scheduler_night` kills a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.sdk.execution_time.xcom import XCom

from include.orchestration.notify import NO_REASON, TOLD
from include.orchestration.silence import place_of, tell_of_silent_tasks
from include.settings import VARIABLES
from tests.webhooks import Webhook, webhook_server

DAG_ID, RUN = "nightly_recommendations", "night__2026-03-02"
TASKS = ["ingest", "validate", "train", "train_2"]
CONTEXT: Any = {"dag": SimpleNamespace(dag_id=DAG_ID, task_ids=TASKS), "run_id": RUN, "reason": "task_failure"}


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Webhook]:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))
    with webhook_server() as server:
        monkeypatch.setenv("NIGHTSHELF_SLACK_WEBHOOK", server.url)
        yield server


def run_failed(monkeypatch: pytest.MonkeyPatch, states: dict[str, str], told: set[tuple[str, int]]) -> None:
    def xcom(*, key: str, dag_id: str, task_id: str, run_id: str, map_index: int) -> bool | None:
        assert (key, dag_id, run_id) == (TOLD, DAG_ID, RUN)
        return True if (task_id, map_index) in told else None

    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(lambda **_: {RUN: states}))
    monkeypatch.setattr(XCom, "get_one", xcom)
    tell_of_silent_tasks(CONTEXT)


def test_a_failed_task_that_has_not_told_is_told_of(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    run_failed(monkeypatch, {"ingest": "success", "validate": "failed", "train": "upstream_failed"}, set())
    (message,) = webhook.received
    for part in (f"validate of {DAG_ID} has failed ({RUN})", NO_REASON, "docs/runbook/validate.md"):
        assert part in message["text"]
    assert f"/dags/{DAG_ID}/runs/{RUN}/tasks/validate\n" in message["text"]


def test_nobody_is_told_twice(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    run_failed(monkeypatch, {"validate": "failed", "train": "upstream_failed"}, {("validate", -1)})
    assert webhook.received == []


def test_of_a_mapped_task_only_what_was_silent_is_told(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    run_failed(monkeypatch, {"ingest_0": "failed", "ingest_1": "failed", "ingest_2": "success"}, {("ingest", 0)})
    (message,) = webhook.received
    assert f"ingest of {DAG_ID} has failed" in message["text"] and "/tasks/ingest/mapped/1\n" in message["text"]


@pytest.mark.parametrize(
    ("name", "place"), [("train", ("train", -1)), ("train_2", ("train_2", -1)), ("train_12", ("train", 12))]
)
def test_a_name_means_a_task_and_an_index(name: str, place: tuple[str, int]) -> None:
    assert place_of(name, TASKS) == place
