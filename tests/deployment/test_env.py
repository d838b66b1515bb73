"""`make env`: secrets for the owner's eyes only, never written twice."""

from __future__ import annotations

import base64
import re
import stat
import subprocess
from pathlib import Path

from include.settings import PROJECT, read_stack_file
from tests.deployment.stack import EXAMPLE

SCRIPT = PROJECT / "scripts" / "env.sh"
GENERATED = re.findall(r"^# generated: (\w+)\n(\w+)=$", (PROJECT / ".env.example").read_text(), re.MULTILINE)

OPTIONAL = {f"NIGHTSHELF_{name}" for name in ("SLACK_WEBHOOK", "SMTP_URL", "MAIL_FROM", "MAIL_TO")}
OPTIONAL |= {"NIGHTSHELF_FIRST_NIGHT", "NIGHTSHELF_LAST_NIGHT", "NIGHTSHELF_RUNBOOK_URL", "NIGHTSHELF_REPORT_TO"}


def write(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, path], capture_output=True, text=True)


def test_it_fills_every_secret_and_nothing_else(tmp_path: Path) -> None:
    assert write(tmp_path / "a").returncode == write(tmp_path / "b").returncode == 0
    first, second = read_stack_file(tmp_path / "a"), read_stack_file(tmp_path / "b")
    empty = {name for name, value in EXAMPLE.items() if not value}
    assert empty - {name for _, name in GENERATED} == OPTIONAL
    for kind, name in GENERATED:
        assert first[name] != second[name]
        if kind == "hex":
            assert re.fullmatch("[0-9a-f]{48}", first[name])
        else:
            assert len(base64.urlsafe_b64decode(first[name])) == 32
    assert len({first[name] for _, name in GENERATED}) == len(GENERATED)
    assert {name: first[name] for name, value in EXAMPLE.items() if value} == {k: v for k, v in EXAMPLE.items() if v}


def test_only_its_owner_reads_it_and_no_draft_is_left(tmp_path: Path) -> None:
    said = write(tmp_path / "env")
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["env"]
    values = read_stack_file(tmp_path / "env")
    assert not any(values[name] in said.stdout + said.stderr for _, name in GENERATED)


def test_it_adds_what_a_newer_version_asks_for_and_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "env"
    write(path)
    whole = path.read_text()
    done = write(path)
    assert done.returncode == 0 and "stays as it is" in done.stderr and path.read_text() == whole
    old = "".join(line for line in whole.splitlines(keepends=True) if not line.startswith("NIGHTSHELF_API_KEY="))
    path.write_text(old.rstrip("\n"))
    done = write(path)
    assert done.returncode == 0 and done.stderr.endswith(": NIGHTSHELF_API_KEY\n")
    assert path.read_text().startswith(old)
    assert re.fullmatch("NIGHTSHELF_API_KEY=[0-9a-f]{48}\n", path.read_text().removeprefix(old))
    assert [path.name for path in tmp_path.iterdir()] == ["env"]


def test_git_and_the_image_never_see_it() -> None:
    assert ".env\n" in (PROJECT / ".gitignore").read_text()
    assert (PROJECT / ".dockerignore").read_text().splitlines()[1] == "*"
