"""The application: `uvicorn --factory include.api.app:create_app`.

Each path is one SQL function, with the function's own answer; nothing is computed here. An answer carries the live
batch as its ETag: as long as that batch is live, `If-None-Match` gets 304.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Path, Query, Response, Security
from fastapi.security import APIKeyHeader

from include.api.answers import Database
from include.api.bodies import Audience, Health, Listed
from include.api.problems import Problem, answer_problems, documented, unavailable
from include.log import configure
from include.serving.database import describe
from include.settings import load_settings

JSON = "application/json"
NO_BATCH = "no batch is live yet"
KEY_HEADER = "X-API-Key"
SHORTEST, LONGEST = 1, 1000
# As the contract limits ids and names
TEXT: dict[str, Any] = {"min_length": 1, "max_length": 255, "pattern": r"^[^\x00-\x1F\x7F]*$"}
# A rollback must not wait for caches: they keep a list for a minute, then ask by its ETag
CACHED = "private, max-age=60"

Id = Annotated[str, Path(**TEXT)]
Name = Annotated[str | None, Query(**TEXT)]
Length = Annotated[int, Query(ge=SHORTEST, le=LONGEST, description="At most so many entries.")]
Answer = Callable[..., Awaitable[Response]]
Known = Annotated[str, Header(alias="If-None-Match", description="ETags of answers that the caller has.")]


def create_app() -> FastAPI:
    """Return the application by the settings: as an analyst on their database, with their key.

    Raises
    ------
    ConfigurationError
        When there is no URL of an analyst.
    """
    configure()
    settings = load_settings()
    url = settings.analyst_url.get_secret_value()
    describe(url)
    return make_app(Database(url), settings.api_key.get_secret_value())


def make_app(database: Database, key: str = "") -> FastAPI:
    """Return the application.

    Parameters
    ----------
    key
        What callers send as `X-API-Key`; nothing: everybody may ask.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with database.opened():
            yield

    app = FastAPI(
        title="Nightshelf",
        description="Last night's lists. An entry of a list has further fields of its own kind.",
        version="1",
        lifespan=lifespan,
        redoc_url=None,
    )
    answer_problems(app)
    _add_health(app, database)
    _add_lists(app, database, [Security(_guard(key))] if key else [])
    _describe_problems(app)
    return app


def _guard(key: str) -> Callable[..., Awaitable[None]]:
    expected = key.encode()

    async def check(given: Annotated[str | None, Depends(APIKeyHeader(name=KEY_HEADER, auto_error=False))]) -> None:
        if not hmac.compare_digest((given or "").encode(), expected):
            raise HTTPException(401, f"{KEY_HEADER} is missing or wrong", {"WWW-Authenticate": KEY_HEADER})

    return check


def _add_health(app: FastAPI, database: Database) -> None:
    @app.get("/health", response_model=Health, responses=documented(503), tags=["service"])
    async def health() -> Response:
        """Tell which batch is live and how old it is; 503 when the database does not answer."""
        return Response(await database.health(), media_type=JSON)


def _add_lists(app: FastAPI, database: Database, guards: list[Any]) -> None:
    async def answer(known: str, name: str, *values: object) -> Response:
        tags = [tag.strip().removeprefix("W/").strip('"') for tag in known.split(",")]
        found = await database.answer(name, tags, *values)
        if found is None:
            return unavailable(NO_BATCH)
        tag, body = found
        headers = {"ETag": f'"{tag}"', "Cache-Control": CACHED}
        if body is None:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=JSON)

    errors = {304: {"description": "The caller has this list"}, **documented(*([401] if guards else []), 422, 503)}
    shared: dict[str, Any] = {"response_model": Listed, "responses": errors, "dependencies": guards, "tags": ["lists"]}

    _add_users(app, answer, shared)
    _add_items(app, answer, shared)


def _add_users(app: FastAPI, answer: Answer, shared: dict[str, Any]) -> None:
    @app.get("/users/{user_id:path}/recommendations", **shared)
    async def recommendations(
        user_id: Id,
        n: Length = 20,
        segment: Name = None,
        placement: Name = None,
        category: Name = None,
        known: Known = "",
    ) -> Response:
        """Give a user's list at a placement, or of a category; for somebody unknown, what is popular there."""
        return await answer(known, "recommendations", user_id, n, segment, placement, category)

    @app.get("/users/{user_id:path}/buy-again", **shared)
    async def buy_again(user_id: Id, n: Length = 20, known: Known = "") -> Response:
        """Give what a user is due to buy again."""
        return await answer(known, "buy_again", user_id, n)

    @app.get("/audience", **{**shared, "response_model": Audience})
    async def audience(
        item_id: Name = None, category: Name = None, brand: Name = None, n: Length = 100, known: Known = ""
    ) -> Response:
        """Give the users who would like an item, a category or a brand most; name one of the three."""
        return await answer(known, "audience", item_id, n, category, brand)


def _add_items(app: FastAPI, answer: Answer, shared: dict[str, Any]) -> None:
    @app.get("/items/{item_id:path}/similar", **shared)
    async def similar(item_id: Id, n: Length = 20, known: Known = "") -> Response:
        """Give the items most like an item."""
        return await answer(known, "similar_items", item_id, n)

    @app.get("/items/{item_id:path}/bought-together", **shared)
    async def bought_together(item_id: Id, n: Length = 20, known: Known = "") -> Response:
        """Give what is bought together with an item more often than by chance."""
        return await answer(known, "bought_together", item_id, n)

    @app.get("/trending", **shared)
    async def trending(category: Name = None, segment: Name = None, n: Length = 20, known: Known = "") -> Response:
        """Give what sells more than usual, of a category and segment or of all."""
        return await answer(known, "trending", category, n, segment)

    @app.get("/best-sellers", **shared)
    async def best_sellers(category: Name = None, segment: Name = None, n: Length = 20, known: Known = "") -> Response:
        """Give what most users bought lately, of a category and segment or of all."""
        return await answer(known, "best_sellers", category, n, segment)


def _describe_problems(app: FastAPI) -> None:
    """Put the schema of errors into the OpenAPI document."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign]
