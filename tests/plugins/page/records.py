"""A month of nights in the database, as jobs record them, for what shows it."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from collections.abc import Sequence

from include.serving.database import WRITER, Connection, connect
from include.serving.decisions import Decision, record_decision
from include.serving.drift import DriftReport, record_outcome, record_report
from include.serving.statements import run
from tests.databases import Database

VARIANT = "main"
HELD, KEPT, POOR = 9, (5, 12, 13), 12
"""Numbers of nights whose feed was broken, whose challenger was kept, and whose data were poor."""


def write_records(database: Database, days: Sequence[dt.date], batches: Sequence[str]) -> None:
    """Record a night for each of `days`, the oldest first; the last of them published `batches`, which are stored."""
    rng = random.Random(7)
    with connect(database.writer_url, "tests", role=WRITER) as connection:
        for number, day in enumerate(days):
            stored = number - (len(days) - len(batches))
            version = str(1 + number - sum(kept < number for kept in KEPT))
            batch = batches[stored] if stored >= 0 else _expired(connection, day, version)
            _night(connection, rng, number, day, batch, version)
            if number:
                _judge(connection, rng, number, day, batch, version)


def _expired(connection: Connection, day: dt.date, version: str) -> str:
    batch_id = f"{day}-{day.toordinal():012x}"
    values = {
        "batch_id": batch_id, "run_date": day, "variant": VARIANT, "model_version": version, "training_set": "",
        "n_users": 2300 + day.toordinal() % 97, "n_rows": 115000, "n_items": 560, "shortfall": 0, "overlap": 0.8,
        "checksum": "0" * 16, "positions": [1], "metrics": "{}", "build": None,
    }  # fmt: skip
    with connection, connection.cursor() as cursor:
        run(cursor, "batch/store", **{**values, "build": -day.toordinal()})
        cursor.execute("UPDATE reco.batch SET state = 'expired', build = NULL WHERE batch_id = %s", (batch_id,))
    return batch_id


def _night(connection: Connection, rng: random.Random, number: int, day: dt.date, batch: str, version: str) -> None:
    landed = round(3600 + 700 * math.sin(number / 7 * 2 * math.pi) + rng.uniform(-150, 150))
    quarantined = round(landed * (0.06 if number in (HELD, POOR) else 0.004))
    account = {"landed": landed, "ingested": landed - quarantined - 15, "duplicates": 15, "quarantined": quarantined}
    recall = 0.272 + 0.0004 * number + rng.uniform(-0.008, 0.008) - (0.05 if number in KEPT else 0)
    popular = 0.182 + rng.uniform(-0.005, 0.005)
    difference = recall - popular
    figures = {
        "users": 1516, "value": recall, "other": popular, "difference": difference, "low": difference - 0.0142,
        "high": difference + 0.0147, "needed": 0.0,
    }  # fmt: skip
    text = f"recall@20 {recall:.4f} is {recall / popular:.3f} x popularity's {popular:.4f} beyond its interval"
    with connection, connection.cursor() as cursor:
        accounts = json.dumps({"events": account})
        run(cursor, "nightly_run/store", run_date=day, variant=VARIANT, batch_id=batch, accounts=accounts)
    record_decision(
        connection,
        Decision(
            run_date=day,
            variant=VARIANT,
            kind="keep" if number in KEPT else "promote",
            model_version=version,
            champion=str(max(1, int(version) - 1)),
            reasons=[text],
            metrics={"k": 20, "checks": [{"name": "popularity", "holds": True, "text": text, "figures": figures}]},
            fingerprint=f"{number:012x}",
        ),
    )


def _judge(connection: Connection, rng: random.Random, number: int, day: dt.date, batch: str, version: str) -> None:
    pairs = 2200 + rng.randrange(200)
    hits = round(pairs * rng.uniform(0.30, 0.33))
    comparison = {
        "pairs": pairs, "live": {"hits": hits}, "popularity": {"hits": round(pairs * rng.uniform(0.19, 0.21))}
    }  # fmt: skip
    verdict = "hold" if number == HELD else "nothing"
    report = DriftReport(
        day=day,
        variant=VARIANT,
        batch_id=batch,
        model_version=version,
        verdict=verdict,
        automatic=False,
        target=None,
        since=None,
        reasons=["6 % of the events lack the user" if number == HELD else "nothing moved"],
        signals={"comparison": comparison},
        report=f"file:///lake/drift_reports/{day}-0123456789ab/report-0123456789ab.html",
    )
    record_report(connection, report)
    record_outcome(connection, VARIANT, day, "held" if number == HELD else "nothing to do", "")
