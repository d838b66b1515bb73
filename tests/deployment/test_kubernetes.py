"""deploy/kubernetes: objects that Kubernetes' schemas accept, and values that fit image, settings and each other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.orchestration import DEFAULT_ARGS
from include.settings import PROJECT, S3_VARIABLES, VARIABLES
from tests.deployment.stack import SERVICES
from tests.kubernetes_api import running_api

FOLDER = PROJECT / "deploy" / "kubernetes"
VALUES: dict[str, Any] = yaml.safe_load((FOLDER / "airflow-values.yaml").read_text())
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((FOLDER / "nightshelf.yaml").read_text()))
BY_NAME = {(found["kind"], found["metadata"]["name"]): found for found in OBJECTS}
SPARK = BY_NAME["ConfigMap", "nightshelf-spark"]["data"]
OPTIONS = dict(line.split() for line in SPARK["spark-defaults.conf"].splitlines() if not line.startswith("#"))
OPTIONS_FOLDER = VALUES["volumeMounts"][0]["mountPath"]
IMAGE = "{repository}:{tag}".format(**VALUES["images"]["airflow"])
CHART = os.environ.get("NIGHTSHELF_AIRFLOW_CHART", "")


def containers() -> list[dict[str, Any]]:
    found = (one["spec"]["template"]["spec"] for one in OBJECTS if one["kind"] == "Deployment")
    return [container for spec in found for container in spec["containers"]]


def check(objects: list[dict[str, Any]]) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed").validate
    for found in objects:
        validate(found, "1.31", strict=True)


def test_kubernetes_accepts_the_objects() -> None:
    check([*OBJECTS, {"metadata": {"name": "executor"}, **yaml.safe_load(SPARK["executor.yaml"])}])


@pytest.mark.skipif(not (CHART and shutil.which("helm")), reason="NIGHTSHELF_AIRFLOW_CHART names no chart, or no helm")
def test_the_chart_renders_objects_that_kubernetes_accepts() -> None:
    command = [
        "helm",
        "template",
        "airflow",
        CHART,
        "--namespace=nightshelf",
        f"--values={FOLDER / 'airflow-values.yaml'}",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    check([found for found in yaml.safe_load_all(done.stdout) if found])


def test_one_image_runs_everywhere_as_somebody_who_is_not_root() -> None:
    inits = VALUES["apiServer"]["extraInitContainers"]
    used = [OPTIONS["spark.kubernetes.container.image"], *(one["image"] for one in (*containers(), *inits))]
    assert set(used) == {IMAGE}
    executor = yaml.safe_load(SPARK["executor.yaml"])["spec"]
    for one in (*containers(), *executor["containers"]):
        assert one["securityContext"] == VALUES["securityContexts"]["containers"]
    assert executor["securityContext"]["runAsUser"] == VALUES["uid"] == VALUES["securityContexts"]["pod"]["runAsUser"]
    version = re.search(r"^apache-airflow==(\S+)", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)
    assert version and VALUES["airflowVersion"] == version[1]


def test_it_runs_what_the_compose_file_runs() -> None:
    commands = {one["name"]: one["args"] for one in containers()}
    assert commands == {name: SERVICES[name]["command"] for name in commands}
    scheduler = SERVICES["airflow-scheduler"]
    assert [*VALUES["scheduler"]["command"]] == scheduler["entrypoint"]
    assert VALUES["scheduler"]["args"] == scheduler["command"][:2]
    for name, part in (("triggerer", "triggerer"), ("dagProcessor", "dag-processor"), ("apiServer", "api-server")):
        assert VALUES[name]["args"] == ["airflow", part]
    assert VALUES["scheduler"]["terminationGracePeriodSeconds"] > DEFAULT_ARGS["execution_timeout"].total_seconds()
    init = (PROJECT / "deploy" / "airflow" / "init.sh").read_text()
    assert all(step in init for step in VALUES["migrateDatabaseJob"]["args"][2].split(" && "))


def test_what_is_set_are_settings_and_what_is_mounted_is_there() -> None:
    names = {one["name"] for one in VALUES["env"]} | {one["name"] for one in yaml.safe_load(VALUES["extraEnv"])}
    known = {*VARIABLES.values(), *S3_VARIABLES.values(), "SPARK_CONF_DIR", "SPARK_LOCAL_HOSTNAME"}
    assert {name for name in names if not name.startswith("AIRFLOW__")} <= known | {"MLFLOW_TRACKING_USERNAME"}
    (volume,), (mount,) = VALUES["volumes"], VALUES["volumeMounts"]
    assert ("ConfigMap", volume["configMap"]["name"]) in BY_NAME and volume["name"] == mount["name"]
    values = {one["name"]: one.get("value") for one in VALUES["env"]}
    assert values["SPARK_CONF_DIR"] == mount["mountPath"]
    assert OPTIONS["spark.kubernetes.executor.podTemplateFile"] == f"{OPTIONS_FOLDER}/executor.yaml"
    assert values["MLFLOW_TRACKING_URI"] == "http://mlflow:5000" and ("Service", "mlflow") in BY_NAME
    (subject,) = BY_NAME["RoleBinding", "nightshelf-spark"]["subjects"]
    assert subject["name"] == "airflow-scheduler"  # what the chart calls it in a release named airflow


def test_the_page_names_every_secret() -> None:
    page = (PROJECT / "docs" / "production.md").read_text()
    table = page[page.index("## Kubernetes") : page.index("## Other platforms")]
    text = "".join(path.read_text() for path in FOLDER.iterdir())
    named = re.findall(r"(?:secretRef: \{name: |secretName: |SecretName: )([\w-]+)", text)
    assert {"airflow-metadata", "nightshelf-s3"} <= set(named)
    assert [name for name in named if f"`{name}`" not in table] == []


COUNT = """
from include.settings import load_settings
from include.spark.session import spark_session
with spark_session("count", load_settings()) as spark:
    print(spark.sparkContext.parallelize(range(10), 2).map(lambda number: number * number).sum())
"""


@pytest.mark.spark
def test_spark_runs_its_executors_by_these_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real driver asks for a pod, whose command starts a real executor here, which runs the driver's Python."""
    small = {"spark.executor.instances": "1", "spark.executor.cores": "1", "spark.executor.memory": "512m"}
    lines = "".join(f"{name} {value}\n" for name, value in {**OPTIONS, **small}.items())
    (tmp_path / "spark-defaults.conf").write_text(lines.replace(OPTIONS_FOLDER, str(tmp_path)))
    (tmp_path / "executor.yaml").write_text(SPARK["executor.yaml"])
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    with running_api([str(PROJECT / "deploy" / "spark" / "executor.sh")], tmp_path) as api:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SPARK")},
            **{"NIGHTSHELF_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)},
            **{"SPARK_MASTER": f"k8s://http://127.0.0.1:{api.server_port}", "SPARK_CONF_DIR": str(tmp_path)},
            **{"SPARK_LOCAL_HOSTNAME": "127.0.0.1", "SPARK_DRIVER_MEMORY": "512m"},
        }
        done = subprocess.run(
            [sys.executable, "-c", COUNT], env=environment, capture_output=True, text=True, timeout=240
        )
    said = done.stderr + "".join(log.read_text() for log in tmp_path.glob("*.log"))
    assert done.stdout.strip() == "285", said[-4000:]
    (pod,) = [made for made in api.made if made["kind"] == "Pod"]
    check([pod])
