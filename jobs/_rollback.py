"""The command line that a rollback and the record of its approval share."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from include.contract import load_policy
from include.serving.rollback import PREVIOUS, Request
from include.settings import Settings


@dataclass(frozen=True)
class Config:
    to: str
    reason: str
    by: str | None
    request: str | None

    def request_for(self, settings: Settings) -> Request:
        """Return the request for the variant of the policy."""
        return Request(load_policy(settings).publish.variant, self.to, self.reason, self.by, self.request)


def add_request(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what is asked for."""
    parser.add_argument("--to", required=True, help=f"a kept batch_id, or {PREVIOUS}")
    parser.add_argument("--reason", required=True, type=_text, help="why; for those who read it later")
    parser.add_argument("--by", type=_text, help="who; the database login when left out")
    parser.add_argument("--request", help="names the request, which is carried out once, whatever happened since")


def _text(value: str) -> str:
    if not value.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return value.strip()
