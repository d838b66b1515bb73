"""The contract: what rows of events, items and users look like in the lake.

It is written in `include/config/contract`, one file of the Open Data Contract Standard a table. Of a property are read
its type, `required`, `unique`, `primaryKey`, its `quality`, and the options `minimum`, `exclusiveMinimum`, `maxLength`
and `pattern` (of the form `^[^...]*$`, the characters that may not be there); and of our own keys `keep`, `default` and
`byEndOfDay`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import yaml
from open_data_contract_standard.model import (
    CustomProperty,
    DataQuality,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
)
from pydantic import ValidationError as PydanticError

from include.columns import TABLES
from include.errors import ConfigurationError

CONTRACTS = Path(__file__).resolve().parent.parent / "config" / "contract"

Kind = Literal["text", "number", "timestamp", "date", "flag"]

KINDS: dict[str, Kind] = {
    "string": "text",
    "number": "number",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "flag",
}
SPARK_TYPES: dict[Kind, str] = {
    "text": "string",
    "number": "double",
    "timestamp": "timestamp",
    "date": "date",
    "flag": "boolean",
}
NAMES: dict[Kind, str] = {
    "text": "a text",
    "number": "a number",
    "timestamp": "a time",
    "date": "a date",
    "flag": "true or false",
}
_OPTIONS = {"minimum", "exclusiveMinimum", "maxLength", "pattern", "timezone"}
_SEARCHED = ("^[^", "]*$")


@dataclass(frozen=True)
class ContractColumn:
    """One column of the contract and the rules for its values.

    Parameters
    ----------
    forbidden
        The class of characters, as a regular expression, that may not be in a text.
    since
        The first time or date that is taken, `YYYY-MM-DD`.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    unique: bool = False
    default: bool | None = None
    allowed: tuple[str, ...] = ()
    above: float | None = None
    at_least: float | None = None
    since: str | None = None
    by_end_of_day: bool = False
    max_length: int | None = None
    forbidden: str | None = None
    description: str = field(default="", repr=False)

    @property
    def is_id(self) -> bool:
        """Whether it names a user, an item, an event or an order, so that `17850.0` is the number 17850."""
        return self.name.endswith("_id")


@dataclass(frozen=True)
class ContractRule:
    """A rule for a whole day: the fields of ODCS's quality rules, and the column that it is about, if any."""

    column: str
    quality: DataQuality

    @property
    def stops(self) -> bool:
        return self.quality.severity == "error"

    @property
    def remedy(self) -> str:
        return str(_own(self.quality.customProperties, "remedy"))


@dataclass(frozen=True)
class ContractTable:
    """One table of the contract.

    Parameters
    ----------
    key
        Identifies a row; a second row of a day with the same key is a duplicate.
    keep
        Which of the duplicates is kept: the first delivered, or the latest state.
    values
        The rules for the values of the map of further features, in tables that carry one.
    freshness_days
        The newest event, or the last day with a row, may be that old.
    """

    name: str
    key: str
    columns: tuple[ContractColumn, ...]
    keep: Literal["first", "latest"]
    values: ContractColumn | None = None
    rules: tuple[ContractRule, ...] = field(default=(), repr=False)
    freshness_days: int = field(default=0, repr=False)
    description: str = field(default="", repr=False)

    @property
    def attributes(self) -> bool:
        """Whether the table carries a map of further features."""
        return self.values is not None

    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.required]

    def column(self, name: str) -> ContractColumn:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, ContractColumn]:
        return {column.name: column for column in self.columns}


def read_contract(path: Path) -> ContractTable:
    """Return the table that an ODCS file describes.

    Raises
    ------
    ConfigurationError
        When the file is no ODCS, describes another number of tables than one, or has a type or an option that nothing
        would hold.
    """
    try:
        contract = OpenDataContractStandard.from_file(str(path))
        (table,) = contract.schema_ or []
        return _table(contract, table)
    except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError, PydanticError) as error:
        raise ConfigurationError(
            f"contract {path}: {' '.join(str(error).split())}",
            remedy="correct the file; it is an Open Data Contract Standard 3.1 of one table",
        ) from error


def _table(contract: OpenDataContractStandard, table: SchemaObject) -> ContractTable:
    properties = table.properties or []
    columns = [one for one in properties if one.logicalType != "object"]
    rules = [ContractRule("", quality) for quality in table.quality or []]
    rules += [ContractRule(str(one.name), quality) for one in columns for quality in one.quality or []]
    (key,) = (str(one.name) for one in columns if one.primaryKey)
    (freshness,) = (one.value for one in contract.slaProperties or [] if one.property == "freshness")
    return ContractTable(
        name=str(table.name),
        key=key,
        columns=tuple(_column(one) for one in columns),
        keep=cast("Literal['first', 'latest']", _own(table.customProperties, "keep")),
        values=next((_values(one) for one in properties if one.logicalType == "object"), None),
        rules=tuple(rules),
        freshness_days=int(str(freshness)),
        description=str(contract.description.purpose) if contract.description else "",
    )


def _column(one: SchemaProperty) -> ContractColumn:
    options: dict[str, Any] = one.logicalTypeOptions or {}
    if one.logicalType not in KINDS or set(options) - _OPTIONS:
        raise ValueError(f"{one.name} has the type {one.logicalType} with {sorted(options)}; known are "
                         f"{', '.join(KINDS)} with {', '.join(sorted(_OPTIONS))}")  # fmt: skip
    kind = KINDS[one.logicalType]
    numeric = kind == "number"
    valid = [(rule.arguments or {}).get("validValues", ()) for rule in one.quality or []]
    return ContractColumn(
        name=str(one.name),
        kind=kind,
        required=bool(one.required),
        unique=bool(one.unique),
        default=_own(one.customProperties, "default"),
        allowed=tuple(value for values in valid for value in values),
        above=options.get("exclusiveMinimum"),
        at_least=options.get("minimum") if numeric else None,
        since=None if numeric else options.get("minimum"),
        by_end_of_day=bool(_own(one.customProperties, "byEndOfDay")),
        max_length=options.get("maxLength"),
        forbidden=_forbidden(one, options.get("pattern")),
        description=one.description or "",
    )


def _values(one: SchemaProperty) -> ContractColumn:
    """Return the rules for the values of a map, which the standard has no options for."""
    limit, pattern = (_own(one.customProperties, name) for name in ("maxLength", "pattern"))
    return ContractColumn(str(one.name), max_length=limit, forbidden=_forbidden(one, pattern))


def _forbidden(one: SchemaProperty, pattern: str | None) -> str | None:
    if pattern is None:
        return None
    before, after = _SEARCHED
    if not (pattern.startswith(before) and pattern.endswith(after)):
        raise ValueError(f"the pattern of {one.name}, {pattern}, is not of the form {before}...{after}")
    return f"[{pattern.removeprefix(before).removesuffix(after)}]"


def _own(properties: Sequence[CustomProperty] | None, name: str) -> Any:
    return next((one.value for one in properties or () if one.property == name), None)


CONTRACT = {table: read_contract(CONTRACTS / f"{table}.odcs.yaml") for table in TABLES}
