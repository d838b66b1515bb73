"""What scripts/setup.sh takes, finds missing and rebuilds, on machines of made-up Pythons and Javas."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = (
    *("awk", "bash", "cat", "chmod", "cp", "cut", "df", "dirname", "flock", "grep", "head", "mkdir", "readlink", "rm"),
    *("sed", "sh", "sha256sum", "tail", "tr"),
)
# Makes environments of itself, in which all that is installed is a uv that does nothing.
INTERPRETER = """
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin" "$3/lib/python{version}"
    cp "$0" "$3/bin/python"
    printf '#!/bin/sh\\necho uv 1.0\\n' >"$3/bin/uv"
    chmod +x "$3/bin/uv" ;;
  -P*) exec {python} "$@" ;;
  -m*) ;;
  --version*) echo "Python {version}.0" ;;
  *lightfm*) ;;
  *) exec {python} -c "{lies}$2" ;;
esac"""


class Machine:
    """A folder with a checkout's setup.sh, and the only programs that it finds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        script = folder / "scripts" / "setup.sh"
        script.parent.mkdir()
        script.write_text((PROJECT / "scripts/setup.sh").read_text().replace("/usr/lib/jvm", str(folder / "jvm")))
        script.chmod(0o755)
        (folder / "requirements.txt").write_text("uv==1.0 \\\n")
        (folder / "requirements").mkdir()
        (folder / "requirements" / "build.txt").touch()
        self.programs.mkdir()
        for tool in TOOLS:
            (self.programs / tool).symlink_to(str(shutil.which(tool)))

    def program(self, name: str, does: str) -> Path:
        path = self.programs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{does}\n")
        path.chmod(0o755)
        return path

    def python(self, name: str, version: str, *, complete: bool = True) -> Path:
        """Add an interpreter: this one, which lies about its version, its path and its headers."""
        whole = (
            "import pathlib; pathlib.Path.is_file = lambda _: True" if complete else "sys.modules['ensurepip'] = None"
        )
        lies = (
            f"import sys; sys.version_info = ({version.replace('.', ', ')}, 0, 'final', 0); "
            f"sys._base_executable = '{self.programs / name}'; {whole}; "
        )
        return self.program(name, INTERPRETER.format(python=sys.executable, version=version, lies=lies))

    def java(self, name: str, version: str) -> Path:
        return self.program(name, f"""echo 'openjdk version "{version}"' >&2""")

    def check(self, **environment: str) -> tuple[int, str]:
        return self.set_up("--check", **environment)

    def set_up(self, *options: str, **environment: str) -> tuple[int, str]:
        done = subprocess.run(
            [self.folder / "scripts" / "setup.sh", *options],
            env={"PATH": str(self.programs), **environment},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with a compiler, and neither Python nor Java."""
    machine = Machine(tmp_path)
    machine.program("cc", "exit 0")
    return machine


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("java", ["17.0.15", "21.0.9", "25"])
def test_the_systems_own_python_and_java_are_taken(machine: Machine, version: str, java: str) -> None:
    python = machine.python("python3", version)
    machine.java("java", java)
    assert machine.check() == (0, f"setup: Python {python}\nsetup: Java java\n")


def test_another_python_is_preferred_to_installing_one(machine: Machine) -> None:
    machine.python("python3", "3.10")
    machine.python("python3.13", "3.13", complete=False)
    python = machine.python("python3.12", "3.12")
    machine.java("java", "17.0.1")
    assert machine.check() == (0, f"setup: Python {python}\nsetup: Java java\n")


def test_the_environments_own_python_stays_and_a_named_one_wins(machine: Machine) -> None:
    machine.python("python3", "3.13")
    machine.java("java", "21.0.1")
    own, named = machine.python("../.venv/bin/python", "3.12"), machine.python("../opt/python", "3.11")
    assert f"Python {own}\n" in machine.check()[1]
    assert f"Python {named}\n" in machine.check(PYTHON=str(named))[1]


def test_a_named_program_that_does_not_fit_is_said(machine: Machine) -> None:
    machine.python("python3", "3.13")
    old = machine.python("old", "3.10")
    assert machine.check(PYTHON=str(old)) == (1, f"setup: PYTHON={old} is no Python 3.11, 3.12 or 3.13\n")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_what_the_systems_python_lacks_is_named(machine: Machine, version: str) -> None:
    machine.python("python3", version, complete=False)
    machine.java("java", "21.0.1")
    status, said = machine.check()
    assert status == 1 and said.endswith(f"missing (Debian's names): python{version}-venv python{version}-dev\n")


@pytest.mark.parametrize("version", ["3.10", "3.14"])
def test_a_bare_machine_lacks_everything(machine: Machine, version: str) -> None:
    machine.python("python3", version)
    machine.java("java", "11.0.2")
    (machine.programs / "cc").unlink()
    assert machine.check() == (
        1,
        "setup: Python is missing\nsetup: Java is missing\nsetup: missing (Debian's names): "
        "default-jre-headless python3 python3-venv python3-dev gcc libc6-dev\n",
    )


def test_java_home_wins_and_one_that_is_not_on_the_path_is_found(machine: Machine) -> None:
    machine.python("python3", "3.11")
    machine.java("java", "11.0.2")
    machine.java("../jvm/java-21/bin/java", "21.0.1")
    assert f"Java {machine.folder}/jvm/java-21/bin/java\n" in machine.check()[1]
    home = machine.java("../home/bin/java", "17.0.1").parent.parent
    assert f"Java {home}/bin/java\n" in machine.check(JAVA_HOME=str(home))[1]


def test_an_environment_of_another_python_is_made_anew_and_one_of_another_java_again(machine: Machine) -> None:
    machine.python("python3", "3.11")
    machine.java("java", "17.0.1")
    status, said = machine.set_up()
    assert status == 0 and "making .venv with Python 3.11.0\n" in said
    assert machine.set_up() == (0, "")
    home = machine.java("../home/bin/java", "21.0.1").parent.parent
    status, said = machine.set_up(JAVA_HOME=str(home))
    assert status == 0 and "installing what" in said and "making" not in said
    newer = machine.python("python3.13", "3.13")
    assert machine.set_up(JAVA_HOME=str(home)) == (0, "")
    status, said = machine.set_up(JAVA_HOME=str(home), PYTHON=str(newer))
    assert status == 0 and "making .venv with Python 3.13.0\n" in said
    assert machine.set_up(JAVA_HOME=str(home)) == (0, "")


def test_the_command_belongs_to_its_checkout_wherever_that_is(machine: Machine, tmp_path: Path) -> None:
    machine.python("python3", "3.12")
    machine.java("java", "21.0.1")
    assert machine.set_up()[0] == 0
    cli = machine.folder / "devstack" / "cli.py"
    cli.parent.mkdir()
    (cli.parent / "__init__.py").touch()
    cli.write_text("import os, sys\n\ndef main():\n    print(__file__, os.getcwd(), *sys.argv[1:])\n    return 3\n")
    checkout = machine.folder.with_name("moved")
    machine.folder.rename(checkout)
    link, elsewhere = checkout / "nightshelf", checkout / "else where"
    link.symlink_to(checkout / ".venv/bin/nightshelf")
    elsewhere.mkdir()
    for command in (checkout / ".venv/bin/nightshelf", link):
        done = subprocess.run([command, "up", "a b"], cwd=elsewhere, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (3, f"{checkout}/devstack/cli.py {elsewhere} up a b\n"), done.stderr
