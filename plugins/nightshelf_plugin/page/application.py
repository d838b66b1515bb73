"""The application behind the page: who may see it, what browsers may do with it, and errors as one sentence."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.configuration import conf
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.middleware.base import RequestResponseEndpoint

from include.errors import NightshelfError
from nightshelf_plugin.page import reports, views
from nightshelf_plugin.page.rendering import page

NIGHT = "nightly_recommendations"
# Nothing from elsewhere, no inline script or style, shown in frames of Airflow alone
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
POLICY += "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


@lru_cache(maxsize=1)
def application() -> FastAPI:
    """Return the application; anyone who may read the nightly DAG may read the page."""
    may_read = Depends(requires_access_dag("GET", param_dag_id=NIGHT))
    made = FastAPI(title="Nightshelf", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[may_read])
    made.include_router(views.router)
    made.include_router(reports.router)
    made.middleware("http")(_with_headers)
    made.add_exception_handler(HTTPException, _refuse)
    made.add_exception_handler(NightshelfError, _explain)
    made.add_exception_handler(RequestValidationError, _misunderstood)
    return made


async def _with_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _refuse(request: Request, error: Exception) -> Response:
    """Lead people who are not logged in to the login, and programs to the status."""
    status = getattr(error, "status_code", 500)
    if status == 401 and "text/html" in request.headers.get("accept", ""):
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        wanted = f"{base}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{base}/api/v2/auth/login?next={quote(wanted, safe='')}", status_code=303)
    return PlainTextResponse(str(getattr(error, "detail", "")), status_code=status)


def _explain(request: Request, error: Exception) -> Response:
    return HTMLResponse(page("error.html", problem=error.problem, remedy=error.remedy), status_code=503)  # type: ignore[attr-defined]


def _misunderstood(request: Request, error: Exception) -> Response:
    return PlainTextResponse("the address lacks something, or it is too long", status_code=422)
