"""Land days of the demo shop: generated users, items and events with known tastes.

    python -m jobs.demo_shop --from 2025-01-01 --to 2025-03-01
    python -m jobs.demo_shop --from 2025-03-02 --to 2025-03-31 --fault taste_shift:2025-03-10:0.3

The same shop (users, items, seed, faults) delivers the same bytes for a day, whatever days are
asked for; running the job again replaces the days whole. The result counts what was delivered:
rows by table, and among them exact duplicates, broken rows by kind and late events.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from typing import Any

from include.demo_shop import DEFAULT_HISTORY_DAYS, OPENING, FaultKind, Shop, ShopConfig, land, parse_fault
from include.lake import open_lake
from include.settings import Settings
from jobs._command import main, parser

DEFAULTS = ShopConfig()
LAST_OF_HISTORY = OPENING + dt.timedelta(days=DEFAULT_HISTORY_DAYS - 1)


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the job's command line."""
    found = parser(__doc__)
    day = dt.date.fromisoformat
    found.add_argument("--from", dest="first", type=day, default=OPENING, metavar="DATE", help=f"default {OPENING}")
    found.add_argument(
        "--to", dest="last", type=day, default=LAST_OF_HISTORY, metavar="DATE", help=f"default {LAST_OF_HISTORY}"
    )
    found.add_argument("--users", type=int, default=DEFAULTS.users, help=f"at the opening; default {DEFAULTS.users}")
    found.add_argument("--items", type=int, default=DEFAULTS.items, help=f"at the opening; default {DEFAULTS.items}")
    found.add_argument("--seed", type=int, default=DEFAULTS.seed, help=f"another shop; default {DEFAULTS.seed}")
    found.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND:DATE[:STRENGTH[:DAYS]]",
        help=f"what goes wrong from a day on, any number of times; kinds: {', '.join(FaultKind)}",
    )
    return found


def run(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Write the days into the landing zone and return what was delivered."""
    config = ShopConfig(users=arguments.users, items=arguments.items, seed=arguments.seed)
    shop = Shop(config, [parse_fault(text) for text in arguments.fault])
    landed = land(shop, open_lake(settings.landing_uri), arguments.first, arguments.last)
    return {"first": arguments.first, "last": arguments.last, **landed.result()}


if __name__ == "__main__":
    sys.exit(main(arguments(), run))
