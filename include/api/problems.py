"""Errors as RFC 9457 says: application/problem+json, one clear line, no stack."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from include.errors import DatabaseError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
NO_SCHEMA = (
    asyncpg.InvalidSchemaNameError,
    asyncpg.UndefinedFunctionError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
)


class Problem(BaseModel):
    """What went wrong, see RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how the OpenAPI document describes these errors."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: schema}} for status in statuses}


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the response for an error."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(body.model_dump(), status, headers=headers, media_type=MEDIA_TYPE)


def unavailable(detail: str) -> JSONResponse:
    """Return the response for what another try may mend."""
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": str(RETRY_SECONDS)})


def answer_problems(app: FastAPI) -> None:
    """Make the app answer each error by a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(DatabaseError, _unreachable)
    app.add_exception_handler(asyncpg.PostgresError, _failed)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    said = [f"{one['loc'][-1]}: {one['msg']}" for one in found]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(said))


async def _refused(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    return problem(error.status_code, str(error.detail), dict(error.headers or {}))


async def _unreachable(_: Request, error: Exception) -> JSONResponse:
    logger.error("%s", error)
    return unavailable("the database does not answer")


async def _failed(_: Request, error: Exception) -> JSONResponse:
    """Answer what PostgreSQL refused: the caller's mistake, or ours."""
    if isinstance(error, asyncpg.InvalidParameterValueError):
        said = [part.rstrip(".") for part in (error.message, error.hint) if part]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, ". ".join(said))
    if isinstance(error, asyncpg.NoDataFoundError):
        return unavailable(str(error))
    logger.error("PostgreSQL failed: %s: %s", type(error).__name__, error)
    if isinstance(error, NO_SCHEMA):
        return unavailable("the schema reco is missing or older than this API: run python -m jobs.migrate")
    if isinstance(error, asyncpg.QueryCanceledError):
        return unavailable("the database took too long")
    if isinstance(error, asyncpg.PostgresConnectionError | asyncpg.OperatorInterventionError):
        return unavailable("the database is restarting")
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the database failed; the API's log says how")
