"""Runs of the real DAG `nightly_recommendations` of every kind. Run as a program, it tells which have a deadline."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.models.dagbag import DBDagBag
from airflow.models.dagbundle import DagBundleModel
from airflow.models.deadline import Deadline
from airflow.models.taskinstance import clear_task_instances
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select

NAME = "nightly_recommendations"
DAY = dt.timedelta(days=1)
BUNDLE = "tests"


def deadlines(session: Any) -> dict[str, str]:
    """Return how long after its beginning each run is late, by the run's id."""
    found = session.scalars(select(Deadline)).all()
    return {one.dagrun.run_id: str(one.deadline_time - one.dagrun.run_after) for one in found}


def tell() -> dict[str, Any]:
    folder = Path(os.environ["DAGS"])
    now = dt.datetime.now(dt.UTC)
    begins = {
        "newest": (DagRunType.SCHEDULED, now - dt.timedelta(minutes=1)),
        "hours_ago": (DagRunType.SCHEDULED, now - dt.timedelta(hours=20)),
        "caught_up": (DagRunType.SCHEDULED, now - DAY - dt.timedelta(minutes=1)),
        "by_hand": (DagRunType.MANUAL, now),
        "backfill": (DagRunType.BACKFILL_JOB, now - dt.timedelta(minutes=2)),
    }
    with create_session() as session:
        session.add(DagBundleModel(name=BUNDLE))
    sync_bag_to_db(BundleDagBag(str(folder), bundle_path=folder, bundle_name=BUNDLE), BUNDLE, None)
    with create_session() as session:
        dag = DBDagBag().get_latest_version_of_dag(NAME, session=session)
        for name, (kind, run_after) in begins.items():
            dag.create_dagrun(
                run_id=name,
                run_type=kind,
                run_after=run_after,
                logical_date=run_after - DAY,
                data_interval=(run_after - DAY, run_after),
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.QUEUED,
                session=session,
            )
        session.flush()
        before = deadlines(session)
        run = next(one.dagrun for one in session.scalars(select(Deadline)) if one.dagrun.run_id == "newest")
        clear_task_instances(run.get_task_instances(session=session), session)
        session.flush()
        return {"before": before, "after clearing": deadlines(session)}


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(tell()) + "\n")
