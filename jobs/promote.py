"""Make MLflow's aliases say what the gate decided: champion, previous, challenger.

    python -m jobs.promote --date 2011-12-09 --model-version 3

The decisions in the database are the truth and the aliases follow: running the job again, or for an
old night, never takes the title from a newer champion. The result names the champion and the previous one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from include.contract import load_dataset
from include.errors import ValidationError
from include.serving.database import connect
from include.serving.decisions import champions
from include.settings import Settings
from include.tracking import set_aliases
from jobs import _command


def arguments(description: str | None = __doc__) -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(description)
    _command.add_date(parser)
    parser.add_argument("--model-version", required=True, help="the version that the gate judged")
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Set the aliases after checking that the gate promoted this version.

    Raises
    ------
    ValidationError
        When no decision promotes the version.
    """
    titles = promoted(settings)
    version = str(arguments.model_version)
    if version not in titles:
        raise ValidationError(
            f"no decision promotes version {version} (promoted so far: {', '.join(filter(None, titles)) or 'none'})",
            remedy=f"clear `gate` of {arguments.date}: it decides, this task only follows",
        )
    return follow(settings, titles, version)


def promoted(settings: Settings) -> list[str | None]:
    """Return the versions that were ever champion, newest first."""
    variant = load_dataset(settings.dataset).policy(settings.policy_file).publish.variant
    with connect(settings.database_url, "promote") as connection:
        return champions(connection, variant)


def follow(settings: Settings, titles: Sequence[str | None], challenger: str | None) -> dict[str, Any]:
    """Set the aliases by the decisions and return the champion and the one before."""
    champion, previous = ([*titles, None, None])[:2]
    set_aliases(settings, champion, previous, challenger)
    return {"champion": champion, "previous": previous}


if __name__ == "__main__":
    sys.exit(_command.main(arguments(), run))
