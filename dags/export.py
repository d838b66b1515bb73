"""### Export lists as files

**What.** Writes one kind of lists of the live batch as Parquet or CSV below a target, for e-mail tools and caches:
`<target>/<list>/<format>/<number>/`, complete as soon as its `manifest.json` is there (`docs/exports.md`).

**When.** By hand, or triggered by whatever sends the mails; a night's lists do not change until the next one.

**Rerun.** Clear it any number of times: an export of the same batch is there already and nothing is written.

**Look at.** The task's result: the export's folder, the batch, how many lists and rows, and which batch the changes are
against. `whole` where changes were asked for means that the last export's batch is no longer in the lake.
"""

from airflow.sdk import DAG, Param

from include.orchestration import BY_HAND, EXPORTED_LISTS, document
from nightshelf_plugin.operators import JobOperator

with DAG(
    "export",
    description="Lists of the live batch as files, whole or what has changed.",
    doc_md=__doc__,
    **BY_HAND,
    params={
        "list": Param("recommendations", enum=EXPORTED_LISTS, title="List", description="Which lists."),
        "format": Param("parquet", enum=["parquet", "csv"], title="Format", description="Of the files."),
        "scope": Param(
            "whole",
            enum=["whole", "changed"],
            title="Scope",
            description="whole: every list; changed: those that differ from the last export, and which are gone.",
        ),
        "target": Param(
            type="string",
            pattern="^(s3|file)://.+",
            title="Target",
            description="Where exports go: s3://bucket/prefix or file:///folder.",
        ),
    },
) as dag:
    JobOperator(
        task_id="export_lists",
        job="export",
        arguments=[
            *("--list", "{{ params.list }}", "--format", "{{ params.format }}"),
            *("--scope", "{{ params.scope }}", "--target", "{{ params.target }}"),
        ],
    )

document(dag)
