"""The formats of delivered files: one module each, and one row here."""

from __future__ import annotations

import re

from include.contract.source import Delivery
from include.errors import InputError
from include.landing.formats import avro, csv, jsonl, parquet
from include.landing.formats.base import LandingFormat
from include.landing.stored import COMPRESSIONS

FORMATS: tuple[LandingFormat, ...] = (csv, jsonl, parquet, avro)
# What `land` appends to the names of its files.
PART = re.compile(r"\.(undated-)?part-\d+$")
EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def format_of(name: str, source: Delivery | None = None) -> LandingFormat | None:
    """Return the format that a file's name stands for, or else the one that the source names, or None."""
    named = source.format if source else None
    return next((form for form in FORMATS if name.lower().endswith(form.ENDINGS)), None) or next(
        (form for form in FORMATS if named == form.NAME), None
    )


def known_format(name: str, source: Delivery, remedy: str) -> LandingFormat:
    """Return the format of a file.

    Raises
    ------
    InputError
        When neither its name nor the source tells; the known endings are appended to `remedy`.
    """
    form = format_of(name, source)
    if form is None:
        *titles, last = (known.TITLE for known in FORMATS)
        endings = [ending for known in FORMATS for ending in known.ENDINGS]
        raise InputError(
            f"{name} is neither {', '.join(titles)} nor {last} by its name",
            remedy=f"{remedy.format(endings=', '.join(endings))}, or name its format in source.format of the mapping",
        )
    return form


def stem(name: str) -> str:
    """Return a file's name, or a pattern, without what tells format and compression, and without a part number."""
    if name.lower().endswith(tuple(COMPRESSIONS)):
        name = name.rpartition(".")[0]
    return PART.sub("", EXTENSION.sub("", name))
