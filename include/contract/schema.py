"""The contract: what rows of events, items and users look like in the lake.

Values are delivered as text. A column's `kind` is what they are cast to, `required` says
whether they may be missing, and the other fields limit them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from include.columns import (
    CATEGORY,
    EVENT_ID,
    EVENT_TS,
    EVENT_TYPE,
    EVENT_TYPES,
    EVENTS,
    IN_STOCK,
    ITEM_ID,
    ITEMS,
    LAUNCHED_ON,
    PRICE,
    QUANTITY,
    SEGMENT,
    SIGNED_UP_ON,
    TITLE,
    UPDATED_TS,
    USER_ID,
    USERS,
)

Kind = Literal["text", "number", "timestamp", "date", "flag"]

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


@dataclass(frozen=True)
class ContractColumn:
    """One column of the contract and the rules for its values."""

    name: str
    kind: Kind = "text"
    required: bool = False
    default: bool | None = None
    allowed: tuple[str, ...] = ()
    above: float | None = None
    at_least: float | None = None
    by_end_of_day: bool = False


@dataclass(frozen=True)
class ContractTable:
    """One table of the contract.

    Parameters
    ----------
    key
        Identifies a row; a second row of a day with the same key is a duplicate.
    keep
        Which of the duplicates is kept: the first delivered, or the latest state.
    attributes
        Whether the table carries a map of further features.
    """

    name: str
    key: str
    columns: tuple[ContractColumn, ...]
    keep: Literal["first", "latest"]
    attributes: bool

    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.required]


CONTRACT = {
    EVENTS: ContractTable(
        EVENTS,
        EVENT_ID,
        (
            ContractColumn(EVENT_ID, required=True),
            ContractColumn(USER_ID),
            ContractColumn(ITEM_ID, required=True),
            ContractColumn(EVENT_TYPE, required=True, allowed=EVENT_TYPES),
            ContractColumn(EVENT_TS, "timestamp", required=True, by_end_of_day=True),
            ContractColumn(QUANTITY, "number", required=True, above=0),
            ContractColumn(PRICE, "number", at_least=0),
        ),
        keep="first",
        attributes=False,
    ),
    ITEMS: ContractTable(
        ITEMS,
        ITEM_ID,
        (
            ContractColumn(ITEM_ID, required=True),
            ContractColumn(TITLE, required=True),
            ContractColumn(CATEGORY),
            ContractColumn(PRICE, "number", at_least=0),
            ContractColumn(IN_STOCK, "flag", default=True),
            ContractColumn(LAUNCHED_ON, "date"),
            ContractColumn(UPDATED_TS, "timestamp", by_end_of_day=True),
        ),
        keep="latest",
        attributes=True,
    ),
    USERS: ContractTable(
        USERS,
        USER_ID,
        (
            ContractColumn(USER_ID, required=True),
            ContractColumn(SEGMENT),
            ContractColumn(SIGNED_UP_ON, "date"),
            ContractColumn(UPDATED_TS, "timestamp", by_end_of_day=True),
        ),
        keep="latest",
        attributes=True,
    ),
}
