"""`nightshelf map`: a first mapping of somebody's files, and what it makes of a sample of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from devstack.airflow import JOB_VARIABLES
from devstack.home import Home
from devstack.java import find_java
from devstack.progress import Display
from devstack.work import Job

COUNTS = ("landed", "ingested", "duplicates", "quarantined")
LONGEST_EXAMPLE = 300
# Below it, events and catalogue probably name items differently.
MOST = 0.9


def map_files(
    home: Home, source: Path, out: Path | None, force: bool, environment: Mapping[str, str], display: Display
) -> None:
    """Write a mapping of `source` to the file or folder `out`, the current folder by default, and show the trial."""
    arguments = ["--source", str(source.resolve()), "--out", str((out or Path.cwd()).resolve())]
    variables = {
        **home.environment(environment),
        **JOB_VARIABLES,
        "JAVA_HOME": str(find_java(environment)),
    }
    with (
        display.work(f"mapping {source} and trying it on a sample") as work,
        Job("map", [*arguments, *(["--force"] if force else [])], variables, home.job_logs) as job,
    ):
        result = job.follow(work)
    show_trial(display, result, source)


def show_trial(display: Display, result: Mapping[str, Any], source: Path) -> None:
    """Show what became of the sample, why rows were set aside, and what to do next."""
    table = Table("of the sample", box=None, pad_edge=False)
    for name in COUNTS:
        table.add_column(name, justify="right")
    for name, one in result["tables"].items():
        table.add_row(name, *(f"{one[count]:,}" for count in COUNTS))
    display.console.print(table)
    for name, one in result["tables"].items():
        for reason, found in sorted(one["reasons"].items(), key=lambda entry: -entry[1]["rows"]):
            display.say(f"{found['rows']:,} of {name} set aside: {reason}")
            display.say(f"    {found['example'][:LONGEST_EXAMPLE]}", style="dim")
    known = result["events_with_known_item"]
    if known is not None and known < MOST:
        display.say(
            f"Only {known:.0%} of the events have an item of the catalogue: compare item_id in both.", style="red"
        )
    display.say()
    display.say(f"Wrote {result['mapping']}. Read the lines marked CHECK in it, then:")
    display.say(f"make nightly DATASET={result['mapping']} SOURCE={source.resolve()}", style="bold")
