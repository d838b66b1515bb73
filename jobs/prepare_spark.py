"""Make the night's jobs start quickly: archive the classes that Spark's JVM loads, compile the ranking kernel.

Needed once for an installation, and again after Java, PySpark or the kernel changed. What is
there already is not made again. Without it jobs do the same for themselves, each time or once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from include.ranking import compile_kernel
from include.settings import Settings
from include.spark.session import prepare_classes
from jobs import _command


@dataclass(frozen=True)
class Config:
    local: bool


def parse_args(argv: Sequence[str] | None = None) -> Config:
    parser = _command.parser(__doc__)
    parser.add_argument("--local", action="store_true", help="write nothing to the lake: it is not there yet")
    return _command.parse(parser, Config, argv)


def run(settings: Settings, config: Config) -> _command.Result:
    """Prepare what is missing and say where it is."""
    archive = prepare_classes(settings, local=config.local)
    return {"archive": str(archive), "kernel": compile_kernel()}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
