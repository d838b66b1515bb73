"""Lists into a build's partitions: threads read the lake's files and encode, one connection a partition loads."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import accumulate
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from include.errors import PublishError
from include.list_kinds import ListKind
from include.serving.batch import KindLists
from include.serving.database import WRITER, connect
from include.serving.load.checksum import digests
from include.serving.load.hashing import Array
from include.serving.load.items import ItemKeys
from include.serving.load.lists import read_lists
from include.serving.load.rows import HEADER, TRAILER, encode
from include.serving.statements import compose, compose_for

if TYPE_CHECKING:
    from pydantic import SecretStr

COPY_CHUNK = 1 << 18
QUEUED = 4
WAIT_SECONDS = 0.2
SAMPLE = 500
MOST_THREADS = 4
FEW = 20_000
"""Lists up to which a kind is loaded by one connection."""

Key: TypeAlias = tuple[str, str]
"""Key and scope of a list."""


def partition(kind: ListKind, build: int) -> str:
    """Return the name of the table that holds a build's lists of a kind."""
    return f"{kind.table}_{build}"


def slice_names(lists: KindLists, build: int) -> list[str]:
    """Return the names of the partitions of a build's lists of a kind: one a processor, at most four."""
    slices = 1 if lists.count <= FEW else _threads()
    return [f"{partition(lists.kind, build)}_{place}" for place in range(slices)]


def _threads() -> int:
    """Return how many connections load, and how many threads read."""
    return min(MOST_THREADS, os.cpu_count() or 1)


@dataclass
class Sent:
    """What was read from the lake of a kind: counts, sums of digests, and some rows as they are there.

    Parameters
    ----------
    items
        True at the key of each item in the lists.
    full
        Lists with something in them.
    """

    items: Array
    lists: int = 0
    full: int = 0
    rows: int = 0
    longest: int = 0
    content: int = 0
    stored: int = 0
    sample: dict[Key, dict[str, Any]] = field(default_factory=dict)

    @property
    def n_items(self) -> int:
        """Number of different items in the lists."""
        return int(self.items.sum())

    def add(self, other: Sent) -> None:
        """Count what another thread has read."""
        self.items |= other.items
        self.lists += other.lists
        self.full += other.full
        self.rows += other.rows
        self.longest = max(self.longest, other.longest)
        self.content += other.content
        self.stored += other.stored
        self.sample |= other.sample


class Counted(NamedTuple):
    """What one partition holds, as the server says, and when its COPY had ended (monotonic seconds)."""

    lists: int
    rows: int
    uneven: int
    digest: int
    copied: float


class Stream:
    """The file that one COPY reads while another thread fills it."""

    def __init__(self) -> None:
        self._parts: queue.Queue[memoryview | None] = queue.Queue(QUEUED)
        self._rest = memoryview(HEADER)
        self._ended = False
        self._broken = False

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`; nothing at the end."""
        while not self._rest and not self._ended:
            part = self._parts.get()
            if self._broken:
                raise PublishError("the load was given up", remedy="read the error beside this one")
            self._ended = part is None
            self._rest = memoryview(TRAILER) if part is None else part
        size = len(self._rest) if size < 0 else size
        part, self._rest = self._rest[:size], self._rest[size:]
        return bytes(part)

    def put(self, part: memoryview | None, loading: Future[Counted]) -> None:
        """Pass a part on, None for the end; raise what ended its COPY if it has ended."""
        while True:
            if loading.done():
                loading.result()
                raise PublishError("the server ended the load early", remedy="clear task publish")
            try:
                return self._parts.put(part, timeout=WAIT_SECONDS)
            except queue.Full:
                continue

    def give_up(self) -> None:
        """Make the COPY fail soon."""
        self._broken = True
        try:
            self._parts.put_nowait(None)
        except queue.Full:
            return  # the next part to be taken finds it broken


Targets: TypeAlias = "Sequence[tuple[Stream, Future[Counted]]]"


def load_slices(url: SecretStr | str, lists: KindLists, keys: ItemKeys, build: int) -> tuple[Sent, list[Counted]]:
    """Fill, index, analyse and count a kind's partitions, all at once; return what was sent and what is there.

    Raises
    ------
    ValidationError, PublishError
        When the lake's lists cannot be loaded, naming the first user or item.
    DatabaseError
        When a connection is lost or refused.
    """
    names = slice_names(lists, build)
    streams = [Stream() for _ in names]
    with ThreadPoolExecutor(len(names), "load") as pool:
        loading = [
            pool.submit(_load_slice, url, lists.kind, name, stream) for name, stream in zip(names, streams, strict=True)
        ]
        try:
            sent = _Reader(lists, keys, build, list(zip(streams, loading, strict=True))).send()
            return sent, [each.result() for each in loading]
        except BaseException:
            for stream in streams:
                stream.give_up()
            raise


def read_lake(lists: KindLists, keys: ItemKeys) -> Sent:
    """Return what loading the lists of a kind would send."""
    return _Reader(lists, keys).send()


@dataclass(frozen=True)
class _Reader:
    """Reads a kind's files, several at once, and passes on to each target the rows that belong there."""

    lists: KindLists
    keys: ItemKeys
    build: int = 0
    targets: Targets = ()
    stopped: Event = field(default_factory=Event)

    def send(self) -> Sent:
        """Read and pass on everything; what fails in one file stops the others."""
        sent = self._nothing()
        starts = accumulate((count for _, count in self.lists.files), initial=0)
        with ThreadPoolExecutor(_threads(), "read") as pool:
            try:
                reading = [
                    pool.submit(self._send_file, path, start)
                    for (path, _), start in zip(self.lists.files, starts, strict=False)
                ]
                for each in as_completed(reading):
                    sent.add(each.result())
            except BaseException:
                self.stopped.set()
                raise
        for stream, loading in self.targets:
            stream.put(None, loading)
        return sent

    def _nothing(self) -> Sent:
        return Sent(np.zeros(self.keys.highest + 1, bool))

    def _send_file(self, path: str, start: int) -> Sent:
        """Send the file whose first row is number `start` of the batch; each row of a multiple is in the sample."""
        sent = self._nothing()
        kind = self.lists.kind
        every = max(1, self.lists.count // SAMPLE)
        for rows in self.lists.read_file(path):
            if self.stopped.is_set():
                break
            lists = read_lists(rows, kind)
            item_keys = self.keys.of(lists.members) if kind.member == "item" else None
            reason_keys = self.keys.of(lists.reason_items)
            for place in range(-(start + sent.lists) % every, rows.num_rows, every):
                (row,) = rows.slice(place, 1).to_pylist()
                sent.sample[row[kind.key], row[kind.scope]] = row
            found = digests(lists, item_keys, reason_keys)
            if item_keys is not None:
                sent.items[item_keys[found.used]] = True
            sent.lists += rows.num_rows
            sent.full += int((lists.lengths > 0).sum())
            sent.rows += len(lists.scores)
            sent.longest = max(sent.longest, int(lists.lengths.max(initial=0)))
            sent.content += found.content
            sent.stored += found.stored
            if self.targets:
                encoded = encode(lists, item_keys, reason_keys, self.build, len(self.targets))
                for (stream, loading), data in zip(self.targets, encoded, strict=True):
                    if len(data):
                        stream.put(data, loading)
        return sent


def _load_slice(url: SecretStr | str, kind: ListKind, name: str, stream: Stream) -> Counted:
    with connect(url, f"publish {name}", role=WRITER) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(compose("shelf/empty_slice", partition=name))
            file: Any = stream  # copy_expert needs no more of a file than read()
            cursor.copy_expert(compose_for(kind, "shelf/copy", partition=name), file, size=COPY_CHUNK)
            copied = time.monotonic()
            cursor.execute(compose_for(kind, "shelf/index_slice", partition=name))
        with connection, connection.cursor() as cursor:
            cursor.execute(compose_for(kind, "shelf/analyze", partition=name))
            cursor.execute(compose_for(kind, "shelf/check_slice", partition=name))
            lists, rows, uneven, digest = cursor.fetchall()[0]
        return Counted(lists, int(rows), uneven, int(digest), copied)
