"""Make the night's jobs start quickly: archive the classes that Spark's JVM loads, compile the ranking kernel.

Needed once for an installation, and again after Java, PySpark or the kernel changed. What is
there already is not made again. Without it jobs do the same for themselves, each time or once.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from include.ranking import compile_kernel
from include.settings import Settings
from include.spark.session import prepare_classes
from jobs import _command


@dataclass(frozen=True)
class PrepareSparkConfig:
    local: bool = _command.argument("write nothing to the lake: it is not there yet", action="store_true")


parse_args = _command.command_line(PrepareSparkConfig, __doc__)


def run(settings: Settings, config: PrepareSparkConfig) -> _command.Result:
    """Prepare what is missing and say where it is."""
    archive = prepare_classes(settings, local=config.local)
    return {"archive": str(archive), "kernel": compile_kernel()}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
