"""### Ingest what was set aside

**What.** Casts the quarantined rows of a range of days again, by the mapping as it is now. Rows that are good now move
to the day's partition, or are duplicates; the others stay, with their reasons. The books (`reco.ingest_accounts`)
follow. The delivered files are not needed. What was ingested before stays as it is: when the correction also changes
good rows, `bootstrap_history` is the way.

**When.** By hand, after the mapping was corrected. It neither trains nor publishes; the next night does.

**Rerun.** Clear it any number of times: a row moves once.

**Look at.** The task's log: rows replayed, and what they are now, by table; reasons that are left:
`make psql SQL="select * from reco.ingest_accounts where quarantined > 0"`.
"""

from airflow.sdk import DAG, Param

from include.orchestration import BY_HAND, LAKE_POOL, LAKE_POOL_SLOTS, document, lake_tables
from include.settings import load_settings
from nightshelf_plugin.operators import JobOperator

FIRST_DAY, LAST_DAY = "{{ params.first_day }}", "{{ params.last_day }}"

tables = lake_tables(load_settings())

with DAG(
    "replay",
    description="Quarantined rows of a range of days into the lake, by a corrected mapping.",
    doc_md=__doc__,
    **BY_HAND,
    params={
        "first_day": Param(type="string", format="date", title="First day", description="First ingest_date."),
        "last_day": Param(type="string", format="date", title="Last day", description="Last ingest_date, included."),
        "reason": Param("", type="string", title="Reason", description="Why; for those who read it later."),
    },
) as dag:
    JobOperator(
        task_id="replay_quarantine",
        job="replay",
        arguments=["--from", FIRST_DAY, "--to", LAST_DAY],
        pool=LAKE_POOL,
        pool_slots=LAKE_POOL_SLOTS,
        outlets=list(tables.values()),
        asset_extra={"first_day": FIRST_DAY, "last_day": LAST_DAY},
    )

document(dag)
