"""What the jobs of the drift watch share: the day, the batch that was served on it, and what its night knew.

A part of a day's check is a folder `drift/<day>/<part>-<fingerprint>` with one JSON file; it is made once.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from include import columns as c
from include.contract import load_dataset
from include.drift_policy import DriftPolicy, load_drift_policy
from include.errors import MissingArtifactError
from include.lake import (
    Lake,
    Manifest,
    commit_file,
    find_complete,
    load_manifest,
    open_folder,
    open_lake,
    partition_folder,
)
from include.lake.manifest import fingerprint
from include.monitoring.verdict import Signals
from include.policy import Policy
from include.serving.batch import Batch, open_batch
from include.serving.database import connect
from include.serving.drift import DriftReport, Served, find_report, read_history, served_batches
from include.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1  # raise it when equal inputs shall give other parts
ROOT = "drift"
HISTORY_DAYS = 90
READ_ROWS = 1 << 17


@dataclass(frozen=True)
class WatchedDay:
    """A day, the batch that readers saw on it, and what the watch knows of the days before.

    Attributes
    ----------
    served
        Batches that were live before, the one of the day first.
    report
        The verdict of the day, if it was made already.
    """

    lake: Lake
    day: dt.date
    policy: Policy
    drift: DriftPolicy
    served: list[Served]
    history: list[Signals]
    report: DriftReport | None

    @property
    def live(self) -> Served:
        return self.served[0]

    @cached_property
    def batch(self) -> Batch:
        return self.open(self.live.batch_id)

    def open(self, batch_id: str) -> Batch:
        """Return a batch of the lake."""
        return open_batch(self.lake, f"batches/{batch_id}")

    @cached_property
    def training_set(self) -> tuple[str, Manifest]:
        """Folder and manifest of what the batch was made from."""
        folder = str(self.batch.manifest.details.get("training_set", ""))
        return folder, open_folder(self.lake, folder)

    @cached_property
    def partition(self) -> Manifest:
        """Manifest of the day's events."""
        return load_manifest(self.lake, partition_folder(c.EVENTS, self.day))

    def table(self, name: str, columns: list[str], order: str) -> pa.Table:
        """Return columns of a table of the training set, in its order."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder, manifest = self.training_set
        filesystem, root = self.lake.filesystem()
        tables = [
            pq.read_table(
                f"{root}/{folder}/{path}", filesystem=filesystem, columns=[order, *columns], partitioning=None
            )
            for path in manifest.paths(name)
        ]
        return pa.concat_tables(tables).sort_by(order)

    def events(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Yield the day's events, some at a time."""
        import pyarrow.parquet as pq

        filesystem, root = self.lake.filesystem()
        folder = partition_folder(c.EVENTS, self.day)
        for path in self.partition.paths():
            with pq.ParquetFile(f"{root}/{folder}/{path}", filesystem=filesystem) as file:
                yield from file.iter_batches(READ_ROWS, columns=columns)


def open_day(settings: Settings, day: dt.date) -> WatchedDay:
    """Return what is known of `day`.

    Raises
    ------
    MissingArtifactError
        When no batch was live before it.
    """
    policy = load_dataset(settings.dataset).policy(settings.policy_file)
    variant = policy.publish.variant
    with connect(settings.database_url, "drift_watch") as connection:
        report = find_report(connection, variant, day)
        served = served_batches(connection, variant, day)
        history = [Signals.from_json(one) for one in read_history(connection, variant, day, HISTORY_DAYS)]
    if report is not None:  # what was judged then is judged now, whatever went live since
        served.sort(key=lambda one: one.batch_id != report.batch_id)
    if not served:
        raise MissingArtifactError(
            f"no batch of variant {variant} was live before {day}",
            remedy="publish the night before, then clear this task",
        )
    drift = load_drift_policy(settings.drift_policy_file)
    return WatchedDay(open_lake(settings.lake_uri), day, policy, drift, served, history, report)


def find_or_make(watched: WatchedDay, part: str, inputs: Mapping[str, Any], make: Callable[[], dict[str, Any]]) -> str:
    """Return the folder of a part of the day's check, made now unless equal inputs were checked before."""
    tag = fingerprint(
        {
            "format": FORMAT,
            "events": watched.partition.fingerprint,
            "batch": watched.live.batch_id,
            "policy": watched.drift.fingerprint(),
            **inputs,
        }
    )
    folder = f"{ROOT}/{watched.day}/{part}-{tag}"
    if find_complete(watched.lake, folder) is None:
        text = json.dumps(make(), indent=1, sort_keys=True)
        events = {"events": watched.partition.fingerprint}
        commit_file(watched.lake, folder, f"{part}.json", text.encode(), fingerprint=tag, inputs=events)
    return folder


def read_part(lake: Lake, folder: str) -> dict[str, Any]:
    """Return what `find_or_make` wrote."""
    (path,) = open_folder(lake, folder).paths()
    found: dict[str, Any] = json.loads(lake.read_bytes(f"{folder}/{path}"))
    return found
