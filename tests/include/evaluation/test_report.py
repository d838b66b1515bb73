import pytest

from include.errors import MissingArtifactError
from include.evaluation.report import headlines, read_report, write_report

REPORT = {
    "k": 20,
    "models": {
        "popularity": {"version": "popularity", "metrics": {"users": 3, "recall": 0.123456}},
        "challenger": {"version": "1", "metrics": {"users": 3, "recall": 0.2}},
    },
}


def test_what_is_written_is_read() -> None:
    assert read_report(write_report(REPORT), "here") == REPORT


def test_equal_reports_are_equal_bytes() -> None:
    assert write_report(dict(reversed(REPORT.items()))) == write_report(REPORT)


def test_a_number_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_report({"recall": float("nan")})


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"models": {"challenger": {"metrics": {}}}}'])
def test_what_is_no_report_is_named(data: bytes) -> None:
    with pytest.raises(MissingArtifactError, match="lake/x is no evaluation report"):
        read_report(data, "lake/x")


def test_headlines_are_rounded() -> None:
    assert headlines(REPORT)["popularity"] == {"users": 3, "recall": 0.1235}
