"""The nightly reports in the lake: one a night, and a further edition when a night's inputs have changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from include.errors import MissingArtifactError
from include.lake import Artifact, Lake, load_manifest

KIND, EDITION = "reports", "edition"


def list_reports(lake: Lake, since: dt.date, before: dt.date) -> Iterator[Artifact]:
    """Yield the reports of the nights from `since` until the one before `before`, later editions later."""
    names = {info.path.split("/")[1] for info in lake.list_files(KIND)}
    chosen = sorted(name for name in names if since.isoformat() <= name[:10] < before.isoformat())
    found = [Artifact(lake, f"{KIND}/{name}", load_manifest(lake, f"{KIND}/{name}")) for name in chosen]
    yield from sorted(found, key=lambda one: (one.run_date, one.detail(EDITION)))


def find_report(lake: Lake, day: dt.date) -> str:
    """Return the path of the last edition of a night's report.

    Raises
    ------
    MissingArtifactError
        When there is none.
    """
    found = list(list_reports(lake, day, day + dt.timedelta(days=1)))
    if not found:
        raise MissingArtifactError(
            f"there is no report of the night of {day}", remedy="clear task report of that night"
        )
    return found[-1].paths()[0]
