"""Write the lists of docs/ that follow from the code; `make docs` runs it.

    python scripts/generate_docs.py

`docs/configuration.md` gets the settings from the fields of `include.settings`, `docs/architecture.md` the packages
from their docstrings and the import rules in pyproject.toml, `docs/own-data.md` the contract from
`include/config/contract`. Each stands between two marker comments.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from textwrap import fill
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from pydantic_core import PydanticUndefined  # noqa: E402

from include.contract.schema import CONTRACT, ContractColumn  # noqa: E402
from include.settings import S3Settings, Settings  # noqa: E402


def settings_list() -> str:
    """Return every variable with its default and meaning."""
    fields = [field for model in (Settings, S3Settings) for field in model.model_fields.values()]
    return markdown_list(
        f"`{field.validation_alias}`{_default(field.default)}: {field.description or ''}" for field in fields
    )


def import_list() -> str:
    """Return every package with its subject and the rules of its own for imports, the top of the layers first."""
    rules = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in rules["contracts"] if contract["type"] == "layers")
    roots = [root for root in rules["root_packages"] if root != "include"]
    rows = []
    for root in sorted(roots):
        refused = _refused(root, rules)
        others = [other for other in sorted(roots) if other not in {root, *refused}]
        allowed = ", ".join([f"`{name}`" for name in others] + _library(layers, refused))
        rows.append(f"`{root}`: {_subject(root)}. Imports {allowed}")
    for depth, layer in enumerate(layers):
        for name in _names(layer):
            below = [other for lower in layers[depth + 1 :] for other in _names(lower)]
            refused = {one.removeprefix("include.") for one in _refused(f"include.{name}", rules)} & set(below)
            rows.append(f"`include.{name}`: {_subject(f'include/{name}')}{_except(refused, '; not ')}")
    return markdown_list(rows)


def contract_tables() -> str:
    """Return the columns of each table with their rules."""
    return "\n".join(
        f"**{table.name}**, {table.description}:\n\n"
        + markdown_table(
            ("column", "type", "rule"),
            [(f"`{one.name}`", "time" if one.kind == "timestamp" else one.kind, _rules(one)) for one in table.columns],
        )
        for table in CONTRACT.values()
    )


def with_table(page: str, name: str, table: str) -> str:
    """Return the page with the table between its two markers.

    Raises
    ------
    ValueError
        When the page has no such markers.
    """
    pattern = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no marker <!-- generated: {name} --> before an <!-- end -->")
    return pattern.sub(lambda found: f"{found[1]}{table}{found[2]}", page)


TABLES = {
    "docs/configuration.md": ("settings", settings_list),
    "docs/architecture.md": ("packages", import_list),
    "docs/own-data.md": ("contract", contract_tables),
}


def main() -> None:
    """Write each list into its page."""
    for path, (name, table) in TABLES.items():
        page = PROJECT / path
        page.write_text(with_table(page.read_text(), name, table()))


def markdown_table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = tuple(header)
    lines = (f"| {' | '.join(line)} |\n".replace("|  |", "| |") for line in (names, *rows))
    return next(lines) + "|---" * len(names) + "|\n" + "".join(lines)


def markdown_list(lines: Iterable[str]) -> str:
    return "".join(
        fill(line, 120, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False) + "\n" for line in lines
    )


def _rules(column: ContractColumn) -> str:
    """Return what holds for a column's values, as a phrase."""
    *firsts, last = [f"`{value}`" for value in column.allowed] or [""]
    rules = [
        "required" if column.required else "",
        f"{', '.join(firsts)} or {last}" if firsts else "",
        f"above {column.above:g}" if column.above is not None else "",
        f"not below {column.at_least:g}" if column.at_least is not None else "",
        f"not before {column.since}" if column.since else "",
        "not after the day of its delivery" if column.by_end_of_day else "",
        f"at most {column.max_length} characters" if column.max_length else "",
        f"{column.default} when missing".lower() if column.default is not None else "",
        column.description,
    ]
    return "; ".join(rule for rule in rules if rule)


def _default(value: Any) -> str:
    shown = "" if value is PydanticUndefined or value is None else re.sub(r"^(\d\d:\d\d):00$|\.0$", r"\1", str(value))
    return f" = `{shown}`" if shown else ""


def _names(layer: str) -> list[str]:
    return re.split(r" [|:] ", layer)


def _subject(package: str) -> str:
    """Return the first sentence of a package's docstring, or of a module's."""
    folder = PROJECT / package
    inner = sorted(folder.glob("*/__init__.py"))  # of the plugin: its one package
    places = (folder / "__init__.py", folder.with_suffix(".py"), *inner)
    path = next((place for place in places if place.is_file()), None)
    text = ast.get_docstring(ast.parse(path.read_text())) if path else None
    return " ".join((text or "structure only: schedules, tasks and their order").split("\n\n")[0].split()).rstrip(".")


def _refused(package: str, rules: dict[str, Any]) -> set[str]:
    """Return what the contracts forbid a package of the project."""
    forbidden = [contract for contract in rules["contracts"] if contract["type"] == "forbidden"]
    return {
        name
        for contract in forbidden
        if package in contract["source_modules"]
        for name in contract["forbidden_modules"]
    }


def _library(layers: list[str], refused: set[str]) -> list[str]:
    """Return which packages of `include` are left, as a list of them or as all but a few."""
    packages = [name for layer in layers for name in _names(layer)]
    left = [name for name in packages if f"include.{name}" not in refused]
    if len(left) > len(packages) / 2:
        return ["`include`" + _except({name for name in packages if name not in left})]
    return [f"`include.{name}`" for name in sorted(left)]


def _except(names: set[str], word: str = " except ") -> str:
    return word + ", ".join(f"`{name}`" for name in sorted(names)) if names else ""


if __name__ == "__main__":
    main()
