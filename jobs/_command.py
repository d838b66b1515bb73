"""What every job's command line shares: help, log, result, exit code.

The log goes to stderr. The result is one JSON object: a line on stdout for a person in a shell, a file for a program
that runs the job, see `include.outcome`. Exit code 0: done; 2: the command line or the configuration is wrong; 3: the
data is wrong, another try will not help; 1: anything else.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from include.errors import NightshelfError
from include.lake import s3_failure
from include.log import configure
from include.outcome import OUTCOME, hand_over, hand_over_error
from include.settings import Settings, load_settings

logger = logging.getLogger("nightshelf")

Result = Mapping[str, Any]
C = TypeVar("C")


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help starts with `description`, usually the job's docstring."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_date(arguments: argparse.ArgumentParser) -> None:
    """Add `--date`, the run date: the only clock of a job."""
    add_day(arguments, "--date", "date", required=True, help="run date")


def add_day(arguments: argparse.ArgumentParser, flag: str, name: str, **options: Any) -> None:
    """Add a day, written as in ISO 8601."""
    arguments.add_argument(flag, dest=name, type=dt.date.fromisoformat, metavar="YYYY-MM-DD", **options)


def add_batch(arguments: argparse.ArgumentParser) -> None:
    """Add `--batch`, what `score` has made."""
    arguments.add_argument("--batch", required=True, help="folder in the lake, batches/<batch_id>")


def add_training_set(arguments: argparse.ArgumentParser) -> None:
    """Add `--training-set`, what `build_training_set` has made."""
    arguments.add_argument("--training-set", required=True, help="folder in the lake")


def parse(arguments: argparse.ArgumentParser, config: Callable[..., C], argv: Sequence[str] | None) -> C:
    """Return the frozen config of a job whose fields are the arguments of its command line."""
    return config(**vars(arguments.parse_args(argv)))


def main(
    parse_args: Callable[[Sequence[str] | None], C],
    run: Callable[[Settings, C], Result],
    argv: Sequence[str] | None = None,
) -> int:
    """Parse `argv`, call `run`, hand over its result or its error and return the exit code."""
    folder = os.environ.pop(OUTCOME, None)  # not for what the job starts
    configure()
    started = time.monotonic()
    try:
        config = parse_args(argv)
        settings = load_settings()
        # For the compiled ranking kernel, here and in Spark's workers
        os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.kernel_folder))
        result = run(settings, config)
    except Exception as error:
        named = error if isinstance(error, NightshelfError) else s3_failure(error)
        hand_over_error(folder, named or error)
        if named is None:
            raise
        logger.error("%s: %s", type(named).__name__, named)
        return named.exit_code
    logger.info("done in %.1f s", time.monotonic() - started)
    hand_over(folder, result)
    return 0
