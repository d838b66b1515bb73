"""What must hold when the night is over; each check says what it saw."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from devstack.progress import Display
from include.columns import TABLES
from include.errors import NightshelfError
from include.lake import Lake, list_days, open_lake
from include.serving.database import connect
from include.settings import load_s3_settings, load_settings
from include.tracking import MODEL
from tests.rehearsal.night import DAY, Night
from tests.rehearsal.spark import applications, worked_for, workers_alive

SECRET = re.compile(r"PASSWORD|SECRET|KEY")
SPARK_JOBS = {f"nightshelf-{job}" for job in ("ingest", "build_training_set", "score")}
TIMEOUT_SECONDS = 20
REMEDY = "see what differs from docs/production.md, section Rehearsal; KEEP=1 keeps everything for a look"


class CheckFailedError(NightshelfError):
    """The night has ended well, but something is not as it must be."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, remedy=REMEDY)


@dataclass(frozen=True)
class Checks:
    """What is looked at after the night."""

    night: Night
    display: Display

    def run(self) -> None:
        """Make every check and show what it saw.

        Raises
        ------
        CheckFailedError
            At the first that does not hold.
        """
        every: tuple[Callable[[], str], ...] = (
            self._batch, self._verdict, self._lake, self._applications, self._artifacts, self._metrics, self._health,
            self._logs,
        )  # fmt: skip
        for check in every:
            self.display.say(f"  ✓ {check()}", style="green")

    def _batch(self) -> str:
        live = self._row("SELECT * FROM reco.batches WHERE is_live")
        _require(live.get("run_date") == self.night.shop.night, f"the live batch is {live.get('batch_id')}")
        seen = self._row("SELECT count(*) AS n FROM reco.recommendations WHERE rank = 1")["n"]
        _require(seen == live["users"] > 0, f"the live batch has {live['users']} users, analysts see lists of {seen}")
        return f"batch {live['batch_id']} is live, checksum {live['checksum']}, {seen:,} users have a list"

    def _verdict(self) -> str:
        day = self.night.shop.night + DAY
        report = self._row("SELECT verdict FROM reco.drift_reports WHERE day = %(day)s", day=day)
        _require(bool(report), f"the drift watch has no verdict on {day}")
        return f"the drift watch's verdict on {day}: {report['verdict']}"

    def _lake(self) -> str:
        uri = self.night.stack.values["LAKE_URI"]
        _require(uri.startswith("s3://"), f"the lake is {uri}")
        lake = self._open(uri)
        days = {table: len(list_days(lake, table)) for table in TABLES}
        _require(set(days.values()) == {self.night.shop.days + 2}, f"the lake has days {days}")
        files = len(lake.list_files(""))
        return f"{uri} holds {files} files; each job has seen to it that Spark wrote by the magic committer"

    def _applications(self) -> str:
        containers = self.night.stack.containers
        workers = [container for name, container in containers.items() if name.startswith("spark-worker")]
        master = containers["spark-master"]
        ended = applications(master)
        alive = workers_alive(master)
        _require(alive == len(workers), f"Spark's master counts {alive} workers")
        _require({name for name, _ in ended} >= SPARK_JOBS, f"Spark's master saw {ended}")
        _require({state for _, state in ended} == {"FINISHED"}, f"Spark's master saw {ended}")
        shares = [len(worked_for(worker)) for worker in workers]
        _require(min(shares) > 0, f"the workers took part in {shares} applications")
        return f"Spark's master saw {len(ended)} applications end well, its workers took part in {shares}"

    def _artifacts(self) -> str:
        server, values = self.night.stack.containers["mlflow"].address, self.night.stack.values
        url = f"{server}/api/2.0/mlflow/registered-models/alias"
        question = {"name": MODEL, "alias": "champion"}
        refused = requests.get(url, params=question, timeout=TIMEOUT_SECONDS).status_code
        _require(refused == requests.codes.unauthorized, f"MLflow answers {refused} to somebody without a password")
        login = (values["MLFLOW_ADMIN"], values["MLFLOW_ADMIN_PASSWORD"])
        answer = requests.get(url, params=question, auth=login, timeout=TIMEOUT_SECONDS)
        _require(answer.ok, f"MLflow answers {answer.status_code} when asked for the champion")
        version = answer.json()["model_version"]
        run = version["run_id"]
        bucket = self._open(f"s3://{values['S3_BUCKET']}/mlflow")
        files = [file for file in bucket.list_files("") if f"/{run}/" in file.path or version["source"] in file.path]
        _require(bool(files), f"{bucket.uri} holds nothing of version {version['version']} ({version['source']})")
        return (
            f"MLflow asks for a password; {len(files)} files of the champion, {version['version']}, are in {bucket.uri}"
        )

    def _metrics(self) -> str:
        address = self.night.stack.containers["exporter"].address
        text = requests.get(f"{address}/metrics", timeout=TIMEOUT_SECONDS).text
        sources = re.findall(r'^nightshelf_source_up\{source="(\w+)"\} 1', text, re.MULTILINE)
        _require(sorted(sources) == ["airflow", "shelf"], f"the exporter reads {sources}")
        sent = self.night.stack.metrics.received
        _require(sent > 0, "Airflow has sent no metrics to Prometheus")
        return f"the exporter has {len(text.splitlines())} lines from both databases, Airflow sent metrics {sent} times"

    def _health(self) -> str:
        sick = self.night.stack.unhealthy()
        _require(not sick, f"health checks fail: {', '.join(sick)}")
        return f"all {len(self.night.stack.parts)} health checks pass"

    def _logs(self) -> str:
        home = self.night.stack.home
        files = [*_files(home.logs), *_files(self.night.logs), *home.root.glob("tmp/*/spark/*/*/std*")]
        found = secrets_in(files, self.night.stack.values)
        _require(not found, f"secrets stand in logs: {', '.join(found)}")
        return f"no secret of .env stands in one of {len(files)} logs"

    def _row(self, query: str, **parameters: object) -> Mapping[str, Any]:
        """Return the first row that an analyst gets; empty when there is none."""
        url = load_settings(self.night.environment).analyst_url
        with connect(url, "rehearsal") as connection, connection.cursor() as cursor:
            cursor.execute(query, parameters)
            row = cursor.fetchone()
            names = [column.name for column in cursor.description or ()]
        return dict(zip(names, row, strict=True)) if row else {}

    def _open(self, uri: str) -> Lake:
        return open_lake(uri, load_s3_settings(self.night.environment))


def secrets_in(files: Iterable[Path], values: Mapping[str, str]) -> list[str]:
    """Return `NAME in file` for each secret of `values` that is in one of the files."""
    secrets = {name: value for name, value in values.items() if SECRET.search(name) and value}
    texts = ((file, file.read_text("utf-8", "replace")) for file in files)
    return [f"{name} in {file}" for file, text in texts for name, value in secrets.items() if value in text]


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CheckFailedError(otherwise)


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]
