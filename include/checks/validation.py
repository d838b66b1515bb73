"""Checks one day of the lake with Great Expectations, and stores what they found."""

from __future__ import annotations

import datetime as dt
import json
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.checks.expectations import ACCOUNT, ROWS, Check, load_suite
from include.columns import EVENT_TS, EVENTS, ITEM_ID, ITEMS, TABLES
from include.contract.schema import CONTRACT, ContractTable
from include.errors import ValidationError
from include.lake import (
    Lake,
    Manifest,
    commit_folder,
    list_days,
    load_days,
    open_folder,
    partition_folder,
    read_table,
    staging,
)
from include.lake.manifest import fingerprint
from include.log import step
from include.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

DATA_DOCS = "data_docs"
VALIDATIONS = "validations"
RESULTS = "results.json"
EXAMPLES = 5
UNKNOWN_ITEM_ID = "unknown_item_id"
DAYS_LATE = "days_late"
QUARANTINED_SHARE = "quarantined_share"
# The pages are readable without Great Expectations' own fonts and pictures, which are 3 MB a night.
DOCUMENT_SUFFIXES = (".html", ".css")


@dataclass(frozen=True)
class Finding:
    """What one check found on one day."""

    table: str
    day: str
    expectation: str
    of: str
    column: str
    severity: str
    success: bool
    observed: str
    unexpected: int
    checked: int
    examples: tuple[str, ...]
    remedy: str

    def line(self) -> str:
        """Return it as one sentence for the on-call engineer."""
        what = f"{self.table} of {self.day}: {self.expectation}"
        column = f" on {self.column}" if self.column else ""
        observed = f", observed {self.observed}" if self.observed else ""
        count = f", {self.unexpected} of {self.checked} rows break it" if self.unexpected else ""
        examples = f", for example {', '.join(self.examples)}" if self.examples else ""
        return f"{what}{column} does not hold{observed}{count}{examples}"


@dataclass(frozen=True)
class Report:
    """All findings of a day, and the URI of the pages about them."""

    findings: tuple[Finding, ...]
    data_docs: str

    def broken(self, severity: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == severity and not finding.success]


def validate_day(lake: Lake, day: dt.date, policy: Policy) -> Report:
    """Check the partitions of `day`, store the findings and the pages, and return the report.

    Raises
    ------
    MissingArtifactError
        When a table of that day was not ingested.
    """
    with step(logger, f"reading what was ingested on {day}"):
        manifests = {table: open_folder(lake, partition_folder(table, day)) for table in TABLES}
        frames = _frames(lake, day, manifests)
    checks = _checks(policy)
    with tempfile.TemporaryDirectory() as folder, step(logger, "checking"):
        from include.checks.great import run_checks

        results, site = run_checks(frames, checks, day, Path(folder))
        findings = tuple(
            _finding(name, day, check, result)
            for name, listed in checks.items()
            for check, result in zip(listed, results[name], strict=True)
        )
        pages = _store_pages(lake, day, site)
    report = Report(findings, pages)
    _store_findings(lake, day, report, manifests)
    return report


def raise_if_broken(report: Report) -> None:
    """Stop the night when a check of severity `fail` failed.

    Raises
    ------
    ValidationError
        With the first failed check in full and the number of the others.
    """
    for finding in report.broken("warn"):
        logger.warning("%s. Remedy: %s.", finding.line(), finding.remedy)
    broken = report.broken("fail")
    for finding in broken[1:]:
        logger.error("%s. Remedy: %s.", finding.line(), finding.remedy)
    if broken:
        others = f"; {len(broken) - 1} more checks failed, see the lines above" if len(broken) > 1 else ""
        raise ValidationError(f"{broken[0].line()}{others}. Pages: {report.data_docs}", remedy=broken[0].remedy)


def _checks(policy: Policy) -> dict[str, list[Check]]:
    """Return the checks by suite: `events`, `events_account` and so on."""
    return {
        f"{table}{suffix}": [check for check in load_suite(table, policy).checks if check.of == of]
        for table in TABLES
        for of, suffix in ((ROWS, ""), (ACCOUNT, f"_{ACCOUNT}"))
    }


def _frames(lake: Lake, day: dt.date, manifests: Mapping[str, Manifest]) -> dict[str, pd.DataFrame]:
    import pandas as pd

    frames = {}
    for table, manifest in manifests.items():
        frames[table] = _read(lake, day, manifest, CONTRACT[table])
        frames[f"{table}_{ACCOUNT}"] = _account(manifest)
    events = frames[EVENTS]
    events[UNKNOWN_ITEM_ID] = events[ITEM_ID].where(~events[ITEM_ID].isin(_known_items(lake, day)), None)
    events[DAYS_LATE] = (pd.Timestamp(day, tz="UTC") - events[EVENT_TS].dt.floor("D")).dt.days
    return frames


def _read(lake: Lake, day: dt.date, manifest: Manifest, table: ContractTable) -> pd.DataFrame:
    """Return a partition as pandas, without the attributes, which nothing checks."""
    import pyarrow as pa

    times = pa.timestamp("us", tz="UTC")
    types = {"text": pa.string(), "number": pa.float64(), "date": pa.date32(), "flag": pa.bool_(), "timestamp": times}
    schema = pa.schema([(column.name, types[column.kind]) for column in table.columns])
    paths = _paths(table.name, day, manifest)
    whole = read_table(lake, paths, table.names()).cast(schema) if paths else schema.empty_table()
    frame: pd.DataFrame = whole.to_pandas()
    return frame


def _paths(table: str, day: dt.date, manifest: Manifest) -> list[str]:
    return [f"{partition_folder(table, day)}/{path}" for path in manifest.paths()]


def _account(manifest: Manifest) -> pd.DataFrame:
    import pandas as pd

    share = manifest.counts["quarantined"] / max(1, manifest.counts["landed"])
    return pd.DataFrame([{**manifest.counts, QUARANTINED_SHARE: round(share, 6)}])


def _known_items(lake: Lake, day: dt.date) -> set[str]:
    """Return the items delivered up to and on `day`."""
    known: set[str] = set()
    for known_day, manifest in load_days(lake, ITEMS, [past for past in list_days(lake, ITEMS) if past <= day]).items():
        for path in _paths(ITEMS, known_day, manifest):
            known.update(read_table(lake, [path], [ITEM_ID])[ITEM_ID].to_pylist())
    return known


def _finding(name: str, day: dt.date, check: Check, answer: Mapping[str, Any]) -> Finding:
    result = answer["result"]
    observed = result.get("observed_value", "")
    if not result and not answer["success"]:
        observed = _exception(answer["exception_info"])
    examples = dict.fromkeys(str(value) for value in result.get("partial_unexpected_list", ()))
    return Finding(
        table=name.removesuffix(f"_{ACCOUNT}"),
        day=day.isoformat(),
        expectation=check.expect,
        of=check.of,
        column=str(check.arguments.get("column", "")),
        severity=check.severity,
        success=bool(answer["success"]),
        observed=str(observed),
        unexpected=int(result.get("unexpected_count", 0)),
        checked=int(result.get("element_count", 0)),
        examples=tuple(list(examples)[:EXAMPLES]),
        remedy=check.remedy,
    )


def _exception(information: Mapping[str, Any]) -> str:
    """Return why Great Expectations could not check; the message may be nested by metric."""
    message = information.get("exception_message")
    if message is None:
        nested = (value for value in information.values() if isinstance(value, Mapping))
        message = next((value["exception_message"] for value in nested), "")
    return f"no result: {' '.join(str(message).split())}"


def _store_pages(lake: Lake, day: dt.date, site: Path) -> str:
    folder = partition_folder(DATA_DOCS, day)
    lake.delete(folder)
    for page in sorted(site.rglob("*")):
        if page.suffix in DOCUMENT_SUFFIXES:
            lake.write_bytes(f"{folder}/{page.relative_to(site).as_posix()}", page.read_bytes())
    return lake.uri_of(f"{folder}/index.html")


def _store_findings(lake: Lake, day: dt.date, report: Report, manifests: Mapping[str, Manifest]) -> None:
    inputs = {table: manifest.fingerprint for table, manifest in manifests.items()}
    text = json.dumps([asdict(finding) for finding in report.findings], indent=1)
    with staging(lake, VALIDATIONS) as staged:
        lake.write_bytes(f"{staged}/{RESULTS}", text.encode())
        commit_folder(
            lake,
            staged,
            partition_folder(VALIDATIONS, day),
            files=[RESULTS],
            fingerprint=fingerprint({"day": day, "inputs": inputs, "checks": _rules(report.findings)}),
            counts=summary(report),
            inputs=inputs,
            details={"data_docs": report.data_docs},
        )


def _rules(findings: Sequence[Finding]) -> list[list[str]]:
    return [[finding.table, finding.of, finding.expectation, finding.column, finding.severity] for finding in findings]


def summary(report: Report) -> dict[str, int]:
    """Return how many checks there were, how many failed and how many warned."""
    return {
        "checks": len(report.findings),
        "failed": len(report.broken("fail")),
        "warnings": len(report.broken("warn")),
    }
