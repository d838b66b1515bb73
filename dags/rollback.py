"""### Let readers see an earlier batch again

**What.** Moves readers to a kept batch at once, after somebody has approved it. The champion becomes the
model of that batch, so the next night compares with it and not with the model that was gone back from.

**When.** By hand, when what readers see is wrong and the batch before was right. Give the batch (or leave
`previous`, the night before) and the reason in the form; then *Required actions* of this run asks for approval,
for up to a day. The next night goes live as usual: if its data is wrong too, pause `nightly_recommendations`.

**Rerun.** Clear it any number of times: a run's request is carried out once. To go back further, trigger a new run.

**Look at.** `make psql SQL='select * from reco.activations order by 1 desc limit 3'`: who switched what, when and why.
An error names the batches that are kept. Without this page: `docs/runbook.md`, section *Going back*.
"""

import datetime as dt

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param, TriggerRule, chain

from include.orchestration import DEFAULT_ARGS, LIVE_BATCH, MACROS, answer_of, answerer_of, only_if_approved, step
from nightshelf_plugin.operators import JobOperator

REQUEST = ["--to", "{{ params.batch }}", "--reason", "{{ params.reason }}", "--request", "{{ run_id }}"]
BY = ["--by", answerer_of("approve_rollback")]

with DAG(
    "rollback",
    description="Readers see an earlier batch again, after approval.",
    doc_md=__doc__,
    tags=["by hand"],
    schedule=None,
    is_paused_upon_creation=False,  # whoever needs it at night shall not have to find the switch first
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
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
):
    # An ApprovalOperator would skip what follows by itself, and then not say who refused
    approve = HITLOperator(
        **step("approve_rollback"),
        subject="Let readers see batch {{ params.batch }} again?",
        body="{{ params.reason }}\n\nNobody who reads waits or fails. Rejecting changes nothing and is kept on record.",
        options=["Approve", "Reject"],
        defaults=["Reject"],
        response_timeout=dt.timedelta(days=1),
        execution_timeout=None,
        # Airflow may lose an answer of the first seconds (docs/runbook.md): it asks again as often as that happens
        retries=10,
        retry_delay=dt.timedelta(seconds=5),
        retry_exponential_backoff=0,
    )
    rollback = JobOperator(
        **step("rollback", *REQUEST, *BY), pre_execute=only_if_approved("approve_rollback"), outlets=[LIVE_BATCH]
    )
    audit = JobOperator(
        **step("audit_rollback", *REQUEST, *BY, "--answer", answer_of("approve_rollback")),
        trigger_rule=TriggerRule.ALL_DONE,
    )

    chain(approve, rollback, audit)
