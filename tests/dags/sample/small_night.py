"""A DAG with the night's shape whose jobs take a moment. Run as a program, it tells what became of its run."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from airflow.sdk import DAG, Asset, Param, TriggerRule, chain

from include.columns import TABLES
from include.orchestration import DEFAULT_ARGS, MACROS, tell_on_call
from nightshelf_plugin.operators import JobBranchOperator, JobOperator
from nightshelf_plugin.report_operator import ReportOperator
from nightshelf_plugin.sensors import LandingSensor

RUN_DATE = "{{ run_date(dag_run, params) }}"


class SampleOperator(JobOperator):
    """Runs the sample jobs of the tests."""

    package = "tests.plugins.sample_jobs"


class SampleBranchOperator(JobBranchOperator):
    """Decides as it is told."""

    package = "tests.plugins.sample_jobs"


class SampleReportOperator(ReportOperator):
    """Writes no page, but says so."""

    package = "tests.plugins.sample_jobs"


with DAG(
    "small_night",
    schedule=None,
    default_args={when: DEFAULT_ARGS[when] for when in ("on_failure_callback", "on_retry_callback")},
    user_defined_macros=MACROS,
    params={"run_date": Param(None, type=["null", "string"], format="date")},
) as dag:
    wait = LandingSensor(
        task_id="wait",
        landing_uri=os.environ["LANDING_URI"],
        tables=TABLES,
        run_date=RUN_DATE,
        timeout=60,
        poke_interval=0.1,
    )
    ingest = SampleOperator.partial(
        task_id="ingest",
        job="behave",
        outlets=[Asset(f"lake.{table}", extra={"part": table}) for table in TABLES],
        asset_extra={"run_date": RUN_DATE},
        map_index_template="{{ task.arguments[1] }}",
    ).expand(arguments=[["succeed", table] for table in TABLES])
    gate = SampleBranchOperator(task_id="gate", job="behave", arguments=["decide", "keep"])
    promote = SampleOperator(task_id="promote", job="behave", arguments=["bad_data"])
    keep = SampleOperator(task_id="keep", job="behave", arguments=["succeed", "{{ result(ti, 'gate', 'decision') }}"])
    score = SampleOperator(
        task_id="score",
        job="behave",
        arguments=["succeed", RUN_DATE],
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    )
    wrong = SampleOperator(task_id="wrong", job="behave", arguments=["bad_data"], retries=2)
    flaky = SampleOperator(task_id="flaky", job="behave", arguments=["bad_disk"], retries=1, retry_delay=0)
    report = SampleReportOperator(task_id="report", job="behave", arguments=["report"])
    lost = SampleReportOperator(task_id="lost", job="behave", arguments=["bad_data"], on_skipped_callback=tell_on_call)
    chain(wait, ingest, gate, [promote, keep], score, [wrong, flaky, report, lost])


def tell(run: Any) -> dict[str, Any]:
    """Return what Airflow's metadata says of a run that has ended."""
    from airflow.models.asset import AssetEvent
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        events = session.scalars(select(AssetEvent)).all()
        xcoms = session.execute(
            select(XComModel.task_id, XComModel.map_index, XComModel.value).where(XComModel.key == "return_value")
        )
        return {
            "tasks": {
                f"{ti.task_id}[{ti.rendered_map_index}]" if ti.map_index >= 0 else ti.task_id: [ti.state, ti.try_number]
                for ti in run.get_task_instances(session=session)
            },
            "assets": sorted([event.asset.name, event.extra] for event in events),
            "links": dict(
                session.execute(
                    select(XComModel.task_id, XComModel.value).where(XComModel.key == "_link_ReportLink")
                ).all()
            ),
            "xcom": {f"{task_id}{index if index >= 0 else ''}": value for task_id, index, value in xcoms},
        }


if __name__ == "__main__":
    finished = dag.test(run_conf={"run_date": "2026-11-20"})
    sys.stdout.write("\n" + json.dumps(tell(finished), default=str) + "\n")
