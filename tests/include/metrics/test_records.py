"""The exporter's metrics, from a real PostgreSQL with a night on the shelf and nights in Airflow's metadata."""

from __future__ import annotations

import datetime as dt
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from devstack.ports import free_port
from include.contract.dataset import DATASETS
from include.metrics.exporter import serve
from include.metrics.records import Records
from include.serving.comparison import record_comparison
from include.serving.database import WRITER, connect
from include.settings import Settings, load_settings
from tests.databases import Database
from tests.deployment.stage import add_night, fill_shelf, make_metadata

pytestmark = pytest.mark.postgres

LINE = re.compile(r'^([a-z_]+)((?:\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)+\})?) (\S+)$')


@pytest.fixture
def watched(database: Database) -> Settings:
    """Settings of an exporter whose two databases are one."""
    make_metadata(database.writer_url)
    return load_settings({
        "NIGHTSHELF_HOME": "/nonexistent",
        "NIGHTSHELF_ANALYST_URL": database.analyst_url,
        "NIGHTSHELF_AIRFLOW_DATABASE_URL": database.writer_url,
    })  # fmt: skip


def read(text: str) -> dict[str, float]:
    """Return the samples by name and labels; every line must be of the format."""
    lines = [line for line in text.splitlines() if not line.startswith(("# TYPE ", "# HELP "))]
    found = [LINE.match(line) for line in lines]
    assert all(found), text
    return {match[1] + match[2]: float(match[3]) for match in found if match}


def exposition(settings: Settings) -> str:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(Records(settings))
    return generate_latest(registry).decode()


def test_the_shelf_the_night_and_the_verdict(watched: Settings, database: Database) -> None:
    fill_shelf(database)
    samples = read(exposition(watched))
    assert samples['nightshelf_live_run_date_timestamp_seconds{variant="main"}'] == 1795046400  # 2026-11-19 UTC
    assert samples['nightshelf_live_users{variant="main"}'] == 10
    assert samples['nightshelf_night_landed_rows{variant="main"}'] == 100
    assert samples['nightshelf_night_quarantined_rows{variant="main"}'] == 7
    verdict = '{outcome="open",variant="main",verdict="hold"}'
    assert samples[f"nightshelf_drift_day_timestamp_seconds{verdict}"] == 1795132800
    assert samples['nightshelf_source_up{source="shelf"}'] == samples['nightshelf_source_up{source="airflow"}'] == 1


def test_the_hour_is_the_shops_own(tmp_path: Path) -> None:
    mapping = yaml.safe_load((DATASETS / "demo_shop.yaml").read_text()) | {"time_zone": "Asia/Tokyo"}
    (tmp_path / "tokyo.yaml").write_text(yaml.safe_dump(mapping))
    shop = load_settings({"NIGHTSHELF_HOME": str(tmp_path), "NIGHTSHELF_DATASET": str(tmp_path / "tokyo.yaml")})
    assert read(exposition(shop)) == {"nightshelf_fresh_by_seconds": (6 - 9) * 3600}


def test_what_the_lake_lacks_is_counted_as_the_last_night_found_it(watched: Settings, database: Database) -> None:
    assert "nightshelf_landing_differences" not in read(exposition(watched))
    with connect(database.writer_url, "tests", role=WRITER) as connection:
        record_comparison(connection, dt.date(2026, 11, 19), ["events of 2026-11-18: not delivered"] * 3)
        assert read(exposition(watched))["nightshelf_landing_differences"] == 3
        record_comparison(connection, dt.date(2026, 11, 20), [])
    assert read(exposition(watched))["nightshelf_landing_differences"] == 0


def test_the_last_night_against_the_median_of_those_that_ended_well(watched: Settings, database: Database) -> None:
    for number, minutes in ((5, 10), (4, 12), (3, 14), (1, 40)):
        add_night(database.writer_url, number, minutes)
    add_night(database.writer_url, 2, 99, state="failed")
    samples = read(exposition(watched))
    assert samples["nightshelf_night_duration_seconds"] == 40 * 60
    assert samples["nightshelf_night_median_duration_seconds"] == 12 * 60
    assert samples["nightshelf_night_median_nights"] == 3


def test_a_running_night_grows_and_a_task_that_is_tried_again_is_no_failure(
    watched: Settings, database: Database
) -> None:
    add_night(database.writer_url, 0, 0, state="running")
    add_night(database.writer_url, 1, 5, state="up_for_retry", try_number=1)
    samples = read(exposition(watched))
    assert samples["nightshelf_night_duration_seconds"] == pytest.approx(2 * 3600, abs=60)
    assert samples['nightshelf_open_tasks{state="running"}'] == 1
    assert not [name for name in samples if name.startswith("nightshelf_failed_tasks")]
    database.rows("UPDATE task_instance SET state = 'failed', end_date = now() WHERE state = 'up_for_retry'")
    samples = read(exposition(watched))
    assert samples['nightshelf_failed_tasks{dag_id="nightly_recommendations",task_id="train"}'] == 1


def test_a_database_that_is_down_is_said_and_the_other_still_told(
    watched: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    gone = f"postgresql://monitor:hush@127.0.0.1:{free_port()}/airflow"
    down = load_settings({
        "NIGHTSHELF_HOME": "/nonexistent",
        "NIGHTSHELF_ANALYST_URL": watched.analyst_url.get_secret_value(),
        "NIGHTSHELF_AIRFLOW_DATABASE_URL": gone,
    })  # fmt: skip
    samples = read(exposition(down))
    assert samples == {
        'nightshelf_source_up{source="airflow"}': 0,
        'nightshelf_source_up{source="shelf"}': 1,
        "nightshelf_fresh_by_seconds": 6 * 3600,
    }
    assert "cannot be used" in caplog.text and "hush" not in caplog.text


@pytest.fixture
def address(watched: Settings) -> Iterator[str]:
    server = serve(watched, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_it_is_served(address: str) -> None:
    with urllib.request.urlopen(f"{address}/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert read(answer.read().decode())['nightshelf_source_up{source="shelf"}'] == 1
    assert urllib.request.urlopen(f"{address}/health").read() == b"ok\n"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{address}/")
