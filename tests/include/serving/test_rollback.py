"""Rolling back to a kept batch: at once, once, on record, and for the nights that follow."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from include.errors import ValidationError
from include.lake import Lake
from include.serving.batch import Batch
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, champion_as_of, champion_before, champions, record_decision
from include.serving.publish import publish
from include.serving.rollback import RollbackRequest, RolledBack, find_rollback, refuse, roll_back
from include.serving.verify import verify
from tests.batches import DAY, write_batch
from tests.databases import Database

pytestmark = pytest.mark.postgres

WHY = "prices are missing"
LOG = "SELECT batch_id, previous_batch_id, kind, activated_by, reason FROM activations ORDER BY activation_id"


class Shop:
    """Nights with one model each: night n is scored by version n, which the gate promoted."""

    def __init__(self, database: Database, lake: Lake) -> None:
        self.database, self.lake = database, lake

    def write(self, night: int, *, model: str | None = None, shift: int | None = None) -> Batch:
        details = {"model_version": model or str(night)}
        shift = night if shift is None else shift
        return write_batch(self.lake, self.day(night), shift=shift, users=45, details=details)

    def day(self, night: int) -> dt.date:
        return DAY + dt.timedelta(days=night)

    def night(self, night: int, **options: Any) -> Batch:
        version = options.get("model") or str(night)
        decision = Decision(self.day(night), "main", "promote", version, None, ["better"], {}, f"f{night}")
        self.ask(record_decision, decision)
        return self.publish(self.write(night, **options))

    def publish(self, batch: Batch, *, keep: int = 7, force: bool = False) -> Batch:
        publish(self.database.writer_url, batch, keep_batches=keep, force=force)
        return batch

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        with connect(self.database.writer_url, "tests", role=WRITER) as connection:
            return function(connection, *arguments)

    def roll_back(self, to: str, why: str = WHY, by: str | None = "ada", name: str | None = None) -> RolledBack:
        done: RolledBack = self.ask(roll_back, RollbackRequest("main", to, why, by, name))
        return done

    def live(self) -> Any:
        return self.database.rows("SELECT batch_id FROM batches WHERE is_live", role="analyst")[0][0]

    def champions(self, night: int) -> tuple[Any, Any]:
        """Return the champion before and after a night."""
        day = self.day(night)
        return self.ask(champion_before, "main", day), self.ask(champion_as_of, "main", day)


@pytest.fixture
def shop(database: Database, lake: Lake) -> Shop:
    return Shop(database, lake)


@pytest.fixture
def nights(shop: Shop) -> list[Batch]:
    return [shop.night(night) for night in (1, 2, 3)]


def test_readers_see_the_batch_and_the_log_says_who_and_why(shop: Shop, nights: list[Batch]) -> None:
    one, _, three = nights
    assert shop.roll_back(one.batch_id) == RolledBack(one.batch_id, three.batch_id, "1", changed=True)
    shown = "SELECT DISTINCT batch_id, model_version FROM recommendations"
    assert shop.database.rows(shown, role="analyst") == [(one.batch_id, "1")]
    assert shop.database.rows(LOG, role="analyst")[-1] == (one.batch_id, three.batch_id, "rollback", "ada", WHY)
    decided = "SELECT run_date, decision, model_version, incumbent, reasons FROM model_decisions ORDER BY decided_at"
    assert shop.database.rows(decided, role="analyst")[-1] == (shop.day(3), "rollback", "1", "3", [f"{WHY} (ada)"])


@pytest.mark.parametrize("name", [None, "run 1"])
def test_the_same_request_again_changes_nothing(shop: Shop, nights: list[Batch], name: str | None) -> None:
    everything = "SET ROLE reco_writer; SELECT * FROM reco.live, reco.activation, reco.model_decision"
    done = shop.roll_back("previous", name=name)
    assert done == RolledBack(nights[1].batch_id, nights[2].batch_id, "2", changed=True)
    before = shop.database.rows(everything)
    assert shop.roll_back("previous", name=name) == replace(done, changed=False)
    assert shop.database.rows(everything) == before


def test_a_named_request_is_carried_out_once_whatever_happened_since(shop: Shop, nights: list[Batch]) -> None:
    done = shop.roll_back("previous", name="run 1")
    four = shop.night(4)
    assert shop.roll_back("previous", name="run 1") == replace(done, changed=False)
    assert shop.live() == four.batch_id
    assert shop.ask(find_rollback, "main", "run 1") == replace(done, changed=False)
    assert shop.ask(find_rollback, "main", "run 2") is None


def test_another_request_goes_further_back_and_then_there_is_nothing_left(shop: Shop, nights: list[Batch]) -> None:
    shop.roll_back("previous", "first")
    assert shop.roll_back("previous", "second").batch_id == nights[0].batch_id
    with pytest.raises(ValidationError, match=f"no earlier batch is kept; readers see {nights[0].batch_id}, kept are"):
        shop.roll_back("previous", "third")


def test_previous_is_a_batch_that_has_been_live(shop: Shop, nights: list[Batch]) -> None:
    shop.publish(shop.write(2, shift=99))
    assert shop.roll_back("previous").batch_id == nights[1].batch_id


def test_what_is_live_already_stays(shop: Shop, nights: list[Batch]) -> None:
    assert shop.roll_back(nights[2].batch_id) == RolledBack(nights[2].batch_id, None, "3", changed=False)
    assert len(shop.database.rows(LOG, role="analyst")) == 3


def test_an_expired_or_unknown_batch_names_those_that_are_kept(shop: Shop, nights: list[Batch]) -> None:
    for night in (4, 5):
        shop.publish(shop.write(night), keep=2)
    kept = [f"{shop.day(night)}-{night:012x}" for night in (5, 4)]
    for wanted in (nights[0].batch_id, "2020-01-01-x"):
        with pytest.raises(ValidationError, match=rf"batch {wanted} is not kept; .* kept are {', '.join(kept)}\."):
            shop.roll_back(wanted)
    assert shop.live() == kept[0]


def test_nothing_to_go_back_from(shop: Shop) -> None:
    with pytest.raises(ValidationError, match="variant main has no live batch"):
        shop.roll_back("previous")


def test_the_next_night_meets_the_model_that_serves_and_not_the_bad_one(shop: Shop, nights: list[Batch]) -> None:
    assert shop.champions(4) == ("3", "3")
    shop.roll_back("previous")
    assert shop.champions(4) == ("2", "2")
    assert shop.champions(3) == ("2", "2"), "night 3 met version 2; scored anew it is served by version 2"
    assert shop.champions(2) == ("1", "2"), "what was before stays as it was"
    assert shop.ask(champions, "main") == ["2", "3", "1"]


def test_forward_again_is_a_decision_of_the_newest_night_too(shop: Shop, nights: list[Batch]) -> None:
    shop.roll_back(nights[0].batch_id)
    shop.roll_back(nights[1].batch_id)
    assert shop.champions(4) == ("2", "2")


def test_a_batch_without_a_model_leaves_no_champion(shop: Shop) -> None:
    popular, _ = shop.publish(shop.write(1, model="popularity")), shop.night(2)
    shop.roll_back(popular.batch_id)
    assert shop.champions(3) == (None, None)
    assert shop.ask(champions, "main") == [None, "2"]


def test_a_later_night_goes_live_as_usual(shop: Shop, nights: list[Batch]) -> None:
    shop.roll_back(nights[0].batch_id)
    four = shop.night(4, model="1")
    assert shop.live() == four.batch_id
    shop.publish(shop.write(3, shift=33))
    assert shop.live() == four.batch_id


def test_what_was_gone_back_from_does_not_return_by_clearing(shop: Shop, nights: list[Batch]) -> None:
    one, two, three = nights
    shop.roll_back(one.batch_id)
    for batch in (two, three, shop.write(2, shift=22)):
        shop.publish(batch)
        assert shop.live() == one.batch_id
        assert verify(shop.database.analyst_url, batch).superseded_by == one.batch_id
    anew = shop.publish(shop.write(3, model="1", shift=33))
    assert shop.live() == anew.batch_id


def test_force_overrides(shop: Shop, nights: list[Batch]) -> None:
    shop.roll_back(nights[0].batch_id)
    shop.publish(nights[2], force=True)
    assert shop.live() == nights[2].batch_id
    assert "by force over a rollback" in shop.database.rows(LOG, role="analyst")[-1][-1]


def test_what_readers_see_and_saw_does_not_expire(shop: Shop, nights: list[Batch]) -> None:
    shop.roll_back(nights[0].batch_id)
    for night in (1, 2, 3):
        shop.publish(nights[night - 1], keep=2)
    stored = "SELECT batch_id FROM batches WHERE state = 'stored' ORDER BY 1"
    assert (nights[0].batch_id,) in shop.database.rows(stored, role="analyst")


def test_a_refusal_is_on_record_once_and_changes_nothing_else(shop: Shop, nights: list[Batch]) -> None:
    request = RollbackRequest("main", "previous", WHY, "bob", "run 1")
    for _ in range(2):
        shop.ask(refuse, request)
    decided = "SELECT decision, model_version, reasons, fingerprint FROM model_decisions WHERE decision = 'refused'"
    assert shop.database.rows(decided, role="analyst") == [("refused", "3", [f"{WHY} (bob)"], "run 1")]
    assert shop.champions(4) == ("3", "3")
    assert shop.live() == nights[2].batch_id
