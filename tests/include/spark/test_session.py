from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from include.settings import PROJECT, load_settings
from include.spark.session import (
    COMPILE_LATER,
    MUCH_DATA,
    OPTIONS,
    THIS_MACHINE,
    THREADS,
    class_archive,
    for_data,
    is_this_machine,
)


@pytest.mark.spark
def test_the_session_has_the_options(spark: SparkSession) -> None:
    assert {key: spark.conf.get(key) for key in OPTIONS | THIS_MACHINE} == OPTIONS | THIS_MACHINE


@pytest.mark.spark
def test_a_cluster_s_executors_start_as_the_driver_does(spark: SparkSession) -> None:
    driver, executor = (spark.conf.get(f"spark.{process}.extraJavaOptions") for process in ("driver", "executor"))
    assert driver == executor
    assert "-XX:+UseSerialGC -XX:TieredStopAtLevel=1" in str(executor)


@pytest.mark.parametrize(
    ("master", "expected"),
    [
        ("local[*]", True),
        ("spark://127.0.0.1:7077", True),
        ("spark://localhost:7077", True),
        ("spark://master.example:7077", False),
        ("k8s://https://cluster.example:6443", False),
        ("yarn", False),
    ],
)
def test_only_a_spark_on_this_machine_is_told_to_stay_on_it(master: str, expected: bool) -> None:
    assert is_this_machine(master) is expected


@pytest.mark.spark
def test_python_workers_have_a_thread_for_each_core_of_a_task_and_find_the_project(spark: SparkSession) -> None:
    def look(_: int) -> tuple[list[str | None], str]:
        import os

        import include

        return [os.environ.get(name) for name in THREADS], include.__file__

    ((threads, found),) = spark.sparkContext.parallelize([0], 1).map(look).collect()
    assert threads == ["1"] * len(THREADS)
    assert Path(found).parent.parent == PROJECT


def test_another_java_is_another_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({"NIGHTSHELF_HOME": str(tmp_path), "NIGHTSHELF_CACHE": str(tmp_path / "cache")})
    archives = {class_archive(settings)}
    for name in ("one", "two"):
        java = tmp_path / name / "bin" / "java"
        java.parent.mkdir(parents=True)
        java.write_text("")
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / name))
        archives.add(class_archive(settings))
        os.utime(java, (1, 1))  # an update in place
        archives.add(class_archive(settings))
    assert len(archives) == 5
    assert {archive.parent for archive in archives} == {tmp_path / "cache"}


@pytest.mark.spark
@pytest.mark.long
def test_the_archive_is_made_once_and_the_result_alone_stands_on_stdout(tmp_path: Path) -> None:
    # A JVM of its own: the archive is written when it ends.
    environment = {**os.environ, "NIGHTSHELF_CACHE": str(tmp_path / "a cache"), "SPARK_MASTER": "local[2]"}
    changed = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "jobs.prepare_spark"], cwd=PROJECT, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        archive = Path(json.loads(done.stdout)["archive"])
        changed.append(archive.stat().st_mtime_ns)
    assert changed[0] == changed[1]
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def test_no_java_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    environment = {**os.environ, "NIGHTSHELF_HOME": str(tmp_path), "JAVA_HOME": str(tmp_path / "nowhere")}
    done = subprocess.run(
        [sys.executable, "-m", "jobs.prepare_spark"], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "install a Java runtime, version 17 or later" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_much_data_has_the_optimising_compiler_unless_somebody_chose_otherwise(tmp_path: Path) -> None:
    given = {"NIGHTSHELF_HOME": str(tmp_path)}
    plain, chosen = load_settings(given), load_settings({**given, "SPARK_JAVA_OPTIONS": "-Xss2m"})
    assert for_data(plain, MUCH_DATA - 1) == plain
    assert set(COMPILE_LATER) < set(for_data(plain, MUCH_DATA).spark_java_options.split())
    assert "TieredStopAtLevel" not in for_data(plain, MUCH_DATA).spark_java_options
    assert for_data(chosen, MUCH_DATA) == chosen
