"""The command `nightshelf`: PostgreSQL, Airflow and nights on this machine. The Makefile's targets call it.

    nightshelf map FOLDER
    nightshelf nightly --dataset online_retail --source FILE
    nightshelf status

Everything is in the folder NIGHTSHELF_HOME, .nightshelf by default. Exit code 0: done; 2: the request or the
configuration is wrong; 3: the data is wrong; 1: anything else; 130: interrupted.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from devstack import api, prompt
from devstack.first_night import FirstNight
from devstack.home import Home
from devstack.mapping import map_files
from devstack.nightly import Nightly, wait_until_ready
from devstack.plan import LAKES, Request
from devstack.progress import Display
from devstack.stack import delete_stack, open_stack, stop_stack
from devstack.status import show_status
from include.errors import NightshelfError
from include.log import configure
from include.settings import load_settings

INTERRUPTED = 130
TERMINATED = 143

Options = argparse.Namespace


class Terminated(BaseException):
    """SIGTERM: ends like Ctrl-C, so that jobs end with the command."""


def arguments() -> argparse.ArgumentParser:
    """Return the command line; each command's function is its option `action`."""
    parser = argparse.ArgumentParser(
        prog="nightshelf", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, action: Callable[[Options, Home, Display], None], does: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
        added.set_defaults(action=action)
        return added

    nightly = add("nightly", _nightly, "land the data, ingest the history, run nights, and show the results")
    nightly.add_argument("--dataset", help="a mapping in include/config/datasets, or the path of one")
    nightly.add_argument("--source", type=Path, help="the file or folder with that data set")
    nightly.add_argument("--nights", type=_positive, help="how many nights the scheduler runs (2)")
    nightly.add_argument("--shop", default="", help="options of the job demo_shop, for instance '--users 300'")
    nightly.add_argument("--lake", choices=LAKES, help="files of the home (local), or an S3 server of its own (s3)")
    first = add("first-night", _first_night, "inside a stack of containers: the history, then a first night")
    first.add_argument("--night", type=dt.date.fromisoformat, help="its day (the last that has landed)")
    first.add_argument("--shop", default="", help="options of the job demo_shop, for instance '--users 300'")
    mapping = add("map", _map, "write a first mapping for your own files, and try it on a sample of them")
    mapping.add_argument("source", type=Path, metavar="SOURCE", help="your file, or the folder of your files")
    mapping.add_argument("--out", type=Path, help="the mapping to write, or its folder (here)")
    mapping.add_argument("--force", action="store_true", help="write over an existing mapping")
    add("up", _up, "start PostgreSQL, Airflow and the read API")
    add("down", _down, "stop everything that runs in the home")
    add("status", lambda _, home, display: show_status(home, display), "show what runs, where, and the last nights")
    psql = add("psql", _psql, "open an SQL prompt as an analyst")
    psql.add_argument("--sql", help="print this query's result as CSV instead")
    add("api", _api, "serve the read API until Ctrl-C, where `up` does not do it already")
    add("mlflow", _mlflow, "serve MLflow's pages until Ctrl-C")
    add("clean", lambda _, home, display: delete_stack(home, display.say), "stop everything and delete the home")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = arguments().parse_args(argv)
    return command(
        lambda: options.action(options, Home(load_settings().home), Display()),
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


def _nightly(options: Options, home: Home, display: Display) -> None:
    request = Request(options.dataset, options.source, options.nights, tuple(options.shop.split()), options.lake)
    Nightly(home, request, dict(os.environ), display).run()


def _first_night(options: Options, home: Home, display: Display) -> None:
    FirstNight(home, options.night, options.shop.split(), dict(os.environ), display).run()


def _map(options: Options, home: Home, display: Display) -> None:
    map_files(home, options.source, options.out, options.force, os.environ, display)


def _up(_: Options, home: Home, display: Display) -> None:
    stack = open_stack(home.root, os.environ)
    with home.alone("up"):
        with display.work("starting PostgreSQL and Airflow"):
            stack.start()
        wait_until_ready(stack, display)
    display.say(f"Airflow       {stack.airflow.access}")
    display.say(f"API           {api.address(stack.values[api.API_PORT])}")


def _down(_: Options, home: Home, display: Display) -> None:
    count = stop_stack(home)
    display.say(f"stopped {count} processes of {home.root}" if count else f"nothing ran in {home.root}")


def _psql(options: Options, home: Home, _: Display) -> None:
    prompt.psql(home, dict(os.environ), options.sql)


def _api(_: Options, home: Home, display: Display) -> None:
    api.serve(home, dict(os.environ), display)


def _mlflow(_: Options, home: Home, display: Display) -> None:
    prompt.mlflow(home, dict(os.environ), display)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
