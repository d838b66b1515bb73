"""### Run the nights that were missed

**What.** Looks for days that were delivered and never ingested, because they came late, or came together in one
newer export, and triggers `nightly_recommendations` for each, in order. A night older than the live batch is stored
and does not go live; its day is in all later training sets.

**When.** Every hour, unless a night is at work. It never triggers a day twice: what has failed, people clear.

**Rerun.** Clear it any number of times: a day that has been ingested meanwhile is not missed any more.

**Look at.** The log of `find_missed`; runs of `nightly_recommendations` named `catch_up__<day>`; what is missing in the
landing zone itself: `select * from reco.landing_comparisons`.
"""

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, task

from include.orchestration import EVERY_DAG, MACROS, day_runs, document, unless_running
from nightshelf_plugin.operators import JobOperator

NIGHTLY = "nightly_recommendations"

with DAG(
    "catch_up",
    description="A night for each day that was delivered and never ingested, in order.",
    doc_md=__doc__,
    tags=["nightly"],
    schedule="45 * * * *",
    catchup=False,
    max_active_runs=1,
    **EVERY_DAG,
    user_defined_macros=MACROS,
) as dag:
    find_missed = JobOperator(
        task_id="find_missed",
        arguments=["--date", "{{ last_night(dag_run) }}"],
        pre_execute=unless_running(NIGHTLY),
    )
    nights = task(task_id="name_nights")(day_runs)(
        "{{ result(ti, 'find_missed', 'days') }}", prefix="catch_up", param="run_date"
    )
    run_missed = TriggerDagRunOperator.partial(
        task_id="run_missed",
        trigger_dag_id=NIGHTLY,
        skip_when_already_exists=True,
        max_active_tis_per_dagrun=1,  # in order
    ).expand_kwargs(nights)

    find_missed >> nights

document(dag)
