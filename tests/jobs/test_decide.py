import datetime as dt
from typing import Any

import pytest

from include.errors import MissingArtifactError, ValidationError
from include.lake import Lake
from include.serving.database import connect
from include.serving.decisions import champion_before, find_decision
from include.settings import Settings
from jobs import decide, train
from tests.databases import Database
from tests.jobs.nights import commit_training_set, with_policy
from tests.jobs.test_evaluate import promote
from tests.training_sets import RUN_DATE

pytestmark = pytest.mark.postgres
NEXT = RUN_DATE + dt.timedelta(days=1)


@pytest.fixture
def versions(tracked: Settings, database: Database, lake: Lake) -> tuple[Settings, str, str]:
    """Return settings and two versions; the first one is champion."""
    settings, folder = with_policy(tracked, database), commit_training_set(lake)
    first = str(train.run(settings, train.TrainConfig(folder))["model_version"])
    other = with_policy(tracked, database, model={"epochs": 1})
    second = str(train.run(other, train.TrainConfig(folder))["model_version"])
    promote(settings, RUN_DATE, first)
    return settings, first, second


def run(settings: Settings, version: str, answer: str, request: str = "run 1") -> Any:
    return decide.run(settings, decide.DecideConfig(version, answer, "looks better", "ada", request))


def champion(settings: Settings) -> str | None:
    with connect(settings.database_url, "tests") as connection:
        return champion_before(connection, "main", NEXT)


def test_a_person_promotes_once(versions: tuple[Settings, str, str], database: Database) -> None:
    settings, first, second = versions
    result = run(settings, second, "promote")
    assert result == {"decision": "promote", "champion": second, "previous": first}
    assert run(settings, second, "promote") == result
    assert champion(settings) == second
    assert database.rows("select count(*) from reco.model_decision where kind = 'promote'") == [(2,)]
    with connect(settings.database_url, "tests") as connection:
        found = find_decision(connection, "main", RUN_DATE)
    assert found is not None and found.reasons == ["looks better (ada)"]


def test_refusing_the_champion_gives_the_title_back(versions: tuple[Settings, str, str]) -> None:
    settings, first, second = versions
    run(settings, second, "promote")
    assert run(settings, second, "refuse", "run 2") == {"decision": "rollback", "champion": first, "previous": second}
    assert run(settings, first, "refuse", "run 3")["champion"] == second
    assert champion(settings) == second


def test_refusing_the_only_champion_leaves_popularity(versions: tuple[Settings, str, str]) -> None:
    settings, first, _ = versions
    assert run(settings, first, "refuse") == {"decision": "rollback", "champion": None, "previous": first}
    assert champion(settings) is None


def test_refusing_another_version_leaves_the_champion(versions: tuple[Settings, str, str]) -> None:
    settings, first, second = versions
    assert run(settings, second, "refuse")["decision"] == "refused"
    assert run(settings, second, "leave it", "run 2")["decision"] is None
    assert champion(settings) == first


def test_a_version_that_does_not_exist_and_a_shop_without_nights_are_named(
    tracked: Settings, database: Database, lake: Lake
) -> None:
    settings = with_policy(tracked, database)
    with pytest.raises(MissingArtifactError, match="no version 9"):
        run(settings, "9", "promote")
    version = str(train.run(settings, train.TrainConfig(commit_training_set(lake)))["model_version"])
    with pytest.raises(ValidationError, match="not decided any night yet"):
        run(settings, version, "promote")
