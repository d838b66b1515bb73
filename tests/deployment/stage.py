"""The databases as the dashboards meet them: some nights on the shelf, some runs in Airflow's metadata."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg2
import sqlalchemy as sa

from tests import airflow_home
from tests.databases import Database

assert airflow_home  # it sets Airflow's environment, so it comes before airflow.models

HOUR = dt.timedelta(hours=1)
NIGHT = "nightly_recommendations"
REPORT = """
INSERT INTO reco.batch (batch_id, run_date, variant, model_version, n_users, n_rows, n_items, shortfall, overlap,
    checksum, positions, state, build)
VALUES ('b1', '2026-11-19', 'main', '3', 10, 100, 12, 1, 0.8, 'c', '{1}', 'stored', 1);
INSERT INTO reco.live (variant, batch_id, build, since, previous_batch_id, previous_build)
VALUES ('main', 'b1', 1, '2026-11-20', 'b1', 1);
INSERT INTO reco.nightly_run (run_date, variant, batch_id, accounts)
VALUES ('2026-11-19', 'main', 'b1', '{"events": {"landed": 100, "ingested": 90, "duplicates": 3, "quarantined": 7}}');
INSERT INTO reco.model_decision (run_date, variant, kind, model_version, reasons, metrics, fingerprint)
VALUES ('2026-11-19', 'main', 'promote', '3', '{better}',
    '{"k": 20, "challenger": {"recall@20": 0.3, "users": 9}, "popularity": {"recall@20": 0.2}}', 'f');
INSERT INTO reco.activation (variant, batch_id, kind, reason) VALUES ('main', 'b1', 'publish', 'a "night"');
INSERT INTO reco.drift_report (day, variant, batch_id, model_version, verdict, automatic, reasons, signals, report)
VALUES ('2026-11-20', 'main', 'b1', '3', 'hold', true, '{feed}', '{}', 'file:///r.html');
"""


def fill_shelf(database: Database) -> None:
    """Store one night: published, promoted, live, and held by the drift watch on the day after."""
    database.rows(REPORT)


def make_metadata(url: str) -> None:
    """Make the two tables that we read, with Airflow's own columns, and none of what they hang on."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg2://", 1))
    for model in (DagRun, TaskInstance):
        table = model.__table__
        columns = [sa.Column(column.name, column.type) for column in table.columns]
        sa.Table(table.name, sa.MetaData(), *columns).create(engine)
    engine.dispose()


def add_night(url: str, number: int, minutes: float, **task: Any) -> None:
    """Store the run of `number` days ago, that waited an hour for its landing; `task` describes its last task."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT now() - make_interval(days => %s, hours => 3)", (number,))
        began = cursor.fetchone()[0]
        last = {"task_id": "train", "state": "success", "try_number": 1, **task}
        end = began + HOUR + dt.timedelta(minutes=minutes) if last["state"] in ("success", "failed") else None
        cursor.execute(
            "INSERT INTO dag_run (id, dag_id, run_id, state, run_after, start_date, end_date) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (number, NIGHT, f"n{number}", last["state"], began, began, end),
        )
        for task_id, state, start, stop, tries in (
            ("wait_for_landing", "success", began, began + HOUR, 1),
            (last["task_id"], last["state"], began + HOUR, end, last["try_number"]),
        ):
            cursor.execute(
                "INSERT INTO task_instance (dag_id, run_id, task_id, map_index, state, start_date, end_date,"
                " try_number) VALUES (%s, %s, %s, -1, %s, %s, %s, %s)",
                (NIGHT, f"n{number}", task_id, state, start, stop, tries),
            )
    connection.close()
