"""`python -m jobs.report`: one page a night that loads nothing, the same for equal inputs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from include.errors import MissingArtifactError
from include.settings import Settings
from jobs import report
from tests.databases import Database
from tests.watched import N_ITEMS, N_USERS, TOP, WatchedShop

pytestmark = pytest.mark.postgres


class Reports:
    """A shop whose nights are reported as the job does it."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.shop = WatchedShop(settings, database)
        self.settings = self.shop.settings.model_copy(update={"analyst_url": SecretStr(database.analyst_url)})

    def night(self, number: int) -> str:
        return self.shop.night(number, str(number + 1))

    def write(self, batch: str) -> dict[str, Any]:
        return dict(report.run(self.settings, report.parse_args(["--batch", f"batches/{batch}"])))

    def page(self, result: dict[str, Any]) -> str:
        return self.shop.lake.read_bytes(result["report"]).decode()


@pytest.fixture
def reports(settings: Settings, database: Database) -> Reports:
    return Reports(settings, database)


def test_the_first_night_has_no_lists_before_it(reports: Reports) -> None:
    first = reports.write(reports.night(0))
    page = reports.page(first)
    assert first["coverage"] == 1.0 and f"<dd>{N_USERS}</dd>" in page
    assert "There are no lists before these" in page and "No lists were live on that day" in page
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")


def test_what_was_on_the_lists_of_the_day_and_what_moved(reports: Reports) -> None:
    first = reports.page(reports.write(reports.night(0)))
    after = reports.night(1)
    reports.shop.ingest(1)
    page = reports.page(reports.write(after))
    assert "of the shop" in page and "Items whose number of users changed most" in page
    assert f"{N_USERS * TOP:,}" in page and f"<dd>{N_ITEMS}" in page
    share = float(page.split("On the list before it was bought</dt><dd>")[1].split(" %")[0])
    assert 40 < share < 60, "a list holds half of what its user likes"
    assert page.count("<circle") > first.count("<circle"), "the night before is in the plots"


def test_clearing_it_finds_the_same_page_and_a_new_day_makes_another(reports: Reports) -> None:
    reports.night(0)
    batch = reports.night(1)
    first, again = reports.write(batch), reports.write(batch)
    assert (first["made"], again["made"], again["report"]) == (True, False, first["report"])
    reports.shop.ingest(1)
    later = reports.write(batch)
    assert later["made"] and later["report"] != first["report"]


def test_titles_are_text(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "<script>alert(1)</script>"
    monkeypatch.setattr("tests.watched.TITLE", evil)
    page = reports.page(reports.write(reports.night(0)))
    assert evil not in page and "&lt;script&gt;" in page


def test_a_batch_that_is_not_there_is_named(reports: Reports) -> None:
    with pytest.raises(MissingArtifactError, match="2026-01-01-gone"):
        reports.write("2026-01-01-gone")
