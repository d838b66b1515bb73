import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devstack.processes import marked
from devstack.progress import Display, Work
from devstack.work import Job
from include.outcome import JobError


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "NIGHTSHELF_HOME": str(tmp_path / "home")}


def run_job(
    name: str,
    arguments: list[str],
    environment: dict[str, str],
    logs: Path,
    work: Work,
    measure: Callable[[], int] | None = None,
) -> dict[str, Any]:
    with Job(name, arguments, environment, logs) as job:
        return job.follow(work, measure)


@pytest.fixture
def work() -> Work:
    return Work(Display(), "something", None, "days")


def test_a_job_returns_its_result(environment: dict[str, str], work: Work, tmp_path: Path) -> None:
    arguments = ["--from", "2025-01-01", "--to", "2025-01-02", "--users", "20", "--items", "10"]
    result = run_job("demo_shop", arguments, environment, tmp_path, work, lambda: 2)
    assert (result["first"], result["last"], work.done) == ("2025-01-01", "2025-01-02", 2)
    assert "nightshelf: done in" in (tmp_path / "demo_shop.log").read_text()


def test_a_job_that_fails_says_so_in_its_own_words(environment: dict[str, str], work: Work, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"the demo shop has no data for 2024-01-01. Remedy: take days from") as failed:
        run_job("demo_shop", ["--from", "2024-01-01", "--to", "2025-01-02"], environment, tmp_path, work)
    assert failed.value.exit_code == 2


def test_a_job_that_breaks_names_its_log(environment: dict[str, str], work: Work, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"job no_such_job ended with code 1: .*No module named .*no_such_job.log"):
        run_job("no_such_job", [], environment, tmp_path, work)


def test_an_interrupt_ends_the_job(environment: dict[str, str], work: Work, tmp_path: Path) -> None:
    home = Path(environment["NIGHTSHELF_HOME"])

    def interrupt() -> int:
        if marked(home, "job"):
            raise KeyboardInterrupt
        return 0

    with pytest.raises(KeyboardInterrupt):
        run_job("demo_shop", ["--from", "2025-01-01", "--to", "2025-12-01"], environment, tmp_path, work, interrupt)
    assert marked(home) == []


def test_a_job_that_nobody_waits_for_is_ended(environment: dict[str, str], tmp_path: Path) -> None:
    with Job("demo_shop", ["--from", "2025-01-01", "--to", "2025-12-01"], environment, tmp_path):
        pass
    assert marked(Path(environment["NIGHTSHELF_HOME"])) == []
