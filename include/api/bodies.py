"""What the API's answers look like; the OpenAPI document says it. The bodies themselves come from the database."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field


class Entry(BaseModel):
    """One place of a list; further fields are the list's own."""

    model_config = ConfigDict(extra="allow")

    rank: int
    item_id: str | None = Field(None, description="`similar_item_id`, `other_item_id` in the lists of an item.")
    title: str | None
    score: float
    reason: str


class Shopper(BaseModel):
    """One place of an audience."""

    rank: int
    user_id: str
    score: float
    reason: str


class Listed(BaseModel):
    """A list, all of one batch."""

    batch_id: str
    run_date: dt.date
    entries: list[Entry]


class Audience(BaseModel):
    """Users, all by one batch."""

    batch_id: str
    run_date: dt.date
    entries: list[Shopper]


class Health(BaseModel):
    """The batch that is served: its last day of data, since when it is, and how many seconds that is ago."""

    batch_id: str | None = Field(description="null: no batch is live yet.")
    run_date: dt.date | None
    model_version: str | None
    live_since: dt.datetime | None
    age_seconds: float | None
