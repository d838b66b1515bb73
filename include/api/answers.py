"""One statement an answer: the list and the batch that it is of, seen by one snapshot of the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from include.errors import DatabaseError
from include.serving.statements import statement

STATEMENT_MS = 2000
CONNECTIONS = 16
CONNECT_SECONDS = 5
# The same login that analysts have, and even that one cannot write here
SESSION = {
    "application_name": "nightshelf api",
    "timezone": "UTC",
    "default_transaction_read_only": "on",
    "statement_timeout": str(STATEMENT_MS),
}
BROKEN = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
# $1 are the tags that the caller knows
CALLS = {
    "recommendations": "reco.recommend($2::text, $3::integer, $4::text, $5::text, $6::text)",
    "buy_again": "reco.buy_again($2::text, $3::integer)",
    "similar_items": "reco.similar_items($2::text, $3::integer)",
    "bought_together": "reco.bought_together($2::text, $3::integer)",
    "trending": "reco.trending($2::text, $3::integer, $4::text)",
    "best_sellers": "reco.best_sellers($2::text, $3::integer, $4::text)",
    "audience": "reco.audience($2::text, $3::integer, $4::text, $5::text)",
}
HEALTH = statement("api/health")
LISTS = {name: statement("api/list").replace("{call}", call) for name, call in CALLS.items()}


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that nothing is left behind in: what asyncpg would reset after each use costs a round trip."""

    def get_reset_query(self) -> str:
        return ""


class Database:
    """A pool of connections, which are made when they are first needed and again when they are lost.

    Parameters
    ----------
    url
        Of a login that may read only, as analysts' may.
    """

    def __init__(self, url: str, connections: int = CONNECTIONS) -> None:
        self._url, self._connections = url, connections
        self._pool: Any = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep the pool for the length of a `with`, in the event loop that it belongs to."""
        options = {"max_size": self._connections, "timeout": CONNECT_SECONDS, "server_settings": SESSION}
        async with asyncpg.create_pool(self._url, min_size=0, connection_class=_Connection, **options) as self._pool:
            yield

    async def health(self) -> str:
        """Return what is served, as JSON."""
        row = await self._ask(HEALTH)
        return str(row["body"] if row else "")

    async def answer(self, name: str, known: Collection[str], *values: object) -> tuple[str, str | None] | None:
        """Return the live batch's tag and a list as JSON, None for a list that is known; None before the first batch.

        Parameters
        ----------
        name
            One of `CALLS`.
        known
            Tags of the batches whose lists the caller has; `*`: any.
        values
            The call's, in its order.
        """
        row = await self._ask(LISTS[name], known, *values)
        return None if row is None else (row["tag"], row["body"])

    async def _ask(self, query: str, *values: object) -> asyncpg.Record | None:
        """Return the first row.

        Raises
        ------
        DatabaseError
            When the server cannot be reached, refuses, or no connection is free in time.
        asyncpg.PostgresError
            What the server says.
        """
        try:
            connection = await self._pool.acquire(timeout=CONNECT_SECONDS)
        except (*BROKEN, asyncpg.PostgresError) as error:
            raise _silent(error) from error
        try:
            return await connection.fetchrow(query, *values)
        except BROKEN as error:
            raise _silent(error) from error
        finally:
            await self._pool.release(connection)


def _silent(error: BaseException) -> DatabaseError:
    return DatabaseError(
        f"PostgreSQL does not answer: {error or type(error).__name__}", remedy="see that it runs, and its load"
    )
