from typing import Any

import pytest

from include.errors import MissingArtifactError
from include.evaluation.report import check_report, headlines, metrics_of_champion
from tests.include.evaluation.reports import make_report


def test_a_report_is_read_as_it_is() -> None:
    report = make_report(0.2)
    assert check_report(report, "here") == report


def test_without_a_model_popularity_is_enough() -> None:
    report = make_report(None, lacks="no model yet")
    assert check_report(report, "here") == report


OLD = {"lacks": None, "models": {"popularity": {"metrics": {"users": 1}}, "challenger": {"metrics": {"users": 1}}}}


@pytest.mark.parametrize(
    "report", [{}, {"models": {}}, {"models": {"challenger": {"metrics": {}}}}, {"models": [1]}, OLD]
)
def test_what_is_no_report_of_this_release_is_named(report: dict[str, Any]) -> None:
    with pytest.raises(MissingArtifactError, match="lake/x is no evaluation report of this release"):
        check_report(report, "lake/x")


def test_the_champion_of_a_former_releases_decision_is_found() -> None:
    assert metrics_of_champion({"incumbent": {"recall": 0.3}}) == {"recall": 0.3}
    assert metrics_of_champion({"champion": {"recall": 0.4}}) == {"recall": 0.4}
    assert metrics_of_champion({}) is None


def test_headlines_are_rounded() -> None:
    assert headlines(make_report(0.2, popularity=0.123456))["popularity"] == {
        "users": 100,
        "recall": 0.1235,
        "coverage": 0.5,
    }
