"""`python -m jobs.compare_landing`: what it finds is in its result, in the log, and in the database for the alert."""

import datetime as dt
from typing import Any

import psycopg2
import pytest

from include.columns import TABLES
from include.lake import Lake, partition_folder
from include.settings import Settings
from jobs import compare_landing, find_missed
from tests.commits import commit_all
from tests.databases import Database
from tests.jobs.nights import with_policy

DAY = dt.date(2026, 11, 20)


@pytest.mark.postgres
def test_a_night_keeps_its_problems_until_it_compares_again(
    settings: Settings, database: Database, lake: Lake, landing: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    for table in TABLES:
        for day in (DAY - dt.timedelta(days=2), DAY):
            commit_all(lake, "_staging/none", partition_folder(table, day), fingerprint="f")
    passed_over = DAY - dt.timedelta(days=1)
    config = compare_landing.parse_args(["--date", str(DAY)])
    found = compare_landing.run(with_policy(settings, database), config)
    assert found == {"differences": 3, "problems": [f"{table} of {passed_over}: not delivered" for table in TABLES]}
    assert caplog.text.count("not delivered. Remedy: ") == 3
    row = database.rows("SELECT run_date, differences, problems FROM reco.landing_comparisons", role="analyst")
    assert row == [(DAY, 3, found["problems"])]

    for table in TABLES:
        landing.write_bytes(f"{partition_folder(table, passed_over)}/_SUCCESS", b"")
    assert find_missed.run(settings, find_missed.parse_args(["--date", str(DAY)])) == {"days": str(passed_over)}
    for table in TABLES:
        commit_all(lake, "_staging/none", partition_folder(table, passed_over), fingerprint="f")
    assert compare_landing.run(with_policy(settings, database), config)["differences"] == 0
    assert database.rows("SELECT differences FROM reco.landing_comparisons", role="analyst") == [(0,)]


@pytest.mark.postgres
def test_the_books_of_each_day_and_file_are_recorded(settings: Settings, database: Database, lake: Lake) -> None:
    zero = dict.fromkeys(("landed", "ingested", "duplicates", "quarantined", "late", "differing"), 0)
    sales = {**zero, "records": 2, "landed": 5, "ingested": 2, "duplicates": 2, "quarantined": 1, "late": 1}
    files = {"sales.csv": sales, "shop 2.csv": {**zero, "records": 0}}
    config = compare_landing.parse_args(["--date", str(DAY)])

    def books() -> list[tuple[Any, ...]]:
        compare_landing.run(with_policy(settings, database), config)
        columns = (
            "table_name, source_file, records_landed, rows_landed, rows_ingested, rows_duplicate, rows_quarantined"
        )
        return database.rows(
            f"SELECT {columns}, rows_late, rows_differing FROM reco.ingest_accounts ORDER BY 1, 2", role="analyst"
        )

    commit_all(lake, "_staging/none", partition_folder("events", DAY), fingerprint="a", details={"files": files})
    commit_all(
        lake, "_staging/none", partition_folder("items", DAY), fingerprint="a", counts={"landed": 3, "ingested": 3}
    )
    expected = [
        ("events", "sales.csv", 2, 5, 2, 2, 1, 1, 0),
        ("events", "shop 2.csv", 0, 0, 0, 0, 0, 0, 0),
        ("items", "", 3, 3, 3, 0, 0, 0, 0),
    ]
    assert books() == books() == expected
    changed = {"sales.csv": {**sales, "differing": 2}}
    commit_all(lake, "_staging/none", partition_folder("events", DAY), fingerprint="b", details={"files": changed})
    assert books() == [("events", "sales.csv", 2, 5, 2, 2, 1, 1, 2), expected[2]]


@pytest.mark.postgres
def test_books_that_do_not_balance_cannot_be_recorded(database: Database) -> None:
    row = "('events', '2026-11-20', 'a.csv', 'f', 1, {})"
    columns = "table_name, ingest_date, source_file, fingerprint, records_landed, rows_landed, rows_ingested"
    insert = f"INSERT INTO reco.ingest_account ({columns}, rows_duplicate, rows_quarantined, rows_late, rows_differing)"
    for counts in ("5, 2, 2, 0, 0, 0", "5, 2, 2, 1, 3, 0", "5, 2, 2, 1, 0, 3"):
        with pytest.raises(psycopg2.errors.CheckViolation):
            database.rows(f"{insert} VALUES {row.format(counts)}")
