"""What every job's command line shares: arguments, help, log, result, exit code.

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
from dataclasses import field, fields
from typing import Any, TypeVar

from include.errors import ConfigurationError, NightshelfError
from include.lake import disk_failure, s3_failure
from include.log import configure
from include.outcome import OUTCOME, hand_over, hand_over_error
from include.settings import Settings, load_settings

logger = logging.getLogger("nightshelf")

Result = Mapping[str, Any]
C = TypeVar("C")


def argument(help: str, **options: Any) -> Any:
    """Return a field of a job's frozen config that is an argument of its command line.

    Parameters
    ----------
    flag
        `--` and the field's name when left out.
    options
        See `argparse.ArgumentParser.add_argument`.
    """
    return field(metadata={"help": help, **options})


def day(help: str, **options: Any) -> Any:
    """Return an argument that is a day."""
    return argument(help, type=dt.date.fromisoformat, metavar="YYYY-MM-DD", **options)


def run_date() -> Any:
    """Return the argument for the run date: the only clock of a job."""
    return day("run date", required=True)


def days_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """Return the days from `first` to `last`.

    Raises
    ------
    ConfigurationError
        When `last` is before `first`.
    """
    if last < first:
        raise ConfigurationError(
            f"--from {first} --to {last} is no range of days", remedy="give the earlier day in --from"
        )
    return [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]


def text(help: str, **options: Any) -> Any:
    """Return an argument that is words of a person, not empty."""
    return argument(help, type=_words, **options)


def _words(value: str) -> str:
    if not value.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return value.strip()


def folder(what: str) -> Any:
    """Return the argument for a folder of the lake."""
    return argument(f"folder in the lake, {what}", required=True)


def command_line(config: Callable[..., C], description: str | None) -> Callable[..., C]:
    """Return the function that makes a job's config of its command line, `sys.argv` when it is given none.

    Parameters
    ----------
    config
        A dataclass whose fields are arguments.
    description
        What the help begins with: the job's docstring.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for one in fields(config):  # type: ignore[arg-type]
        options = {"flag": f"--{one.name.replace('_', '-')}", **one.metadata}
        parser.add_argument(options.pop("flag"), dest=one.name, **options)
    return lambda argv=None: config(**vars(parser.parse_args(argv)))


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
        named = error if isinstance(error, NightshelfError) else s3_failure(error) or disk_failure(error)
        hand_over_error(folder, named or error)
        if named is None:
            raise
        logger.error("%s: %s", type(named).__name__, named)
        return named.exit_code
    logger.info("done in %.1f s", time.monotonic() - started)
    hand_over(folder, result)
    return 0
