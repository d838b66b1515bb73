"""### Ingest a range of past days

**What.** Ingests every closed day of the landing zone from the first to the last day, all three tables, in one
Spark job: a year takes minutes instead of a year of nights.

**When.** By hand: before the first night of an installation, or after a change of the contract or of a mapping
that should also apply to the past. It neither trains nor publishes; the next night does.

**Rerun.** Clear it, or run it again over any range: each day's partition is replaced as a whole, with equal content
if nothing new was delivered. It waits for a night that is ingesting, and a night waits for it (pool `lake_tables`).

**Look at.** The task's log: rows landed, ingested, duplicate and quarantined, by table.
"""

from airflow.sdk import DAG, Param

from include.orchestration import EVERY_DAG, LAKE_POOL, LAKE_POOL_SLOTS, document, lake_tables
from include.settings import load_settings
from nightshelf_plugin.operators import JobOperator

FIRST_DAY, LAST_DAY = "{{ params.first_day }}", "{{ params.last_day }}"

tables = lake_tables(load_settings())

with DAG(
    "bootstrap_history",
    description="A range of past days from the landing zone into the lake.",
    doc_md=__doc__,
    tags=["by hand"],
    schedule=None,
    catchup=False,
    max_active_runs=1,
    **EVERY_DAG,
    params={
        "first_day": Param(type="string", format="date", title="First day", description="First ingest_date."),
        "last_day": Param(type="string", format="date", title="Last day", description="Last ingest_date, included."),
        "reason": Param("", type="string", title="Reason", description="Why; for those who read it later."),
    },
) as dag:
    JobOperator(
        task_id="ingest_history",
        job="ingest",
        arguments=["--tables", *tables, "--from", FIRST_DAY, "--to", LAST_DAY],
        pool=LAKE_POOL,
        pool_slots=LAKE_POOL_SLOTS,
        outlets=list(tables.values()),
        asset_extra={"first_day": FIRST_DAY, "last_day": LAST_DAY},
    )

document(dag)
