"""`python -m jobs.hold`: one row with the name and the reason that people gave."""

import pytest

from include.settings import Settings
from jobs import hold
from tests.databases import Database
from tests.jobs.nights import with_policy

LINE = ["--date", "2026-11-20", "--answer", "hold", "--by", "ada", "--reason", "wrong prices", "--request", "r1"]


@pytest.mark.postgres
def test_the_word_leaves_its_row(settings: Settings, database: Database) -> None:
    done = hold.run(with_policy(settings, database), hold.parse_args(LINE))
    assert done == {"run_date": "2026-11-20", "answer": "hold", "reasons": ["wrong prices (ada)"]}
    rows = database.rows("SELECT decision, run_date::text, reasons, fingerprint FROM reco.model_decisions")
    assert rows == [("hold", "2026-11-20", ["wrong prices (ada)"], "hold r1")]


@pytest.mark.parametrize("place", [3, 5, 7, 9])
def test_nothing_is_held_without_an_answer_a_name_a_reason_and_a_request(place: int) -> None:
    line = [*LINE[:place], " ", *LINE[place + 1 :]]
    with pytest.raises(SystemExit):
        hold.parse_args(line)
