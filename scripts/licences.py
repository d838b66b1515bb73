"""Print the licence of each installed package, as its metadata tells it: `make licences`.

The licence is the SPDX expression, else the classifiers, else the first line of the licence field, else the name of the
file that has it.
"""

from __future__ import annotations

from importlib.metadata import Distribution, distributions

UNKNOWN = "not stated"
LONGEST = 60


def licence_of(package: Distribution) -> str:
    """Return what a package says of its licence, in one line."""

    def stated(field: str) -> list[str]:
        return [value.strip() for value in package.metadata.get_all(field) or () if value.strip()]

    classifiers = [line for line in stated("Classifier") if line.startswith("License :: ")]
    named = [line.rpartition(" :: ")[2] for line in classifiers if line != "License :: OSI Approved"]
    first_lines = [text.splitlines()[0][:LONGEST] for text in stated("License")]
    files = [f"see its {file}" for file in stated("License-File")]
    return "; ".join(stated("License-Expression") or named or first_lines[:1] or files[:1] or [UNKNOWN])


def main() -> None:
    """Print a table of name, version and licence, and how many packages have which licence."""
    rows = sorted((item.name.lower(), item.version, licence_of(item)) for item in distributions())
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, version, licence in rows:
        print(f"{name:{widths[0]}}  {version:{widths[1]}}  {licence}")
    licences = [licence for _, _, licence in rows]
    print(f"\n{len(rows)} packages")
    for licence in sorted(set(licences), key=lambda each: (-licences.count(each), each)):
        print(f"{licences.count(licence):5}  {licence}")


if __name__ == "__main__":
    main()
