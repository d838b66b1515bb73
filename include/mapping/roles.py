"""Which file is which table, and which of its columns is what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from include.errors import InputError
from include.mapping.kinds import Look, as_number, look_at
from include.mapping.names import ENDING, PART, called, event_type
from include.mapping.sample import Sample

SAME_PARENT = 0.2
NEARLY_FULL = 0.98
SAME_IDS = 0.5
MOST_RATINGS = 101
# A value of a text that many rows share is a group, up to this many.
MOST_GROUPS = 300


@dataclass(frozen=True)
class SampledSource:
    """A sample with what its columns look like."""

    sample: Sample

    @cached_property
    def looks(self) -> dict[str, Look]:
        return {name: look_at(self.sample.values(name)) for name in self.sample.columns}

    @property
    def name(self) -> str:
        return ", ".join(path.name for path in self.sample.paths)

    def candidates(self, role: str, least: float = ENDING, near: Sequence[str] = ()) -> list[str]:
        """Return the columns that may have a role, the likeliest first.

        The only column with times is that of the events, whatever it is called.

        Parameters
        ----------
        near
            Columns beside which, in a nested record, it is looked for first.
        """
        parents = {parent(name) for name in near}
        scores = {
            name: called(name, role) + (SAME_PARENT if parent(name) in parents else 0.0)
            for name, look in self.looks.items()
            if called(name, role) >= least and (fits(role, look) or _fits_by_name(name, role, look))
        }
        times = [name for name, look in self.looks.items() if look.kind == "time"]
        if not scores and role == "event_ts" and len(times) == 1:
            return times
        return sorted(scores, key=lambda name: -scores[name])

    def best(self, role: str, least: float = ENDING, near: Sequence[str] = ()) -> str | None:
        return next(iter(self.candidates(role, least, near)), None)

    def combined(self, role: str, near: Sequence[str] = ()) -> list[str]:
        """Return the likeliest column, and others that have a value where those before have none."""
        best = self.best(role, near=near)
        if best is None:
            return []
        chosen = [best]
        for name in self.candidates(role, PART, near):
            gaps = [record for record in self.sample.records if not any(record.get(one) for one in chosen)]
            if len(gaps) <= len(self.sample.records) * (1 - NEARLY_FULL):
                break
            if name not in chosen and sum(bool(record.get(name)) for record in gaps) > len(gaps) / 20:
                chosen.append(name)
        # What stands in an array's elements is nearer to the event than what stands beside the array.
        return sorted(chosen, key=lambda name: not self.exploded(name)) if self.sample.explode else chosen

    def exploded(self, name: str) -> bool:
        return bool(self.sample.explode) and name.startswith(f"{self.sample.explode}.")

    def within(self, parents: set[str]) -> SampledSource:
        """Return the source with only the columns that stand at these places of a nested record."""
        columns = tuple(name for name in self.sample.columns if parent(name) in parents)
        return SampledSource(replace(self.sample, columns=columns))

    def distinct(self, names: Iterable[str]) -> set[str]:
        return {value for name in names for value in self.looks[name].values}


def parent(name: str) -> str:
    return name.rpartition(".")[0]


def fits(role: str, look: Look) -> bool:
    """Return whether values that look like this can have a role."""
    if look.kind == "empty":
        return False
    if role in ("event_ts", "updated_ts", "launched_on", "signed_up_on", "cancelled"):
        return look.kind == "time" or bool(look.epoch) or bool(look.day_format)
    if role in ("quantity", "price"):
        return look.numeric
    if role == "rating":
        return look.numeric and len(look.values) <= MOST_RATINGS and max(look.numbers(), default=999) <= 100
    if role in ("event_id", "order_id", "user_id", "item_id"):
        return look.kind in ("integer", "text", "number") and len(look.values) > 1
    if role in ("segment", "event_type", "status"):
        return look.kind != "time" and 1 < len(look.values) <= MOST_GROUPS
    if role in ("title", "category") and all(value[0] in "[{" for value in look.values):
        return False
    if role == "in_stock":
        return look.kind in ("flag", "integer") or (look.kind == "text" and len(look.values) <= 5)
    return look.kind != "time"


def _fits_by_name(name: str, role: str, look: Look) -> bool:
    """Return whether a column with a well-known name is one of numbers though some of its values are none."""
    if role not in ("quantity", "price") or look.kind != "text" or called(name, role) < PART:
        return False
    numbers = sum(count for value, count in look.values.items() if as_number(value, look) is not None)
    return numbers > look.values.total() / 2


@dataclass(frozen=True)
class SortedFiles:
    """Which files the tables come from; without an own file they come from the events'."""

    events: tuple[SampledSource, ...]
    items: tuple[SampledSource, ...]
    users: tuple[SampledSource, ...]
    unused: tuple[SampledSource, ...]


def sort_files(samples: Sequence[Sample], unread: Sequence[str] = ()) -> SortedFiles:
    """Return which of the samples is which table.

    Parameters
    ----------
    unread
        Names of what is no table that can be read, for the error.

    Raises
    ------
    InputError
        When no file says who had to do with what.
    """
    sources = [SampledSource(sample) for sample in samples]
    events = [source for source in sources if is_events(source)]
    telling = [source for source in events if _tells_how_much(source)]
    events = telling or events
    if not events:
        raise InputError(_why_no_events(sources, unread), remedy=_remedy(sources, unread))
    rest = [source for source in sources if not is_events(source)]
    items = [source for source in rest if is_items(source, events)]
    users = [source for source in rest if source not in items and is_users(source, events)]
    users = sorted(users, key=lambda source: -_overlap(source, "user_id", events))[:1]
    unused = tuple(source for source in sources if source not in (*events, *items, *users))
    return SortedFiles(tuple(events), tuple(items), tuple(users), unused)


def is_events(source: SampledSource) -> bool:
    """Return whether a file says which user had to do with which item."""
    users, items = source.candidates("user_id"), source.candidates("item_id")
    pairs = any(user != item for user in users for item in items)
    return pairs and bool(source.best("event_ts") or source.best("rating"))


def is_items(source: SampledSource, events: Sequence[SampledSource]) -> bool:
    """Return whether a file describes items: by its names, or because its ids are those of the events."""
    best = source.best("item_id")
    described = any(source.best(role) for role in ("title", "category", "price", "in_stock", "property"))
    return (
        best is not None and described and (called(best, "item_id") >= PART or _overlap(source, "item_id", events) > 0)
    )


def is_users(source: SampledSource, events: Sequence[SampledSource]) -> bool:
    best = source.best("user_id")
    return best is not None and (source.looks[best].unique or _overlap(source, "user_id", events) > 0.5)


def _overlap(source: SampledSource, role: str, events: Sequence[SampledSource]) -> float:
    known = set().union(*(one.distinct(one.candidates(role)) for one in events))
    looks = [source.looks[name] for name in source.candidates(role)]
    return max((len(look.values.keys() & known) / len(look.values) for look in looks), default=0.0)


def _tells_how_much(source: SampledSource) -> bool:
    """Return whether a file says what a user did, not only that there is a pair of user and item."""
    return any(source.best(role) for role in ("event_type", "rating", "price", "quantity", "order_id")) or any(
        event_type(part) for path in source.sample.paths for part in re.split(r"[^A-Za-z]+", path.stem) if part
    )


def _without_time(sources: Sequence[SampledSource]) -> SampledSource | None:
    """Return the file that has customer and item, but no time that is understood."""
    return next((one for one in sources if one.best("user_id") and one.best("item_id") and not is_events(one)), None)


def _why_no_events(sources: Sequence[SampledSource], unread: Sequence[str]) -> str:
    needs = {"customer": "user_id", "item": "item_id", "time": "event_ts"}
    has = [
        f"{source.name} has {', '.join(what for what, role in needs.items() if source.best(role)) or 'none of them'}"
        for source in sources
    ]
    if one := _without_time(sources):
        shown = [f"{name} {next(iter(look.values))!r}" for name, look in one.looks.items() if look.values]
        has.append(f"no column of {one.name} has times that are understood ({', '.join(shown[:10])})")
    if unread:
        has.append(f"not read: {', '.join(unread[:10])}")
    return f"no file has customer, item and time in one row: {'; '.join(has)}"


def _remedy(sources: Sequence[SampledSource], unread: Sequence[str]) -> str:
    remedies = [_join(sources)]
    if one := _without_time(sources):
        remedies = [f"write the times of {one.name} as YYYY-MM-DD HH:MM:SS, with an offset if they have one"]
    if unread:
        remedies.append("unpack archives, save workbooks as CSV, and put all files into one folder")
    return "; or ".join(remedies)


def _join(sources: Sequence[SampledSource]) -> str:
    """Return how to make one file with a customer and an item in each row, by a column that two files share."""
    for one in (source for source in sources if source.best("user_id")):
        for other in (source for source in sources if source.best("item_id") and source is not one):
            shared = [name for name in one.sample.columns if name in other.sample.columns]
            if shared:
                query = f"from '{one.name}' join '{other.name}' using ({shared[0]})"
                return f"join them to one file first, for instance with DuckDB: copy ({query}) to 'events.csv'"
    return "export a file with a customer, an item and a time in each row"


def _alike(one: Look, other: Look) -> float:
    """Return the share of values that another column has, too, if upper and lower case are the same."""
    return len({value.upper() for value in one.values} & {value.upper() for value in other.values}) / len(one.values)


def differ_by_case(one: SampledSource, names: Sequence[str], other: SampledSource, role: str) -> bool:
    """Return whether two files write the same ids, one of them in upper and one in lower case."""
    pairs = [(one.looks[name], other.looks[its]) for name in names for its in other.candidates(role)]
    same = any(mine.values.keys() & theirs.values.keys() for mine, theirs in pairs)
    return not same and any(_alike(mine, theirs) > SAME_IDS for mine, theirs in pairs)


def match(
    one: SampledSource, other: SampledSource, role: str, near: Sequence[str] = ()
) -> tuple[list[str], str | None]:
    """Return the columns by which two files know the same things: of events, and of the other file.

    The pair with most values in common; where no pair has any, the likeliest names.
    """
    mine, others = one.candidates(role, near=near), other.candidates(role)
    shared = {
        (name, its): len(one.looks[name].values.keys() & other.looks[its].values.keys()) / len(one.looks[name].values)
        for name in mine
        for its in others
    }
    best = max(shared, key=lambda pair: shared[pair], default=None)
    if best is not None and not shared[best]:
        shared = {pair: _alike(one.looks[pair[0]], other.looks[pair[1]]) for pair in shared}
        best = max(shared, key=lambda pair: shared[pair])
    combined = one.combined(role, near)
    if best is None or not shared[best]:
        return combined, next(iter(others), None)
    return combined if best[0] in combined else [best[0]], best[1]
