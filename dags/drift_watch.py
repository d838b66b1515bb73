"""### Notice drift, and do the right thing

**What.** Judges the lists of the last night by what shoppers did on the day after: has the data moved, have the lists
changed, have the results fallen? Then it retrains, lets readers see the last good batch again, holds because the
feed is broken, or does nothing; the audit writes down what became of it.

**When.** Each time a night's batch goes live (asset `reco.live`). The run then waits, at no cost, until the next
day's events are ingested. By hand: give the day to judge in the form.

**Rerun.** Clear any of it, any number of times: a verdict on a day is made once and shown again, a rollback and a
retrain of a day are carried out once.

**Look at.** The page with plots whose address is in the log of `verdict`; `select * from reco.drift_reports`;
the thresholds in `include/config/drift.yaml`; what they mean in `docs/drift.md`. A red `audit_drift` says what to do.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param, TriggerRule, chain, task

from include.orchestration import (
    DEFAULT_ARGS,
    LIVE_BATCH,
    MACROS,
    WATCHED_DAY,
    lake_tables,
    result_of,
    states_of,
    step,
    triggered_run,
)
from include.settings import load_settings
from nightshelf_plugin.operators import JobOperator
from nightshelf_plugin.sensors import IngestedSensor

settings = load_settings()

ACTIONS = ("retrain", "rollback", "ask_rollback", "hold", "nothing")
REASON, TARGET = result_of("verdict", "reason"), result_of("verdict", "target")
DAY = ["--date", WATCHED_DAY]
PARTS = [f"--{name}={result_of(task_id, 'part')}" for name, task_id in (
    ("data", "data_drift"), ("predictions", "prediction_drift"), ("performance", "performance"),
)]  # fmt: skip

with DAG(
    "drift_watch",
    description="Judges each night's lists by the next day, and acts on it.",
    doc_md=__doc__,
    tags=["nightly"],
    schedule=[LIVE_BATCH],
    is_paused_upon_creation=False,  # it only follows nights, and those begin when somebody wants them to
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    user_defined_macros=MACROS,
    params={
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="The day to judge. Empty: the one after the night that started the run.",
        ),
        "reason": Param("", type="string", title="Reason", description="Why by hand; for those who read it later."),
    },
) as dag:
    wait_for_events = IngestedSensor(
        **step("wait_for_events"),
        landing_uri=settings.lake_uri,
        tables=list(lake_tables(settings)),
        run_date=WATCHED_DAY,
        timeout=(settings.landing_timeout_hours + 48) * 3600,
        poke_interval=60,
        execution_timeout=None,
    )
    data_drift = JobOperator(**step("data_drift", *DAY))
    prediction_drift = JobOperator(**step("prediction_drift", *DAY))
    performance = JobOperator(**step("performance", *DAY))
    verdict = JobOperator(**step("verdict", *DAY, *PARTS))

    @task.branch(**step("act"))
    def act(decision: str) -> str:
        return decision

    chosen = act(result_of("verdict", "decision"))
    retrain = TriggerDagRunOperator(
        **step("retrain"),
        **triggered_run("nightly_recommendations", "drift_watch", WATCHED_DAY),
        conf={"run_date": WATCHED_DAY, "fresh_since": result_of("verdict", "since"), "reason": REASON},
    )
    request = ["--to", TARGET, "--reason", REASON, "--by", "drift_watch", "--request", f"drift_watch {WATCHED_DAY}"]
    rollback = JobOperator(**step("rollback", *request))
    ask_rollback = TriggerDagRunOperator(
        **step("ask_rollback"),
        **triggered_run("rollback", "drift_watch", WATCHED_DAY),
        conf={"batch": TARGET, "reason": REASON},
    )
    hold = EmptyOperator(**step("hold"))
    nothing = EmptyOperator(**step("nothing"))
    audit = JobOperator(
        **step("audit_drift", *DAY, "--states", states_of(*ACTIONS)),
        trigger_rule=TriggerRule.ALL_DONE,
    )

    chain(wait_for_events, [data_drift, prediction_drift, performance], verdict, chosen)
    chain(chosen, [retrain, rollback, ask_rollback, hold, nothing], audit)
