"""What a run has staged for a day, committed: three folders that carry the same books."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.columns import INGEST_DATE
from include.contract.dataset import Dataset
from include.contract.schema import CONTRACT
from include.ingest.accounts import DUPLICATES, INGESTED, QUARANTINED, DayAccount
from include.lake import Lake, commit_folder, partition_folder
from include.lake.manifest import fingerprint

QUARANTINE = "quarantine"
COLUMNS = "columns"  # of the files whose records do not say which they have; what `replay` needs


def folder_of(outcome: str, table: str) -> str:
    """Return the table of the lake that rows of an outcome are in."""
    return {QUARANTINED: f"{QUARANTINE}/{table}", DUPLICATES: f"{DUPLICATES}/{table}", INGESTED: table}[outcome]


def rules_of(dataset: Dataset, table: str) -> str:
    """Return what names all that decides which rows of a table are good."""
    return fingerprint(
        {
            "mapping": dataset.table(table).fingerprint(),
            "contract": repr(CONTRACT[table]),
            "time_zone": dataset.time_zone,
        }
    )


def day_details(dataset: Dataset, table: str, rules: str, account: DayAccount) -> dict[str, Any]:
    """Return what the manifests of a day say besides its counts."""
    return {
        "dataset": dataset.name,
        "delivery": dataset.table(table).delivery,
        "rules": rules,
        "quarantined_by_reason": account.by_reason(),
        "files": account.by_file(),
    }


def files_on(day: dt.date, written: Mapping[str, int]) -> dict[str, int]:
    """Return the rows of the files staged for `day`, by their names in its folder."""
    folder = f"{INGEST_DATE}={day}/"
    return {path.removeprefix(folder): rows for path, rows in written.items() if path.startswith(folder)}


@dataclass(frozen=True)
class Staged:
    """The rows that a run has staged of one table, by outcome.

    Attributes
    ----------
    written
        The rows by outcome and file.
    """

    lake: Lake
    table: str
    folder: str
    written: Mapping[str, Mapping[str, int]]

    def commit(
        self,
        day: dt.date,
        outcome: str,
        made_from: Mapping[str, object],
        inputs: Mapping[str, str],
        counts: Mapping[str, int],
        details: Mapping[str, Any],
    ) -> None:
        """Replace what the lake has of one outcome of a day; see `commit_folder`."""
        table = folder_of(outcome, self.table)
        commit_folder(
            self.lake,
            partition_folder(f"{self.folder}/{outcome}", day),
            partition_folder(table, day),
            fingerprint=fingerprint({"table": table, **made_from}),
            counts=counts,
            inputs=inputs,
            details=details,
            files=files_on(day, self.written.get(outcome, {})),
        )
