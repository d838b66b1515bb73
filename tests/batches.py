"""Small batches in a lake, as task score writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.lake import Lake, partition_folder
from include.list_kinds import LIST_KINDS
from include.serving.batch import Batch, open_batch
from include.serving.load import combine, table_digest
from tests.commits import commit_all

DAY = dt.date(2026, 11, 20)
LISTS = pa.schema([
    ("user_id", pa.string()),
    ("segment", pa.string()),
    ("item_ids", pa.list_(pa.string())),
    ("scores", pa.list_(pa.float32())),
    ("reason_codes", pa.list_(pa.int8())),
    ("reason_item_ids", pa.list_(pa.string())),
])  # fmt: skip
POPULAR = pa.schema([
    ("segment", pa.string()), ("rank", pa.int32()), ("item_id", pa.string()), ("score", pa.float32()),
])  # fmt: skip
ITEMS = pa.schema([
    ("item_id", pa.string()), ("title", pa.string()), ("category", pa.string()), ("price", pa.float64()),
    ("in_stock", pa.bool_()),
])  # fmt: skip
N_ITEMS = 12


def table_checksum(table: pa.Table) -> str:
    """Return the checksum of a batch's `recommendations`."""
    return combine([table_digest(table)])


def user_row(user: int, length: int, shift: int) -> dict[str, Any]:
    """One user's list: odd users have a reason item, even ones do not."""
    places = range(length)
    return {
        "user_id": f"u{user:04d}",
        "segment": "north" if user % 3 else 'south, "far"',
        "item_ids": [f"i{(user + shift + place) % N_ITEMS:02d}" for place in places],
        "scores": [1.5 - 0.3 * place + user / 7 for place in places],
        "reason_codes": [1 if user % 2 and place == 0 else 2 for place in places],
        "reason_item_ids": [f"i{user % N_ITEMS:02d}" if user % 2 and place == 0 else None for place in places],
    }


def item_row(item: int, title: str) -> dict[str, Any]:
    return {
        "item_id": f"i{item:02d}",
        "title": f'{title} "{item}", new',
        "category": None if item == 3 else f"c{item % 4}",
        "price": None if item == 5 else item + 0.5,
        "in_stock": item != 7,
    }


def further_tables(shift: int) -> dict[str, pa.Table]:
    """Lists of further kinds: similar items, and users who would like an item, a category or a brand."""
    similar = [
        {"item_id": f"i{item:02d}", "scope": "", "item_ids": [f"i{(item + shift + n) % N_ITEMS:02d}" for n in (1, 2)],
         "scores": [0.9, 0.5], "reason_codes": [8, 8], "reason_item_ids": [f"i{item:02d}"] * 2}
        for item in range(N_ITEMS)
    ]  # fmt: skip
    audience = [
        {"value": value, "subject": subject, "user_ids": [f"u{shift:04d}", 'ü "9"'], "scores": [2.5, 0.25],
         "reason_codes": [6, 6], "reason_item_ids": [None, None]}
        for value, subject in (("i00", "item"), ("c1", "category"), ("i00", "brand"))
    ]  # fmt: skip

    def entries(items: Sequence[int], reason: int) -> dict[str, Any]:
        return {
            "item_ids": [f"i{item:02d}" for item in items], "scores": [3.0 - n for n in range(len(items))],
            "reason_codes": [reason] * len(items), "reason_item_ids": [None] * len(items),
        }  # fmt: skip

    placements = [
        {"user_id": f"u{user:04d}", "placement": name, **entries(items, reason)}
        for user in range(3)
        for name, items, reason in (("email", (9, (user + shift) % N_ITEMS, 11), 6), ("cart", (10,), 16))
    ]
    before = [
        {"user_id": f"u{user:04d}", "scope": "", **entries((10, user), 16), "purchases": [times, 1],
         "days_since": [days, 3]}
        for user, times, days in ((0, 4, 12), (1, 1, 1), (2, 2, 2))
    ]  # fmt: skip
    popular = [
        {"segment": segment, "placement": name, **entries(items, reason)}
        for segment, name, items, reason in (
            ("everybody", "cart", (8, 2, 4), 4), ("everybody", "email", (8,), 4), ("north", "cart", (2, 5), 2),
        )
    ]  # fmt: skip
    rows = {
        "placements": placements, "popular_by_placement": popular, "similar_items": similar, "audience": audience,
        "bought_before": before,
    }  # fmt: skip
    return {name: pa.Table.from_pylist(each, LIST_KINDS[name].schema) for name, each in rows.items()}


def popular_rows(shift: int) -> list[dict[str, Any]]:
    return [
        {"segment": segment, "rank": rank, "item_id": f"i{(rank + shift) % N_ITEMS:02d}", "score": 10.1 / rank}
        for segment, length in (("everybody", 8), ("north", 3))
        for rank in range(1, length + 1)
    ]  # fmt: skip


def write_batch(
    lake: Lake,
    run_date: dt.date = DAY,
    *,
    shift: int = 0,
    users: int = 40,
    title: str = "Thing",
    lengths: Sequence[int] = (5, 5, 3),
    details: dict[str, Any] | None = None,
) -> Batch:
    """Commit a batch; `shift` changes every list, `lengths` are taken in turn by the users."""
    staged = f"_staging/batch-{run_date}-{shift}"
    rows = [user_row(user, lengths[user % len(lengths)], shift) for user in range(users)]
    tables = {
        "recommendations": pa.Table.from_pylist(rows, LISTS),
        "popular": pa.Table.from_pylist(popular_rows(shift), POPULAR),
        "items": pa.Table.from_pylist([item_row(item, title) for item in range(N_ITEMS)], ITEMS),
    }
    further = further_tables(shift)
    for name, table in (tables | further).items():
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        lake.write_bytes(f"{staged}/{name}/part-0.parquet", sink.getvalue().to_pybytes())
    folder = f"batches/{run_date}-{shift:012x}"
    described = {
        "run_date": run_date.isoformat(),
        "model_version": "7",
        "variant": "main",
        "top_n": 5,
        "checksum": combine(
            [
                table_digest(tables["recommendations"]),
                *(table_digest(table, LIST_KINDS[name]) for name, table in further.items()),
            ]
        ),
        "lists": {
            "recommendations": {"lists": users},
            **{name: {"lists": table.num_rows, "full": table.num_rows} for name, table in further.items()},
        },
        "training_set": f"training_sets/{run_date}-0",
        "metrics": {"recall_at_20": 0.13},
        "shortfall": users // 3,
    }
    commit_all(
        lake, staged, folder, fingerprint=f"{shift:012x}", counts={"users": users}, details=described | (details or {})
    )
    return open_batch(lake, folder)


def write_day(lake: Lake, day: dt.date = DAY) -> None:
    """Commit manifests of the day's partitions with row accounts, as task ingest does."""
    for table, landed in (("events", 100), ("items", 12), ("users", 40)):
        staged = f"_staging/{table}-{day}"
        lake.write_bytes(f"{staged}/part-0.parquet", b"")
        counts = {"landed": landed, "ingested": landed - 3, "duplicates": 2, "quarantined": 1}
        commit_all(lake, staged, partition_folder(table, day), fingerprint="f", counts=counts)
