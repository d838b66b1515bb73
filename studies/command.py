"""What the studies' command lines share: settings, log, errors with a remedy, and one line of JSON as the result."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from include.errors import NightshelfError
from include.log import configure
from include.settings import Settings, load_settings


def main(
    parser: argparse.ArgumentParser,
    run: Callable[[Settings, argparse.Namespace], Mapping[str, Any]],
    argv: Sequence[str] | None = None,
) -> int:
    """Parse `argv`, call `run`, print its result and return the exit code."""
    options = parser.parse_args(argv)
    configure()
    try:
        result = run(load_settings(), options)
    except NightshelfError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(result, default=str) + "\n")
    return 0


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser whose help starts with the study's docstring."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
