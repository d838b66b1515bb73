"""Checks one day of the lake with Great Expectations, and stores what they found."""

from __future__ import annotations

import datetime as dt
import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from include.checks.catalogue import paths_of
from include.checks.comparison import add_books, compare_catalogue, compare_events
from include.checks.figures import Figures, count_rows
from include.checks.past import Past, read_past
from include.checks.rules import DUPLICATES, INVALID, NULLS, Check, checks_of
from include.columns import EVENTS, ITEMS, TABLES
from include.contract.schema import CONTRACT
from include.drift_policy import DriftPolicy, load_drift_policy
from include.errors import ValidationError
from include.lake import Lake, commit_folder, partition_folder, staging
from include.lake.manifest import fingerprint
from include.log import step
from include.policy import Policy

logger = logging.getLogger(__name__)

Overridden = Callable[[str], str | None]

DATA_DOCS = "data_docs"
VALIDATIONS = "validations"
RESULTS = "results.json"
UTC = ZoneInfo("UTC")
# The pages are readable without Great Expectations' own fonts and pictures, which are 3 MB a night.
DOCUMENT_SUFFIXES = (".html", ".css")


@dataclass(frozen=True)
class Finding:
    """What one check found on one day; `check` is its name, such as `events.volume`."""

    check: str
    table: str
    day: str
    rule: str
    column: str
    severity: str
    success: bool
    observed: str
    limits: str
    unexpected: int
    checked: int
    examples: tuple[str, ...]
    description: str
    remedy: str
    overridden: str = ""

    def line(self) -> str:
        """Return it as one sentence for the on-call engineer."""
        what = f"{self.table} of {self.day}: {self.check} is {self.observed}, it {self.limits}"
        meaning = f" ({self.description})" if self.description else ""
        count = f", {self.unexpected} of {self.checked} rows break it" if self.unexpected else ""
        examples = f", for example {', '.join(self.examples)}" if self.examples else ""
        return f"{what}{meaning}{count}{examples}"


@dataclass(frozen=True)
class Report:
    """All findings of a day, and the URI of the pages about them."""

    findings: tuple[Finding, ...]
    data_docs: str

    def broken(self, severity: str) -> list[Finding]:
        """Return the findings that do not hold, without those that people let pass for this night."""
        return [one for one in self.findings if one.severity == severity and not one.success and not one.overridden]


def validate_day(
    lake: Lake,
    day: dt.date,
    policy: Policy,
    drift: DriftPolicy | None = None,
    *,
    zone: ZoneInfo = UTC,
    whole_items: bool = False,
    overridden: Overridden = lambda _: None,
) -> Report:
    """Check the partitions of `day`, store the findings and the pages, and return the report.

    Parameters
    ----------
    zone
        The shop's, in which its days begin and end.
    whole_items
        Whether each delivery of items is the whole catalogue.
    overridden
        Why the check of a name may fail in this night, None when it may not.

    Raises
    ------
    MissingArtifactError
        When a table of that day was not ingested.
    """
    drift = drift or load_drift_policy()
    settings = {**policy.model_dump(), **drift.model_dump(include={"feed"})}
    checks = {table: checks_of(CONTRACT[table], settings) for table in TABLES}
    with step(logger, f"counting what was ingested on {day}"):
        past = read_past(lake, day, zone)
        figures = {table: _figures(lake, past, table) for table in TABLES}
        compare_events(figures[EVENTS], lake, past, policy, drift)
        compare_catalogue(figures[ITEMS], lake, past, policy, whole=whole_items)
        for table in TABLES:
            add_books(figures[table], table, past, policy)
    with tempfile.TemporaryDirectory() as folder, step(logger, "checking"):
        from include.checks.great import run_checks

        results, site = run_checks({table: found.values for table, found in figures.items()}, checks, day, Path(folder))
        findings = tuple(
            _finding(day, check, figures[table], result, overridden)
            for table, listed in checks.items()
            for check, result in zip(listed, results[table], strict=True)
        )
        pages = _store_pages(lake, day, site)
    report = Report(findings, pages)
    _store_findings(lake, past, report)
    return report


def _figures(lake: Lake, past: Past, table: str) -> Figures:
    paths = paths_of(table, past.day, past.days[table][past.day])
    return count_rows(lake, paths, CONTRACT[table], past.day, past.zone)


def raise_if_broken(report: Report) -> None:
    """Stop the night when a check of severity `fail` failed.

    Raises
    ------
    ValidationError
        With the first failed check in full and the number of the others.
    """
    for finding in report.findings:
        if finding.overridden and not finding.success:
            logger.warning("%s. Let pass: %s.", finding.line(), finding.overridden)
    for finding in report.broken("warn"):
        logger.warning("%s. Remedy: %s.", finding.line(), finding.remedy)
    broken = report.broken("fail")
    for finding in broken[1:]:
        logger.error("%s. Remedy: %s.", finding.line(), finding.remedy)
    if broken:
        names = ",".join(finding.check for finding in broken)
        others = f"; {len(broken) - 1} more checks failed, see the lines above" if len(broken) > 1 else ""
        raise ValidationError(
            f"{broken[0].line()}{others}. Pages: {report.data_docs}",
            remedy=f"{broken[0].remedy}; or {let_pass(names)}",
        )


def _finding(
    day: dt.date, check: Check, figures: Figures, answer: Mapping[str, Any], overridden: Overridden
) -> Finding:
    value = figures.values.get(check.figure)
    observed = "unknown" if value is None else f"{value:.4g}"
    if not answer["result"] and not answer["success"]:
        observed = _exception(answer["exception_info"])
    counted = check.rule in (NULLS, INVALID, DUPLICATES) and check.figure.endswith(check.rule)
    setting = f"; if that is right for your shop, set {check.setting} in the policy" if check.setting else ""
    return Finding(
        check=check.name,
        table=check.table,
        day=day.isoformat(),
        rule=check.rule,
        column=check.column,
        severity=check.severity,
        success=bool(answer["success"]),
        observed=observed,
        limits=check.limits(),
        unexpected=int(value or 0) if counted else 0,
        checked=figures.rows if counted else 0,
        examples=() if answer["success"] else tuple(figures.examples.get(check.figure, ())),
        description=check.description,
        remedy=check.remedy + setting,
        overridden="" if answer["success"] or check.severity == "warn" else overridden(check.name) or "",
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


def _store_findings(lake: Lake, past: Past, report: Report) -> None:
    inputs = {table: days[past.day].fingerprint for table, days in past.days.items()}
    text = json.dumps([asdict(finding) for finding in report.findings], indent=1)
    with staging(lake, VALIDATIONS) as staged:
        lake.write_bytes(f"{staged}/{RESULTS}", text.encode())
        commit_folder(
            lake,
            staged,
            partition_folder(VALIDATIONS, past.day),
            files=[RESULTS],
            fingerprint=fingerprint({"day": past.day, "findings": text}),
            counts=summary(report),
            inputs=inputs,
            details={"data_docs": report.data_docs},
        )


def let_pass(checks: str) -> str:
    """Return how people let a night go on although `checks` fail, as a remedy."""
    return f"let this night pass: trigger the DAG override with Checks={checks}, then clear this task"


def summary(report: Report) -> dict[str, int]:
    """Return how many checks there were, how many failed and how many warned."""
    return {
        "checks": len(report.findings),
        "failed": len(report.broken("fail")),
        "warnings": len(report.broken("warn")),
    }
