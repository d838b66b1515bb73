"""A user's list, and two batches side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from include.contract import load_policy
from include.overview.session import Row, reading, rows
from include.settings import Settings

MOST = 200
SAMPLE = 2000
CHANGED = 15


@dataclass(frozen=True)
class Found:
    """What a user gets.

    Attributes
    ----------
    own
        The batch that holds a list of the user's own; None for somebody who gets what is popular.
    entries
        Rows of `reco.recommend`.
    """

    user_id: str
    own: Row | None
    entries: list[Row]


def find_list(settings: Settings, user_id: str) -> Found:
    """Return the live list of a user, by index look-ups alone.

    Raises
    ------
    ConfigurationError, DatabaseError
        When the database does not answer, not in time, or when no batch is live yet.
    """
    policy = load_policy(settings)
    with reading(settings, "page") as cursor:
        own = rows(cursor, "own_list", user_id=user_id, variant=policy.publish.variant)
        entries = rows(cursor, "list", user_id=user_id, n=min(policy.ranking.top_n, MOST))
    return Found(user_id, next(iter(own), None), entries)


@dataclass(frozen=True)
class ComparedBatches:
    """How much the lists of a batch differ from those of another, on a sample of its users.

    Attributes
    ----------
    users, sampled, new
        All users of the later batch, those compared, and those among them whom the earlier one does not know.
    overlap
        Mean share of a list's entries that the user's earlier list has too.
    spread
        Users by tenths of that share: (10,) counts, from 0 to 10 % up to 90 to 100 %.
    changed
        Those with the fewest common entries: user_id, length_before, length_after, kept.
    """

    before: str
    after: str
    users: int
    sampled: int
    new: int
    overlap: float | None
    spread: list[int]
    changed: list[Row]


def compare(settings: Settings, before: str, after: str) -> ComparedBatches:
    """Compare two stored batches on some 2,000 users of the second.

    The sample is blocks of the table, always the same ones, so the time does not grow with the users.

    Raises
    ------
    ConfigurationError, DatabaseError
        When the database does not answer in time, or one of the batches is not stored.
    """
    with reading(settings, "page") as cursor:
        sample = rows(cursor, "compare", before=before, after=after, sample=SAMPLE)
    both = [row for row in sample if row["length_before"] is not None]
    shared = [row["kept"] / row["length_after"] for row in both if row["length_after"]]
    tenths = Counter(min(9, int(share * 10)) for share in shared)
    return ComparedBatches(
        before=before,
        after=after,
        users=sample[0]["users"] if sample else 0,
        sampled=len(sample),
        new=len(sample) - len(both),
        overlap=sum(shared) / len(shared) if shared else None,
        spread=[tenths[tenth] for tenth in range(10)],
        changed=sorted(both, key=lambda row: (row["kept"] - row["length_after"], row["user_id"]))[:CHANGED],
    )
