"""Promote and keep: aliases follow the decisions, in any order, any number of times."""

import datetime as dt
from typing import Any

import pytest

from include.errors import ValidationError
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, record_decision
from include.settings import Settings
from include.tracking import register
from jobs import keep, promote
from tests.databases import Database
from tests.include.tracking.made import make_lineage, make_model
from tests.jobs.nights import with_policy
from tests.mlflow_stores import get_aliases

pytestmark = pytest.mark.postgres

DAYS = [dt.date(2026, 2, day) for day in (1, 2, 3)]


class Nights:
    """Three nights, one version each."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        models = {"evaluation": make_model(1), "serving": make_model(1)}
        self.versions = [
            str(register(settings, models, make_lineage(f"n{day}", day.isoformat()), {}, {})) for day in DAYS
        ]

    def decide(self, night: int, kind: Any) -> None:
        decision = Decision(DAYS[night], "main", kind, self.versions[night], None, ["test"], {}, "f")
        with connect(self.settings.database_url, "tests", role=WRITER) as connection:
            record_decision(connection, decision)

    def follow(self, job: Any, night: int) -> Any:
        arguments = ["--date", str(DAYS[night]), "--model-version", self.versions[night]]
        return job.run(self.settings, job.parse_args(arguments))


@pytest.fixture
def nights(tracked: Settings, database: Database) -> Nights:
    return Nights(with_policy(tracked, database))


def test_promotions_pass_the_title_on(nights: Nights) -> None:
    one, two, _ = nights.versions
    nights.decide(0, "promote")
    assert nights.follow(promote, 0) == {"champion": one, "previous": None}
    nights.decide(1, "promote")
    for _ in range(2):
        assert nights.follow(promote, 1) == {"champion": two, "previous": one}
        assert get_aliases(nights.settings) == {"champion": two, "previous": one, "challenger": two}


def test_a_refused_challenger_leaves_the_champion(nights: Nights) -> None:
    one, two, _ = nights.versions
    nights.decide(0, "promote")
    nights.follow(promote, 0)
    nights.decide(1, "keep")
    assert nights.follow(keep, 1) == {"champion": one, "previous": None}
    assert get_aliases(nights.settings) == {"champion": one, "challenger": two}


def test_an_old_night_cleared_never_demotes_a_newer_champion(nights: Nights) -> None:
    one, _, three = nights.versions
    for night, kind in enumerate(("promote", "keep", "promote")):
        nights.decide(night, kind)
    nights.follow(promote, 2)
    expected = {"champion": three, "previous": one, "challenger": three}
    for job, night in ((promote, 0), (keep, 1), (promote, 2), (promote, 0)):
        nights.follow(job, night)
        assert get_aliases(nights.settings) == expected


def test_keeping_before_there_is_a_champion(nights: Nights) -> None:
    nights.decide(0, "keep")
    assert nights.follow(keep, 0) == {"champion": None, "previous": None}
    assert get_aliases(nights.settings) == {"challenger": nights.versions[0]}


def test_a_version_that_no_decision_promotes_is_refused(nights: Nights) -> None:
    nights.decide(0, "promote")
    nights.decide(1, "keep")
    with pytest.raises(ValidationError, match=rf"promotes version {nights.versions[1]} \(promoted so far: 1\)"):
        nights.follow(promote, 1)
    assert get_aliases(nights.settings) == {}
