"""Go back: readers see a kept batch again, at once, and the next nights build on its model.

    python -m jobs.rollback --to previous --reason "prices are missing" --by ada
    python -m jobs.rollback --to 2026-11-19-0123456789ab --reason "sold out items are first"

One transaction moves the pointer and writes down who, why, from what to what (reco.activations, reco.model_decisions);
MLflow's aliases follow. `previous` is the newest kept batch older than the live one that has been live. The same
request again changes nothing. Nights later than any that was live go live again as usual; what was gone back from
does not, unless it is published with --force.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from typing import Any

from include.contract import load_dataset
from include.serving.database import WRITER, connect
from include.serving.rollback import PREVIOUS, Request, roll_back
from include.settings import Settings
from jobs import _command, promote

logger = logging.getLogger("nightshelf.rollback")


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = _command.parser(__doc__)
    add_request(parser)
    return parser


def add_request(parser: argparse.ArgumentParser) -> None:
    """Add what a rollback and the record of its approval share."""
    parser.add_argument("--to", required=True, help=f"a kept batch_id, or {PREVIOUS}")
    parser.add_argument("--reason", required=True, type=_text, help="why; for those who read it later")
    parser.add_argument("--by", type=_text, help="who; the database login when left out")
    parser.add_argument("--request", help="names the request, which is carried out once, whatever happened since")


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Carry the request out and set the aliases by the decisions."""
    request = read_request(settings, arguments)
    started = time.monotonic()
    with connect(settings.database_url, "rollback", role=WRITER) as connection:
        done = roll_back(connection, request)
    seconds = time.monotonic() - started
    verb = "readers see" if done.changed else "nothing to do: the request was carried out, to"
    logger.info("%s batch %s of model %s, after %.3f s", verb, done.batch_id, done.model_version, seconds)
    titles = promote.follow(settings, promote.promoted(settings), None)
    return {
        "batch_id": done.batch_id,
        "previous": done.previous,
        "model_version": done.model_version,
        "changed": done.changed,
        "seconds": round(seconds, 3),
        "champion": titles["champion"],
    }


def read_request(settings: Settings, arguments: argparse.Namespace) -> Request:
    """Return the request for the variant of the policy."""
    variant = load_dataset(settings.dataset).policy(settings.policy_file).publish.variant
    return Request(variant, arguments.to, arguments.reason, arguments.by, arguments.request)


def _text(value: str) -> str:
    if not value.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return value.strip()


if __name__ == "__main__":
    sys.exit(_command.main(arguments(), run))
