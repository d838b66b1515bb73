"""A small shop in a lake and a database, made without Spark: what the jobs of the drift watch need before them."""

from __future__ import annotations

import datetime as dt
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import SecretStr

from include.lake import Lake, open_lake, partition_folder
from include.serving.batch import Batch, open_batch
from include.serving.publish import publish
from include.settings import Settings
from tests.batches import ITEMS, LISTS, POPULAR, table_checksum
from tests.commits import commit_all
from tests.databases import Database
from tests.training_sets import Pair, make_tables

NIGHT = dt.date(2026, 3, 1)
N_USERS, N_ITEMS, TOP = 300, 40, 10
VIEWS, EVENTS_A_USER = 1500, 5
TITLE = "T"


def day_after(nights: int) -> dt.date:
    return NIGHT + dt.timedelta(days=nights)


class WatchedShop:
    """Even users like even items, odd users odd ones; good lists know that, bad ones have it backwards."""

    def __init__(self, settings: Settings, database: Database) -> None:
        url = SecretStr(database.writer_url)
        self.settings = settings.model_copy(update={"database_url": url})
        self.database = database
        self.lake: Lake = open_lake(settings.lake_uri)

    def night(self, number: int, model: str, *, good: bool = True) -> str:
        """Publish the batch of a night and return its id."""
        batch = self.write_batch(number, model, good=good)
        publish(self.database.writer_url, batch, keep_batches=7)
        return batch.batch_id

    def write_batch(self, number: int, model: str, *, good: bool = True) -> Batch:
        """Write the batch of a night into the lake."""
        run_date = day_after(number)
        return self._batch(run_date, model, good, self._training_set(run_date))

    def ingest(self, number: int, *, missing: float = 0.0, rows: int = VIEWS, dearer: float = 1.0) -> None:
        """Commit a day's events."""
        rng = np.random.default_rng(number)
        users = rng.integers(0, N_USERS, rows)
        items = 2 * rng.integers(0, N_ITEMS // 2, rows) + users % 2
        known = rng.random(rows) >= missing
        prices = dearer * (1 + items % 7)
        table = pa.table(
            {
                "user_id": pa.array(
                    [f"u{user:03}" if there else None for user, there in zip(users, known, strict=True)]
                ),
                "item_id": pa.array([f"i{item:02}" for item in items]),
                "event_type": pa.array(np.where(rng.random(rows) < 0.1, "purchase", "view").tolist()),
                "price": pa.array(prices.astype(float)),
                "quantity": pa.array(np.full(rows, 2), pa.int32()),
            }
        )
        day = day_after(number)
        self._write(f"_staging/events-{day}", "part.parquet", table)
        commit_all(self.lake, f"_staging/events-{day}", partition_folder("events", day), fingerprint=f"{day}{missing}")

    def run(self, job: str, number: int, **options: Any) -> dict[str, Any]:
        """Run a job on a day as its command line would."""
        module = importlib.import_module(f"jobs.{job}")
        config = getattr(module, f"{job.title().replace('_', '')}Config")
        return dict(module.run(self.settings, config(date=day_after(number), **options)))

    def judge(self, number: int) -> dict[str, Any]:
        """Run the checks of a day and return the verdict."""
        jobs = {"data": "data_drift", "predictions": "prediction_drift", "performance": "performance"}
        return self.run("verdict", number, **{name: self.run(job, number)["part"] for name, job in jobs.items()})

    def _training_set(self, run_date: dt.date) -> str:
        folder = f"training_sets/{run_date}-t"
        if self.lake.exists(f"{folder}/_manifest.json"):
            return folder
        pairs = [Pair(f"u{user:03}", f"i{user % N_ITEMS:02}", bought_on=NIGHT) for user in range(N_USERS)]
        items = {f"i{item:02}": {"category": f"c{item % 4}"} for item in range(N_ITEMS)}
        for name, table in make_tables(pairs, items=items).items():
            self._write(f"_staging/{run_date}/{name}", "part.parquet", table)
        details = {
            "run_date": run_date.isoformat(),
            "cutoff": (run_date - dt.timedelta(days=14)).isoformat(),
            "reference": reference(1),
            "reference_days": {
                (run_date - dt.timedelta(days=back)).isoformat(): reference(back) for back in range(27, -1, -1)
            },
        }
        commit_all(self.lake, f"_staging/{run_date}", folder, fingerprint=f"t{run_date}", details=details)
        return folder

    def _batch(self, run_date: dt.date, model: str, good: bool, training_set: str) -> Batch:
        rng = np.random.default_rng(run_date.toordinal())
        rows = []
        for user in range(N_USERS):
            liked = user % 2 if good else 1 - user % 2
            items = 2 * rng.permutation(N_ITEMS // 2)[:TOP] + liked
            rows.append(
                {
                    "user_id": f"u{user:03}",
                    "segment": "everybody",
                    "item_ids": [f"i{item:02}" for item in items],
                    "scores": [1.0 - 0.05 * place for place in range(TOP)],
                    "reason_codes": [2] * TOP,
                    "reason_item_ids": [None] * TOP,
                }
            )
        popular = [{"segment": "everybody", "rank": n + 1, "item_id": f"i{n:02}", "score": 9.0 - n} for n in range(TOP)]
        catalogue = [
            {"item_id": f"i{item:02}", "title": TITLE, "category": f"c{item % 4}", "price": 1.0, "in_stock": True}
            for item in range(N_ITEMS)
        ]
        lists = pa.Table.from_pylist(rows, LISTS)
        staged = f"_staging/batch-{run_date}-{model}"
        self._write(f"{staged}/recommendations", "part-0.parquet", lists)
        self._write(f"{staged}/popular", "part-0.parquet", pa.Table.from_pylist(popular, POPULAR))
        self._write(f"{staged}/items", "part-0.parquet", pa.Table.from_pylist(catalogue, ITEMS))
        folder = f"batches/{run_date}-{int(model):012x}"
        details = {
            "run_date": run_date.isoformat(),
            "model_version": model,
            "variant": "main",
            "top_n": TOP,
            "checksum": table_checksum(lists),
            "training_set": training_set,
            "metrics": {},
            "shortfall": 0,
        }
        commit_all(self.lake, staged, folder, fingerprint=model, counts={"users": N_USERS}, details=details)
        return open_batch(self.lake, folder)

    def _write(self, folder: str, name: str, table: pa.Table) -> None:
        _, root = self.lake.filesystem()
        Path(root, folder).mkdir(parents=True, exist_ok=True)
        pq.write_table(table, Path(root, folder, name))


def reference(seed: int) -> dict[str, dict[str, int]]:
    """What an ordinary day looks like to the training set."""
    rng = np.random.default_rng(seed)
    price = rng.multinomial(VIEWS, [1 / 7] * 7)
    edges = [f"{2 ** (np.floor(np.log2(one) * 2) / 2):.4f}" for one in range(1, 8)]
    prices: dict[str, int] = {}
    for edge, count in zip(edges, price.tolist(), strict=True):
        prices[edge] = prices.get(edge, 0) + count
    mix = rng.multinomial(VIEWS, [0.25] * 4).tolist()
    return {
        "event_type": {"view": VIEWS - VIEWS // 10, "purchase": VIEWS // 10},
        "category": {f"c{n}": count for n, count in enumerate(mix)},
        "price": prices,
        "segment": {"unknown": VIEWS},
        "user_id": {"known": VIEWS},
    }
