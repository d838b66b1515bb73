"""### Detect drift and act on it

**What.** Judges the last night's lists by what users did the day after: has the data drifted, have the lists
changed, have the results dropped? It then retrains, rolls back to the last good batch, holds because the feed is
broken, or does nothing; the audit records the outcome.

**When.** Each time a night's batch goes live (asset `reco.live`). The run then waits, at no cost, until the next
day's events are ingested. After a pause it judges the first night that went live meanwhile and triggers a run for the
next one, which goes on in the same way. By hand: give the day to judge in the form.

**Rerun.** Clear any of it, any number of times: the verdict on a day is made once and shown again, a rollback and a
retrain of a day are carried out once.

**Look at.** The page with plots whose address is in the log of `verdict`; `select * from reco.drift_reports`;
the thresholds in `include/config/drift.yaml`; what they mean in `docs/drift.md`. A red `audit_drift` says what to do.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param, TriggerRule, chain, task

from include.orchestration import EVERY_DAG, LIVE_BATCH, MACROS, document, first_of_days, lake_tables, optional_day
from include.settings import load_settings
from nightshelf_plugin.operators import JobOperator
from nightshelf_plugin.sensors import IngestedSensor

DAY = "{{ watched_day(dag_run, params, triggering_asset_events) }}"
LATER_DAYS = "{{ later_days(dag_run, params, triggering_asset_events) }}"
REASON = "{{ result(ti, 'verdict', 'reason') }}"
TARGET = "{{ result(ti, 'verdict', 'target') }}"

settings = load_settings()

with DAG(
    "drift_watch",
    description="Judges each night's lists by the next day, and acts on it.",
    doc_md=__doc__,
    tags=["nightly"],
    schedule=[LIVE_BATCH],
    is_paused_upon_creation=False,  # it only follows nights, and those begin when somebody wants them to
    catchup=False,
    max_active_runs=4,  # one that waits for its events must not keep a cleared one from running
    **EVERY_DAG,
    user_defined_macros=MACROS,
    params={
        "day": optional_day("Day", "The day to judge. Empty: the one after the night that started the run."),
        "later": Param("", type="string", title="Later days", description="To judge after it, blanks between them."),
        "reason": Param("", type="string", title="Reason", description="Why by hand; for those who read it later."),
    },
) as dag:
    wait_for_events = IngestedSensor(
        task_id="wait_for_events",
        landing_uri=settings.lake_uri,
        tables=list(lake_tables(settings)),
        run_date=DAY,
        timeout=(settings.landing_timeout_hours + 48) * 3600,
        poke_interval=60,
        execution_timeout=None,
    )
    data_drift = JobOperator(task_id="data_drift", arguments=["--date", DAY])
    prediction_drift = JobOperator(task_id="prediction_drift", arguments=["--date", DAY])
    performance = JobOperator(task_id="performance", arguments=["--date", DAY])
    verdict = JobOperator(
        task_id="verdict",
        arguments=[
            *("--date", DAY),
            "--data={{ result(ti, 'data_drift', 'part') }}",
            "--predictions={{ result(ti, 'prediction_drift', 'part') }}",
            "--performance={{ result(ti, 'performance', 'part') }}",
        ],
    )

    @task.branch(task_id="act")
    def act(decision: str) -> str:
        return decision

    chosen = act("{{ result(ti, 'verdict', 'decision') }}")
    retrain = TriggerDagRunOperator(
        task_id="retrain",
        trigger_dag_id="nightly_recommendations",
        trigger_run_id=f"drift_watch__{DAY}",
        skip_when_already_exists=True,
        conf={"run_date": DAY, "fresh_since": "{{ result(ti, 'verdict', 'since') }}", "reason": REASON},
    )
    rollback = JobOperator(
        task_id="rollback",
        arguments=["--to", TARGET, "--reason", REASON, "--by", "drift_watch", "--request", f"drift_watch {DAY}"],
    )
    ask_rollback = TriggerDagRunOperator(
        task_id="ask_rollback",
        trigger_dag_id="rollback",
        trigger_run_id=f"drift_watch__{DAY}",
        skip_when_already_exists=True,
        conf={"batch": TARGET, "reason": REASON},
    )
    hold = EmptyOperator(task_id="hold")
    nothing = EmptyOperator(task_id="nothing")
    audit = JobOperator(
        task_id="audit_drift",
        arguments=[
            *("--date", DAY),
            *("--states", "{{ states(ti, 'retrain', 'rollback', 'ask_rollback', 'hold', 'nothing') }}"),
        ],
        trigger_rule=TriggerRule.ALL_DONE,
    )

    later = task(task_id="find_later_days", trigger_rule=TriggerRule.ALL_DONE)(first_of_days)(LATER_DAYS)
    TriggerDagRunOperator.partial(
        task_id="judge_later_days", trigger_dag_id="drift_watch", skip_when_already_exists=True
    ).expand_kwargs(later)

    chain(wait_for_events, [data_drift, prediction_drift, performance], verdict, chosen)
    chain(chosen, [retrain, rollback, ask_rollback, hold, nothing], audit)
    chain(verdict, later)

document(dag)
