"""Find the Java runtime that Spark is started with."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from include.errors import StackError

OLDEST = 17
INSTALLED = Path("/usr/lib/jvm")


def find_java(environment: Mapping[str, str]) -> Path:
    """Return the JAVA_HOME of the first runtime that is new enough.

    Looks at JAVA_HOME, then at the `java` on the PATH, then below /usr/lib/jvm.

    Raises
    ------
    StackError
        When there is none; it names those that are too old.
    """
    seen = []
    for program in _candidates(environment):
        version = java_version(program)
        if version is not None and version >= OLDEST:
            return program.resolve().parent.parent
        if version is not None:
            seen.append(f"{program} is version {version}")
    raise StackError(
        f"Spark needs Java {OLDEST} or later: {'; '.join(seen) or 'no Java was found'}",
        remedy="install it (apt-get install default-jre-headless) or point JAVA_HOME at one",
    )


def java_version(program: Path) -> int | None:
    """Return the major version that a `java` program says it is; None when it does not run."""
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r' version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(match.group(1)) if match else None


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    if environment.get("JAVA_HOME"):
        yield Path(environment["JAVA_HOME"], "bin", "java")
    on_path = shutil.which("java", path=environment.get("PATH"))
    if on_path:
        yield Path(on_path)
    yield from sorted(INSTALLED.glob("*/bin/java"))
