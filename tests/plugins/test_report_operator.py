"""A report that cannot be written is told to people and fails no night; one that is there is linked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time.context import OutletEventAccessors

from nightshelf_plugin.report_operator import ReportLink, ReportOperator


class SampleReportOperator(ReportOperator):
    package: ClassVar[str] = "tests.plugins.sample_jobs"


def context(attempt: int) -> dict[str, Any]:
    return {"outlet_events": OutletEventAccessors(), "ti": SimpleNamespace(try_number=attempt, max_tries=2)}


def operator(what: str) -> SampleReportOperator:
    return SampleReportOperator(task_id="report", job="behave", arguments=[what])


@pytest.mark.parametrize("what", ["bad_disk", "crash"])
def test_what_another_try_may_mend_is_tried_again_and_skipped_at_last(what: str) -> None:
    with pytest.raises(AirflowException) as raised:
        operator(what).execute(context(2))
    assert not isinstance(raised.value, (AirflowSkipException, AirflowFailException))
    last = operator(what)
    with pytest.raises(AirflowSkipException, match="lists are live"):
        last.execute(context(3))
    assert isinstance(last.skipped_for, AirflowException)


def test_what_no_try_can_mend_is_skipped_at_once_with_the_reason() -> None:
    first = operator("bad_data")
    with pytest.raises(AirflowSkipException):
        first.execute(context(1))
    assert "price is 'free'" in str(first.skipped_for)


def test_the_link_leads_to_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.org/")
    task = operator("report")
    assert ReportLink().get_link(task, ti_key=None) == ""
    task.execute(context(1))
    wanted = "https://airflow.example.org/nightshelf/lake/reports/2026-11-20-abc/report.html"
    assert ReportLink().get_link(task, ti_key=None) == wanted
