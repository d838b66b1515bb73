"""The mapping of a data set to the contract, in YAML; `docs/own-data.md` explains the format."""

from __future__ import annotations

import datetime as dt
import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic import ValidationError as PydanticError

from include.columns import TABLES
from include.contract.schema import CONTRACT, ContractTable
from include.contract.source import Delivery, Expressions, Files, Land, SourceEntry, SourceMapping, check_land
from include.drift_policy import DriftPolicy
from include.drift_policy import load_drift_policy as lay_over_drift
from include.errors import ConfigurationError
from include.frozen import Frozen
from include.policy import Policy, first_problem
from include.policy import load_policy as lay_over
from include.settings import Settings

DATASETS = Path(__file__).resolve().parent.parent / "config" / "datasets"
DOCUMENT = "docs/own-data.md"


class TableMapping(Expressions):
    """One table: what is delivered, how it becomes the contract, which rows are rejected."""

    source: Delivery | None = None
    sources: tuple[SourceEntry, ...] = Field((), description="Several sources, in place of `source`.")
    delivery: Literal["changes", "whole"] = Field("changes", description="Whether a day brings changes or everything.")
    land: Land | None = None
    columns: dict[str, str] = Field(default_factory=dict, description="Contract column to Spark SQL expression.")
    reject: dict[str, str] = Field(default_factory=dict, description="Reason to Spark SQL condition.")
    missing: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Contract column to values that mean nothing."
    )

    @model_validator(mode="after")
    def source_is_given_once(self) -> TableMapping:
        if self.source and self.sources:
            raise ValueError("has both source and sources; keep one of them")
        if not self.source and not self.sources:
            raise ValueError("lacks source, which says what the files look like")
        if self.sources and (self.columns or self.attributes or self.land):
            raise ValueError("has sources: columns, attributes and land are in each of them")
        if self.source:
            check_land(self.land, self.source.columns)
        return self

    @cached_property
    def parts(self) -> tuple[SourceMapping, ...]:
        """The table's sources, each with all that holds for it; one for `source`."""
        if self.source:
            rows: list[tuple[Delivery, TableMapping | SourceEntry]] = [(self.source, self)]
        else:
            rows = [
                (Delivery(**{name: getattr(entry, name) for name in Files.model_fields}), entry)
                for entry in self.sources
            ]
        everything = {name for _, entry in rows for name in (*entry.columns, *entry.attributes)}
        return tuple(
            SourceMapping(
                source=source,
                elsewhere=tuple(sorted(everything - set(entry.columns) - set(entry.attributes))),
                land=entry.land,
                columns=entry.columns,
                attributes=entry.attributes,
                reject=self.reject,
                missing=self.missing,
            )
            for source, entry in rows
        )

    @property
    def mapped(self) -> set[str]:
        """The contract columns that a source maps."""
        return {name for part in self.parts for name in part.columns}


class Tables(Frozen):
    """All three tables of the contract."""

    events: TableMapping
    items: TableMapping
    users: TableMapping

    @field_validator("events", "items", "users")
    @classmethod
    def columns_are_the_contract(cls, mapping: TableMapping, info: ValidationInfo) -> TableMapping:
        table = CONTRACT[str(info.field_name)]
        _compare_columns(mapping, table)
        return mapping


class Dataset(BaseModel):
    """A data set: the mappings of its tables, and what it changes in the policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    attribution: str = ""
    time_zone: str = Field("UTC", description="IANA name of the shop's time zone: its days, and its times without one.")
    first_day: dt.date | None = Field(None, description="`land` leaves out the days before it.")
    tables: Tables
    policy_override: dict[str, Any] = Field(default_factory=dict, alias="policy")
    drift_override: dict[str, Any] = Field(default_factory=dict, alias="drift")

    @field_validator("time_zone")
    @classmethod
    def zone_is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {value!r}; an IANA name is meant, as Europe/Berlin") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def table(self, name: str) -> TableMapping:
        """Return the mapping of `events`, `items` or `users`."""
        if name not in TABLES:
            raise ConfigurationError(f"there is no table {name!r}", remedy=f"use one of {', '.join(TABLES)}")
        mapping: TableMapping = getattr(self.tables, name)
        return mapping

    def policy(self, file: Path | None = None) -> Policy:
        """Return the default policy, this data set's `policy:` over it, and `file` over both."""
        return lay_over(self.policy_override, file=file)

    def drift_policy(self, file: Path | None = None) -> DriftPolicy:
        """Return the default drift policy, this data set's `drift:` over it, and `file` over both."""
        return lay_over_drift(self.drift_override, file=file)


def _compare_columns(mapping: TableMapping, table: ContractTable) -> None:
    """Refuse names that the contract lacks, and a mapping that lacks what the contract requires.

    One source of several may map a part of the columns, if rows of one key add up to the latest state.
    """
    partial = mapping.sources and table.keep == "latest"
    needed = {table.key} if partial else set(table.required())
    for part in mapping.parts:
        unknown = sorted(set(part.columns) - set(table.names()))
        missing = [name for name in table.names() if name in needed and name not in part.columns]
        if unknown:
            raise ValueError(f"columns has {', '.join(unknown)}; the contract has {', '.join(table.names())}")
        if missing:
            raise ValueError(f"columns lacks {', '.join(missing)}, which the contract requires")
        if part.attributes and not table.attributes:
            raise ValueError(f"{table.name} have no attributes; items and users have")
    if missing := [name for name in table.required() if name not in mapping.mapped]:
        raise ValueError(f"no source maps {', '.join(missing)}, which the contract requires")
    if unknown := sorted(set(mapping.missing) - set(table.names())):
        raise ValueError(f"missing has {', '.join(unknown)}; the contract has {', '.join(table.names())}")


def dataset_names() -> list[str]:
    """Return the names of the data sets that come with Nightshelf."""
    return sorted(path.stem for path in DATASETS.glob("*.yaml"))


def load_dataset(name_or_path: str) -> Dataset:
    """Return the data set of that name, or the one that the YAML file at that path describes.

    Raises
    ------
    ConfigurationError
        For an unknown name, a file that is missing or not YAML, an unknown key and an invalid
        value, named with its place.
    """
    path = _find(name_or_path)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = " ".join(str(error).split())
        remedy = "make it a readable YAML file"
        if "'`'" in why:
            remedy = 'put an expression that begins with a backtick in quotes: "`Order ID`"'
        raise ConfigurationError(f"mapping {path} cannot be read: {why}", remedy=remedy) from error
    if not isinstance(values, dict):
        raise ConfigurationError(f"mapping {path} holds no keys", remedy=f"write it as {DOCUMENT} shows")
    try:
        return Dataset.model_validate(values)
    except PydanticError as error:
        raise _name_the_place(path, error) from error


def load_policy(settings: Settings) -> Policy:
    """Return the policy of the settings' data set, with their policy file laid over it."""
    return load_dataset(settings.dataset).policy(settings.policy_file)


def load_drift_policy(settings: Settings) -> DriftPolicy:
    """Return the drift policy of the settings' data set, with their file laid over it."""
    return load_dataset(settings.dataset).drift_policy(settings.drift_policy_file)


def _find(name_or_path: str) -> Path:
    if name_or_path in dataset_names():
        return DATASETS / f"{name_or_path}.yaml"
    path = Path(name_or_path)
    if path.is_file():
        return path
    if path.suffix in (".yaml", ".yml") or os.sep in name_or_path:
        raise ConfigurationError(
            f"mapping file {name_or_path} does not exist", remedy="correct the path in NIGHTSHELF_DATASET"
        )
    raise ConfigurationError(
        f"there is no data set {name_or_path!r}",
        remedy=f"use one of {', '.join(dataset_names())}, or the path of a mapping ({DOCUMENT})",
    )


def _name_the_place(path: Path, error: PydanticError) -> ConfigurationError:
    """Turn the first of pydantic's findings into one line that names the key."""
    place, message, _ = first_problem(error)
    if error.errors()[0]["type"] == "missing":
        return ConfigurationError(
            f"mapping {path} lacks {'.'.join(place)}",
            remedy=f"add it, see {DOCUMENT}; `make map SOURCE=<file or folder>` writes a whole mapping",
        )
    if error.errors()[0]["type"] == "extra_forbidden":
        return ConfigurationError(
            f"mapping {path} has {'.'.join(place)}, a key that the format does not know; here it knows "
            f"{', '.join(_known_keys(place[:-1]))}",
            remedy=f"correct or remove it, see {DOCUMENT}",
        )
    return ConfigurationError(f"mapping {path}, {'.'.join(place)}: {message}", remedy=f"correct it, see {DOCUMENT}")


def _known_keys(place: list[str]) -> list[str]:
    models: dict[str, type[BaseModel]] = {"tables": Tables, "source": Delivery, "land": Land}
    if place and place[-1].isdigit():
        models[place[-1]] = SourceEntry
    model = models.get(place[-1], TableMapping) if place else Dataset
    return [field.alias or name for name, field in model.model_fields.items()]
