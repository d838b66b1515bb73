"""A night that is late: who is told, when, with which words."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any
from urllib.parse import quote

import pytest
from airflow.sdk import DeadlineAlert, DeadlineReference

from include.orchestration.deadline import shelf_deadline, tell_late
from include.orchestration.schedule import NIGHTLY_HOUR
from include.settings import Settings, load_settings
from tests.webhooks import webhook_server

RUN: dict[str, Any] = {
    "dag_id": "nightly_recommendations",
    "dag_run_id": "scheduled__2026-11-21T02:00:00+00:00",
    "state": "failed",
}


def settings(**variables: str) -> Settings:
    return load_settings({"NIGHTSHELF_HOME": "/nowhere", **variables})


def deadline(**variables: str) -> DeadlineAlert | None:
    return shelf_deadline(DeadlineReference.DAGRUN_LOGICAL_DATE, settings(**variables))


@pytest.mark.parametrize(
    "channel", [{"NIGHTSHELF_SLACK_WEBHOOK": "https://x/t0ken"}, {"NIGHTSHELF_SMTP_URL": "smtp://localhost"}]
)
def test_the_deadline_is_the_hour_of_the_setting(channel: dict[str, str]) -> None:
    for hour, hours in (("06:00", 4.0), ("05:30", 3.5)):
        found = deadline(**channel, NIGHTSHELF_FRESH_BY=hour)
        assert found is not None and found.interval == dt.timedelta(hours=hours)
        assert "t0ken" not in str(found.callback.serialize())


def test_where_nobody_would_be_told_there_is_none() -> None:
    assert deadline() is None


def test_the_setting_allows_no_hour_before_the_night_begins() -> None:
    (limit,) = Settings.model_fields["fresh_by"].metadata
    assert limit.gt == dt.time(NIGHTLY_HOUR)


def test_slack_is_told_which_run_is_late_and_what_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHELF_HOME", "/nowhere")
    monkeypatch.setenv("NIGHTSHELF_FRESH_BY", "05:30")
    monkeypatch.delenv("NIGHTSHELF_SMTP_URL", raising=False)
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://airflow.example.org/")
    with webhook_server() as webhook:
        monkeypatch.setenv("NIGHTSHELF_SLACK_WEBHOOK", webhook.url)
        asyncio.run(tell_late({"dag_run": RUN, "deadline": {}}))
    (message,) = webhook.received
    run = f"{RUN['dag_id']}/runs/{quote(RUN['dag_run_id'])}"
    for part in ("not fresh at 05:30 UTC", "is failed", f"http://airflow.example.org/dags/{run}", "/ShelfNotFresh.md"):
        assert part in message["text"]
