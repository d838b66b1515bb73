"""The mapping of a data set to the contract, in YAML; `docs/own-data.md` explains the format."""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic import ValidationError as PydanticError

from include.columns import TABLES
from include.contract.schema import CONTRACT, ContractTable
from include.errors import ConfigurationError
from include.policy import Frozen, Policy, first_problem
from include.policy import load_policy as lay_over
from include.settings import Settings

DATASETS = Path(__file__).resolve().parent.parent / "config" / "datasets"
DOCUMENT = "docs/own-data.md"


def repeated(names: Sequence[str]) -> list[str]:
    """Return the names that occur more than once; upper and lower case are the same, as for Spark."""
    folded = [name.casefold() for name in names]
    return sorted({name for name in names if folded.count(name.casefold()) > 1})


class Delivery(Frozen):
    """What the delivered files look like."""

    required: tuple[str, ...] = Field(min_length=1, description="Columns that every file must have.")
    optional: tuple[str, ...] = Field((), description="Columns that are empty when a file lacks them.")
    delimiter: str = Field(",", min_length=1, max_length=1, description="Between the fields of a CSV file.")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.required + self.optional

    @model_validator(mode="after")
    def names_differ(self) -> Delivery:
        if twice := repeated(self.columns):
            raise ValueError(f"names {', '.join(twice)} more than once (upper and lower case are the same)")
        return self


class Land(Frozen):
    """How `python -m jobs.land` splits your own files into days."""

    files: tuple[str, ...] = Field(("*",), description="Names to read when --source is a folder.")
    day: str = Field(description="The column whose value begins with the day.")
    day_format: str | None = Field(None, description="strptime format of that column; ISO when not given.")
    encoding: str = Field("utf-8", description="Of the source files; landing files are UTF-8.")
    columns: tuple[str, ...] = Field((), description="Columns to keep; all when not given.")
    distinct: Literal["no", "day", "range"] = Field("no", description="Land equal rows once a day, or only once.")
    skip_without: tuple[str, ...] = Field((), description="Rows in which one of these is empty are left out.")

    @field_validator("encoding")
    @classmethod
    def encoding_is_known(cls, value: str) -> str:
        try:
            codecs.lookup(value)
        except LookupError as error:
            raise ValueError(f"Python knows no encoding {value!r}") from error
        return value

    @property
    def verbatim(self) -> bool:
        """Whether each line of the source lands exactly once, unchanged."""
        return not self.columns and self.distinct == "no" and not self.skip_without


class TableMapping(Frozen):
    """One table: what is delivered, how it becomes the contract, which rows are rejected."""

    source: Delivery
    land: Land | None = None
    columns: dict[str, str] = Field(description="Contract column to Spark SQL expression.")
    attributes: dict[str, str] = Field(default_factory=dict, description="Feature to Spark SQL expression.")
    reject: dict[str, str] = Field(default_factory=dict, description="Reason to Spark SQL condition.")

    @field_validator("columns", mode="before")
    @classmethod
    def literals_are_expressions(cls, value: object) -> object:
        """Let `quantity: 1` be written without quotes."""
        if not isinstance(value, Mapping):
            return value
        return {
            key: str(entry) if isinstance(entry, int | float) and not isinstance(entry, bool) else entry
            for key, entry in value.items()
        }

    @model_validator(mode="after")
    def land_uses_declared_columns(self) -> TableMapping:
        if self.land is None:
            return self
        unknown = [name for name in (*self.land.columns, *self.land.skip_without) if name not in self.source.columns]
        if unknown:
            raise ValueError(
                f"land uses {', '.join(unknown)}, which source.required and source.optional do not name "
                f"({', '.join(self.source.columns)})"
            )
        return self


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
    tables: Tables
    policy_override: dict[str, Any] = Field(default_factory=dict, alias="policy")

    def table(self, name: str) -> TableMapping:
        """Return the mapping of `events`, `items` or `users`."""
        if name not in TABLES:
            raise ConfigurationError(f"there is no table {name!r}", remedy=f"use one of {', '.join(TABLES)}")
        mapping: TableMapping = getattr(self.tables, name)
        return mapping

    def policy(self, file: Path | None = None) -> Policy:
        """Return the default policy, this data set's `policy:` over it, and `file` over both."""
        return lay_over(self.policy_override, file=file)


def _compare_columns(mapping: TableMapping, table: ContractTable) -> None:
    unknown = sorted(set(mapping.columns) - set(table.names()))
    missing = [name for name in table.required() if name not in mapping.columns]
    if unknown:
        raise ValueError(f"columns has {', '.join(unknown)}; the contract has {', '.join(table.names())}")
    if missing:
        raise ValueError(f"columns lacks {', '.join(missing)}, which the contract requires")
    if mapping.attributes and not table.attributes:
        raise ValueError(f"{table.name} have no attributes; items and users have")


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
        raise ConfigurationError(
            f"mapping {path} cannot be read: {' '.join(str(error).split())}", remedy="make it a readable YAML file"
        ) from error
    if not isinstance(values, dict):
        raise ConfigurationError(f"mapping {path} holds no keys", remedy=f"write it as {DOCUMENT} shows")
    try:
        return Dataset.model_validate(values)
    except PydanticError as error:
        raise _name_the_place(path, error) from error


def load_policy(settings: Settings) -> Policy:
    """Return the policy of the settings' data set, with their policy file laid over it."""
    return load_dataset(settings.dataset).policy(settings.policy_file)


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
    if error.errors()[0]["type"] == "extra_forbidden":
        return ConfigurationError(
            f"mapping {path} has {'.'.join(place)}, a key that the format does not know; here it knows "
            f"{', '.join(_known_keys(place[:-1]))}",
            remedy=f"correct or remove it, see {DOCUMENT}",
        )
    return ConfigurationError(f"mapping {path}, {'.'.join(place)}: {message}", remedy=f"correct it, see {DOCUMENT}")


def _known_keys(place: list[str]) -> list[str]:
    models: dict[str, type[BaseModel]] = {"tables": Tables, "source": Delivery, "land": Land}
    model = models.get(place[-1], TableMapping) if place else Dataset
    return [field.alias or name for name, field in model.model_fields.items()]
