"""The Dockerfile keeps the rules that matter; hadolint looks too, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from include.settings import PROJECT

FILE = PROJECT / "Dockerfile"
TEXT = FILE.read_text()
CODE = re.sub(r"\\\n", " ", "\n".join(line for line in TEXT.splitlines() if not line.startswith("#")))
INSTRUCTIONS = [line.split(None, 1) for line in CODE.splitlines() if line.strip()]
FINAL = INSTRUCTIONS[max(number for number, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM") :]
IGNORED = (PROJECT / ".dockerignore").read_text().splitlines()


def said(word: str) -> list[str]:
    return [rest for name, rest in FINAL if name == word]


def test_the_bases_are_pinned_to_a_patch_release_and_the_same() -> None:
    bases = [rest.split()[0] for word, rest in INSTRUCTIONS if word == "FROM"]
    assert len(bases) == 2 and len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])


def test_it_runs_as_somebody_who_is_not_root_and_by_number() -> None:
    assert [rest.split(":")[0] for rest in said("USER")] == ["10001"]
    words = [word for word, _ in FINAL]
    assert words.index("USER") > max(number for number, word in enumerate(words) if word in ("RUN", "COPY"))


def test_it_has_a_health_check_and_hands_signals_on() -> None:
    assert "deploy/health.py" in said("HEALTHCHECK")[0]
    assert said("ENTRYPOINT")[0].startswith('["tini"')
    assert said("CMD")[0].startswith("[")


def test_apt_leaves_neither_lists_nor_recommended_packages() -> None:
    installing = [rest for word, rest in INSTRUCTIONS if word == "RUN" and "apt-get install" in rest]
    assert len(installing) == 2
    for line in installing:
        assert "--no-install-recommends" in line and "rm -rf /var/lib/apt/lists/*" in line


def test_the_compiler_stays_behind_and_the_code_comes_last() -> None:
    assert not any("gcc" in rest for word, rest in FINAL if word == "RUN")
    assert [rest for word, rest in FINAL if word == "COPY"] == ["--from=builder /opt/venv /opt/venv", ". ."]


def test_packages_come_from_the_lock_and_lightfm_runs_on_any_processor() -> None:
    assert CODE.count("--require-hashes") == 2 and "LIGHTFM_NO_CFLAGS=1" in CODE
    assert CODE.index("LIGHTFM_NO_CFLAGS") < CODE.index("uv pip sync")


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
