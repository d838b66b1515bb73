from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.settings import PROJECT, Settings
from jobs import demo_shop
from jobs._command import main

SMALL = ["--from", "2025-01-01", "--to", "2025-01-03", "--users", "50", "--items", "30"]


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LANDING_URI", "LAKE_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NIGHTSHELF_HOME", str(settings.home))
    return settings.home


def test_the_result_counts_what_was_landed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(demo_shop.parse_args, demo_shop.run, SMALL) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["first"], result["last"], result["days"]) == ("2025-01-01", "2025-01-03", 3)
    users = [path.read_text().splitlines()[1:] for path in sorted(home.glob("landing/users/*/users.csv"))]
    assert result["rows"]["users"] == sum(map(len, users))
    assert set(result) == {"first", "last", "days", "rows", "duplicates", "broken", "late"}
    assert len(list(home.glob("landing/*/ingest_date=*/_SUCCESS"))) == 9


def test_faults_reach_the_shop(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(demo_shop.parse_args, demo_shop.run, SMALL)
    clean = json.loads(capsys.readouterr().out)["rows"]["events"]
    main(demo_shop.parse_args, demo_shop.run, [*SMALL, "--fault", "broken_feed:2025-01-02:0.9"])
    assert json.loads(capsys.readouterr().out)["rows"]["events"] < 0.7 * clean


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--fault", "meteor:2025-01-02"], "taste_shift, slow_decay"),
        (["--users", "0"], "users is 0"),
        (["--to", "2027-01-01"], "no data for 2027-01-01"),
    ],
)
def test_a_wrong_argument_is_one_line_and_exit_code_2(
    argv: list[str], message: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(demo_shop.parse_args, demo_shop.run, argv) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err.strip().splitlines()[-1]
    assert not (home / "landing").exists()


def test_it_is_a_command(tmp_path: Path) -> None:
    environment = {**os.environ, "NIGHTSHELF_HOME": str(tmp_path), "LANDING_URI": ""}
    done = subprocess.run(
        [sys.executable, "-m", "jobs.demo_shop", *SMALL],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["days"] == 3
