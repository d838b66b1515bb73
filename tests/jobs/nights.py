"""What the jobs from train to keep need before them: a committed training set and a policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from pydantic import SecretStr

from include.lake import Lake
from include.settings import Settings
from tests.commits import commit_all
from tests.databases import Database
from tests.training_sets import RUN_DATE, Pair, make_tables

HOLDOUT_DAYS = 14
POLICY: dict[str, dict[str, Any]] = {
    "model": {
        "trainer": "lightfm_hybrid",
        "dimensions": 8,
        "epochs": 10,
        "refit_epochs": 1,
        "learning_rate": 0.1,
        "popularity_weight": 0.1,
    },
    "evaluation": {"holdout_days": HOLDOUT_DAYS, "cutoff": 5},
    "gate": {"metric": "recall", "min_users": 10, "min_coverage": 0.02},
}
N_USERS, N_ITEMS = 40, 30


def with_policy(settings: Settings, database: Database | None = None, **sections: dict[str, Any]) -> Settings:
    """Return `settings` with a policy file for small data, `sections` laid over it, and the database."""
    file = Path(settings.home, "policy.yaml")
    values = {name: {**POLICY.get(name, {}), **sections.get(name, {})} for name in {**POLICY, **sections}}
    file.write_text(yaml.safe_dump(values))
    url = SecretStr(database.writer_url if database else "")
    return settings.model_copy(update={"policy_file": file, "database_url": url})


def make_pairs(seed: int = 0) -> list[Pair]:
    """Return two groups of users with a taste each: what they buy later is like what they bought before."""
    random = np.random.default_rng(seed)
    pairs = []
    for user in range(N_USERS):
        own = [item for item in range(N_ITEMS) if (item < N_ITEMS // 2) == (user < N_USERS // 2)]
        bought = random.permutation(own)[:10]
        for place, item in enumerate(bought):
            later = place >= 7
            pairs.append(
                Pair(
                    f"u{user:02}", f"i{item:02}",
                    weight_before=0.0 if later else 1.0, n_before=int(not later), n_after=int(later),
                )
            )  # fmt: skip
    return pairs


def commit_training_set(
    lake: Lake,
    run_date: dt.date = RUN_DATE,
    seed: int = 0,
    tag: str = "t",
    tables: Mapping[str, pa.Table] | None = None,
) -> str:
    """Commit a training set as build_training_set would and return its folder."""
    _, root = lake.filesystem()
    staged = f"_staging/{run_date}-{tag}"
    for name, table in (tables or make_tables(make_pairs(seed))).items():
        Path(root, staged, name).mkdir(parents=True)
        pq.write_table(table, Path(root, staged, name, "part.parquet"))
    folder = f"training_sets/{run_date}-{tag}"
    cutoff = run_date - dt.timedelta(days=HOLDOUT_DAYS)
    details = {"run_date": run_date.isoformat(), "cutoff": cutoff.isoformat(), "holdout_days": HOLDOUT_DAYS}
    counts = {"users": N_USERS, "items": N_ITEMS}
    commit_all(lake, staged, folder, fingerprint=f"{tag}{seed}", counts=counts, details=details)
    return folder
