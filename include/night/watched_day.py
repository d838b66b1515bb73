"""A day, the batch that readers saw on it, and what its night knew: what the drift watch looks at.

Each check of a day is an artifact `drift/<day>/<part>-<fingerprint>` with one JSON file, made once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from include import columns as c
from include.contract import load_drift_policy, load_policy
from include.drift_policy import DriftPolicy
from include.errors import MissingArtifactError
from include.lake import (
    Artifact,
    Content,
    Lake,
    find_or_make,
    load_manifest,
    open_artifact,
    open_lake,
    partition_folder,
    write_json,
    write_table,
)
from include.monitoring.judge import LiveBatch, choose_fallback
from include.monitoring.verdict import Signals
from include.policy import Policy
from include.serving.batch import Batch, open_batch
from include.serving.database import connect
from include.serving.drift import DriftReport, find_report, read_history, served_batches
from include.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 2  # raise it when equal inputs shall give other checks
KIND = "drift"
HISTORY_DAYS = 90


@dataclass(frozen=True)
class WatchedDay:
    """A day, the batch that served it, and what the watch knows of the days before.

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
    served: list[LiveBatch]
    history: list[Signals]
    report: DriftReport | None

    @property
    def live(self) -> LiveBatch:
        return self.served[0]

    @property
    def promoted(self) -> dt.date:
        """Run date of the first batch of the live model."""
        return min(one.run_date for one in self.served if one.model_version == self.live.model_version)

    @cached_property
    def batch(self) -> Batch:
        return self.open(self.live.batch_id)

    @cached_property
    def batch_before(self) -> Batch | None:
        """The batch that was live before the one of the day."""
        earlier = [one for one in self.served if one.run_date < self.live.run_date]
        return self.open(earlier[0].batch_id) if earlier else None

    @cached_property
    def fallback(self) -> Batch | None:
        """The batch to which a rollback would lead."""
        if self.report is not None:  # what is kept now is not what was kept when the verdict was made
            previous = self.report.signals.get("previous_batch")
            return self.open(previous) if previous else None
        chosen = choose_fallback(self.live, self.served[1:], self.history)
        return self.open(chosen.batch_id) if chosen else None

    def open(self, batch_id: str) -> Batch:
        """Return a batch of the lake."""
        return open_batch(self.lake, f"batches/{batch_id}")

    @cached_property
    def events(self) -> Artifact:
        """The day's events."""
        folder = partition_folder(c.EVENTS, self.day)
        return Artifact(self.lake, folder, load_manifest(self.lake, folder))

    @cached_property
    def training_set(self) -> Artifact:
        """What the batch was made from."""
        return open_artifact(self.lake, str(self.batch.detail("training_set")))

    def table(self, name: str, index: str, columns: list[str]) -> pa.Table:
        """Return columns of a table of the training set, in order of `index`."""
        return self.training_set.read_table(name, [index, *columns]).sort_by(index)

    def find_or_make_check(
        self,
        part: str,
        inputs: Mapping[str, Any],
        make: Callable[[], dict[str, Any]],
        tables: Callable[[], Mapping[str, pa.Table]] = dict,
    ) -> Artifact:
        """Return a check of the day: the one of equal inputs, or what `make`, and then `tables`, return now."""
        events = {"events": self.events.manifest.fingerprint}
        everything = {
            "format": FORMAT,
            **events,
            "batch": self.live.batch_id,
            "policy": self.drift.fingerprint(),
            **inputs,
        }

        def write(staged: str) -> Content:
            files = [write_json(self.lake, staged, f"{part}.json", make(), allow_nan=True)]
            files += [write_table(self.lake, staged, name, table) for name, table in tables().items()]
            return Content(files, inputs=events)

        return find_or_make(self.lake, KIND, self.day, everything, write, part=part)


def open_day(settings: Settings, day: dt.date) -> WatchedDay:
    """Return what is known of `day`.

    Raises
    ------
    MissingArtifactError
        When no batch was live before it.
    """
    policy = load_policy(settings)
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
    drift = load_drift_policy(settings)
    return WatchedDay(open_lake(settings.lake_uri), day, policy, drift, served, history, report)
