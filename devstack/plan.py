"""Which days are history and which nights the scheduler runs; remembered in the stack file."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devstack.home import S3_PORT
from include.columns import SUCCESS_MARKER, TABLES
from include.contract import load_dataset
from include.errors import ConfigurationError, InputError
from include.lake import Lake, list_days

DATASET, SOURCE, SHOP = "NIGHTSHELF_DATASET", "NIGHTSHELF_SOURCE", "NIGHTSHELF_SHOP"
HISTORY_TO, NIGHTS_TO = "NIGHTSHELF_HISTORY_TO", "NIGHTSHELF_NIGHTS_TO"
FIRST_NIGHT, LAST_NIGHT = "NIGHTSHELF_FIRST_NIGHT", "NIGHTSHELF_LAST_NIGHT"
DEMO_SHOP = "demo_shop"
LOCAL, S3 = LAKES = ("local", "s3")
DEFAULT_NIGHTS = 2
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Request:
    """What `make nightly` was asked for; None where it was not said."""

    dataset: str | None = None
    source: Path | None = None
    nights: int | None = None
    shop: tuple[str, ...] = ()
    lake: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a home holds.

    Attributes
    ----------
    shop
        Arguments of the job demo_shop beside the days.
    history_to
        The last day that is ingested as history; None before anything has landed.
    last_night
        The last night that was asked for.
    lake
        One of `LAKES`: files of the home, or an S3 server of its own.
    """

    dataset: str
    source: Path | None
    shop: tuple[str, ...] = ()
    history_to: dt.date | None = None
    last_night: dt.date | None = None
    lake: str = LOCAL

    @property
    def generated(self) -> bool:
        """Tell whether there is always a next day."""
        return self.dataset == DEMO_SHOP

    @property
    def nights(self) -> list[dt.date]:
        """Return the nights that the scheduler runs."""
        if self.history_to is None or self.last_night is None:
            return []
        return [self.history_to + DAY * number for number in range(1, (self.last_night - self.history_to).days + 1)]

    def values(self) -> dict[str, str]:
        """Return what is remembered."""
        known = {
            DATASET: self.dataset,
            SOURCE: self.source,
            SHOP: shlex.join(self.shop),
            HISTORY_TO: self.history_to,
            NIGHTS_TO: self.last_night,
        }
        return {name: str(value) for name, value in known.items() if value}


def read_plan(values: Mapping[str, str]) -> Plan | None:
    """Return what the stack file says was landed; None when nothing was."""
    last_night = values.get(NIGHTS_TO) or values.get(LAST_NIGHT)  # that of a former release, which ended the schedule
    if not last_night or HISTORY_TO not in values:
        return None
    return Plan(
        dataset=values[DATASET],
        source=Path(values[SOURCE]) if SOURCE in values else None,
        shop=tuple(shlex.split(values.get(SHOP, ""))),
        history_to=dt.date.fromisoformat(values[HISTORY_TO]),
        last_night=dt.date.fromisoformat(last_night),
        lake=S3 if S3_PORT in values else LOCAL,
    )


def make_plan(request: Request, values: Mapping[str, str], home: Path) -> Plan:
    """Return the plan that `request` means in a home whose stack file says `values`.

    Raises
    ------
    ConfigurationError
        When the home holds another data set or file, the data set is unknown, or the request lacks the file.
    InputError
        When the file cannot be read.
    """
    known = read_plan(values)
    dataset = _name(request.dataset) if request.dataset else known.dataset if known else DEMO_SHOP
    load_dataset(dataset)
    source = request.source.expanduser().absolute() if request.source else None
    if known is not None:
        _compare(known, dataset, request, home)
        if source is not None:
            _check_source(dataset, source)
        return replace(known, source=source or known.source)  # a newer export may have another name
    if dataset == DEMO_SHOP and source is not None:
        raise ConfigurationError(
            f"SOURCE={source} was given without saying whose data it is",
            remedy="name its mapping: DATASET=online_retail",
        )
    if dataset != DEMO_SHOP:
        _check_source(dataset, source)
    return Plan(dataset, source, request.shop, lake=request.lake or LOCAL)


def landed_days(landing: Lake) -> list[dt.date]:
    """Return the days that are closed for every table, in order."""
    by_table = [set(list_days(landing, table, marker=SUCCESS_MARKER)) for table in TABLES]
    return sorted(set.intersection(*by_table))


def ingested_days(lake: Lake, days: Sequence[dt.date]) -> list[dt.date]:
    """Return those of `days` that every table has in the lake, in order."""
    by_table = [set(list_days(lake, table)) for table in TABLES]
    return sorted(set(days).intersection(*by_table))


def split_days(plan: Plan, days: Sequence[dt.date], nights: int) -> Plan:
    """Return `plan` with the last `nights` of the landed `days` as nights, the others as history.

    A shop that has just opened has fewer nights, and at last a first night without any history.

    Raises
    ------
    InputError
        When there is no day.
    """
    if not days:
        raise InputError(f"{plan.source or plan.dataset} has no day", remedy="deliver a day of every table")
    history_to = days[-nights - 1] if len(days) > nights else days[0] - DAY * (len(days) == 1)
    return replace(plan, history_to=history_to, last_night=days[-1])


def first_scheduled(plan: Plan, today: dt.date) -> dt.date:
    """Return the first night that is the schedule's own: what is older is run at once, or by the DAG `catch_up`."""
    return max(today, plan.last_night + DAY) if plan.last_night else today


def _name(dataset: str) -> str:
    """Return a mapping's name as it is, and its path as an absolute one."""
    is_path = dataset.endswith((".yaml", ".yml")) or "/" in dataset
    return str(Path(dataset).expanduser().absolute()) if is_path else dataset


def _compare(known: Plan, dataset: str, request: Request, home: Path) -> None:
    held = f"{home} holds the data set {known.dataset}"
    remedy = "set NIGHTSHELF_HOME to another folder for it, or delete this one's content with make clean"
    if dataset != known.dataset:
        raise ConfigurationError(f"{held}, not {dataset}", remedy=remedy)
    if request.lake and request.lake != known.lake:
        raise ConfigurationError(f"{held} in a lake of the kind {known.lake}, not {request.lake}", remedy=remedy)
    if request.shop and request.shop != known.shop:
        raise ConfigurationError(f"{held} of another shape: {shlex.join(known.shop) or 'the default'}", remedy=remedy)


def _check_source(dataset: str, source: Path | None) -> None:
    if source is None:
        raise ConfigurationError(
            f"DATASET={dataset} needs a file", remedy="name it: SOURCE=<path of the file or folder>"
        )
    if not source.exists():
        raise InputError(f"SOURCE={source} does not exist", remedy="correct the path")
    try:
        if source.is_dir():
            next(source.iterdir(), None)
        else:
            source.open("rb").close()
    except OSError as error:
        raise InputError(
            f"SOURCE={source} cannot be read: {error.strerror}", remedy="correct its permissions"
        ) from error
