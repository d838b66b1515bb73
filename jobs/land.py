"""Split one's own history into the landing zone: a folder a day, closed by _SUCCESS.

The mapping of the data set (NIGHTSHELF_DATASET) says which file belongs to which table and
which column holds the day. Every line lands as it is; running it again replaces the days.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from include.contract import load_dataset
from include.lake import open_lake
from include.landing.land import Summary, land
from include.settings import Settings
from jobs._command import main, parser


def arguments() -> argparse.ArgumentParser:
    command = parser(__doc__)
    command.add_argument("--source", type=Path, required=True, help="your file, or the folder of your files")
    command.add_argument("--from", dest="first", type=dt.date.fromisoformat, help="first day to write, YYYY-MM-DD")
    command.add_argument("--to", dest="last", type=dt.date.fromisoformat, help="last day to write, YYYY-MM-DD")
    return command


def run(settings: Settings, arguments: argparse.Namespace) -> Summary:
    dataset = load_dataset(settings.dataset)
    return land(open_lake(settings.landing_uri), dataset, arguments.source, arguments.first, arguments.last)


if __name__ == "__main__":
    sys.exit(main(arguments(), run))
