"""The books: what became of each record of a day, by delivered file."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from include.errors import ValidationError

LANDED, INGESTED, DUPLICATES, QUARANTINED = "landed", "ingested", "duplicates", "quarantined"
LATE, DIFFERING = "late", "differing"
COUNTS = (LANDED, INGESTED, DUPLICATES, QUARANTINED, LATE, DIFFERING)


@dataclass
class FileAccount:
    """The rows of one delivered file.

    Attributes
    ----------
    records
        As they stand in the file; `explode` makes several rows of one.
    late
        Ingested rows of events that happened before the day of their delivery.
    differing
        Duplicates that are not equal to the row that was kept.
    """

    records: int = 0
    landed: int = 0
    duplicates: int = 0
    differing: int = 0
    late: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)

    def counts(self) -> dict[str, int]:
        quarantined = self.by_reason.total()
        return {
            LANDED: self.landed,
            INGESTED: self.landed - self.duplicates - quarantined,
            DUPLICATES: self.duplicates,
            QUARANTINED: quarantined,
            LATE: self.late,
            DIFFERING: self.differing,
        }


@dataclass
class DayAccount:
    """The rows of one day by file; `written` is what the staged files hold, by outcome.

    Attributes
    ----------
    repeated
        A sum of hashes that names the set of rows which were delivered on an earlier day already; 0 for none.
    """

    files: dict[str, FileAccount] = field(default_factory=dict)
    written: Counter[str] = field(default_factory=Counter)
    repeated: int = 0

    def file(self, name: str) -> FileAccount:
        return self.files.setdefault(name, FileAccount())

    def counts(self) -> dict[str, int]:
        total = Counter(dict.fromkeys(COUNTS, 0))
        for account in self.files.values():
            total.update(account.counts())
        return dict(total)

    def sets_apart(self) -> bool:
        """Tell whether a duplicate is not simply the same row again."""
        return self.repeated != 0 or any(one.differing for one in self.files.values())

    def by_reason(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for account in self.files.values():
            total.update(account.by_reason)
        return dict(sorted(total.items()))

    def by_file(self) -> dict[str, dict[str, int]]:
        """Return the counts of each file, and its records."""
        return {name: {"records": one.records, **one.counts()} for name, one in sorted(self.files.items())}


def check_balance(table: str, accounts: Mapping[dt.date, DayAccount]) -> None:
    """Compare what was counted when the files were read with what was written.

    Raises
    ------
    ValidationError
        When landed is not ingested + duplicates + quarantined, or the quarantine does not hold as many rows as
        reasons were counted.
    """
    for day, account in accounts.items():
        counts = account.counts()
        written = {name: account.written[name] for name in (INGESTED, QUARANTINED)}
        if written != {name: counts[name] for name in written}:
            total = written[INGESTED] + counts[DUPLICATES] + written[QUARANTINED]
            raise ValidationError(
                f"{table} of {day}: {counts[LANDED]} records landed, but {written[INGESTED]} ingested + "
                f"{counts[DUPLICATES]} duplicates + {written[QUARANTINED]} quarantined make {total}",
                remedy="clear the task; should it say so again, keep the landing files and report it",
            )
