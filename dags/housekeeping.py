"""### Delete what is old and not needed

**What.** Deletes deliveries, partitions of events, training sets, evaluations, batches, reports, model versions and
logs of tasks that are older than the policy's section `retention` keeps. What readers see or can be moved back to
stays, with its training set and model, and so do the events of the training set's window. Then merges the lake's daily
files of each month that is over into one, so that a night does not read years of daily files one by one.

**When.** Daily at noon of the shop's time. It deletes as `retention.dry_run` says; at first that is a dry run, which
only names what would go. Merging deletes no day and is never dry. By hand: both dry, unless the form says otherwise.
Skipped while a night is at work.

**Rerun.** Clear it any number of times: what is gone is gone, and nothing that is needed goes.

**Look at.** The logs of the tasks; `make psql SQL='select * from reco.deletions order by 1 desc limit 20'`.
"""

from airflow.sdk import DAG, CronDataIntervalTimetable, Param

from include.orchestration import (
    EVERY_DAG,
    LAKE_POOL,
    LAKE_POOL_SLOTS,
    MACROS,
    document,
    shop_zone,
    unless_running,
)
from include.settings import load_settings
from nightshelf_plugin.operators import JobOperator

MODE = "{{{{ '{}' if dag_run.run_type == 'scheduled' else 'dry' if params.dry_run else '{}' }}}}"
DATE = ["--date", "{{ last_night(dag_run) }}"]

with DAG(
    "housekeeping",
    description="Deletes what is old and not needed, by configuration.",
    doc_md=__doc__,
    tags=["nightly"],
    schedule=CronDataIntervalTimetable("0 12 * * *", timezone=shop_zone(load_settings()).key),
    catchup=False,
    max_active_runs=1,
    **EVERY_DAG,
    user_defined_macros=MACROS,
    params={
        "dry_run": Param(True, type="boolean", title="Dry run", description="Only say what would be done."),
        "reason": Param("", type="string", title="Reason", description="Why by hand; for those who read it later."),
    },
) as dag:
    delete_expired = JobOperator(
        task_id="delete_expired",
        job="housekeeping",
        arguments=[*DATE, "--mode", MODE.format("policy", "delete")],
        pool=LAKE_POOL,
        pool_slots=LAKE_POOL_SLOTS,  # no ingest meanwhile
        pre_execute=unless_running("nightly_recommendations"),
    )
    merge_months = JobOperator(
        task_id="merge_months",
        job="merge_months",
        arguments=[*DATE, "--mode", MODE.format("merge", "merge")],
        pool=LAKE_POOL,
    )
    delete_expired >> merge_months  # a month of which days are gone is merged again

document(dag)
