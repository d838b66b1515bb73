"""The command line of the simulation and of the replay."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.lake import Lake, partition_folder
from include.settings import Settings
from studies import replay, run, simulation
from tests.commits import commit_all

FIRST = dt.date(2026, 1, 5)


def test_the_figures_have_the_names_that_were_asked_for(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.demo_shop import ShopConfig

    whole = run.run_shop
    monkeypatch.setattr(run, "run_shop", lambda *rest: whole(*rest, ShopConfig(users=150, items=100)))
    out, plot = tmp_path / "figures.json", tmp_path / "plot.svg"
    line = ["--seed", "3", "--nights", "10", "--out", str(out), "--plot", str(plot)]
    simulation.run(settings, simulation.arguments().parse_args(line))
    figures = json.loads(out.read_text())
    assert {
        "false_actions_per_200_nights",
        "bad_model_rolled_back_within_1_night",
        "taste_shift_retrained_within_3_nights",
        "decay_found_in_time",
        "broken_feed_held",
    } <= set(figures)
    assert figures["seed"] == 3 and plot.read_text().startswith("<svg")


def write(lake: Lake, table: str, day: dt.date, columns: dict[str, Any]) -> None:
    staged = f"_staging/{table}-{day}"
    Path(lake.filesystem()[1], staged).mkdir(parents=True)
    pq.write_table(pa.table(columns), Path(lake.filesystem()[1], staged, "part.parquet"))
    commit_all(lake, staged, partition_folder(table, day), fingerprint=str(day))


def test_a_real_shop_is_replayed(settings: Settings, lake: Lake, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    days = [FIRST + dt.timedelta(days=n) for n in range(40) if (FIRST + dt.timedelta(days=n)).weekday() != 5]
    for day in days:
        users = rng.integers(0, 120, 300)
        items = 2 * rng.integers(0, 50, 300) + users % 2
        write(
            lake,
            "events",
            day,
            {
                "user_id": [f"u{user}" if user % 7 else None for user in users],
                "item_id": [f"i{item}" for item in items],
                "event_type": ["return" if n % 40 == 0 else "purchase" for n in range(300)],
                "event_ts": pa.array(
                    [dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)] * 300, pa.timestamp("us", "UTC")
                ),
                "price": (1.0 + items % 5).tolist(),
            },
        )
    write(
        lake, "items", FIRST, {"item_id": [f"i{n}" for n in range(100)], "category": [f"c{n % 4}" for n in range(100)]}
    )
    write(lake, "users", FIRST, {"user_id": [f"u{n}" for n in range(120)], "segment": ["north"] * 120})
    out = tmp_path / "verdicts.csv"
    found = replay.run(settings, argparse.Namespace(first=days[20], last=days[-1], out=out))
    assert found == {"days": len(days) - 20, "nothing": len(days) - 20}
    assert len(out.read_text().splitlines()) == len(days) - 20 + 1
