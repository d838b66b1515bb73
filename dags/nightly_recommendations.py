"""### Restock every user's shelf

**What.** Turns the day's events, items and users in the landing zone into everyone's top N in PostgreSQL:
ingest, validate, build a training set, train, evaluate, decide, score, publish, verify.

**When.** Daily at 02:00 of the shop's time (`time_zone` of the mapping). The run that starts on the 20th handles
`ingest_date` of the 19th, the *run date*: the start of its data interval. A manual run handles the date in its form.

**Rerun.** Clear any task, any number of times, alone or with everything downstream: equal inputs give the same names
and the same content, and a batch becomes visible at once or not at all. To repeat a whole night, clear the run.
Missed nights: `docs/runbook.md`, section *Missed nights*.

**Look at.** The failed task's log: its first line repeats the task in a shell, its last error line says what is wrong
and what to do. The task's *Docs* say what else to check. Until `publish` is done, readers see the night before.
"""

from airflow.sdk import DAG, Param, TriggerRule, chain

from include.orchestration import (
    EVERY_DAG,
    LAKE_POOL,
    LIVE_BATCH,
    MACROS,
    document,
    lake_tables,
    mail_report,
    nightly_schedule,
    optional_day,
    shelf_deadline,
    tell_on_call,
)
from include.settings import load_settings
from nightshelf_plugin.deadlines import NightBegins
from nightshelf_plugin.operators import JobBranchOperator, JobOperator
from nightshelf_plugin.report_operator import ReportOperator
from nightshelf_plugin.sensors import LandingSensor

RUN_DATE = "{{ run_date(dag_run, params) }}"
TRAINING_SET = "{{ result(ti, 'build_training_set', 'training_set') }}"
SALES = "{{ result(ti, 'count_sales', 'sales') }}"
MODEL_VERSION = "{{ result(ti, 'train', 'model_version') }}"
EVALUATION = "{{ result(ti, 'evaluate', 'evaluation') }}"
BATCH = "{{ result(ti, 'score', 'batch') }}"

settings = load_settings()
tables = lake_tables(settings)

with DAG(
    "nightly_recommendations",
    description="From the day's events to everyone's top N.",
    doc_md=__doc__,
    tags=["nightly"],
    **EVERY_DAG,
    user_defined_macros=MACROS,
    params={
        "run_date": optional_day("Run date", "The ingest_date to handle. Empty: the start of the run's data interval."),
        "fresh_since": optional_day(
            "Fresh since", "A fresh fit: what happened before this day weighs less. Empty: nothing is forgotten."
        ),
        "reason": Param("", type="string", title="Reason", description="Why by hand; for those who read it later."),
    },
    deadline=shelf_deadline(NightBegins(), settings),
    **nightly_schedule(settings),
) as dag:
    wait_for_landing = LandingSensor(
        task_id="wait_for_landing",
        landing_uri=settings.landing_uri,
        tables=list(tables),
        run_date=RUN_DATE,
        timeout=settings.landing_timeout_hours * 3600,
        poke_interval=30,
        execution_timeout=None,
    )
    ingest = JobOperator.partial(
        task_id="ingest",
        pool=LAKE_POOL,
        outlets=list(tables.values()),
        asset_extra={"run_date": RUN_DATE},
        map_index_template="{{ task.arguments[1] }}",
    ).expand(arguments=[["--tables", table, "--date", RUN_DATE] for table in tables])
    compare_landing = JobOperator(task_id="compare_landing", arguments=["--date", RUN_DATE])
    validate = JobOperator(task_id="validate", arguments=["--date", RUN_DATE])
    build_training_set = JobOperator(
        task_id="build_training_set",
        arguments=["--date", RUN_DATE, "--fresh-since", "{{ params.fresh_since or '' }}"],
    )
    count_sales = JobOperator(task_id="count_sales", arguments=["--training-set", TRAINING_SET])
    train = JobOperator(task_id="train", arguments=["--training-set", TRAINING_SET])
    evaluate = JobOperator(
        task_id="evaluate", arguments=["--training-set", TRAINING_SET, "--model-version", MODEL_VERSION]
    )
    gate = JobBranchOperator(task_id="gate", arguments=["--evaluation", EVALUATION])
    promote = JobOperator(task_id="promote", arguments=["--date", RUN_DATE, "--model-version", MODEL_VERSION])
    keep = JobOperator(task_id="keep", arguments=["--date", RUN_DATE, "--model-version", MODEL_VERSION])
    score = JobOperator(
        task_id="score",
        arguments=["--date", RUN_DATE, "--training-set", TRAINING_SET, "--sales", SALES],
        trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    )
    publish = JobOperator(
        task_id="publish",
        arguments=["--batch", BATCH],
        outlets=[LIVE_BATCH],
        asset_extra={"run_date": RUN_DATE},
        announce_if="live",  # a batch that is only stored starts no watch
    )
    verify = JobOperator(task_id="verify", arguments=["--batch", BATCH])
    report = ReportOperator(
        task_id="report",
        arguments=["--batch", BATCH],
        on_success_callback=mail_report,
        on_skipped_callback=tell_on_call,  # the lists are live: the night has not failed
    )

    chain(wait_for_landing, ingest, validate, build_training_set, train, evaluate, gate)
    chain(ingest, compare_landing)
    chain(build_training_set, count_sales, score)
    chain(gate, [promote, keep], score, publish, verify, report)

document(dag)
