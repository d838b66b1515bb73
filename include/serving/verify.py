"""Verification: what analysts read of a published batch, compared with the lake."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from include.columns import ITEM_IDS, REASON_CODES, REASON_ITEM_IDS, SCORES, USER_ID
from include.errors import ValidationError
from include.list_kinds import RECOMMENDATIONS
from include.serving.batch import Batch, KindLists
from include.serving.database import connect
from include.serving.statements import compose_for, run

if TYPE_CHECKING:
    from pydantic import SecretStr

logger = logging.getLogger(__name__)

SAMPLE = 500
MOST_COUNTED = 200_000
"""Users of a batch up to which readers' lists are counted; that opens every one of them."""
MOST_FILES = 20
"""Files from which the sample of a larger batch comes."""
SHOWN = 5
STRANGER = "nobody knows this user"

Entries: TypeAlias = list[tuple[Any, ...]]
"""Item, score, reason code and reason item, in rank order."""


@dataclass(frozen=True)
class Verified:
    """What readers see of a batch; `superseded_by` is the later batch that they see instead."""

    batch_id: str
    live: bool
    users: int
    checksum: str
    superseded_by: str | None


@dataclass(frozen=True)
class Expected:
    """What the lake says: the lists of some users, how many have one (None: too many to count), and who to ask for."""

    lists: Mapping[str, Entries]
    users: int | None
    asked: Mapping[str, str]


def verify(url: SecretStr | str, batch: Batch) -> Verified:
    """Read as an analyst what readers see and compare it with the lake.

    Checked are the live batch (or the later one that superseded it), its stated checksum and number of users, the
    lists of some 500 users spread over the batch, and that `reco.recommend` answers for users with a history, with
    features only and for strangers; of the live batch also lists of the further kinds. Up to 200,000 users the lists
    are counted too; beyond, publishing's own checks stand for that.

    Raises
    ------
    ValidationError
        Naming the first difference.
    """
    with connect(url, f"verify {batch.batch_id}") as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection, connection.cursor() as cursor:
            mine, live = _find(cursor, batch)
            expected = _read_lake(batch)
            if mine["state"] == "stored":
                _compare(cursor, batch, expected, "live" if mine["is_live"] else "stored")
            else:
                logger.info("batch %s has expired: its lists are no longer stored", batch.batch_id)
            if mine["is_live"]:
                _compare_kinds(cursor, batch)
            _ask(cursor, expected)
    superseded = None if mine["is_live"] else live["batch_id"]
    return Verified(batch.batch_id, mine["is_live"], mine["users"], mine["checksum"], superseded)


def _find(cursor: Any, batch: Batch) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows of the batch and of the live one."""
    found = run(cursor, "verify/batches", variant=batch.variant, batch_id=batch.batch_id)
    names = [column.name for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in found]
    live = next((row for row in rows if row["is_live"]), None)
    mine = next((row for row in rows if row["batch_id"] == batch.batch_id), None)
    if live is None or mine is None:
        seen = live["batch_id"] if live else "no batch at all"
        raise _wrong(f"readers see {seen}, and batch {batch.batch_id} was never published")
    if mine["checksum"] != batch.checksum:
        raise _wrong(f"reco.batches states checksum {mine['checksum']}, the lake's manifest {batch.checksum}")
    if mine["users"] != batch.users:
        raise _wrong(f"reco.batches states {mine['users']} users of batch {batch.batch_id}, the lake has {batch.users}")
    if not mine["is_live"] and mine["rolled_back"]:
        logger.info("readers see %s: people rolled back to it", live["batch_id"])
    elif not mine["is_live"]:
        later = live["run_date"] > batch.run_date or (live["run_date"] == batch.run_date and mine["was_live"])
        if not later:
            raise _wrong(f"readers see {live['batch_id']}, not {batch.batch_id}, which is no older")
        logger.info("readers see %s, which superseded %s", live["batch_id"], batch.batch_id)
    return mine, live


def _read_lake(batch: Batch) -> Expected:
    import pyarrow as pa
    import pyarrow.compute as pc

    counted = batch.users <= MOST_COUNTED
    own = batch.of(RECOMMENDATIONS)
    files = own.files if counted else own.files[:: -(-len(own.files) // MOST_FILES)]
    every = max(1, sum(users for _, users in files) // SAMPLE)
    lists: dict[str, Entries] = {}
    asked: dict[str, str] = {}
    users = offset = 0
    for part in (part for path, _ in files for part in own.read_file(path)):
        part = part.filter(pc.greater(pc.list_value_length(part[ITEM_IDS]), 0))
        users += part.num_rows
        places = pa.array(range(-offset % every, part.num_rows, every), pa.int64())
        offset += part.num_rows
        for row in part.take(places).to_pylist():
            columns = (row[name] for name in (ITEM_IDS, SCORES, REASON_CODES, REASON_ITEM_IDS))
            lists[row[USER_ID]] = list(zip(*columns, strict=True))
            explained = any(item_id is not None for item_id in row[REASON_ITEM_IDS])
            asked.setdefault("a user with a history" if explained else "a user without one", row[USER_ID])
    return Expected(lists, users if counted else None, asked)


def _compare(cursor: Any, batch: Batch, expected: Expected, which: str) -> None:
    values = {"variant": batch.variant, "batch_id": batch.batch_id, "user_ids": list(expected.lists)}
    if expected.users is not None:
        ((users,),) = run(cursor, f"verify/count_{which}", **values)
        if users != expected.users:
            raise _wrong(f"readers see lists of {users} users in batch {batch.batch_id}, the lake has {expected.users}")
    seen: defaultdict[str, Entries] = defaultdict(list)
    for user_id, *entry in run(cursor, f"verify/lists_{which}", **values):
        seen[user_id].append(tuple(entry))
    for user_id, entries in expected.lists.items():
        if seen[user_id] != entries:
            raise _wrong(f"readers see {seen[user_id]!r} for user {user_id!r}, the lake has {entries!r}")
    logger.info("%d users' lists are the lake's entry by entry; %d users in all", len(seen), batch.users)


def _compare_kinds(cursor: Any, batch: Batch) -> None:
    """Check some lists of each further kind; readers see only those of the live batch."""
    for lists in batch.kinds:
        kind = lists.kind
        if kind.name == RECOMMENDATIONS:
            continue
        expected = _sample_kind(lists)
        cursor.execute(
            compose_for(kind, "verify/kind"), {"variant": batch.variant, "keys": sorted({key for key, _ in expected})}
        )
        seen: defaultdict[tuple[str, str], Entries] = defaultdict(list)
        for key, scope, *entry in cursor.fetchall():
            seen[key, scope].append(tuple(entry))
        for (key, scope), entries in expected.items():
            if seen[key, scope] != entries:
                of = f"{key!r}{f', {scope!r}' if scope else ''}"
                raise _wrong(f"reco.{kind.name} gives {seen[key, scope]!r} for {of}, the lake has {entries!r}")
        logger.info("%d lists of %s are the lake's entry by entry; %d in all", len(expected), kind.name, lists.count)


def _sample_kind(lists: KindLists) -> dict[tuple[str, str], Entries]:
    kind, every = lists.kind, max(1, lists.count // SAMPLE)
    found: dict[tuple[str, str], Entries] = {}
    offset = 0
    for part in lists.read():
        for place in range(-offset % every, part.num_rows, every):
            (row,) = part.slice(place, 1).to_pylist()
            found[row[kind.key], row[kind.scope]] = list(zip(*(row[name] for name in kind.lists[:4]), strict=True))
        offset += part.num_rows
    return found


def _ask(cursor: Any, expected: Expected) -> None:
    """Check that the function answers everybody."""
    who = {**expected.asked, "a stranger": STRANGER}
    for name, user_id in who.items():
        for segment in (None, "a segment that is nowhere"):
            if not run(cursor, "verify/recommend", user_id=user_id, n=SHOWN, segment=segment):
                raise _wrong(f"reco.recommend gives nothing for {name}, {user_id!r}")


def _wrong(problem: str) -> ValidationError:
    return ValidationError(problem, remedy="clear task publish, and verify with it; see docs/runbook.md")
