"""Jobs that run on the tests' Spark instead of starting and stopping one of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import ModuleType

import pytest
from pyspark.sql import SparkSession


def share_spark(monkeypatch: pytest.MonkeyPatch, job: ModuleType, spark: SparkSession) -> list[str]:
    """Let `job` use `spark`; the list that is returned grows by a name with each session it asks for."""
    asked: list[str] = []

    @contextlib.contextmanager
    def session(name: str, *_: object) -> Iterator[SparkSession]:
        asked.append(name)
        yield spark

    monkeypatch.setattr(job, "spark_session", session)
    return asked
