"""How a file of events becomes the contract's events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from include.columns import PURCHASE, RETURN
from include.mapping import expressions as sql
from include.mapping.guess import Guess, Line, guess_price
from include.mapping.kinds import NEARLY_ALL, Look, closer_reading, offsets
from include.mapping.names import PART, event_type, values
from include.mapping.roles import NEARLY_FULL, SampledSource, differ_by_case, match


def guess_events(source: SampledSource, catalogue: SampledSource | None, customers: SampledSource | None) -> Guess:
    """Return the guess for one source of events."""
    guess = Guess("events", source)
    items, users, times = _who_and_what(source, catalogue, customers)
    when = next(iter(times), None)
    _time(guess, when)
    for name, columns, other in (("user_id", users, customers), ("item_id", items, catalogue)):
        differ = other is not None and differ_by_case(source, columns, other, name)
        guess.set(name, f"upper({sql.first_of(columns)})" if differ else sql.first_of(columns), columns)
    _sum_lines(guess)
    _types(guess, items)
    _quantity(guess, items)
    guess_price(guess, items)
    for name in ("order_id", "currency"):
        if found := _order(source, items) if name == "order_id" else source.best(name):
            guess.set(name, sql.column(found), [found])
    _event_id(guess, [*users, *items, *times])
    _placeholders(guess, users)
    _cancelled(guess)
    return guess


def _who_and_what(
    source: SampledSource, catalogue: SampledSource | None, customers: SampledSource | None
) -> tuple[list[str], list[str], list[str]]:
    items = match(source, catalogue, "item_id")[0] if catalogue else source.combined("item_id")
    users = match(source, customers, "user_id")[0] if customers else source.combined("user_id")
    users = [name for name in users if name not in items]
    return items, users, source.candidates("event_ts")


def _time(guess: Guess, when: str | None) -> None:
    if when is None:
        guess.set("event_ts", "ingest_date", [], "the files say no time: everything happened on the day it lands")
        guess.notes.append("no day: all of it lands on the first day")
        return
    look = guess.source.looks[when]
    either = closer_reading(list(look.values), look.day_format)[1]
    question = "CHECK: day and month may be the other way round; this way the days lie closer together"
    guess.set("event_ts", sql.moment(when, look), [when], question if either else "")
    guess.day(when, look)
    guess.zones = offsets(list(look.values))


def _types(guess: Guess, items: Sequence[str]) -> None:
    """Map the event type: of a rating, of a word for it, of a negative quantity, or of the file's name."""
    source = guess.source
    if (rating := source.best("rating", PART)) and not source.best("quantity"):
        least = _liked(source.looks[rating])
        condition = f"try_cast({sql.column(rating)} as double) >= {least:g}"
        guess.set("event_type", f"if({condition}, 'purchase', 'view')", [rating], f"liked from {least:g} on")
        return
    found = _event_column(source)
    said = {value: event_type(value) for value in source.looks[found].values} if found else {}
    quantity = source.best("quantity", near=items)
    negative = bool(quantity) and min(source.looks[quantity or ""].numbers(), default=0) < 0
    whole = _by_file_name(source) or PURCHASE
    expression = _case(found, said) if found else sql.text(whole)
    if negative and quantity:
        expression = f"if(try_cast({sql.column(quantity)} as double) < 0, 'return', {expression})"
    comment = "" if found else f"the files hold nothing but these; every row is a {whole}"
    guess.set("event_type", expression, [name for name in (found, quantity if negative else None) if name], comment)
    if found and not (all(said.values()) and all(source.sample.values(found))):
        known = ", ".join(sql.text(value) for value, kind in said.items() if kind)
        others = [value for value, kind in said.items() if not kind]
        condition = f"coalesce(source.{sql.column(found)}, '') not in ({known})"
        guess.reject["other_event"] = Line(condition, f"such as {', '.join(others[:3])}" if others else "")


def _event_column(source: SampledSource) -> str | None:
    """Return the column whose values are best known as kinds of events."""
    known = {}
    for name in source.candidates("event_type"):
        counts = source.looks[name].values
        known[name] = sum(count for value, count in counts.items() if event_type(value)) / counts.total()
    best = max(known, key=lambda name: known[name], default=None)
    return best if best and known[best] > 0.05 else None


def _by_file_name(source: SampledSource) -> str:
    words = [part for path in source.sample.paths for part in re.split(r"[^A-Za-z]+", path.stem)]
    return next(filter(None, map(event_type, words)), "")


def _case(name: str, said: Mapping[str, str]) -> str:
    cases = " ".join(f"when {sql.text(value)} then '{kind}'" for value, kind in said.items() if kind)
    return f"case {sql.column(name)} {cases} end"


def _liked(look: Look) -> float:
    """Return the rating from which on somebody likes something: four of five stars, and as much of other scales."""
    most = max(look.numbers(), default=5.0)
    return next(least for scale, least in ((1, 1), (5, 4), (10, 8), (most, 0.8 * most)) if most <= scale)


def _quantity(guess: Guess, items: Sequence[str]) -> None:
    source = guess.source
    names = source.combined("quantity", near=items)
    if not names or "rating" in guess.columns:
        guess.set("quantity", 1, [])
        return
    expression = sql.first_of(names)
    if any(not any(record.get(name) for name in names) for record in source.sample.records):
        expression = f"coalesce({', '.join(map(sql.column, names))}, '1')"
    if min(number for name in names for number in source.looks[name].numbers()) < 0:
        expression = f"abs(try_cast({expression} as double))"
    guess.set("quantity", expression, names)


def _order(source: SampledSource, items: Sequence[str]) -> str | None:
    """Return the column that several lines of one purchase share."""
    named = [name for name in source.candidates("order_id", PART) if name not in items]
    numbered = [
        name
        for name, look in source.looks.items()
        if look.kind == "text" and all(re.fullmatch(r"#\d+", value) for value in list(look.values)[:100])
    ]
    return next(iter(numbered + named), None)


def _event_id(guess: Guess, telling: Sequence[str]) -> None:
    source = guess.source
    found = [name for role in ("event_id", "order_id") for name in source.candidates(role, PART)]
    found = [name for name in [*found, "id"] if name in source.looks and _once_a_record(source, name)]
    if found and not (source.sample.explode and source.exploded(found[0])):
        identified = sql.column(found[0])
        expression = f"concat_ws('-', {identified}, explode_position)" if source.sample.explode else identified
        guess.set("event_id", expression, found[:1])
        return
    order, line = _order(source, []), source.best("line", PART)
    if order and line and _unique_together(source, [order, line]):
        guess.set("event_id", f"concat_ws('-', {sql.column(order)}, {sql.column(line)})", [order, line])
        return
    names = [name for name in source.sample.columns if len(source.looks[name].values) > 1]
    if order:
        names = [order, *(name for name in names if name != order and not _one_an_order(source, order, name))]
    if source.sample.explode:
        names = list(dict.fromkeys([*telling, *guess.used]))
    parts = ", ".join(f"coalesce({sql.column(name)}, '')" for name in names)
    if source.sample.explode:
        guess.set("event_id", f"md5(concat_ws('|', {parts}, explode_position))", names, "no id in the files")
    elif order or _days_only(guess):
        # Two equal lines of an order, or of a day without a clock, are two pieces.
        same = ", ".join(map(sql.column, names))
        piece = f"row_number() over (partition by {same}, ingest_date order by {sql.column(names[0])})"
        guess.set(
            "event_id", f"md5(concat_ws('|', {parts}, {piece}))", names, "no id in the files; equal rows all count"
        )
    else:
        guess.set("event_id", f"md5(concat_ws('|', {parts}))", names, "no id in the files; equal rows count once")


def _days_only(guess: Guess) -> bool:
    when = guess.land.get("day")
    return when is not None and all(len(value) <= len("DD.MM.YYYY") for value in guess.source.looks[str(when)].values)


def _once_a_record(source: SampledSource, name: str) -> bool:
    look = source.looks[name]
    return look.filled > NEARLY_FULL and len(look.values) >= NEARLY_ALL * source.sample.read


def _one_an_order(source: SampledSource, order: str, name: str) -> bool:
    """Return whether all lines of an order agree in a column."""
    pairs = {(record.get(order, ""), record.get(name, "")) for record in source.sample.records}
    return len(pairs) == len({one for one, _ in pairs})


def _unique_together(source: SampledSource, names: Sequence[str]) -> bool:
    """Return whether columns tell rows apart; a row that is there twice is one row."""
    rows = {tuple(sorted(record.items())) for record in source.sample.records}
    pairs = {tuple(record.get(name, "") for name in names) for record in map(dict, rows)}
    return len(pairs) >= 0.99 * len(rows)


def _placeholders(guess: Guess, users: Sequence[str]) -> None:
    """Name the values that stand for nobody, known by what they say or by how often they occur."""
    counts = sum((guess.source.looks[name].values for name in users), start=type(guess.source.looks[users[0]].values)())
    if not counts:
        return
    typical = sorted(counts.values())[len(counts) // 2]
    said = [value for value in counts if value.casefold() in values("nobody")]
    zeros = [value for value in counts if value.strip("0") == "" and counts[value] > typical]
    if found := sorted({*said, *zeros}):
        guess.missing["user_id"] = found


def _sum_lines(guess: Guess) -> None:
    first = guess.source.sample.columns[0]
    found = sorted(value for value in guess.source.looks[first].values if value.casefold().strip(" :") in values("sum"))
    if found:
        guess.use([first])
        guess.reject["sum_line"] = Line(sql.one_of(f"source.{sql.column(first)}", found), "no event")


def _cancelled(guess: Guess) -> None:
    """Reject orders that came to nothing, by a time of it or by their status."""
    source = guess.source
    order = _order(source, [])
    if when := source.best("cancelled", PART):
        guess.use([when])
        guess.reject["cancelled"] = Line(f"{_of_order(guess, when, order)} is not null", "all lines of the order")
        return
    for name in source.candidates("status", PART):
        undone = sorted(value for value in source.looks[name].values if event_type(value) == RETURN)
        if undone and name not in guess.made_of["event_type"]:
            guess.use([name])
            guess.reject["cancelled"] = Line(sql.one_of(_of_order(guess, name, order), undone), "")
            return


def _of_order(guess: Guess, name: str, order: str | None) -> str:
    """Return a column's value in any line of the order: exports say some things on its first line only."""
    if order is None or guess.source.looks[name].filled > NEARLY_ALL:
        return f"source.{sql.column(name)}"
    guess.use([order])
    return f"max(source.{sql.column(name)}) over (partition by source.{sql.column(order)})"
