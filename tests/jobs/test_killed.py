"""A step is killed at some moment and run again: it leaves what an undisturbed run leaves.

NIGHTSHELF_KILLS=20 tries 20 moments, in every step that writes; otherwise two stand for them.
"""

from __future__ import annotations

import logging
import os
import random
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from include.columns import TABLES
from include.lake import open_lake
from include.processes import send, session
from include.runner import JobRun, job_command
from include.settings import Settings
from jobs import ingest, land
from tests.batches import write_batch
from tests.databases import Database, fresh_copy
from tests.jobs.test_little_data import FIRST, run_night, shop, write_shop  # noqa: F401 - a fixture

logger = logging.getLogger(__name__)
KILLS = int(os.environ.get("NIGHTSHELF_KILLS", "2"))
pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300 * max(2, KILLS))]
STEPS = ["land", "publish"] if KILLS <= 2 else ["ingest", "land", "build_training_set", "score", "publish"]
DAYS = 16
LAST = FIRST.replace(day=DAYS)
VIEWS = ("recommendations", "popular_items", "nightly_runs", "model_decisions")


class Stage:
    """An installation right before a step, which can be put back there."""

    def __init__(self, settings: Settings, database: Database, folder: Path) -> None:
        self.settings, self.database, self.saved = settings, database, folder / "saved"
        self.home = Path(settings.home)
        shutil.copytree(self.home, self.saved)

    def restore(self) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(self.saved, self.home)

    def start(self, copy: Database, job: str, arguments: list[str]) -> JobRun:
        given = {
            "NIGHTSHELF_HOME": str(self.home),
            "NIGHTSHELF_DATASET": self.settings.dataset,
            "NIGHTSHELF_DATABASE_URL": copy.writer_url,
            "SPARK_MASTER": "local[2]",
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME") if name in os.environ}
        return JobRun(job, job_command(job, arguments), {**kept, **given})

    def content(self, copy: Database) -> dict[str, Any]:
        """Return what there is: files by their content, and what readers see."""
        lake = open_lake(self.settings.lake_uri)
        landing = open_lake(self.settings.landing_uri)
        stored = {info.path: landing.read_bytes(info.path) for info in landing.list_files("")}
        for info in lake.list_files(""):
            text = lake.read_bytes(info.path).decode() if info.path.endswith(".json") else ""
            stored[f"lake/{info.path}"] = re.sub(r'"size": \d+', "", text)  # footers of equal rows may differ
        for table in VIEWS:
            columns = "*" if table in ("recommendations", "popular_items") else "run_date"
            stored[table] = copy.rows(f"select {columns} from reco.{table} order by 1, 2" if columns == "*" else
                                      f"select {columns} from reco.{table} order by 1")  # fmt: skip
        return stored


def disturb(run: JobRun, seconds: float, choose: random.Random) -> str:
    """Kill, after `seconds`, the job's own process or one that it started, and wait for the end of all.

    Returns
    -------
    The name of what was killed; empty when the job had ended before.
    """
    if run.wait(seconds) is not None:
        return ""
    victims = [one for one in session(run.pid) if one.pid != run.pid]
    victim = choose.choice([psutil.Process(run.pid), *victims])
    name = "driver" if victim.pid == run.pid else victim.name()
    send([victim], signal.SIGKILL)
    run.wait()
    send(session(run.pid), signal.SIGKILL)
    return name


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_step_leaves_what_an_undisturbed_one_does(
    step: str, database: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings, arguments = prepare(step, request)
    stage, choose = Stage(settings, database, tmp_path.with_name(f"{tmp_path.name}-saved")), random.Random(step)
    with fresh_copy(database) as copy:
        began = time.monotonic()
        with stage.start(copy, step, arguments) as run:
            run.result()
        lasted = time.monotonic() - began
        expected = stage.content(copy)
    tried = []
    for _ in range(max(1, KILLS // len(STEPS))):
        moment, killed = lasted * choose.uniform(0.3, 1), ""
        while not killed:  # a run may be faster than the first one
            stage.restore()
            with fresh_copy(database) as copy:
                with stage.start(copy, step, arguments) as run:
                    killed = disturb(run, moment, choose)
                tried.append((round(moment, 1), killed))
                with stage.start(copy, step, arguments) as run:
                    run.result()
                assert stage.content(copy) == expected, tried
            moment *= 0.7
    logger.info("%s: %.1f s undisturbed; killed after %s", step, lasted, tried)
    shutil.rmtree(stage.saved)


def prepare(step: str, request: pytest.FixtureRequest) -> tuple[Settings, list[str]]:
    """Return an installation right before the step, and the step's arguments."""
    settings: Settings = request.getfixturevalue("settings")
    days = ["--from", str(FIRST), "--to", str(LAST)]
    if step == "publish":
        return settings, ["--batch", write_batch(open_lake(settings.lake_uri), LAST, users=4000).folder]
    if step == "land":
        Path(settings.home, "export").mkdir()
        settings = write_shop(settings, days=DAYS, customers=40)
        return settings, ["--source", str(Path(settings.home, "export")), *days]
    settings = write_shop(request.getfixturevalue("shop"), days=DAYS, customers=40)
    lake = open_lake(settings.lake_uri)
    if step == "score":
        run_night(settings, FIRST, LAST)
        lake.delete("batches")
        folder = "/".join(lake.list_files("training_sets")[0].path.split("/")[:2])
        return settings, ["--date", str(LAST), "--training-set", folder]
    land.run(settings, land.LandConfig(Path(settings.home, "export"), FIRST, LAST))
    if step == "ingest":
        return settings, days
    ingest.run(settings, ingest.IngestConfig(list(TABLES), None, FIRST, LAST))
    return settings, ["--date", str(LAST)]
