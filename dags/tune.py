"""### Look for better settings of the model

**What.** Tries settings of the models on the newest training set, each trial a task of its own, and records the best.
They are judged by lists as the gate judges them, on the days before the holdout, which is never looked at. If they are
better than the present ones by `tuning.min_gain`, the next night's challenger is trained by them and passes the same
gate; if it is refused, the nights go back to the settings of before.

**When.** On Sundays at noon of the shop's time, or by hand. The policy says under `tuning` what is tried.

**Rerun.** Clear any task: trials that have ended are not repeated, one that was killed tries the same settings again.
A trial that fails for good is left out, and the study goes on. A larger number in the form goes on with the study.

**Look at.** `make psql SQL='select * from reco.tunings order by tuning_id desc limit 3'`, its trials in
`reco.tuning_trials`. The pool `tuning` says how many trials run at once.
"""

import datetime as dt

from airflow.sdk import DAG, CronTriggerTimetable, Param, TriggerRule, chain, task

from include.orchestration import EVERY_DAG, MACROS, document, numbered, optional_day, shop_zone
from include.settings import load_settings
from nightshelf_plugin.operators import JobOperator

STUDY = "{{ result(ti, 'plan_tuning', 'study') }}"
TRIALS = "{{ result(ti, 'plan_tuning', 'trials') }}"

with DAG(
    "tune",
    description="Better settings of the model, for the next night's challenger.",
    doc_md=__doc__,
    tags=["weekly", "by hand"],
    schedule=CronTriggerTimetable(
        "0 12 * * 0",
        timezone=shop_zone(load_settings()).key,
        run_immediately=dt.timedelta(0),  # not in a shop that opens on a Sunday; False would, until Monday morning
    ),
    is_paused_upon_creation=False,
    catchup=False,
    max_active_runs=1,
    **EVERY_DAG,
    user_defined_macros=MACROS,
    params={
        "run_date": optional_day("Run date", "Tune on the newest training set up to this day. Empty: on the newest."),
        "trials": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=500,
            title="Trials",
            description="Settings to try. Empty: as the policy says.",
        ),
        "reason": Param("", type="string", title="Reason", description="Why by hand; for those who read it later."),
    },
) as dag:
    plan_tuning = JobOperator(
        task_id="plan_tuning",
        arguments=["--date", "{{ params.run_date or last_night(dag_run) }}", "--trials", "{{ params.trials or '' }}"],
    )
    name_trials = task(task_id="name_trials")(numbered)(TRIALS, line=["--study", STUDY, "--task"])
    try_settings = JobOperator.partial(
        task_id="try_settings",
        pool="tuning",
        map_index_template="trial {{ task.arguments[-1] }}",
    ).expand_kwargs(name_trials)
    choose_settings = JobOperator(
        task_id="choose_settings",
        arguments=["--study", STUDY, "--trials", TRIALS],
        trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS,  # a trial that failed for good is left out
    )
    chain(plan_tuning, name_trials)
    chain(try_settings, choose_settings)

document(dag)
