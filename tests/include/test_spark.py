from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from include.settings import PROJECT, load_settings
from include.spark import OPTIONS, class_archive


@pytest.mark.spark
def test_the_session_has_the_options(spark: SparkSession) -> None:
    assert {key: spark.conf.get(key) for key in OPTIONS} == OPTIONS


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
