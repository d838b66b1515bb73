"""### Return readers to an earlier batch

**What.** Switches readers to a kept batch at once, after somebody has approved it. The model of that batch becomes
the champion, so the next night's challenger is compared with it and not with the model that was withdrawn.

**When.** By hand, when what readers see is wrong and the batch before was right. Name the batch (or leave
`previous`, the night before) and the reason in the form. *Required actions* of this run then asks for approval,
for up to a day. The next night goes live as usual: if its data is wrong too, pause `nightly_recommendations`.

**Rerun.** Clear it any number of times: a run's request is carried out once. To go back further, trigger a new run.

**Look at.** `make psql SQL='select * from reco.activations order by 1 desc limit 3'`: who switched what, when and why.
An error names the batches that are kept. Without the UI: `docs/runbook.md`, section *Rolling back*.
"""

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param, TriggerRule, chain

from include.orchestration import BY_HAND, LIVE_BATCH, MACROS, QUESTION, document, only_if_approved
from nightshelf_plugin.operators import JobOperator

REQUEST = ["--to", "{{ params.batch }}", "--reason", "{{ params.reason }}", "--request", "{{ run_id }}"]
BY = ["--by", "{{ answered_by(ti, 'approve_rollback') }}"]

with DAG(
    "rollback",
    description="Readers see an earlier batch again, after approval.",
    doc_md=__doc__,
    **BY_HAND,
    user_defined_macros=MACROS,
    params={
        "batch": Param(
            "previous",
            type="string",
            minLength=1,
            title="Batch",
            description="A batch_id that reco.batches shows as stored, or previous: the one that was live before.",
        ),
        "reason": Param(type="string", minLength=3, title="Reason", description="What is wrong; it is kept for good."),
    },
) as dag:
    # An ApprovalOperator skips what follows by itself; the audit could not tell who refused
    approve = HITLOperator(
        task_id="approve_rollback",
        subject="Let readers see batch {{ params.batch }} again?",
        body="{{ params.reason }}\n\nNo reader waits or fails. Rejecting changes nothing and is recorded.",
        options=["Approve", "Reject"],
        defaults=["Reject"],
        **QUESTION,
    )
    rollback = JobOperator(
        task_id="rollback",
        arguments=[*REQUEST, *BY],
        pre_execute=only_if_approved("approve_rollback"),
        outlets=[LIVE_BATCH],
    )
    audit = JobOperator(
        task_id="audit_rollback",
        arguments=[*REQUEST, *BY, "--answer", "{{ answered(ti, 'approve_rollback') }}"],
        trigger_rule=TriggerRule.ALL_DONE,
    )
    chain(approve, rollback, audit)

document(dag)
