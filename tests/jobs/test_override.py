"""`python -m jobs.override`: a row a check, with the name and the reason that people gave."""

import pytest

from include.settings import Settings
from jobs import override
from tests.databases import Database
from tests.jobs.nights import with_policy

LINE = ["--date", "2026-11-20", "--checks", "events.volume, items.in_stock", "--by", "ada", "--reason", "Black Friday"]


@pytest.mark.postgres
def test_each_check_leaves_its_row(settings: Settings, database: Database) -> None:
    done = override.run(with_policy(settings, database), override.parse_args(LINE))
    reasons = ["events.volume: Black Friday (ada)", "items.in_stock: Black Friday (ada)"]
    assert done == {"run_date": "2026-11-20", "overridden": reasons}
    rows = database.rows("SELECT decision, run_date::text, reasons FROM reco.model_decisions ORDER BY fingerprint")
    assert rows == [("override", "2026-11-20", [reason]) for reason in reasons]


@pytest.mark.parametrize("place", [3, 5, 7])
def test_nothing_is_overridden_without_a_check_a_name_and_a_reason(place: int) -> None:
    line = [*LINE[:place], " ", *LINE[place + 1 :]]
    with pytest.raises(SystemExit):
        override.parse_args(line)
