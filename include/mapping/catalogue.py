"""How files of items and of customers become the contract's, and how both are found in the events alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from include.mapping import expressions as sql
from include.mapping.guess import Guess, Line, guess_price
from include.mapping.kinds import Look
from include.mapping.names import ENDING, PART, called
from include.mapping.roles import MOST_GROUPS, SampledSource, differ_by_case, match, parent

MOST_ATTRIBUTES = 5
# Several values in one text, and what stands for none.
LISTS = ("|", ";", ",")
NO_CATEGORY = "(no genres listed)"
ROWS_A_GROUP = 2
MOSTLY = 0.9


def guess_items(source: SampledSource, events: SampledSource) -> Guess:
    """Return the guess for a file of items."""
    guess = Guess("items", source)
    item = match(events, source, "item_id")[1]
    item = item or source.best("item_id") or ""
    guess.set("item_id", _as_in_events(source, item, events), [item])
    if source.best("property") and source.best("value"):
        _properties(guess, source.best("property") or "", source.best("value") or "", item)
    else:
        _describe(guess, [item])
        _stock(guess)
    _attributes(guess, [item])
    _updates(guess, item)
    return guess


def guess_items_of_events(events: Guess) -> Guess:
    """Return the guess for items that only the events describe."""
    items = events.made_of["item_id"]
    titles = {parent(name) for name in events.source.candidates("title", near=items)}
    beside = [name for name in items if parent(name) in titles] or items
    guess = Guess("items", events.source.within({parent(name) for name in beside}))
    guess.set("item_id", sql.first_of(beside), beside)
    _describe(guess, beside)
    guess.land.update(
        events.land, columns=[*guess.used], distinct="day", skip_without=guess.made_of["title"] or beside[:1]
    )
    return guess


def guess_users(source: SampledSource, events: SampledSource) -> Guess:
    """Return the guess for a file of customers."""
    guess = Guess("users", source)
    user = match(events, source, "user_id")[1] or source.best("user_id") or ""
    guess.set("user_id", _as_in_events(source, user, events, "user_id"), [user])
    _segment(guess, [user])
    if signed_up := source.best("signed_up_on"):
        look = source.looks[signed_up]
        guess.set("signed_up_on", f"to_date({sql.moment(signed_up, look)})", [signed_up])
    _updates(guess, user)
    return guess


def guess_users_of_events(events: Guess) -> Guess:
    """Return the guess for customers that only the events name."""
    guess = Guess("users", events.source)
    users = events.made_of["user_id"]
    guess.set("user_id", events.columns["user_id"].value, users)
    _segment(guess, users)
    guess.missing = dict(events.missing)
    guess.land.update(events.land, columns=[*guess.used], distinct="range")
    if len(users) == 1:
        guess.land["skip_without"] = users
    return guess


def _as_in_events(source: SampledSource, key: str, events: SampledSource, role: str = "item_id") -> str:
    """Return an id as the events have it: in one case, with the leading zeros that this file has lost."""
    mine = source.looks[key].values
    if differ_by_case(source, [key], events, role):
        return f"upper({sql.column(key)})"
    for name in events.candidates(role):
        theirs = events.looks[name].values
        widths = {len(value) for value in theirs}
        if not mine.keys() & theirs.keys() and len(widths) == 1:
            width = widths.pop()
            if len({value.zfill(width) for value in mine} & theirs.keys()) > len(theirs) / 2:
                return f"lpad({sql.column(key)}, {width}, '0')"
    return sql.column(key)


def _describe(guess: Guess, near: Sequence[str]) -> None:
    """Map title, category and price."""
    source = guess.source
    _title(guess, near)
    free = [name for name in source.candidates("category", near=near) if name not in guess.used]
    if free:
        guess.set("category", _first_category(free[0], source.looks[free[0]]), free[:1])
        _fill_down(guess, "category", free[0])
    guess_price(guess, near)


def _title(guess: Guess, near: Sequence[str]) -> None:
    source = guess.source
    titles = [name for name in source.candidates("title", near=near) if name not in near]
    if not titles:
        guess.set("title", f"concat('Item ', {guess.columns['item_id'].value})", [], "the files name no titles")
        return
    guess.set("title", sql.column(titles[0]), titles[:1])
    _fill_down(guess, "title", titles[0])
    variant = [name for name in source.sample.columns if re.fullmatch(r"(?i)option\d? value", name)]
    if variant and "over" in guess.columns["title"].value:
        guess.use(variant)
        named = ", ".join(map(sql.column, variant))
        guess.columns["title"] = Line(f"concat_ws(' - ', {guess.columns['title'].value}, {named})", "with its variant")


def _fill_down(guess: Guess, column: str, name: str) -> None:
    """Take a group's value from its first row where the others leave it empty, as exports of variants do."""
    group = _group_of(guess.source, name)
    if group:
        guess.use([group])
        value = guess.columns[column].value
        filled = f"coalesce({value}, max({value}) over (partition by {sql.column(group)}, ingest_date))"
        guess.columns[column] = Line(filled, f"on the first row of each {group}")


def _group_of(source: SampledSource, name: str) -> str | None:
    """Return the column whose groups have a value of `name` on their first row only."""
    records = source.sample.records
    if source.looks[name].filled > MOSTLY:
        return None
    for group, look in source.looks.items():
        firsts: dict[str, bool] = {}
        for record in records:
            firsts.setdefault(record.get(group, ""), bool(record.get(name)))
        filled = sum(firsts.values())
        if look.filled == 1 and filled == len(firsts) >= MOSTLY * source.looks[name].filled * len(records):
            return group
    return None


def _first_category(name: str, look: Look) -> str:
    for mark in LISTS:
        if sum(mark in value for value in look.values) > len(look.values) / 20:
            first = f"trim(split({sql.column(name)}, '[{mark}]')[0])"
            return f"nullif({first}, {sql.text(NO_CATEGORY)})" if NO_CATEGORY in look.values else first
    return sql.column(name)


def _stock(guess: Guess) -> None:
    """Map the stock and the day of the launch."""
    stock = guess.source.candidates("in_stock", PART) or guess.source.candidates("in_stock", ENDING)
    stock = [name for name in stock if name not in guess.used]
    if stock:
        guess.set("in_stock", sql.flag(stock[0], guess.source.looks[stock[0]]), stock[:1])
    launched = [name for name in guess.source.candidates("launched_on") if guess.source.looks[name].kind == "time"]
    if launched:
        look = guess.source.looks[launched[0]]
        guess.set("launched_on", f"to_date({sql.moment(launched[0], look)})", launched[:1])


def _attributes(guess: Guess, near: Sequence[str]) -> None:
    """Map further groups that many items share, the best known names first."""
    source = guess.source
    groups = [
        name
        for name in source.candidates("attribute")
        if name not in guess.used and 1 < len(source.looks[name].values) <= MOST_GROUPS
        and source.looks[name].values.total() >= ROWS_A_GROUP * len(source.looks[name].values)
    ]  # fmt: skip
    for name in groups[:MOST_ATTRIBUTES]:
        guess.use([name])
        key = re.sub(r"\W+", "_", name.casefold()).strip("_")
        guess.attributes[key] = Line(sql.column(name), guess.example([name]))


def _segment(guess: Guess, users: Sequence[str]) -> None:
    source = guess.source
    groups = [name for name in source.candidates("segment", near=users) if name not in users]
    if groups:
        guess.set("segment", sql.column(groups[0]), groups[:1])


def _updates(guess: Guess, key: str) -> None:
    """Land changes on their days; a file that has each key once is the state of one day and lands whole."""
    source = guess.source
    updated = next((name for name in source.candidates("updated_ts") if name not in guess.used), None)
    if updated is None or source.looks[key].unique:
        guess.notes.append("no day: all of it lands on the first day")
        return
    guess.set("updated_ts", sql.moment(updated, source.looks[updated]), [updated])
    guess.day(updated, source.looks[updated])


def _properties(guess: Guess, name: str, value: str, item: str) -> None:
    """Map rows that carry one property each: what a row does not carry stays as it was."""
    guess.partial = True
    guess.use([name, value])
    guess.set("title", f"concat('Item ', {sql.column(item)})", [], "the files name no titles")
    source = guess.source
    for role in ("title", "category", "price", "in_stock"):
        for known in source.looks[name].values:
            values = [r.get(value, "") for r in source.sample.records if r.get(name) == known]
            if called(known, role) >= PART or (role == "price" and _looks_like_a_price(values)):
                expression = f"if({sql.column(name)} = {sql.text(known)}, {_property_value(value, role, values)}, null)"
                guess.columns[role] = Line(expression, f"such as {values[0]}")
                break


def _looks_like_a_price(values: Sequence[str]) -> bool:
    return len(set(values)) > 1 and all(one.startswith("n") and one[1:].replace(".", "").isdigit() for one in values)


def _property_value(value: str, role: str, values: Sequence[str]) -> str:
    if role == "price" and all(one.startswith("n") for one in values):
        return f"substring({sql.column(value)}, 2)"
    return sql.column(value)
