"""The lock files: everything pinned and hashed, nothing that says where it was found."""

import itertools
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-image.txt", "requirements-s3.txt")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ]+) \\$", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((PROJECT / name).read_text()))


def wishes(name: str) -> dict[str, str]:
    """Return what a .in file asks for: package to the rest of its line."""
    lines = (line.split("#")[0].strip() for line in (PROJECT / name).read_text().splitlines())
    found = (re.match(r"([A-Za-z0-9._-]+)(.*)", line) for line in lines if line and not line.startswith("-"))
    return {match[1].lower(): match[2] for match in found if match}


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_address(name: str) -> None:
    assert "://" not in (PROJECT / name).read_text()
    assert "index-url" not in (PROJECT / name).read_text()


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_and_hashed(name: str) -> None:
    text = (PROJECT / name).read_text()
    starts = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(starts) == len(pins(name)) >= len(wishes(name.replace(".txt", ".in")))
    for block in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block


@pytest.mark.parametrize(("name", "lock"), [("requirements.in", LOCKS[0]), ("requirements-dev.in", LOCKS[1])])
def test_the_lock_holds_what_is_asked_for(name: str, lock: str) -> None:
    locked = pins(lock)
    for package, version in wishes(name).items():
        assert package in locked, f"{package} of {name} is not in {lock}: run make lock"
        if version.startswith("=="):
            assert version == f"=={locked[package]}", f"run make lock: {package}"


@pytest.mark.parametrize(("name", "other"), itertools.combinations(LOCKS[:3], 2))
def test_locks_that_are_installed_together_agree(name: str, other: str) -> None:
    one, two = pins(name), pins(other)
    shared = one.keys() & two.keys()
    assert {package: one[package] for package in shared} == {package: two[package] for package in shared}


def test_the_full_pyspark_is_alone() -> None:
    assert "pyspark-client" not in pins(LOCKS[0])
    assert "pyspark" in pins(LOCKS[0])


def test_the_installer_itself_is_locked() -> None:
    assert re.search(r"^uv==\S+ \\\n    --hash=sha256:", (PROJECT / LOCKS[0]).read_text(), re.MULTILINE)
