"""The command line of the jobs that follow the gate's decision on one version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from jobs import _command


@dataclass(frozen=True)
class Config:
    date: dt.date
    model_version: str


def parse_args(description: str | None, argv: Sequence[str] | None) -> Config:
    parser = _command.parser(description)
    _command.add_date(parser)
    parser.add_argument("--model-version", required=True, help="the version that the gate judged")
    return _command.parse(parser, Config, argv)
