"""Land days of the demo shop: generated users, items and events with known tastes.

    python -m jobs.demo_shop --from 2025-01-01 --to 2025-03-01
    python -m jobs.demo_shop --from 2025-03-02 --to 2025-03-31 --fault taste_shift:2025-03-10:0.3

The same shop (users, items, seed, faults) delivers the same bytes for a day, whatever days are
asked for; running the job again replaces the days whole. The result counts what was delivered:
rows by table, and among them exact duplicates, broken rows by kind and late events.
"""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass

from include.demo_shop import DEFAULT_HISTORY_DAYS, OPENING, FaultKind, Shop, ShopConfig, land, parse_fault
from include.lake import open_lake
from include.settings import Settings
from jobs import _command

DEFAULTS = ShopConfig()
LAST_OF_HISTORY = OPENING + dt.timedelta(days=DEFAULT_HISTORY_DAYS - 1)


@dataclass(frozen=True)
class DemoShopConfig:
    first: dt.date = _command.day(f"default {OPENING}", flag="--from", default=OPENING)
    last: dt.date = _command.day(f"default {LAST_OF_HISTORY}", flag="--to", default=LAST_OF_HISTORY)
    users: int = _command.argument(f"at the opening; default {DEFAULTS.users}", type=int, default=DEFAULTS.users)
    items: int = _command.argument(f"at the opening; default {DEFAULTS.items}", type=int, default=DEFAULTS.items)
    seed: int = _command.argument(f"another shop; default {DEFAULTS.seed}", type=int, default=DEFAULTS.seed)
    fault: list[str] = _command.argument(
        f"what goes wrong from a day on, any number of times; kinds: {', '.join(FaultKind)}",
        action="append",
        default=[],
        metavar="KIND:DATE[:STRENGTH[:DAYS]]",
    )


parse_args = _command.command_line(DemoShopConfig, __doc__)


def run(settings: Settings, config: DemoShopConfig) -> _command.Result:
    """Write the days into the landing zone and return what was delivered."""
    faults = [parse_fault(text) for text in config.fault]
    shop = Shop(ShopConfig(users=config.users, items=config.items, seed=config.seed), faults)
    landed = land(shop, open_lake(settings.landing_uri), config.first, config.last)
    return {"first": config.first, "last": config.last, **landed.result()}


if __name__ == "__main__":
    sys.exit(_command.main(parse_args, run))
