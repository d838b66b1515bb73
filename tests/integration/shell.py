"""Somebody at a shell in front of a development stack, whose night is watched."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

from devstack.airflow import PASSWORD, USER
from devstack.home import Home
from devstack.ports import free_port
from devstack.scheduler import DAG
from devstack.stack import AIRFLOW_PORT
from include.settings import PROJECT
from tests.airflow_api import UserApi
from tests.waiting import eventually
from tests.webhooks import Webhook

NIGHT = "2025-03-02"
RUN = f"night__{NIGHT}"


class Shell:
    """A person's shell in front of one home."""

    def __init__(self, folder: Path, webhook: Webhook) -> None:
        self.home = Home(folder / "home")
        self.policy = folder / "policy.yaml"
        self.secrets = {
            "NIGHTSHELF_SLACK_WEBHOOK": webhook.url,
            "NIGHTSHELF_SMTP_URL": f"smtps://night:m41l-pa55word@127.0.0.1:{free_port()}",
            "AWS_ACCESS_KEY_ID": "AKIA0NIGHTSHELF0TESTS",
            "AWS_SECRET_ACCESS_KEY": "aws/s3cret+of+the+tests",
        }
        (folder / "webhook").write_text(f"{webhook.url}\n")
        self.environment = {
            **os.environ,
            **self.secrets,
            "NIGHTSHELF_SLACK_WEBHOOK": "",
            "NIGHTSHELF_SLACK_WEBHOOK_FILE": str(folder / "webhook"),
            "NIGHTSHELF_MAIL_FROM": "night@example.org",
            "NIGHTSHELF_MAIL_TO": "ada@example.org",
            "NIGHTSHELF_FRESH_BY": "02:01",
            "NIGHTSHELF_RETRIES": "0",
            "NIGHTSHELF_HOME": str(self.home.root),
            "NIGHTSHELF_POLICY": str(self.policy),
            "SPARK_DRIVER_MEMORY": "1g",
        }

    def run(self, *line: str, timeout: float = 1200) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "devstack", *line]
        return subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def job(self, *line: str) -> None:
        command = [sys.executable, "-m", *line]
        subprocess.run(command, cwd=PROJECT, env=self.environment, check=True, capture_output=True, timeout=300)

    def query(self, sql: str) -> list[dict[str, str]]:
        done = self.run("psql", "--sql", sql)
        assert done.returncode == 0, done.stderr
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def api(self) -> UserApi:
        values = self.home.values()
        return UserApi(f"http://127.0.0.1:{values[AIRFLOW_PORT]}", USER, values[PASSWORD])

    def states(self) -> dict[str, str]:
        return {task["task_id"]: task["state"] for task in self.api().tasks(DAG, RUN)}

    def wait_for_night(self) -> str:
        assert eventually(lambda: self.api().run(DAG, RUN)["state"] in ("success", "failed"), seconds=900, pause=1)
        return str(self.api().run(DAG, RUN)["state"])
