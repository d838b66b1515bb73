"""What is read of docker-compose.yaml and the Dockerfile."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from include.errors import ConfigurationError
from include.settings import PROJECT, read_stack_file
from tests.rehearsal.compose import Healthcheck, filled, image_environment, read_services, seconds

COMPOSE = PROJECT / "docker-compose.yaml"


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    path = tmp_path_factory.mktemp("env") / "env"
    subprocess.run([PROJECT / "scripts" / "env.sh", path], check=True, capture_output=True)
    return read_stack_file(path)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${SET}/${SET-x}/${SET:-x}/${SET:?say}", "a/a/a/a"),
        ("[${EMPTY}][${EMPTY-x}][${EMPTY:-x}]", "[][][x]"),
        ("[${NONE}][${NONE-}][${NONE-x}][${NONE:-a-b:c}]", "[][][x][a-b:c]"),
    ],
)
def test_variables_are_filled_as_compose_fills_them(text: str, result: str) -> None:
    assert filled(text, {"SET": "a", "EMPTY": ""}) == result


@pytest.mark.parametrize("values", [{}, {"SECRET": ""}])
def test_a_variable_that_must_be_set_is_named(values: Mapping[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"SECRET is not set. Remedy: run make env"):
        filled("x${SECRET:?run make env}", values)


def test_durations() -> None:
    assert [seconds(text) for text in ("45s", "2m", "3h10m")] == [45, 120, 11400]


def test_services_are_read_whole(values: Mapping[str, str]) -> None:
    services = read_services(COMPOSE, values)
    api, init = services["airflow-api"], services["init"]
    assert api.ours and not services["postgres"].ours
    assert api.command[:2] == ("airflow", "api-server")
    assert api.needs == {"init": "service_completed_successfully"}
    assert api.volumes == {"airflow": "/var/lib/nightshelf"}
    assert api.environment["AIRFLOW__CORE__FERNET_KEY"] == values["AIRFLOW_FERNET_KEY"]
    assert api.health == Healthcheck(
        ("python", "deploy/health.py", "http://127.0.0.1:8080/api/v2/monitor/health"), timeout=10, patience=180
    )
    assert init.health is None
    assert services["postgres"].volumes == {"postgres": "/var/lib/postgresql"}


def test_without_env_it_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="run make env"):
        read_services(COMPOSE, {})


def test_the_environment_of_the_image_is_the_last_stage_s(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("\nFROM a AS b\nENV X=1\nFROM c\nENV PATH=/opt/bin:$PATH \\\n    HOME=/h\nRUN x\nENV Z=2\n")
    assert image_environment(file) == {"PATH": "/opt/bin:$PATH", "HOME": "/h", "Z": "2"}
    assert image_environment(PROJECT / "Dockerfile")["PYTHONPATH"] == "/opt/nightshelf"
