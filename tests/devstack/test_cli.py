import subprocess
import sys
from pathlib import Path

import pytest

from devstack import cli
from devstack.plan import Request
from include.errors import InputError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NIGHTSHELF_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (["nightly", "--dataset", "online_retail", "--source", "/none.csv"], 3, "SOURCE=/none.csv does not exist."),
        (["nightly", "--dataset", "online_retail"], 2, "DATASET=online_retail needs a file."),
        (["nightly", "--dataset", "no_such_shop", "--source", "/"], 2, "no_such_shop"),
        (["psql"], 1, "holds no stack yet. Remedy: run make nightly first."),
        (["mlflow"], 1, "holds no models yet. Remedy: run make nightly first."),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    line: list[str], code: int, message: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(line) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err
    assert said.err.count("\n") == 1
    assert not home.exists()


def test_files_to_map_are_handed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[tuple[object, ...]] = []
    monkeypatch.setattr(cli, "map_files", lambda home, *rest: seen.append(rest[:3]))
    assert cli.main(["map", str(tmp_path), "--out", "shop.yaml", "--force"]) == 0
    assert cli.main(["map", str(tmp_path)]) == 0
    assert seen == [(tmp_path, Path("shop.yaml"), True), (tmp_path, None, False)]


@pytest.mark.parametrize("nights", ["0", "-1", "two"])
def test_a_number_of_nights_is_at_least_one(nights: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["nightly", "--nights", nights])
    assert ended.value.code == 2
    assert "--nights" in capsys.readouterr().err


def test_the_request_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(cli.Nightly, "run", lambda self: seen.append(self.request))
    line = [
        "nightly",
        "--dataset",
        "demo_shop",
        "--nights",
        "3",
        "--shop",
        "--users 100 --fault bot_traffic:2025-03-01",
    ]
    assert cli.main(line) == 0
    assert seen == [Request("demo_shop", None, 3, ("--users", "100", "--fault", "bot_traffic:2025-03-01"))]


def test_commands_on_a_home_that_is_not_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status"]) == 0
    assert cli.main(["down"]) == 0
    assert cli.main(["clean"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"{home} holds no stack yet: make nightly makes one",
        f"nothing ran in {home}",
        f"{home} is not there",
    ]


def test_an_interrupt_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.Nightly, "run", interrupted)
    assert cli.main(["nightly"]) == 130
    assert "the same command picks it up, make down stops it" in capsys.readouterr().err


def test_errors_keep_their_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def failed(_: object) -> None:
        raise InputError("[row] 7 is broken", remedy="mend it")

    monkeypatch.setattr(cli.Nightly, "run", failed)
    assert cli.main(["nightly"]) == 3
    assert capsys.readouterr().err == "[row] 7 is broken. Remedy: mend it.\n"


def test_help_needs_nothing_heavy() -> None:
    script = (
        "import sys; from devstack import cli; cli.arguments().format_help();"
        "print([name for name in ('pyspark', 'airflow', 'mlflow', 'great_expectations') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_it_is_a_module_too_and_each_command_has_its_help() -> None:
    (names,) = [found.choices for found in cli.arguments()._subparsers._group_actions]  # type: ignore[union-attr]
    assert set(names or ()) == {
        "nightly", "first-night", "map", "up", "down", "status", "psql", "api", "mlflow", "clean",
    }  # fmt: skip
    for name in names or ():
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "--help"])
        assert ended.value.code == 0
    done = subprocess.run([sys.executable, "-m", "devstack", "status", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: nightshelf status")
