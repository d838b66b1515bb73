import datetime as dt
import io

import pytest
from pydantic import SecretStr
from rich.console import Console

from devstack.progress import Display
from devstack.summary import row_accounts, show_places, show_summary
from include.lake import Lake, open_lake
from include.serving.comparison import record_comparison
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, record_decision
from include.serving.publish import publish
from include.settings import Settings
from tests.batches import DAY, write_batch, write_day
from tests.databases import Database

AIRFLOW = "http://127.0.0.1:8080 as admin, password in /home/passwords.json"
METRICS = {
    "k": 20,
    "challenger": {"recall": 0.1312, "ndcg": 0.08, "coverage": 0.25, "users": 900},
    "popularity": {"recall": 0.0976, "ndcg": 0.06, "coverage": 0.01, "users": 900},
}


def show(settings: Settings, database: Database) -> list[str]:
    said = io.StringIO()
    connected = settings.model_copy(update={"analyst_url": SecretStr(database.analyst_url)})
    show_summary(Display(Console(file=said, width=160)), connected, open_lake(settings.lake_uri), DAY)
    show_places(Display(Console(file=said, width=160)), connected, AIRFLOW)
    return [line.rstrip() for line in said.getvalue().splitlines()]


def test_rows_are_counted_over_the_days_up_to_the_night(lake: Lake) -> None:
    for number in range(3):
        write_day(lake, DAY - dt.timedelta(days=number))
    write_day(lake, DAY + dt.timedelta(days=1))
    accounts = row_accounts(lake, DAY)
    assert accounts["events"] == {"landed": 300, "ingested": 291, "duplicates": 6, "quarantined": 3, "days": 3}


@pytest.mark.postgres
def test_a_newcomer_sees_what_came_of_the_night(settings: Settings, lake: Lake, database: Database) -> None:
    write_day(lake)
    batch = write_batch(lake)
    decision = Decision(DAY, "main", "promote", "7", None, ["recall is 1.344 x popularity's"], METRICS, "f")
    with connect(database.writer_url, "test", role=WRITER) as connection:
        record_decision(connection, decision)
        record_comparison(connection, DAY, [f"events of {DAY}, late.csv: late"])
    publish(database.writer_url, batch, keep_batches=3)
    lines = show(settings, database)
    assert "events     1     100        97           2            1" in lines
    assert lines[lines.index("Landing zone  1 days or files are not as in the lake:") + 1] == (
        f"              - events of {DAY}, late.csv: late"
    )
    assert "this night's model     0.1312   0.0800       0.2500" in lines
    assert "popularity             0.0976   0.0600       0.0100" in lines
    assert "Decision      promote: the night's model serves, because" in lines
    assert "              - recall is 1.344 x popularity's" in lines
    assert f"Live batch    {batch.batch_id}, model 7, checksum {batch.checksum}" in lines
    shelf = lines.index("The shelf of customer u0001:")
    assert lines[shelf + 1] == '1  Thing "1", new  because you had Thing "1", new'
    assert "Airflow       http://127.0.0.1:8080 as admin, password in /home/passwords.json" in lines


@pytest.mark.postgres
def test_without_a_batch_it_says_so(settings: Settings, database: Database) -> None:
    assert "No batch is live yet." in show(settings, database)
