"""The same night on local files and on an S3 server of the home: whatever the lake is, readers get the same."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.home import Home
from devstack.postgres import Postgres
from devstack.stack import POSTGRES_PORT, delete_stack
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
    needs_jars,
]

POLICY = "{model: {epochs: 3, refit_epochs: 1, dimensions: 16}, gate: {min_users: 20}}"
BATCH = "SELECT batch_id, checksum, users, recommendations FROM reco.batches WHERE is_live"
FOREIGN = {
    "LAKE_URI": "s3://somebody-elses/lake",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "a-shell-s-own-key",
    "AWS_SECRET_ACCESS_KEY": "of-another-account",
}


def command(home: Home, *line: str, **variables: str) -> str:
    environment = {**os.environ, "NIGHTSHELF_HOME": str(home.root), "SPARK_DRIVER_MEMORY": "1g", **variables}
    done = subprocess.run(
        [sys.executable, "-m", "devstack.cli", *line],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_night(home: Home, policy: Path, *options: str, **variables: str) -> dict[str, str]:
    """Run one night and return the batch that is live after it."""
    shop = ("--nights", "1", "--shop", "--users 300 --items 100")
    command(home, "nightly", *shop, *options, NIGHTSHELF_POLICY=str(policy), **variables)
    (batch,) = csv.DictReader(io.StringIO(command(home, "psql", "--sql", BATCH)))
    return batch


def test_a_night_on_s3_publishes_what_a_night_on_files_does(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    local, s3 = Home(tmp_path / "local"), Home(tmp_path / "s3")
    command_lines = leaks.CommandLines()
    try:
        expected = run_night(local, policy)
        command(local, "down")
        with command_lines:
            assert run_night(s3, policy, "--lake", "s3", **FOREIGN) == expected

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

        assert "s3               runs" in command(s3, "status")
        command(s3, "down")
        assert "s3               does not run" in command(s3, "status")
    finally:
        for home in (local, s3):
            delete_stack(home, lambda _: None)
