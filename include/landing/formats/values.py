"""Values of records as text, and the paths of nested ones."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal

MISSING = object()
DEEPEST = 6
# Above it a float no longer tells neighbouring whole numbers apart.
EXACT = 2.0**53


def as_text(value: object) -> str | None:
    """Return a value as the text that the casts understand, None for no value.

    A whole float is written as a whole number: 17850.0 becomes `17850`, as programs make floats of
    ids when one is missing.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, default=as_text, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return str(value)


def float_text(value: float) -> str | None:
    if math.isnan(value):
        return None
    return str(int(value)) if abs(value) < EXACT and value == int(value) else repr(value)


def value_at(values: Mapping[str, object], path: str) -> object:
    """Return the value under a dotted path, `MISSING` when there is none; a key that is the whole path wins."""
    if path in values:
        return values[path]
    found: object = values
    for step in path.split("."):
        if not isinstance(found, Mapping) or step not in found:
            return MISSING
        found = found[step]
    return found


def paths_of(values: Mapping[str, object], depth: int = 0) -> Iterator[str]:
    """Yield the keys of a record and the paths of what is nested in them; arrays count as their first element."""
    for key, value in values.items():
        yield key
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, Mapping) and depth < DEEPEST:
            for path in paths_of(inner, depth + 1):
                yield f"{key}.{path}"


def elements_of(values: Mapping[str, object], path: str) -> list[Mapping[str, object]]:
    """Return a record once for each element of the array under `path`, which stands there in its place.

    A record without elements stays one, as it is.
    """
    array = value_at(values, path)
    if not isinstance(array, list) or not array:
        return [values]
    return [{**values, path: element, **_below(path, element)} for element in array]


def _below(path: str, element: object) -> dict[str, object]:
    """Return the nested values of an element under their whole paths, which then hide those of the array."""
    if not isinstance(element, Mapping):
        return {}
    return {f"{path}.{inner}": value_at(element, inner) for inner in paths_of(element)}
