"""What the page shows: the state of things, a user's list, two batches side by side."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.sdk import timezone
from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, HTMLResponse

from include.overview.checks import find_checks
from include.overview.history import find_history
from include.overview.lists import compare, find_list
from include.overview.state import read_overview
from include.pages import STYLE, Curve, Plot
from include.settings import load_settings
from nightshelf_plugin.page.nights import find_runs
from nightshelf_plugin.page.plots import plots
from nightshelf_plugin.page.rendering import FOLDER, page

router = APIRouter(default_response_class=HTMLResponse)
ASSETS = {"style.css": STYLE, "page.js": FOLDER / "static" / "page.js"}

Identifier = Annotated[str, Query(min_length=1, max_length=500)]


@router.get("/")
def show_overview(session: SessionDep) -> str:
    """Show whether all is well, what is live and why, and the last nights."""
    settings = load_settings()
    overview, runs = read_overview(settings, timezone.utcnow()), find_runs(session)
    return page(
        "overview.html",
        overview=overview,
        runs=runs,
        plots=plots(overview.nights, runs),
        fresh_by=settings.fresh_by,
    )


@router.get("/user")
def show_user(user_id: Identifier) -> str:
    """Show what a user gets, and why."""
    user_id = user_id.strip()
    return page("user.html", found=find_list(load_settings(), user_id))


@router.get("/user/history")
def show_history(user_id: Identifier, batch_id: Identifier) -> str:
    """Show what a user had: a part of the page that comes from the lake, after the list."""
    return page("history.html", user_id=user_id, history=find_history(load_settings(), batch_id, user_id))


@router.get("/compare")
def show_comparison(before: Identifier, after: Identifier) -> str:
    """Show how two batches differ."""
    found = compare(load_settings(), before, after)
    labels = [f"{tenth * 10} to {tenth * 10 + 10} %" for tenth in range(10)]
    spread = Plot("Users by how much of their list stayed", "", labels, [Curve("users", found.spread)], bars=True)
    return page("compare.html", found=found, spread=spread)


@router.get("/checks/{day}")
def show_checks(day: dt.date) -> str:
    """Show what the checks of a day's data found."""
    findings, pages = find_checks(load_settings(), day)
    return page("checks.html", day=day, findings=findings, pages=pages)


@router.get("/assets/{name}")
def read_asset(name: str) -> FileResponse:
    """Return the style or the script."""
    return FileResponse(ASSETS.get(name, STYLE))
