"""`make nightly` where nothing of Nightshelf has ever been: on the machines that README names.

`make test-machines` runs these tests, shows what the commands say, and closes with how long each took.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machines.machine import Machine, NoMachineError

pytestmark = [pytest.mark.machines, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module", params=["bookworm", "trixie", "noble"])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    try:
        machine = Machine(tmp_path_factory.mktemp(request.param) / "root", request.param)
    except NoMachineError as error:
        pytest.skip(f"{request.param}: {error}")
    yield machine
    machine.delete()


LIVE = "make --silent psql SQL='select count(*) from reco.nightly_runs where is_live'"


def test_the_first_nights_run_and_a_batch_is_live(machine: Machine) -> None:
    assert machine.run(f"make nightly && {LIVE} | tail -n 1 | grep -x 1 && make down") == 0


def test_the_environment_stands(machine: Machine) -> None:
    assert machine.run('said=$(make --silent setup 2>&1) && test -z "$said"') == 0


def test_lint_and_the_fast_tests_pass(machine: Machine) -> None:
    assert machine.run("make lint test-fast") == 0
