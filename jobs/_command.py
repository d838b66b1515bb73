"""What every job's command line shares: help, log, result line, exit code.

The log goes to stderr; the result is one line of JSON on stdout, which Airflow keeps as the
task's XCom and a shell can pipe into another tool. Exit code 0: done; 2: the command line or
the configuration is wrong; 3: the data is wrong, another try will not help; 1: anything else.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from include.errors import NightshelfError
from include.lake import s3_failure
from include.log import configure
from include.settings import Settings, load_settings

logger = logging.getLogger("nightshelf")

Result = Mapping[str, Any]


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help starts with `description`, usually the job's docstring."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_date(arguments: argparse.ArgumentParser) -> None:
    """Add `--date`, the run date: the only clock of a job."""
    arguments.add_argument("--date", type=dt.date.fromisoformat, required=True, help="run date, YYYY-MM-DD")


def main(
    arguments: argparse.ArgumentParser,
    run: Callable[[Settings, argparse.Namespace], Result],
    argv: Sequence[str] | None = None,
) -> int:
    """Parse `argv`, call `run`, print its result and return the exit code."""
    parsed = arguments.parse_args(argv)
    configure()
    started = time.monotonic()
    try:
        settings = load_settings()
        # For the compiled ranking kernel, here and in Spark's workers
        os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.kernel_folder))
        result = run(settings, parsed)
    except Exception as error:
        named = error if isinstance(error, NightshelfError) else s3_failure(error)
        if named is None:
            raise
        logger.error("%s: %s", type(named).__name__, named)
        return named.exit_code
    logger.info("done in %.1f s", time.monotonic() - started)
    sys.stdout.write(json.dumps(result, default=str) + "\n")
    return 0
