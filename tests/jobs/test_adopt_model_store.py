"""MLflow's store lost between two nights: noticed, and one step goes on."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from include.errors import MissingArtifactError
from include.lake import Lake
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, champion_before, record_decision
from include.settings import Settings
from jobs import adopt_model_store, promote, train
from tests.databases import Database
from tests.jobs.nights import commit_training_set, with_policy
from tests.mlflow_stores import copy_tables, get_aliases
from tests.training_sets import RUN_DATE

pytestmark = pytest.mark.postgres

LINE = ["--by", "ada", "--reason", "the disk is gone"]


def decide(settings: Settings, night: dt.date, version: str) -> None:
    with connect(settings.database_url, "tests", role=WRITER) as connection:
        record_decision(connection, Decision(night, "main", "promote", version, None, ["better"], {}, f"f{night}"))
    promote.run(settings, promote.PromoteConfig(night, version))


def champion(settings: Settings, night: dt.date) -> str | None:
    with connect(settings.database_url, "tests") as connection:
        return champion_before(connection, "main", night)


def test_a_lost_store_is_noticed_and_one_step_goes_on(
    tracked: Settings, database: Database, lake: Lake, mlflow_tables: Path
) -> None:
    settings, next_night = with_policy(tracked, database), RUN_DATE + dt.timedelta(days=1)
    first, second = commit_training_set(lake), commit_training_set(lake, next_night, tag="next")

    def fit(folder: str) -> Any:
        return train.run(settings, train.TrainConfig(folder))["model_version"]

    assert fit(first) == "1"
    assert adopt_model_store.run(settings, adopt_model_store.parse_args(LINE)) == {"next_version": None}
    decide(settings, RUN_DATE, "1")
    new = settings.tracking_uri.replace("mlflow.db", "new.db")
    settings = settings.model_copy(update={"tracking_uri": new})
    copy_tables(mlflow_tables, settings)

    with pytest.raises(MissingArtifactError, match=r"newest version is none, but decisions know version 1.*adopt_mod"):
        fit(second)
    assert champion(settings, next_night) == "1"
    assert adopt_model_store.run(settings, adopt_model_store.parse_args(LINE)) == {"next_version": 2}
    assert champion(settings, next_night) is None
    assert fit(second) == "2"
    decide(settings, next_night, "2")
    assert get_aliases(settings) == {"champion": "2", "challenger": "2"}
    (row,) = database.rows("SELECT reasons[1], incumbent FROM reco.model_decision WHERE kind = 'rollback'")
    assert row == ("MLflow's store is new, versions up to 1 are lost: the disk is gone (ada)", "1")
    assert adopt_model_store.run(settings, adopt_model_store.parse_args(LINE)) == {"next_version": None}


def test_numbers_that_decisions_know_are_never_given_again(tracked: Settings, database: Database, lake: Lake) -> None:
    settings = with_policy(tracked, database)
    folder = commit_training_set(lake)
    assert train.run(settings, train.TrainConfig(folder))["model_version"] == "1"  # of the new store, before the notice
    with connect(settings.database_url, "tests", role=WRITER) as connection:
        record_decision(connection, Decision(RUN_DATE, "main", "promote", "7", None, ["better"], {}, "f"))
    assert adopt_model_store.run(settings, adopt_model_store.parse_args(LINE)) == {"next_version": 8}
    assert train.run(settings, train.TrainConfig(folder))["model_version"] == "8"
