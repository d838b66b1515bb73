"""docker-compose.yaml keeps what docs/production.md promises; Docker itself is not needed to see that."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from devstack.airflow import airflow_environment, new_secrets
from devstack.home import Home
from include.orchestration import DEFAULT_ARGS
from include.settings import PROJECT, VARIABLES
from tests.deployment.stack import (
    COMPLETED,
    COMPOSE,
    EXAMPLE,
    ONE_SHOT,
    SERVICES,
    TEXT,
    TOOLS,
    VARIABLE,
    seconds,
    with_defaults,
)

FRONT_ENDS = {"airflow-api", "api", "mlflow", "grafana"}
SECRET = re.compile(r"PASSWORD|SECRET|KEY")

each_service = pytest.mark.parametrize("name", SERVICES)


def test_the_parts_of_the_stack_are_there() -> None:
    assert {"postgres", "s3", "mlflow", "spark-master", "spark-worker", "init"} <= set(SERVICES)
    assert {f"airflow-{part}" for part in ("api", "scheduler", "dag-processor", "triggerer")} <= set(SERVICES)
    assert {"exporter", "prometheus", "alertmanager", "grafana"} <= set(SERVICES)
    assert {"init"} <= ONE_SHOT


@each_service
def test_every_service_is_watched_restarted_and_limited(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT | TOOLS:
        assert service["healthcheck"] == {"disable": True}
        assert service["restart"] == ("no" if name in TOOLS else "on-failure:3")
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert seconds(service["healthcheck"]["interval"]) >= seconds(service["healthcheck"]["timeout"])
        assert seconds(service["healthcheck"]["start_interval"]) <= 3  # whoever waits for it waits no longer
        assert service["restart"] == "unless-stopped"
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert seconds(service["stop_grace_period"]) >= 30
    assert service["logging"]["options"]["max-size"]


def test_the_scheduler_may_finish_the_longest_task() -> None:
    longest = DEFAULT_ARGS["execution_timeout"].total_seconds()
    assert seconds(SERVICES["airflow-scheduler"]["stop_grace_period"]) > longest


@each_service
def test_only_front_ends_listen_and_only_on_this_machine(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert bool(ports) == (name in FRONT_ENDS)
    assert all(re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+", port) for port in ports)


@each_service
def test_networks_are_split(name: str) -> None:
    networks = set(SERVICES[name].get("networks", []))
    assert networks <= set(COMPOSE["networks"])
    assert bool(networks) == (name not in TOOLS)
    assert ("front" in networks) == (name in FRONT_ENDS)
    assert SERVICES[name].get("network_mode") == ("none" if name in TOOLS else None)
    assert ("storage" in networks) == (name in ("s3", "seaweedfs"))
    if name == "postgres":
        assert networks == {"data"}


def test_the_networks_of_the_data_have_no_way_out() -> None:
    assert {name for name, network in COMPOSE["networks"].items() if network} == {"storage", "lake", "watch", "data"}
    assert all(network in ({}, {"internal": True}) for network in COMPOSE["networks"].values())


def test_only_the_gateway_which_asks_for_keys_reaches_the_filer_which_asks_for_none() -> None:
    assert SERVICES["seaweedfs"]["networks"] == ["storage"]
    assert set(SERVICES["s3"]["networks"]) == {"storage", "lake"}
    assert SERVICES["s3"]["command"][:2] == ["s3", "-filer=seaweedfs:8888"]


def test_only_what_holds_the_keys_of_the_lake_reaches_its_gateway() -> None:
    """Its gRPC, which cannot be switched off, asks for no keys."""
    for name in {name for name, service in SERVICES.items() if "lake" in service.get("networks", [])}:
        assert "AWS_SECRET_ACCESS_KEY" in SERVICES[name]["environment"], name


def test_a_mistyped_bucket_is_not_made() -> None:
    assert "-s3.autoCreateBucket=false" in SERVICES["seaweedfs"]["command"]
    assert "-autoCreateBucket=false" in SERVICES["s3"]["command"]
    assert "S3_BUCKET" in SERVICES["seaweedfs"]["environment"]


@each_service
def test_images_are_pinned(name: str) -> None:
    image = with_defaults(SERVICES[name]["image"])
    assert re.search(r":v?\d+\.\d+", image), image
    assert "latest" not in image


@each_service
def test_dependencies_are_by_health(name: str) -> None:
    needed = SERVICES[name].get("depends_on", {})
    assert isinstance(needed, dict)
    for other, how in needed.items():
        wanted = COMPLETED if other in ONE_SHOT else "service_healthy"
        assert how["condition"] == wanted, f"{name} needs {other}"


@each_service
def test_volumes_are_named_or_read_only_files_of_the_project(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, _, rest = volume.partition(":")
        if source.startswith("./"):
            assert (PROJECT / source).exists() and rest.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]


@each_service
def test_no_container_has_more_rights_than_it_needs(name: str) -> None:
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    # These begin as root, to own their volume, and go on as somebody else
    assert ("cap_add" in SERVICES[name]) == (name in ("postgres", "seaweedfs", "s3", "backup"))
    added = set(SERVICES[name].get("cap_add", []))
    assert added <= {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}


def test_one_service_builds_the_image_that_the_others_name() -> None:
    """Several that build one tag at once clash on Docker's containerd image store."""
    assert [name for name, service in SERVICES.items() if "build" in service] == ["init"]
    ours = {name for name, service in SERVICES.items() if service["image"] == SERVICES["init"]["image"]}
    assert {"mlflow", "spark-worker", "airflow-scheduler"} <= ours
    assert {SERVICES[name]["pull_policy"] for name in ours - {"init"}} == {"never"}


def test_a_backup_takes_every_volume_that_cannot_be_made_again() -> None:
    saved = {volume.partition(":")[0] for volume in SERVICES["backup"]["volumes"]}
    assert set(COMPOSE["volumes"]) - saved == {"prometheus", "alertmanager", "grafana"}
    assert SERVICES["backup"]["command"][0] == "tar"


def test_a_stop_is_for_the_scheduler_alone_which_lets_its_tasks_end() -> None:
    assert SERVICES["airflow-scheduler"]["entrypoint"] == ["tini", "--"]


def test_the_default_limits_fit_a_machine_of_two_cores() -> None:
    for service in SERVICES.values():
        assert float(with_defaults(service["deploy"]["resources"]["limits"]["cpus"])) <= 2


def test_mlflow_runs_no_queues() -> None:
    assert SERVICES["mlflow"]["environment"]["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_init_sends_no_metrics_to_a_prometheus_that_is_not_there_yet() -> None:
    assert SERVICES["init"]["environment"]["AIRFLOW__METRICS__OTEL_ON"] == "False"
    assert SERVICES["airflow-scheduler"]["environment"]["AIRFLOW__METRICS__OTEL_ON"] == "True"


def test_a_worker_offers_the_address_on_the_route_to_the_master() -> None:
    script, master = SERVICES["spark-worker"]["command"]
    text = (PROJECT / script).read_text()
    assert os.access(PROJECT / script, os.X_OK) and master.startswith("spark://")
    assert "export SPARK_LOCAL_HOSTNAME" in text and "own_address" in text


def test_every_variable_stands_in_the_example() -> None:
    named = {match["name"] for match in VARIABLE.finditer(TEXT)}
    named |= {secret["environment"] for secret in COMPOSE["secrets"].values()}
    assert named - {"NIGHTSHELF_VERSION"} == set(EXAMPLE)


def test_no_secret_has_a_default() -> None:
    for match in VARIABLE.finditer(TEXT):
        if SECRET.search(match["name"]):
            assert match["rest"] == ":?run make env", match[0]
    assert [name for name, value in EXAMPLE.items() if SECRET.search(name) and value] == []
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name) and not name.endswith("_FILE"):
                assert VARIABLE.search(str(value)), name


def test_airflow_is_set_up_like_the_embedded_one(tmp_path: Path) -> None:
    """What the development stack sets and no container does is about one machine only."""
    values = {**new_secrets(), "NIGHTSHELF_AIRFLOW_PORT": "1"}
    embedded = airflow_environment(Home(tmp_path), values, "postgresql://", tmp_path, {})
    wanted = {name for name in embedded if name.startswith("AIRFLOW__")}
    image = set(re.findall(r"(AIRFLOW__\w+)=", (PROJECT / "Dockerfile").read_text()))
    here = set(SERVICES["airflow-scheduler"]["environment"]) | image
    assert {name.rpartition("__")[2] for name in wanted - here} == {
        "HOST",
        "PORT",
        "REFRESH_INTERVAL",
        "PARSING_PROCESSES",
    }


def test_jobs_get_settings_that_exist() -> None:
    jobs = SERVICES["airflow-scheduler"]["environment"]
    ours = {
        name for name in jobs if name.startswith(("NIGHTSHELF_", "LAKE_", "LANDING_", "SPARK_", "MLFLOW_TRACKING_URI"))
    }
    assert ours <= set(VARIABLES.values())
    assert {"LAKE_URI", "LANDING_URI", "NIGHTSHELF_DATABASE_URL", "NIGHTSHELF_ANALYST_URL", "SPARK_MASTER"} <= ours


def compose_command() -> list[str] | None:
    """Return how to call compose on this machine, as Docker's plugin or as a program; None when it is not there."""
    if program := shutil.which("docker-compose"):
        return [program]
    docker = shutil.which("docker")
    works = docker and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0
    return [str(docker), "compose"] if works else None


def test_compose_itself_accepts_the_file_with_what_make_env_writes(tmp_path: Path) -> None:
    command = compose_command()
    if command is None:
        pytest.skip("compose is not installed")
    subprocess.run([PROJECT / "scripts" / "env.sh", tmp_path / "env"], check=True, capture_output=True)
    environment = {name: value for name, value in os.environ.items() if name not in EXAMPLE}
    for values, accepted in ((tmp_path / "env", True), (PROJECT / ".env.example", False)):
        done = subprocess.run(
            [*command, "--env-file", values, "--project-directory", PROJECT, "config", "--quiet"],
            capture_output=True, text=True, env=environment,
        )  # fmt: skip
        assert (done.returncode == 0) == accepted, done.stderr
