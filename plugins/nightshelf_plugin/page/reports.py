"""Reports in the lake, local or on S3: pages that jobs wrote, shown without any right of the page itself."""

from __future__ import annotations

import datetime as dt
import mimetypes
from pathlib import PurePosixPath

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse, Response

from include.lake import open_lake
from include.overview.reports import find_report
from include.settings import load_settings

router = APIRouter()

FOLDERS = ("data_docs", "drift_reports", "evaluations", "reports")
TYPES = (".html", ".css", ".json", ".md", ".png", ".svg")
MOST_BYTES = 20 << 20
# A page of the lake runs as a stranger: it cannot act as the one who looks at it, nor load anything from elsewhere
POLICY = "sandbox allow-scripts allow-popups; default-src 'none'; style-src 'unsafe-inline' {here}; "
POLICY += "script-src 'unsafe-inline'; img-src data: {here}; frame-ancestors 'self'"


@router.get("/report/{day}")
def lead_to_report(day: dt.date) -> RedirectResponse:
    """Lead to the last edition of a night's report."""
    path = find_report(open_lake(load_settings().lake_uri), day)
    return RedirectResponse(f"../lake/{path}", status_code=303)


@router.get("/lake/{path:path}")
def read_report(path: str) -> Response:
    """Return one file of the lake's reports."""
    parts = PurePosixPath(path).parts
    known = parts[:1] and parts[0] in FOLDERS and not {"..", "."} & set(path.split("/")) and "\\" not in path
    if not known or not path.endswith(TYPES) or not path.isprintable():
        raise HTTPException(404, "there is no such report")
    lake = open_lake(load_settings().lake_uri)
    if not lake.exists(path):
        raise HTTPException(404, "there is no such report: it was deleted, or never written")
    if lake.size(path) > MOST_BYTES:
        raise HTTPException(413, f"the report is too large to be shown here: {lake.uri_of(path)}")
    kind = "text/plain" if path.endswith(".md") else mimetypes.guess_type(path)[0] or "text/plain"
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    headers = {"Content-Security-Policy": POLICY.format(here="'self'")}
    return Response(lake.read_bytes(path), media_type=f"{kind}{charset}", headers=headers)
