"""Readers: look at one user's list after the other, and count the rows that must never be seen."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from include.errors import NightshelfError
from include.serving.database import connect

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.1
USERS = "SELECT DISTINCT user_id FROM reco.recommendations ORDER BY user_id"
ONE_LIST = "SELECT rank, batch_id FROM reco.recommendations WHERE user_id = %s ORDER BY rank"


@dataclass
class Readers:
    """A thread that reads as an analyst until `stop`; a database that does not answer is asked again.

    Attributes
    ----------
    lists, wrong_rows, refused
        How many lists were read, how many of their rows were wrong or missing, and how often nobody answered.
    """

    url: str
    length: int
    lists: int = 0
    wrong_rows: int = 0
    refused: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read the lists of all users who have one now."""
        with connect(self.url, "game day") as connection, connection.cursor() as cursor:
            cursor.execute(USERS)
            users = [str(user) for (user,) in cursor.fetchall()]
        self._thread = threading.Thread(target=self._read, args=(users,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after the list that is being read."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _read(self, users: Sequence[str]) -> None:
        choose = random.Random(0)
        while not self._over.is_set():
            try:
                self._read_from_one_connection(users, choose)
            except NightshelfError as error:
                self.refused += 1
                logger.debug("readers: %s", error)
                self._over.wait(1.0)

    def _read_from_one_connection(self, users: Sequence[str], choose: random.Random) -> None:
        with connect(self.url, "game day") as connection:
            while not self._over.wait(PAUSE_SECONDS):
                with connection.cursor() as cursor:
                    cursor.execute(ONE_LIST, (choose.choice(users),))
                    rows = cursor.fetchall()
                connection.rollback()  # the next list is of the batch that is live then
                self.lists += 1
                self.wrong_rows += count_wrong(rows, self.length)


def count_wrong(rows: Sequence[tuple[int, str]], length: int) -> int:
    """Return how many rows of a list (rank, batch) are missing, out of place, or not of the batch of the first."""
    batch = rows[0][1] if rows else ""
    placed = sum(rank == place and of == batch for place, (rank, of) in enumerate(rows, 1))
    return max(length, len(rows)) - placed
