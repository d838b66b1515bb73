"""The formats of delivered files: one module each, and one row here."""

from __future__ import annotations

from include.errors import InputError
from include.landing.formats import csv, jsonl, parquet
from include.landing.formats.base import LandingFormat

FORMATS: tuple[LandingFormat, ...] = (csv, jsonl, parquet)
ENDINGS = tuple(ending for form in FORMATS for ending in form.ENDINGS)


def format_of(name: str) -> LandingFormat | None:
    """Return the format that a file's name stands for, or None."""
    return next((form for form in FORMATS if name.endswith(form.ENDINGS)), None)


def known_format(name: str, remedy: str) -> LandingFormat:
    """Return the format that a file's name stands for.

    Raises
    ------
    InputError
        For any other name; the known endings are appended to `remedy`.
    """
    form = format_of(name)
    if form is None:
        *titles, last = (known.TITLE for known in FORMATS)
        raise InputError(
            f"{name} is neither {', '.join(titles)} nor {last} by its name",
            remedy=remedy.format(endings=", ".join(ENDINGS)),
        )
    return form
