from pathlib import Path

import pytest

from devstack import java
from devstack.java import find_java, java_version
from include.errors import StackError


def fake(folder: Path, says: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def no_other_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java, "INSTALLED", tmp_path / "installed")


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_202"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("Unrecognized option", None),
    ],
)
def test_versions_are_read(tmp_path: Path, says: str, version: int | None) -> None:
    assert java_version(fake(tmp_path, says)) == version


def test_java_home_wins_and_an_old_one_is_passed_over(tmp_path: Path) -> None:
    old = fake(tmp_path / "old", 'openjdk version "11.0.2"').parent.parent
    new = fake(tmp_path / "new", 'openjdk version "17.0.2"').parent.parent
    newer = fake(tmp_path / "installed" / "jdk-21", 'openjdk version "21.0.2"').parent.parent
    assert find_java({"JAVA_HOME": str(new), "PATH": str(old / "bin")}) == new
    assert find_java({"JAVA_HOME": str(old), "PATH": str(new / "bin")}) == new
    assert find_java({"JAVA_HOME": str(old), "PATH": ""}) == newer


def test_no_java_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"Java 17 or later: no Java was found. Remedy: install it \(apt-get install"):
        find_java({"PATH": str(tmp_path)})


def test_java_that_is_too_old_is_named(tmp_path: Path) -> None:
    program = fake(tmp_path, 'openjdk version "11.0.2"')
    with pytest.raises(StackError, match=f"{program} is version 11"):
        find_java({"PATH": str(program.parent)})
