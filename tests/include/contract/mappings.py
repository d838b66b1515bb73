"""A small shop whose columns are not the contract's, and helpers to deliver for it."""

from __future__ import annotations

import datetime as dt
import gzip
from typing import Any

from include.contract import Dataset
from include.contract.source import Delivery, SourceMapping
from include.lake import Lake, partition_folder

DAY = dt.date(2026, 3, 2)
NEXT_DAY = dt.date(2026, 3, 3)

SHOP: dict[str, Any] = {
    "name": "corner_shop",
    "description": "Receipts, articles and customers of a corner shop.",
    "tables": {
        "events": {
            "source": {"required": ["receipt", "article", "at", "pieces"], "optional": ["customer", "amount"]},
            "land": {"day": "at", "files": ["receipts*"]},
            "columns": {
                "event_id": "receipt",
                "user_id": "customer",
                "item_id": "upper(article)",
                "event_type": "'purchase'",
                "event_ts": "at",
                "quantity": "pieces",
                "price": "amount",
            },
            "reject": {"bag": "item_id = 'BAG'", "test_receipt": "source.receipt like 'T%'"},
        },
        "items": {
            "source": {"required": ["article", "name"], "optional": ["price", "stock", "since", "maker", "changed"]},
            "land": {"day": "at", "files": ["receipts*"], "columns": ["article", "name"], "distinct": "day"},
            "columns": {
                "item_id": "upper(article)",
                "title": "name",
                "price": "price",
                "in_stock": "stock",
                "launched_on": "since",
                "updated_ts": "changed",
            },
            "attributes": {"maker": "maker", "initial": "left(name, 1)"},
        },
        "users": {
            "source": {"required": ["customer"], "optional": ["town"]},
            "land": {
                "day": "at",
                "files": ["receipts*"],
                "columns": ["customer"],
                "distinct": "range",
                "skip_without": ["customer"],
            },
            "columns": {"user_id": "customer", "segment": "town"},
        },
    },
}


def shop(**sections: dict[str, Any]) -> Dataset:
    """Return the corner shop with sections of its events' mapping replaced."""
    events = {**SHOP["tables"]["events"], **sections}
    return Dataset.model_validate({**SHOP, "tables": {**SHOP["tables"], "events": events}})


def deliver(landing: Lake, table: str, day: dt.date, files: dict[str, str | bytes], *, close: bool = True) -> None:
    """Put files into a day of the landing zone; texts are gzipped where their name says so."""
    folder = partition_folder(table, day)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        if isinstance(content, str) and name.endswith(".gz"):
            data = gzip.compress(data, mtime=0)
        landing.write_bytes(f"{folder}/{name}", data)
    if close:
        landing.write_bytes(f"{folder}/_SUCCESS", b"")


def parts(*sources: Delivery) -> tuple[SourceMapping, ...]:
    """Return sources of a table that map nothing."""
    return tuple(SourceMapping(source=source, land=None, columns={}, reject={}, missing={}) for source in sources)
