"""What a table's sources look like, and how their columns become the contract's."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from include.frozen import Frozen

# What expressions know besides the columns of the source.
RESERVED = ("ingest_date", "explode_position")
# Text in a Spark SQL expression; names stand outside of it.
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def repeated(names: Sequence[str]) -> list[str]:
    """Return the names that occur more than once; upper and lower case are the same, as for Spark."""
    folded = [name.casefold() for name in names]
    return sorted({name for name in names if folded.count(name.casefold()) > 1})


class Files(Frozen):
    """What files look like."""

    files: tuple[str, ...] = Field(("*",), min_length=1, description="Names of the files, as patterns.")
    format: Literal["csv", "jsonl", "parquet", "avro"] | None = Field(None, description="By the name when not given.")
    required: tuple[str, ...] = Field(min_length=1, description="Columns that every file must have.")
    optional: tuple[str, ...] = Field((), description="Columns that are absent when a file lacks them.")
    names: tuple[str, ...] = Field((), description="The columns in order, of CSV files without a header.")
    delimiter: str = Field(",", min_length=1, max_length=1, description="Between the fields of a CSV file.")
    quote: str = Field('"', max_length=1, description="Around fields of a CSV file; empty for none.")
    encoding: str = Field("utf-8", description="Of text files; a byte order mark wins over it.")
    decimal: Literal[".", ","] = Field(".", description="Decimal separator of numbers in CSV files.")
    thousands: str = Field("", max_length=1, description="Thousands separator of numbers in CSV files.")
    explode: str | None = Field(None, description="Path of an array: each of its elements becomes a row.")
    partial: bool = Field(False, description="An expression without a value says nothing: the last known one stays.")

    @field_validator("encoding")
    @classmethod
    def encoding_is_known(cls, value: str) -> str:
        return known_encoding(value)

    @model_validator(mode="after")
    def names_differ(self) -> Self:
        for names in (self.required + self.optional, self.names):
            if twice := repeated(names):
                raise ValueError(f"names {', '.join(twice)} more than once (upper and lower case are the same)")
        if reserved := [name for name in (*self.required, *self.optional) if name.casefold() in RESERVED]:
            raise ValueError(f"names {', '.join(reserved)}, which expressions know already as something else")
        if self.delimiter in ("\n", "\r", self.quote) or self.quote in ("\n", "\r"):
            raise ValueError(f"{self.delimiter!r} and {self.quote!r} cannot be delimiter and quote")
        if self.thousands and self.thousands == self.decimal:
            raise ValueError(f"{self.thousands!r} cannot separate both thousands and decimals")
        return self


class Delivery(Files):
    """What the delivered files of one source look like."""

    @property
    def columns(self) -> tuple[str, ...]:
        return self.required + self.optional


class Land(Frozen):
    """How `python -m jobs.land` splits your own files into days."""

    files: tuple[str, ...] = Field((), description="Names to read when --source is a folder; source.files by default.")
    day: str | None = Field(None, description="The column with the day; without it all rows land on the first day.")
    day_format: str | None = Field(None, description="strptime format, epoch_s, epoch_ms or epoch_us; ISO by default.")
    encoding: str | None = Field(None, description="Of your own files when it is not source.encoding.")
    columns: tuple[str, ...] = Field((), description="Columns to keep; all when not given.")
    distinct: Literal["no", "day", "range"] = Field("no", description="Land equal rows once a day, or only once.")
    skip_without: tuple[str, ...] = Field((), description="Rows in which one of these is empty are left out.")

    @field_validator("encoding")
    @classmethod
    def encoding_is_known(cls, value: str | None) -> str | None:
        return None if value is None else known_encoding(value)

    @property
    def verbatim(self) -> bool:
        """Whether each line of the source lands exactly once, unchanged."""
        return not self.columns and self.distinct == "no" and not self.skip_without


def known_encoding(name: str) -> str:
    """Return `name` when Python knows that encoding of text."""
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError(f"Python knows no encoding {name!r} of text") from error
    return name


class Expressions(Frozen):
    """How the columns of a source become the contract's."""

    columns: dict[str, str] = Field(description="Contract column to Spark SQL expression.")
    attributes: dict[str, str] = Field(default_factory=dict, description="Feature to Spark SQL expression.")

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


class SourceEntry(Files, Expressions):
    """One of several sources of a table, as `sources` lists them."""

    land: Land | None = None

    @model_validator(mode="after")
    def land_uses_declared_columns(self) -> SourceEntry:
        check_land(self.land, self.required + self.optional)
        return self


class SourceMapping(Expressions):
    """One source of a table with all that holds for it.

    Attributes
    ----------
    elsewhere
        The contract columns and attributes that only other sources of the table map.
    """

    source: Delivery
    land: Land | None
    reject: dict[str, str]
    missing: dict[str, tuple[str, ...]]
    elsewhere: tuple[str, ...] = ()

    def absent(self, lacking: Collection[str]) -> list[str]:
        """Return the contract columns and attributes that records without the columns `lacking` do not provide.

        Absent is not empty: a name is absent when other sources map it, or when records lack every
        column that its expression names.
        """
        names = [*self.columns.items(), *self.attributes.items()]
        used = {name: self.columns_in(expression) for name, expression in names}
        return [*self.elsewhere, *(name for name, columns in used.items() if columns and columns <= set(lacking))]

    def columns_in(self, expression: str) -> set[str]:
        """Return the columns of the source that an expression names."""
        text = _LITERAL.sub("''", expression)
        return {name for name in self.source.columns if _named(name).search(text)}

    def number_columns(self, numbers: Collection[str]) -> set[str]:
        """Return the columns of the source that hold numbers.

        Parameters
        ----------
        numbers
            The contract columns that are numbers.
        """
        named = {name for key in numbers if key in self.columns for name in self.columns_in(self.columns[key])}
        texts = {expression.strip(" `") for key, expression in self.columns.items() if key not in numbers}
        return named - texts


def _named(name: str) -> re.Pattern[str]:
    """Return a pattern of a column's name in an expression, in backticks or as a word."""
    return re.compile(rf"`{re.escape(name.replace('`', '``'))}`|(?<![\w`.]){re.escape(name)}(?![\w`])", re.I)


def check_land(land: Land | None, columns: Sequence[str]) -> None:
    unknown = [name for name in (*land.columns, *land.skip_without) if name not in columns] if land else []
    if unknown:
        raise ValueError(
            f"land uses {', '.join(unknown)}, which source.required and source.optional do not name "
            f"({', '.join(columns)})"
        )
