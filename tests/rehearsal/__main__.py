"""`python -m tests.rehearsal`: the command line of `make rehearse`.

Exit code 0: the night went well and everything was found as it must be; 130: interrupted; anything else: it was not.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from devstack.cli import command
from devstack.progress import Display
from tests.rehearsal.night import Shop
from tests.rehearsal.rehearsal import Rehearsal

SPARK_JOBS = ("ingest", "build_training_set", "score")


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="rehearsal", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the home, with logs and data, for a look")
    parser.add_argument(
        "--kill-worker-in", nargs="+", default=[], choices=SPARK_JOBS, metavar="JOB",
        help=f"kill one of Spark's workers during each of these jobs: {', '.join(SPARK_JOBS)}",
    )  # fmt: skip
    for name, default in vars(Shop()).items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"of the demo shop ({default})")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Rehearse; a failure is one line on stderr."""
    options = arguments().parse_args(argv)
    shop = Shop(options.users, options.items, options.days)
    rehearsal = Rehearsal(shop, options.kill_worker_in, options.keep, dict(os.environ), Display())
    return command(rehearsal.run, "Interrupted; everything is ended.")


if __name__ == "__main__":
    sys.exit(main())
