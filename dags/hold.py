"""### Hold or release a night

**What.** Records that somebody holds one night, or releases it. A night on hold trains, promotes and publishes nothing:
readers keep the lists they have. The last word on a night counts; a release also ends a hold of the drift watch.

**When.** By hand: to hold, before the night publishes, when you know that the day's data is wrong; to release, when the
data is right after all or was delivered again.

**Then.** A night on hold fails at its next of the tasks `train`, `gate` and `publish`. After a release, clear that task
with *Downstream*.

**Rerun.** Clear it any number of times: a run's request is recorded once.

**Look at.** `make psql SQL="select * from reco.model_decisions where decision in ('hold', 'release')"`: which night,
who and why.
"""

from airflow.sdk import DAG, Param

from include.orchestration import BY_HAND, document
from nightshelf_plugin.operators import JobOperator

with DAG(
    "hold",
    description="One night publishes nothing until it is released.",
    doc_md=__doc__,
    **BY_HAND,
    params={
        "run_date": Param(type="string", format="date", title="Run date", description="The night."),
        "answer": Param("hold", type="string", enum=["hold", "release"], title="Answer"),
        "name": Param(type="string", minLength=2, title="Name", description="Who wants it."),
        "reason": Param(type="string", minLength=3, title="Reason", description="Why; it is kept for good."),
    },
) as dag:
    JobOperator(
        task_id="record_hold",
        job="hold",
        arguments=[
            *("--date", "{{ params.run_date }}", "--answer", "{{ params.answer }}"),
            *("--by", "{{ params.name }}", "--reason", "{{ params.reason }}", "--request", "{{ run_id }}"),
        ],
    )

document(dag)
