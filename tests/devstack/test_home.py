import stat
from pathlib import Path

import pytest

from devstack.home import S3_PORT, Home
from include.errors import StackError
from include.settings import load_settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    found.make()
    return found


def test_a_home_exists_once_it_remembers_something(home: Home) -> None:
    assert not home.exists
    home.remember({"NIGHTSHELF_DATASET": "online_retail"})
    assert home.exists
    assert load_settings({"NIGHTSHELF_HOME": str(home.root)}).dataset == "online_retail"


def test_remembering_keeps_what_was_known_and_is_private(home: Home) -> None:
    home.remember({"A": "1", "B": "2"})
    assert home.remember({"B": "3"}) == {"A": "1", "B": "3"}
    assert home.values() == {"A": "1", "B": "3"}
    assert stat.S_IMODE((home.root / "stack.env").stat().st_mode) == 0o600
    assert [path.name for path in home.root.glob(".stack.env*")] == []


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match=r"file/home cannot be made: Not a directory. Remedy: set NIGHTSHELF_HOME"):
        Home(tmp_path / "file" / "home").make()


def test_one_process_at_a_time(home: Home) -> None:
    again = pytest.raises(StackError, match="`nightly` already runs")
    with home.alone("nightly"), home.alone("up"), again, home.alone("nightly"):
        pytest.fail("two at a time")
    with home.alone("nightly"):
        assert (home.run / "nightly.lock").is_file()


def test_the_shell_cannot_change_what_the_stack_file_decides(home: Home) -> None:
    shell = {
        "NIGHTSHELF_DATASET": "other",
        "NIGHTSHELF_DATABASE_URL_FILE": "/run/secrets/other",
        "NIGHTSHELF_LAST_NIGHT": "2000-01-01",
        "AIRFLOW_HOME": "/elsewhere",
        "AIRFLOW__CORE__EXECUTOR": "x",
        "PYTHONPATH": "/elsewhere",
        "SPARK_MASTER": "local[1]",
    }
    assert home.environment(shell) == {"SPARK_MASTER": "local[1]", "NIGHTSHELF_HOME": str(home.root)}


def test_a_home_with_an_s3_server_uses_no_other(home: Home) -> None:
    shell = {"LAKE_URI": "s3://theirs/lake", "AWS_SECRET_ACCESS_KEY": "theirs", "AWS_PROFILE": "theirs"}
    assert home.environment(shell).items() > shell.items()
    home.remember({S3_PORT: "8333"})
    assert home.environment(shell) == {"NIGHTSHELF_HOME": str(home.root)}
