"""`python -m jobs.rollback` and `audit_rollback`: the pointer, the decision and the aliases move together."""

import datetime as dt
from typing import Any

import pytest

from include.errors import ValidationError
from include.lake import Lake
from include.serving.database import WRITER, connect
from include.serving.decisions import Decision, record_decision
from include.serving.publish import publish
from include.settings import Settings
from include.tracking import register
from jobs import audit_rollback, promote, rollback
from tests.batches import DAY, write_batch
from tests.databases import Database
from tests.include.tracking.made import make_lineage, make_model
from tests.jobs.nights import with_policy
from tests.mlflow_stores import get_aliases

pytestmark = pytest.mark.postgres


@pytest.fixture
def published(tracked: Settings, database: Database, lake: Lake) -> Settings:
    """Two nights, each with a model of its own that was promoted."""
    settings = with_policy(tracked, database)
    for night in range(2):
        day = DAY + dt.timedelta(days=night)
        models = {"evaluation": make_model(1), "serving": make_model(1)}
        version = str(register(settings, models, make_lineage(f"n{night}", day.isoformat()), {}, {}))
        with connect(settings.database_url, "tests", role=WRITER) as connection:
            record_decision(connection, Decision(day, "main", "promote", version, None, ["test"], {}, "f"))
        batch = write_batch(lake, day, shift=night, details={"model_version": version})
        publish(settings.database_url, batch, keep_batches=3)
        promote.run(settings, promote.parse_args(["--date", str(day), "--model-version", version]))
    return settings


def call(job: Any, settings: Settings, *line: str) -> Any:
    return job.run(settings, job.parse_args([*line]))


LINE = ("--to", "previous", "--reason", "prices are missing", "--by", "ada", "--request", "run 1")


def test_pointer_decision_and_aliases_move_together_and_once(published: Settings) -> None:
    assert get_aliases(published) == {"champion": "2", "previous": "1", "challenger": "2"}
    done = call(rollback, published, *LINE)
    assert {**done, "seconds": 0} == {
        "batch_id": f"{DAY}-000000000000", "previous": f"{DAY + dt.timedelta(days=1)}-000000000001",
        "model_version": "1", "changed": True, "seconds": 0, "champion": "1",
    }  # fmt: skip
    assert done["seconds"] < 2
    assert get_aliases(published) == {"champion": "1", "previous": "2", "challenger": "2"}
    again = call(rollback, published, *LINE)
    assert {**again, "seconds": done["seconds"]} == {**done, "changed": False}


def test_promote_cleared_for_the_bad_night_does_not_bring_its_model_back(published: Settings) -> None:
    call(rollback, published, *LINE)
    call(promote, published, "--date", str(DAY + dt.timedelta(days=1)), "--model-version", "2")
    assert get_aliases(published)["champion"] == "1"


def test_the_audit_of_an_approved_request(published: Settings) -> None:
    with pytest.raises(ValidationError, match="rollback to previous was approved and did not happen"):
        call(audit_rollback, published, *LINE, "--answer", "approve")
    call(rollback, published, *LINE)
    for _ in range(2):
        assert call(audit_rollback, published, *LINE, "--answer", "approve") == {
            "answer": "approve", "batch_id": f"{DAY}-000000000000",
        }  # fmt: skip


def test_the_audit_of_a_refused_request(published: Settings, database: Database) -> None:
    assert call(audit_rollback, published, *LINE, "--answer", "reject") == {"answer": "reject", "batch_id": None}
    found = database.rows("SELECT decision, reasons FROM model_decisions ORDER BY decided_at DESC", role="analyst")
    assert found[0] == ("refused", ["prices are missing (ada)"])
    assert get_aliases(published)["champion"] == "2"


@pytest.mark.parametrize("line", [("--to", "previous"), ("--to", "previous", "--reason", "  ")])
def test_a_reason_must_be_given(line: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit):
        rollback.parse_args(line)
