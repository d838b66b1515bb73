"""### Ingest a range of past days in one go

**What.** Brings every closed day of the landing zone from the first to the last day into the lake,
all three tables, in one Spark job: a year takes minutes, not a year of nights.

**When.** By hand, before the first night of an installation, or after the contract or a mapping has
changed and the past shall follow it. It trains and publishes nothing; the next night does.

**Rerun.** Clear it, or run it again over any range: each day's partition is replaced whole, by equal
content if nothing was delivered anew. It waits for a night that is just ingesting, and a night waits
for it (pool `lake_tables`).

**Look at.** The task's log: rows landed, ingested, duplicate and quarantined for each table.
"""

from airflow.sdk import DAG, Param

from include.orchestration import DEFAULT_ARGS, LAKE_POOL, LAKE_POOL_SLOTS, lake_tables, step
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
    default_args=DEFAULT_ARGS,
    params={
        "first_day": Param(type="string", format="date", title="First day", description="First ingest_date."),
        "last_day": Param(type="string", format="date", title="Last day", description="Last ingest_date, included."),
        "reason": Param("", type="string", title="Reason", description="Why; for those who read it later."),
    },
):
    JobOperator(
        **step("ingest_history", "--tables", *tables, "--from", FIRST_DAY, "--to", LAST_DAY, job="ingest"),
        pool=LAKE_POOL,
        pool_slots=LAKE_POOL_SLOTS,
        outlets=list(tables.values()),
        asset_extra={"first_day": FIRST_DAY, "last_day": LAST_DAY},
    )
