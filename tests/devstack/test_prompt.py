import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.stack import delete_stack, open_stack
from include.serving.migrate import migrate
from include.settings import PROJECT

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    stack = open_stack(tmp_path_factory.mktemp("stack") / "home", os.environ)
    stack.home.root.parent.chmod(0o755)
    try:
        stack.start_postgres()
        migrate(stack.postgres.url("nightshelf", "nightshelf"))
        yield stack.home.root
    finally:
        delete_stack(stack.home, lambda _: None)


def psql(home: Path, *line: str, said: str = "") -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "NIGHTSHELF_HOME": str(home), "PYTHONPATH": str(PROJECT), "PAGER": "cat"}
    command = [sys.executable, "-m", "devstack.cli", "psql", *line]
    return subprocess.run(command, env=environment, capture_output=True, text=True, input=said, check=False)


def test_a_query_prints_its_csv_and_nothing_else(home: Path) -> None:
    done = psql(home, "--sql", """SELECT 1 AS one, 'a,"b"' AS text, NULL AS nothing""")
    assert (done.returncode, done.stdout, done.stderr) == (0, 'one,text,nothing\n1,"a,""b""",\n', "")


def test_a_prompt_reads_what_is_typed_and_finds_the_views(home: Path) -> None:
    done = psql(home, said="SELECT count(*) FROM recommendations;\n")
    assert done.returncode == 0
    assert "(1 row)" in done.stdout


def test_an_analyst_cannot_write(home: Path) -> None:
    done = psql(home, "--sql", "DELETE FROM reco.batch")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "read-only transaction" in done.stderr or "permission denied" in done.stderr


def test_the_password_is_not_on_the_command_line(home: Path) -> None:
    script = (
        "import os; os.execve = lambda program, line, variables: print(line);"
        "from devstack.cli import main; main(['psql', '--sql', 'SELECT 1'])"
    )
    environment = {**os.environ, "NIGHTSHELF_HOME": str(home), "PYTHONPATH": str(PROJECT)}
    line = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert "postgresql://analyst@127.0.0.1" in line.stdout
