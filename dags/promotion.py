"""### Promote or refuse a model by hand

**What.** Somebody decides what the gate would not, or takes back what it did: a version becomes champion, or loses the
title to the champion before it. Who, why and when stand in `reco.model_decisions`.

**When.** By hand, when you know more than the holdout: a version that the gate kept for too little evidence, or a
champion whose lists people don't like. Name the version and the reason in the form; *Required actions* of this run
then asks what to do, for up to a day. *Leave it* changes nothing.

**Then.** The next night is scored by the new champion, and its challenger is compared with it. To change what readers
see at once, clear `score` of the newest night, with *Downstream*.

**Rerun.** Clear it any number of times: a run's request is carried out once.

**Look at.** `make psql SQL='select * from reco.model_decisions order by decided_at desc limit 3'`.
"""

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param, chain

from include.orchestration import BY_HAND, MACROS, QUESTION, document
from nightshelf_plugin.operators import JobOperator

with DAG(
    "promotion",
    description="A version becomes champion, or loses the title, after approval.",
    doc_md=__doc__,
    **BY_HAND,
    user_defined_macros=MACROS,
    params={
        "model_version": Param(
            type="string", minLength=1, title="Model version", description="Its number in MLflow's registry."
        ),
        "reason": Param(type="string", minLength=3, title="Reason", description="Why; it is kept for good."),
    },
) as dag:
    approve = HITLOperator(
        task_id="approve_promotion",
        subject="Should version {{ params.model_version }} be champion?",
        body="{{ params.reason }}\n\nPromote makes it champion; Refuse takes the title from it or keeps it from it.",
        options=["Promote", "Refuse", "Leave it"],
        defaults=["Leave it"],
        **QUESTION,
    )
    decide = JobOperator(
        task_id="decide",
        arguments=[
            *("--model-version", "{{ params.model_version }}", "--reason", "{{ params.reason }}"),
            *(
                "--answer",
                "{{ answered(ti, 'approve_promotion') }}",
                "--by",
                "{{ answered_by(ti, 'approve_promotion') }}",
            ),
            *("--request", "{{ run_id }}"),
        ],
    )
    chain(approve, decide)

document(dag)
