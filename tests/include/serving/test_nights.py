"""A night's row accounts come from the manifests of the day's partitions."""

import datetime as dt

from include.lake import Lake
from include.serving.publish import day_accounts
from tests.batches import DAY, write_day


def test_accounts_by_table(lake: Lake) -> None:
    write_day(lake)
    assert day_accounts(lake, DAY) == {
        "events": {"landed": 100, "ingested": 97, "duplicates": 2, "quarantined": 1},
        "items": {"landed": 12, "ingested": 9, "duplicates": 2, "quarantined": 1},
        "users": {"landed": 40, "ingested": 37, "duplicates": 2, "quarantined": 1},
    }


def test_a_day_that_was_not_ingested_has_none(lake: Lake) -> None:
    assert day_accounts(lake, DAY + dt.timedelta(days=1)) == {}
