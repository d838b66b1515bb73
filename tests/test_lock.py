"""The lock files: everything pinned and hashed, nothing that says where it was found."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text())
WISHES = {"requirements.txt": DECLARED["project"]["dependencies"]} | {
    f"requirements/{group}.txt": wishes for group, wishes in DECLARED["dependency-groups"].items()
}
TOGETHER = ("requirements.txt", "requirements/dev.txt", "requirements/image.txt")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ]+) (?:; .+ )?\\$", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((PROJECT / name).read_text()))


def wishes(name: str) -> dict[str, str]:
    """Return what a lock was compiled from: package to the rest of its wish."""
    found = (re.match(r"([A-Za-z0-9._-]+)(.*)", wish) for wish in WISHES[name])
    return {match[1].lower(): match[2] for match in found if match}


def test_every_dependency_group_has_its_lock_and_no_other_lock_is_there() -> None:
    found = {f"requirements/{path.name}" for path in (PROJECT / "requirements").iterdir()}
    assert found | {"requirements.txt"} == WISHES.keys()


@pytest.mark.parametrize("name", WISHES)
def test_no_lock_names_an_address(name: str) -> None:
    assert "://" not in (PROJECT / name).read_text()
    assert "index-url" not in (PROJECT / name).read_text()


@pytest.mark.parametrize("name", WISHES)
def test_every_package_is_pinned_and_hashed(name: str) -> None:
    text = (PROJECT / name).read_text()
    starts = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(starts) == len(pins(name)) >= len(wishes(name))
    for block in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block


@pytest.mark.parametrize("name", WISHES)
def test_the_lock_holds_what_is_asked_for(name: str) -> None:
    locked = pins(name)
    for package, version in wishes(name).items():
        assert package in locked, f"{package} of pyproject.toml is not in {name}: run make lock"
        if version.startswith("=="):
            assert version == f"=={locked[package]}", f"run make lock: {package}"


def test_each_package_is_locked_once_for_all_pythons() -> None:
    for name in WISHES:
        found = [package for package, _ in PIN.findall((PROJECT / name).read_text())]
        assert len(found) == len(set(found))


@pytest.mark.parametrize(("name", "other"), list(itertools.combinations(TOGETHER, 2)))
def test_locks_that_are_installed_together_agree(name: str, other: str) -> None:
    one, two = pins(name), pins(other)
    shared = one.keys() & two.keys()
    assert {package: one[package] for package in shared} == {package: two[package] for package in shared}


def test_the_full_pyspark_is_alone() -> None:
    assert "pyspark-client" not in pins(TOGETHER[0])
    assert "pyspark" in pins(TOGETHER[0])


def test_the_installer_itself_is_locked() -> None:
    assert re.search(r"^uv==\S+ \\\n    --hash=sha256:", (PROJECT / TOGETHER[0]).read_text(), re.MULTILINE)
