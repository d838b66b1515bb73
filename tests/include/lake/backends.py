"""Every storage that a lake can live on, by name: the contract tests run on each of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

from include.lake import Lake, open_lake
from tests.s3_servers import BUCKET

LOCAL: dict[str, Callable[[Path], Lake]] = {
    "local": lambda folder: open_lake((folder / "lake").as_uri()),
    "local in a folder with a blank, a per cent and an umlaut": lambda folder: open_lake(
        (folder / "my 50% läke").as_uri()
    ),
}
# The conftest beside this file starts the server and sets the environment.
BACKENDS: dict[str, Callable[[Path], Lake]] = {
    **LOCAL,
    "s3": lambda _: open_lake(f"s3://{BUCKET}/{uuid.uuid4().hex}"),
    "s3 below a prefix with a blank, a per cent and an umlaut": lambda _: open_lake(
        f"s3://{BUCKET}/{uuid.uuid4().hex}/my 50% läke"
    ),
}
