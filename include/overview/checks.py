"""What the checks of a day found, as task validate left it in the lake."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from include.columns import TABLES
from include.lake import Artifact, load_manifest, open_lake
from include.lake.partitions import PREFIX
from include.settings import Settings

FINDINGS, DATA_DOCS = "validations", "data_docs"


def find_checks(settings: Settings, day: dt.date) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the findings of a day, those that do not hold first, and the page of Great Expectations for each table.

    Raises
    ------
    MissingArtifactError
        When the day was not validated, or its findings were deleted.
    """
    lake = open_lake(settings.lake_uri)
    folder = f"{FINDINGS}/{PREFIX}{day}"
    (path,) = Artifact(lake, folder, load_manifest(lake, folder)).paths()
    findings = json.loads(lake.read_bytes(path))
    pages = sorted(info.path for info in lake.list_files(f"{DATA_DOCS}/{PREFIX}{day}") if "/validations/" in info.path)
    return (
        sorted(findings, key=lambda one: (one["success"], one["severity"], one["check"])),
        {table: page for table in TABLES for page in pages if f"/validations/{table}/" in page},
    )
