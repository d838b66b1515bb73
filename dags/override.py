"""### Let a stopped night go on

**What.** Records that somebody takes responsibility for one night although a check failed: the data or the lists
really are like that. The checks are named as in the failed task's error, or `all`.

**When.** By hand, when a task has stopped a night and the data can't or needn't be delivered again.

**Then.** Clear the task that stopped, with *Downstream*: it only warns of these checks. Other nights still stop.

**Rerun.** Clear it any number of times: the first word on a check stands.

**Look at.** `make psql SQL="select * from reco.model_decisions where decision = 'override'"`: which night and check,
who and why.
"""

from airflow.sdk import DAG, Param

from include.orchestration import BY_HAND, document
from nightshelf_plugin.operators import JobOperator

with DAG(
    "override",
    description="One night goes on although a check failed, by name and with a reason.",
    doc_md=__doc__,
    **BY_HAND,
    params={
        "run_date": Param(type="string", format="date", title="Run date", description="The night that stopped."),
        "checks": Param(
            type="string",
            minLength=1,
            title="Checks",
            description="Names as the error says them, separated by commas; all: every check of that night.",
        ),
        "name": Param(type="string", minLength=2, title="Name", description="Who takes responsibility."),
        "reason": Param(type="string", minLength=3, title="Reason", description="Why; it is kept for good."),
    },
) as dag:
    JobOperator(
        task_id="record_override",
        job="override",
        arguments=[
            *("--date", "{{ params.run_date }}", "--checks", "{{ params.checks }}"),
            *("--by", "{{ params.name }}", "--reason", "{{ params.reason }}"),
        ],
    )

document(dag)
