"""The command line of the jobs that need nothing but a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from jobs import _command


@dataclass(frozen=True)
class Config:
    date: dt.date


def parse_args(description: str | None, argv: Sequence[str] | None) -> Config:
    parser = _command.parser(description)
    _command.add_date(parser)
    return _command.parse(parser, Config, argv)
