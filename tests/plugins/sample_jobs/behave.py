"""`python -m tests.plugins.sample_jobs.behave WHAT`: behave like a job that WHAT."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from include.errors import InputError, LakeError
from include.settings import Settings
from jobs import _command

SLEEPER = "import time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def succeed(_: Settings, table: str = "events") -> dict[str, object]:
    sys.stdout.write("a library that prints\n")
    sys.stdout.write(f"says {table}\n")
    sys.stderr.write("26/11/21 02:00:01 WARN Utils: from Spark\n")
    return {table: {"landed": 7}, "path": "training_sets/2026-11-20-abc"}


def report(_: Settings) -> dict[str, object]:
    return {"report": "reports/2026-11-20-abc/report.html", "made": True}


def bad_data(_: Settings) -> dict[str, object]:
    raise InputError("events.csv, row 7: price is 'free'", remedy="correct the file")


def bad_disk(_: Settings) -> dict[str, object]:
    raise LakeError("/lake: No space left on device", remedy="free space")


def crash(_: Settings) -> dict[str, object]:
    raise ZeroDivisionError("division of nothing")


def decide(_: Settings, decision: str = "promote") -> dict[str, object]:
    return {"decision": decision, "reasons": ["better"]}


def talk(_: Settings) -> dict[str, object]:
    return {"rows": "x" * 5000}


def hang(_: Settings, file: str) -> dict[str, object]:
    """Start a child that ignores SIGTERM, tell its number, and wait forever."""
    child = subprocess.Popen([sys.executable, "-c", SLEEPER])
    Path(file).write_text(str(child.pid))
    sys.stderr.write("hanging\n")
    sys.stderr.flush()
    time.sleep(600)
    return {}


def leave_child(_: Settings, file: str) -> dict[str, object]:
    """End well, but leave a child that holds stderr open."""
    child = subprocess.Popen([sys.executable, "-c", SLEEPER])
    Path(file).write_text(json.dumps(child.pid))
    return {"rows": 1}


def mute(_: Settings) -> dict[str, object]:
    raise SystemExit(0)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "what",
        choices=["succeed", "bad_data", "bad_disk", "crash", "decide", "talk", "hang", "leave_child", "mute", "report"],
    )
    arguments.add_argument("more", nargs="*")
    sys.exit(
        _command.main(arguments.parse_args, lambda settings, parsed: globals()[parsed.what](settings, *parsed.more))
    )
