"""`python -m jobs.land` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.lake import Lake
from jobs import land
from jobs._command import main

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINES = [
    "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n",
    "C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527,United Kingdom\n",
    "536414,22139,,56,2010-12-03 11:52:00,0,,United Kingdom\n",
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path))
    monkeypatch.setenv("NIGHTSHELF_DATASET", "online_retail")


def run(*argv: object) -> int:
    return main(land.parse_args, land.run, [str(argument) for argument in argv])


def test_the_file_is_cut_into_days(landing: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "retail.csv").write_text(HEADER + "".join(LINES))
    assert run("--source", tmp_path / "retail.csv") == 0
    result = json.loads(capsys.readouterr().out)
    assert {table: (entry["rows"], entry["days"]) for table, entry in result.items()} == {
        "events": (3, 3),
        "items": (3, 3),
        "users": (2, 3),
    }
    assert (result["events"]["first"], result["events"]["last"]) == ("2010-12-01", "2010-12-03")
    assert landing.exists("users/ingest_date=2010-12-02/_SUCCESS")


@pytest.mark.parametrize(
    ("header", "said"),
    [(None, "does not exist"), (HEADER.replace("UnitPrice", "Price"), "no column UnitPrice")],
)
def test_a_source_that_does_not_fit_is_one_line_and_no_trace(
    tmp_path: Path, landing: Lake, capsys: pytest.CaptureFixture[str], header: str | None, said: str
) -> None:
    path = tmp_path / "retail.csv"
    if header:
        path.write_text(header + "".join(LINES))
    assert run("--source", path) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert "Remedy: " in line
    assert landing.list_files("") == []


def test_a_data_set_that_does_not_exist_is_a_mistake_of_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTSHELF_DATASET", "nobodys_shop")
    assert run("--source", tmp_path) == 2
