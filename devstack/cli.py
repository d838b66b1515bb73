"""The command line of the embedded stack; the Makefile's targets call it.

    python -m devstack.cli nightly --dataset online_retail --source FILE
    python -m devstack.cli status

Exit code 0: done; 2: the request or the configuration is wrong; 3: the data is wrong; 1:
anything else; 130: interrupted.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from devstack import prompt
from devstack.home import Home
from devstack.nightly import Nightly, places, wait_until_ready
from devstack.plan import LAKES, Request
from devstack.progress import Display
from devstack.stack import delete_stack, open_stack, stop_stack
from devstack.status import show_status
from include.errors import NightshelfError
from include.log import configure
from include.settings import load_settings

INTERRUPTED = 130
TERMINATED = 143


class Terminated(BaseException):
    """SIGTERM: ends like Ctrl-C, so that jobs end with the command."""


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        prog="nightshelf", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    nightly = commands.add_parser("nightly", help="land, ingest the history, run the nights, show what came of it")
    nightly.add_argument("--dataset", help="a mapping in include/config/datasets, or the path of one")
    nightly.add_argument("--source", type=Path, help="the file or folder with that data set")
    nightly.add_argument("--nights", type=_positive, help="how many nights the scheduler runs (2)")
    nightly.add_argument("--shop", default="", help="options of the job demo_shop, for instance '--users 300'")
    nightly.add_argument("--lake", choices=LAKES, help="files of the home (local), or an S3 server of its own (s3)")
    commands.add_parser("up", help="start PostgreSQL and Airflow")
    commands.add_parser("down", help="stop everything that runs in the home")
    commands.add_parser("status", help="what runs, where, and how far the nights are")
    psql = commands.add_parser("psql", help="an SQL prompt as an analyst")
    psql.add_argument("--sql", help="print this query's CSV instead")
    commands.add_parser("mlflow", help="MLflow's pages, until Ctrl-C")
    commands.add_parser("clean", help="stop everything and delete the home")
    return parser


def run(options: argparse.Namespace, home: Home, display: Display) -> None:
    """Do what one command line asks for."""
    environment = dict(os.environ)
    if options.command == "nightly":
        request = Request(options.dataset, options.source, options.nights, tuple(options.shop.split()), options.lake)
        Nightly(home, request, environment, display).run()
    elif options.command == "up":
        _up(home, display)
    elif options.command == "down":
        count = stop_stack(home)
        display.say(f"stopped {count} processes of {home.root}" if count else f"nothing ran in {home.root}")
    elif options.command == "status":
        show_status(home, display)
    elif options.command == "psql":
        prompt.psql(home, environment, options.sql)
    elif options.command == "mlflow":
        prompt.mlflow(home, environment, display)
    elif options.command == "clean":
        delete_stack(home, display.say)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    options = arguments().parse_args(argv)
    return command(
        lambda: run(options, Home(load_settings().home), Display()),
        "Interrupted. What the scheduler has begun goes on; the same command picks it up, make down stops it.",
    )


def command(action: Callable[[], None], interrupted: str) -> int:
    """Do what a command line asks for and return its exit code; a failure is one line on stderr.

    Parameters
    ----------
    interrupted
        What a person reads after Ctrl-C.
    """
    configure(logging.WARNING)
    error_console = Console(stderr=True, highlight=False, soft_wrap=True)
    signal.signal(signal.SIGTERM, _terminated)
    try:
        action()
    except NightshelfError as error:
        error_console.print(str(error), style="red", markup=False)
        return error.exit_code
    except (KeyboardInterrupt, Terminated) as stopped:
        error_console.print(f"\n{interrupted}")
        return TERMINATED if isinstance(stopped, Terminated) else INTERRUPTED
    return 0


def _terminated(*_: object) -> NoReturn:
    raise Terminated


def _up(home: Home, display: Display) -> None:
    stack = open_stack(home.root, os.environ)
    with home.alone("up"):
        with display.work("starting PostgreSQL and Airflow"):
            stack.start()
        wait_until_ready(stack, display)
    display.say(f"Airflow       {stack.airflow.url} as admin, password in {places(stack).password_file}")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
