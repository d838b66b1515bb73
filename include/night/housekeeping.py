"""What is older than the policy's section `retention` keeps, and nobody needs any more."""

from __future__ import annotations

import datetime as dt
import logging
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from include.columns import EVENTS, SUCCESS_MARKER, TABLES
from include.lake import MANIFEST, Lake, open_lake
from include.policy import Policy
from include.serving.housekeeping import Needed
from include.settings import Settings
from include.tracking import delete_version, old_versions

logger = logging.getLogger(__name__)

# Items and users are what was said of them last, however long ago: their partitions stay, and are compacted.
FOLDERS = {
    "partitions": (EVENTS, *(f"{what}/{table}" for what in ("quarantine", "duplicates") for table in TABLES)),
    "training_sets": ("training_sets",),
    "evaluations": ("evaluations",),
    "batches": ("batches",),
    "reports": ("drift", "drift_reports", "validations", "data_docs", "reports"),
}
LANDING, MODEL_RUNS, TASK_LOGS = "landing", "model_runs", "task_logs"
COMPARED = dt.timedelta(days=28)  # what checks and the comparison with the landing zone look back
DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Expired:
    """One thing that may go: a folder, or a version of the model (0 bytes: MLflow does not say)."""

    kind: str
    name: str
    day: dt.date
    size: int = 0


@dataclass(frozen=True)
class Housekeeping:
    """The rules for one run.

    Parameters
    ----------
    run_date
        The day from which ages are counted.
    """

    settings: Settings
    policy: Policy
    run_date: dt.date

    def cutoff(self, kind: str, needed: Needed) -> dt.date | None:
        """Return the first day of a kind that stays, None when all stay.

        Events stay for the window of every training set that a stored batch could be made from again, and for the
        checks; what was delivered stays as long as it is compared with the lake.
        """
        days: int | None = getattr(self.policy.retention, kind)
        if days is None:
            return None
        first = self.run_date - dt.timedelta(days=days)
        oldest = min(needed.first_night or self.run_date, self.run_date)
        if kind == "partitions":
            return min(first, oldest - dt.timedelta(days=self.policy.features.window_days) - COMPARED)
        return min(first, oldest - COMPARED) if kind == LANDING else first

    def find(self, needed: Needed) -> list[Expired]:
        """Return what may go, by kind."""
        lake, landing = open_lake(self.settings.lake_uri), open_lake(self.settings.landing_uri)
        found: list[Expired] = []
        for kind, roots in {LANDING: TABLES, **FOLDERS}.items():
            if cutoff := self.cutoff(kind, needed):
                place = landing if kind == LANDING else lake
                found += [one for one in dated_folders(place, kind, roots) if one.day < cutoff]
        if cutoff := self.cutoff(MODEL_RUNS, needed):
            versions = old_versions(self.settings, cutoff, needed.versions)
            found += [Expired(MODEL_RUNS, version, day) for version, day in versions]
        if cutoff := self.cutoff(TASK_LOGS, needed):
            found += [one for one in _run_logs(self.logs) if one.day < cutoff]
        return [one for one in found if one.name not in needed.folders]

    @property
    def logs(self) -> Path:
        """Return the folder of the tasks' logs in the development stack's home."""
        return self.settings.home / "logs" / "tasks"

    def delete(self, one: Expired) -> None:
        """Delete it; its commit record goes first, so that nobody takes what is left of it for whole."""
        if one.kind == MODEL_RUNS:
            delete_version(self.settings, one.name)
        elif one.kind == TASK_LOGS:
            shutil.rmtree(self.logs / one.name, ignore_errors=True)
        else:
            place = open_lake(self.settings.landing_uri if one.kind == LANDING else self.settings.lake_uri)
            place.delete(f"{one.name}/{SUCCESS_MARKER if one.kind == LANDING else MANIFEST}")
            place.delete(one.name)


def dated_folders(lake: Lake, kind: str, roots: Iterable[str]) -> Iterator[Expired]:
    """Yield each folder right below `roots` whose name holds a day, with its size; others are not ours to judge."""
    for root in roots:
        sizes: dict[str, int] = defaultdict(int)
        for file in lake.list_files(root):
            sizes[file.path.removeprefix(f"{root}/").partition("/")[0]] += file.size
        for name, size in sorted(sizes.items()):
            if found := DAY.search(name):
                yield Expired(kind, f"{root}/{name}", dt.date.fromisoformat(found[0]), size)


def _run_logs(folder: Path) -> Iterator[Expired]:
    """Yield the folder of each run, `dag_id=../run_id=..`, with the day on which something was written there last."""
    for run in sorted(folder.glob("dag_id=*/run_id=*")):
        files = [path.stat() for path in run.rglob("*") if path.is_file()]
        written = max((each.st_mtime for each in files), default=run.stat().st_mtime)
        day = dt.datetime.fromtimestamp(written, dt.UTC).date()
        yield Expired(TASK_LOGS, str(run.relative_to(folder)), day, sum(each.st_size for each in files))
