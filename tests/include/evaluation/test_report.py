from typing import Any

import pytest

from include.errors import MissingArtifactError
from include.evaluation.report import check_report, headlines

REPORT: dict[str, Any] = {
    "k": 20,
    "models": {
        "popularity": {"version": "popularity", "metrics": {"users": 3, "recall": 0.123456}},
        "challenger": {"version": "1", "metrics": {"users": 3, "recall": 0.2}},
    },
}


def test_a_report_is_read_as_it_is() -> None:
    assert check_report(REPORT, "here") == REPORT


def test_a_report_of_a_former_release_is_read_in_todays_words() -> None:
    old = {**REPORT, "incumbent": "1", "models": {**REPORT["models"], "incumbent": {"version": "1"}}}
    new = {**REPORT, "champion": "1", "models": {**REPORT["models"], "champion": {"version": "1"}}}
    assert check_report(old, "here") == check_report(new, "here") == new


@pytest.mark.parametrize("report", [{}, {"models": {}}, {"models": {"challenger": {"metrics": {}}}}, {"models": [1]}])
def test_what_is_no_report_is_named(report: dict[str, Any]) -> None:
    with pytest.raises(MissingArtifactError, match="lake/x is no evaluation report"):
        check_report(report, "lake/x")


def test_headlines_are_rounded() -> None:
    assert headlines(REPORT)["popularity"] == {"users": 3, "recall": 0.1235}
