"""Try the drift watch on demo shops: hundreds of stable nights, and each fault in every shop.

    python -m studies.simulation --seed 1 --nights 1600 --out figures.json --plot docs/drift-simulation.svg

The code on trial is what the jobs data_drift, performance and verdict use; only the night is a stand-in
(studies/night.py). Each shop has 80 stable nights, so --nights 1600 are 20 shops and take about ten
minutes on one core. The same seed gives the same figures.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.drift_policy import DriftPolicy, load_drift_policy
from include.settings import Settings
from studies import command

if TYPE_CHECKING:
    from studies.run import ShopRuns

logger = logging.getLogger(__name__)

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = command.parser(__doc__)
    parser.add_argument("--seed", type=int, default=1, help="another seed is another set of shops; default 1")
    parser.add_argument("--nights", type=int, default=800, help="stable nights, rounded up to whole shops; default 800")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    parser.add_argument("--plot", type=Path, help="SVG file for the plot of the first shop")
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the figures; the tables go to stderr, for people."""
    # The stand-in's matrices are small: threads cost more than they bring, and change last digits by their number
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    from studies.plot import draw_shop
    from studies.report import as_text, summarise

    shops = study(arguments.seed, arguments.nights, load_drift_policy(file=settings.drift_policy_file))
    figures = {"seed": arguments.seed, "nights": arguments.nights, **summarise(shops)}
    sys.stderr.write(f"\n{as_text(figures)}\n\n")
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=1) + "\n")
    if arguments.plot:
        arguments.plot.write_text(draw_shop(shops[0]))
    return figures


def study(seed: int, nights: int, policy: DriftPolicy) -> list[ShopRuns]:
    """Return as many shops as have at least `nights` stable nights together, each through every scenario twice."""
    from studies.run import STABLE_NIGHTS_A_SHOP, run_shop

    shops = []
    for number in range(math.ceil(nights / STABLE_NIGHTS_A_SHOP)):
        shops.append(run_shop(number, seed, policy))
        logger.info("shop %d of seed %d: done", number, seed)
    return shops


if __name__ == "__main__":
    sys.exit(command.main(arguments(), run))
