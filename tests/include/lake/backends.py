"""Every storage that a lake can live on, by name: the contract tests run on each of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from include.lake import Lake, open_lake

BACKENDS: dict[str, Callable[[Path], Lake]] = {
    "local": lambda folder: open_lake((folder / "lake").as_uri()),
    "local in a folder with a blank, a per cent and an umlaut": lambda folder: open_lake(
        (folder / "my 50% läke").as_uri()
    ),
}
