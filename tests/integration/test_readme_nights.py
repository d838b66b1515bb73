"""`make nightly` as the README offers it: a first night, interrupted and after `make down`, the next one, and on S3."""

import csv
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.home import Home
from devstack.postgres import POSTGRES_PORT, Postgres
from devstack.processes import marked
from devstack.stack import delete_stack
from include.lake import open_lake
from include.settings import PROJECT, SECRETS, load_s3_settings, load_settings
from tests import leaks
from tests.s3_servers import needs_jars

pytestmark = [
    pytest.mark.night,
    pytest.mark.spark,
    pytest.mark.postgres,
    pytest.mark.airflow,
    pytest.mark.timeout(1500),
]

DEVSTACK = (sys.executable, "-m", "devstack")
MAKE = ("make", "--assume-old=setup", f"CLI={sys.executable} -m devstack")
SHOP = ("--shop", "--users 300 --items 100")
FIRST, SECOND = "2025-03-02", "2025-03-03"
POLICY = "{model: {epochs: 3, refit_epochs: 1, dimensions: 16}, gate: {min_users: 20}}"
BATCH = "SELECT batch_id, checksum, users, recommendations FROM reco.batches WHERE is_live"
NIGHTS = "SELECT run_date, landed, ingested + duplicates + quarantined AS accounted FROM reco.nightly_runs ORDER BY 1"
FOREIGN = {
    "LAKE_URI": "s3://somebody-elses/lake",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "a-shell-s-own-key",
    "AWS_SECRET_ACCESS_KEY": "of-another-account",
}


class Person:
    """Somebody at a shell in front of one home."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.home = Home(folder / "home")
        policy = folder / "policy.yaml"
        policy.write_text(POLICY)
        own = {"NIGHTSHELF_HOME": str(self.home.root), "NIGHTSHELF_POLICY": str(policy), "SPARK_DRIVER_MEMORY": "1g"}
        self.environment = {**os.environ, **own, **variables}

    def make(self, *line: str) -> str:
        """Run a target of the Makefile, without the set-up, and return what it said."""
        return self._run(*MAKE, *line)

    def run(self, *line: str) -> str:
        """Run the command that the targets call."""
        return self._run(*DEVSTACK, *line)

    def interrupt(self, after: str, *command: str) -> None:
        """Run a command and press Ctrl-C once it has said `after`: it ends at once, says so, and leaves no job."""
        with subprocess.Popen(
            command, cwd=PROJECT, env=self.environment, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=hear_ctrl_c,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            said = next((said for said in process.stdout if after in said), None)
            os.killpg(process.pid, signal.SIGINT)
            rest, errors = process.communicate(timeout=60)
            assert said is not None, rest + errors
            assert process.returncode not in (0, 1)
        assert "Interrupted." in errors
        assert "Traceback" not in errors
        assert marked(self.home.root, "job") == []

    def batch(self) -> dict[str, str]:
        """Return the batch that is live."""
        (batch,) = self.query(BATCH)
        return batch

    def query(self, sql: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.run("psql", "--sql", sql))))

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=1200, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout


def hear_ctrl_c() -> None:
    """Take SIGINT, also when tests in the background would ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    found = Person(tmp_path_factory.mktemp("readme"))
    yield found
    delete_stack(found.home, lambda _: None)


@pytest.fixture(scope="module")
def first(person: Person) -> dict[str, str]:
    """The batch of the first night, after Ctrl-C in the middle of a job, and of the night, and after `make down`."""
    person.interrupt("ingesting the history", *DEVSTACK, "nightly", "--nights", "1", *SHOP)
    person.interrupt("wait_for_landing", *MAKE, "nightly", "NIGHTS=1")
    assert "stopped" in person.make("down")
    assert f"night {FIRST}: done in" in person.make("nightly", "NIGHTS=1")
    return person.batch()


def test_an_interrupted_run_goes_on_from_there_after_make_down(person: Person, first: dict[str, str]) -> None:
    assert int(first["users"]) >= 300
    (night,) = person.query(NIGHTS)
    assert (night["run_date"], night["landed"]) == (FIRST, night["accounted"])
    assert "scheduler        runs" in person.run("status")
    person.make("down")
    assert "scheduler        does not run" in person.run("status")


@pytest.mark.long
def test_the_next_run_is_the_next_night(person: Person, first: dict[str, str]) -> None:
    person.interrupt("next days", *MAKE, "nightly", "NIGHTS=1")
    said = person.make("nightly", "NIGHTS=1")
    assert f"night {SECOND}: done in" in said
    assert f"night {FIRST}" not in said.partition("Nightshelf, data set")[0]
    assert person.batch()["batch_id"] != first["batch_id"]
    nights = person.query(NIGHTS)
    assert [night["run_date"] for night in nights] == [FIRST, SECOND]
    assert all(night["landed"] == night["accounted"] for night in nights)
    person.make("down")


@pytest.mark.long
@needs_jars
def test_a_night_on_s3_publishes_what_a_night_on_files_does(first: dict[str, str], tmp_path: Path) -> None:
    person = Person(tmp_path, **FOREIGN)
    s3 = person.home
    command_lines = leaks.CommandLines()
    try:
        with command_lines:
            person.run("nightly", "--nights", "1", *SHOP, "--lake", "s3")
        assert person.batch() == first

        environment = s3.environment({})
        lake = open_lake("s3://nightshelf", load_s3_settings(environment))
        assert {file.path.partition("/")[0] for file in lake.list_files("")} == {"lake", "landing", "mlflow"}
        assert any(file.path.endswith("serving/factors.npz") for file in lake.list_files("mlflow"))
        assert load_settings(environment).lake_uri == "s3://nightshelf/lake"
        assert not {"lake", "landing"} & {path.name for path in s3.root.iterdir()}
        keys = {name: key for name, key in s3.values().items() if name in SECRETS and name.startswith("AWS_")}
        postgres = Postgres(s3.root, int(s3.values()[POSTGRES_PORT]))
        assert len(keys) == 2 and len(command_lines) > 50
        assert command_lines.with_secrets(keys) == leaks.in_files(s3.root, keys) == []
        assert leaks.in_database(postgres.url("airflow", "postgres"), keys) == []

        assert "s3               runs" in person.run("status")
        person.run("down")
        assert "s3               does not run" in person.run("status")
    finally:
        delete_stack(s3, lambda _: None)
