"""The mapping as a YAML file with comments for the person who goes on from there."""

from __future__ import annotations

import fnmatch
import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

import yaml

from include.contract import CONTRACT
from include.landing.formats import format_of
from include.mapping.draft import CHECK, Draft
from include.mapping.guess import Guess, Line

WIDTH = 110
COMMENT_AT = 60
STEP = "  "


def write_mapping(draft: Draft) -> str:
    """Return the text of a mapping."""
    lines = [
        f"# A first mapping of {draft.source}, guessed from a sample; docs/own-data.md explains the keys.",
        f"# What is marked {CHECK} cannot be known from the files.",
        f"name: {scalar(draft.name)}",
        f"description: {scalar(draft.description)}",
        _commented(f"time_zone: {draft.time_zone.value}", draft.time_zone.comment),
    ]
    if draft.first_day:
        lines.append(_commented(f"first_day: {draft.first_day.value}", draft.first_day.comment))
    lines += ["", "tables:"]
    for table, guesses in draft.tables.items():
        lines += [*indented(_table(table, guesses, draft), 1), ""]
    if draft.policy:
        lines.append("policy:")
        for section, entries in draft.policy.items():
            lines += indented([f"{section}:", *indented(_lines(entries), 1)], 1)
    if draft.unused:
        lines.append(f"# Not used: {', '.join(draft.unused)}")
    return "\n".join(lines).rstrip() + "\n"


def _table(table: str, guesses: Sequence[Guess], draft: Draft) -> list[str]:
    body: list[str] = []
    if len(guesses) == 1:
        (guess,) = guesses
        # Daily deliveries may have any name: the folder says which table they are.
        land = [_commented(f"files: {_names(guess, draft)}", "; ".join(guess.notes)), *_land(guess)]
        body = ["source:", *indented(_files(guess), 1), "land:", *indented(land, 1), *_expressions(guess)]
    else:
        body.append("sources:")
        for guess in guesses:
            land = _land(guess)
            lines = [*_files(guess), "land:" if land else "land: {}", *indented(land, 1), *_expressions(guess)]
            body += indented([f"- files: {_names(guess, draft)}", *indented(lines, 1)], 1)
    missing = {name: values for guess in guesses for name, values in guess.missing.items()}
    if missing:
        body += ["missing:", *indented([f"{name}: {scalar(values)}" for name, values in missing.items()], 1)]
    reject = {reason: line for guess in guesses for reason, line in guess.reject.items()}
    if reject:
        body += ["reject:", *indented(_lines(reject), 1)]
    if table == "items" and draft.snapshot:
        body.append(f"# delivery: whole    # {CHECK}: if each day's file has all items, those that are gone are gone")
    return [f"{table}:", *indented(body, 1)]


def _names(guess: Guess, draft: Draft) -> str:
    return scalar(file_patterns([path.name for path in guess.source.sample.paths], draft.file_names))


def _files(guess: Guess) -> list[str]:
    sample = guess.source.sample
    required = [name for name in guess.used if name in guess.needed and _always(guess, name)] or guess.fullest()
    optional = [name for name in guess.used if name not in required]
    lines = []
    if format_of(sample.paths[0].name) is None:
        lines.append("format: csv    # by its content; the name does not tell")
    lines += wrapped("required", required)
    lines += wrapped("optional", optional) if optional else []
    if not sample.header:
        lines += wrapped("names", list(sample.columns))
    if sample.delimiter not in ("", ","):
        lines.append(f"delimiter: {scalar(sample.delimiter)}")
    if sample.encoding != "utf-8":
        lines.append(f"encoding: {sample.encoding}    # CHECK: a guess; look at names with letters that English lacks")
    numbers = [look for name, look in guess.used.items() if look.kind == "number" and sample.delimiter]
    if any(look.decimal == "," for look in numbers):
        lines.append('decimal: ","')
    if thousands := next((look.thousands for look in numbers if look.thousands), ""):
        lines.append(f"thousands: {scalar(thousands)}")
    if guess.explodes:
        lines.append(f"explode: {sample.explode}")
    if guess.partial:
        lines.append("partial: true    # a row carries one property; the others stay as they were")
    return lines


def _always(guess: Guess, name: str) -> bool:
    """Return whether each file must have a column: those of JSON lines may have no record with it."""
    return bool(guess.source.sample.delimiter) or name in guess.projected or guess.used[name].filled > 0.99


def _land(guess: Guess) -> list[str]:
    return [f"{key}: {scalar(value)}" for key, value in guess.land.items() if value]


def _expressions(guess: Guess) -> list[str]:
    order = CONTRACT[guess.table].names()
    columns = dict(sorted(guess.columns.items(), key=lambda entry: order.index(entry[0])))
    lines = ["columns:", *indented(_lines(columns), 1)]
    if guess.attributes:
        lines += ["attributes:", *indented(_lines(guess.attributes), 1)]
    return lines


def _lines(entries: Mapping[str, Line]) -> list[str]:
    lines = []
    for name, (value, comment) in entries.items():
        if len(str(value)) > WIDTH:
            lines += [_commented(f"{scalar(name)}: >-", comment), *indented(_folded(value), 1)]
        else:
            lines.append(_commented(f"{scalar(name)}: {scalar(value)}", comment))
    return lines


def _commented(line: str, comment: str) -> str:
    return f"{line.ljust(COMMENT_AT)}  # {comment}" if comment else line


def scalar(value: object) -> str:
    """Return a value as YAML on one line."""
    plain = yaml.safe_dump(value, default_flow_style=True, width=float("inf"), allow_unicode=True)
    plain = plain.removesuffix("...\n").strip()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) and plain != value else plain


def wrapped(key: str, names: Sequence[str]) -> list[str]:
    """Return a list of names as YAML, on several lines where it is long."""
    first, *rest = _folded(", ".join(_in_list(n) for n in names))
    lines = [f"{key}: [{first}", *(f"{STEP}{line}" for line in rest)]
    return [*lines[:-1], f"{lines[-1]}]"]


def _in_list(name: str) -> str:
    return scalar([name])[1:-1].replace(" ", "\0")


def _folded(text: str) -> list[str]:
    whole = re.sub(r"`[^`]*`|'[^']*'", lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(whole, WIDTH, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]


def indented(lines: Iterable[str], depth: int) -> list[str]:
    return [f"{STEP * depth}{line}" if line else line for line in lines]


def file_patterns(names: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return one pattern for files of several days or years where no other file has it, else their names."""
    if len(names) == 1:
        pattern = re.sub(r"\d{4,}([-_]?\d\d)*", "*", names[0])
    else:
        start, end = _common(names), _common([name[::-1] for name in names])[::-1]
        pattern = re.sub(r"\d+$", "", start) + "*" + re.sub(r"^\d+", "", end)
    fitting = {name for name in others if fnmatch.fnmatchcase(name, pattern)}
    return [pattern] if fitting == set(names) and not pattern.startswith("*") else list(names)


def _common(names: Sequence[str]) -> str:
    """Return what all names begin with."""
    shortest = min(names, key=len)
    different = (place for place, letter in enumerate(shortest) if any(name[place] != letter for name in names))
    return shortest[: next(different, len(shortest))]
