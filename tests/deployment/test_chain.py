"""From the records to people, with real programs: exporter, Prometheus, Alertmanager, a webhook and a mail server.

And from Airflow's own scheduler to Prometheus, by the variables of docker-compose.yaml. Every panel shows something.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from devstack.ports import free_port
from include.settings import PROJECT
from tests.airflow_home import VARIABLES
from tests.databases import Database, fresh_copy
from tests.deployment.programs import program, prometheus_command, prometheus_program, query, running
from tests.deployment.stack import SERVICES
from tests.deployment.stage import add_night, fill_shelf, make_metadata
from tests.deployment.test_rules import PANELS
from tests.mailboxes import Mailbox, mail_server
from tests.waiting import eventually
from tests.webhooks import Webhook, webhook_server

pytestmark = [pytest.mark.postgres, pytest.mark.airflow]

EXPRESSIONS = [
    pytest.param(target["expr"], id=name) for name, panel in PANELS for target in panel["targets"] if "expr" in target
]


@pytest.fixture(scope="module")
def people() -> Iterator[tuple[Webhook, Mailbox]]:
    with webhook_server() as webhook, mail_server() as mailbox:
        yield webhook, mailbox


@pytest.fixture(scope="module")
def port(
    postgres: Database, people: tuple[Webhook, Mailbox], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    """Prometheus' port; everything around it runs, and a task has failed for good."""
    programs = prometheus_program(), program("alertmanager", "prometheus-alertmanager")
    folder = tmp_path_factory.mktemp("chain")
    exporter, alertmanager, port = free_port(), free_port(), free_port()
    (folder / "slack_webhook").write_text(people[0].url)
    (folder / "smtp_url").write_text(people[1].url)
    (folder / "alertmanager").symlink_to(programs[1])
    with fresh_copy(postgres) as database:
        fill_shelf(database)
        make_metadata(database.writer_url)
        for number in (3, 2, 1):
            add_night(database.writer_url, number, 5)
        add_night(database.writer_url, 0, 5, state="failed")
        add_night(database.writer_url, 4, 5, state="running")
        environment = {
            **os.environ,
            "NIGHTSHELF_HOME": str(folder),
            "NIGHTSHELF_ANALYST_URL": database.analyst_url,
            "NIGHTSHELF_AIRFLOW_DATABASE_URL": database.writer_url,
            "PYTHONPATH": str(PROJECT),
            "PATH": f"{folder}:{os.environ['PATH']}",
            "SECRETS_FOLDER": str(folder),
            "CONFIG_FOLDER": str(folder / "made"),
            "NIGHTSHELF_MAIL_FROM": "night@example.org",
            "NIGHTSHELF_MAIL_TO": "ada@example.org",
        }
        with (
            running(
                [sys.executable, "-m", "include.metrics.exporter", str(exporter)],
                folder, environment, f"http://127.0.0.1:{exporter}/health",
            ),
            running(
                [
                    "/bin/sh", str(PROJECT / "deploy" / "alertmanager" / "start.sh"), f"--storage.path={folder / 'am'}",
                    f"--web.listen-address=127.0.0.1:{alertmanager}", "--cluster.listen-address=",
                ],
                folder, environment, f"http://127.0.0.1:{alertmanager}/-/ready",
            ),
            running(
                prometheus_command(programs[0], folder, port, exporter, alertmanager),
                folder, environment, f"http://127.0.0.1:{port}/-/ready",
            ),
        ):  # fmt: skip
            yield port


@pytest.fixture(scope="module")
def airflow(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow's scheduler, which sends its metrics as the one in the container does, only more often."""
    home = tmp_path_factory.mktemp("airflow")
    container = SERVICES["airflow-scheduler"]["environment"]
    told = {name: value for name, value in container.items() if name.startswith(("AIRFLOW__METRICS__", "OTEL_"))}
    environment = {
        **os.environ,
        **VARIABLES,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        **{name: container[name] for name in ("AIRFLOW__CORE__EXECUTOR", "AIRFLOW__CORE__PARALLELISM")},
        **{name: value.replace("prometheus:9090", f"127.0.0.1:{port}") for name, value in told.items()},
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    }
    log = (home / "log").open("w")
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=environment, stdout=log, check=True)
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "airflow", "scheduler", "--skip-serve-logs"], env=environment, stdout=log, stderr=log
    )
    yield
    scheduler.terminate()
    scheduler.wait(60)
    log.close()


def test_a_failed_task_reaches_slack_and_mail_by_way_of_prometheus(port: int, people: tuple[Webhook, Mailbox]) -> None:
    webhook, mailbox = people
    summary = "Task train of nightly_recommendations has failed after its retries"
    assert eventually(lambda: any(summary in str(message) for message in webhook.received), seconds=90)
    assert eventually(lambda: any(summary in line for line in mailbox.received), seconds=30)
    (message,) = [message for message in webhook.received if summary in str(message)]
    assert message["path"] == "/services/t0ken"
    assert message["attachments"][0]["title"] == "TaskFailed (page, firing)"
    assert "docs/runbook/TaskFailed.md" in message["attachments"][0]["text"]
    assert "Runbook: docs/runbook/TaskFailed.md" in mailbox.received
    assert any(line.startswith("Subject: Nightshelf: TaskFailed (page, firing)") for line in mailbox.received)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_panel_on_prometheus_shows_something(expression: str, port: int, airflow: None) -> None:
    found: list[Any] = []
    assert eventually(lambda: bool(found.extend(query(port, expression)) or found), seconds=90), expression


def test_free_slots_are_counted_once(port: int, airflow: None) -> None:
    """Airflow sends some metrics under two names: with a tag, and with the tag's value at the end of the name."""
    (asked,) = [parameter.values[0] for parameter in EXPRESSIONS if "airflow_" in str(parameter.values[0])]
    assert eventually(lambda: bool(query(port, str(asked))), seconds=90)
    (found,) = query(port, str(asked))
    assert found["value"][1] == SERVICES["airflow-scheduler"]["environment"]["AIRFLOW__CORE__PARALLELISM"]
