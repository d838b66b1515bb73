"""The nightly report: what a product owner asks of a night, counted from its batch and from the day it knows."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from include import columns as c
from include.contract import load_policy
from include.errors import MissingArtifactError
from include.evaluation.comparison import SEGMENT
from include.evaluation.exposure import Exposure, measure_exposure
from include.evaluation.report import CHALLENGER, POPULARITY
from include.evaluation.revenue import Takings, measure_takings
from include.lake import Artifact, Content, Lake, find_manifest, find_or_make, load_manifest, partition_folder
from include.log import step
from include.night.report_page import NightReport, render
from include.overview.reports import EDITION, KIND, list_reports
from include.overview.session import Row, reading, rows
from include.overview.state import NIGHTS
from include.policy import Policy
from include.ranking.rules import new_items
from include.serving.batch import Batch, open_batch
from include.serving.database import connect
from include.serving.decisions import find_decision
from include.serving.drift import served_batches
from include.settings import Settings

logger = logging.getLogger(__name__)

FORMAT = 1  # raise it when equal inputs shall give another report
FILE = "report.html"
EVENT_COLUMNS = (c.USER_ID, c.ITEM_ID, c.EVENT_TYPE, c.PRICE, c.QUANTITY, "currency")


@dataclass(frozen=True)
class WrittenReport:
    """The page's path in the lake, whether it was made now, and its headlines."""

    path: str
    made: bool
    figures: dict[str, Any]


@dataclass(frozen=True)
class ReportSources:
    """What a report is made of.

    Attributes
    ----------
    served
        The batch whose lists readers saw on the run date; None when it is the first, or is no longer in the lake.
    evaluation
        The night's evaluation, None where it is no longer in the lake.
    nights
        Rows of include/sql/overview/nights.sql up to the night.
    earlier
        Headlines of the nights' reports before, by day.
    """

    batch: Batch
    served: Batch | None
    events: Artifact | None
    evaluation: Artifact | None
    nights: list[Row]
    reasons: dict[int, str]
    earlier: dict[str, dict[str, Any]]
    policy: Policy

    @property
    def inputs(self) -> dict[str, object]:
        """All that the report depends on."""
        return {
            "format": FORMAT,
            "batch": self.batch.manifest.fingerprint,
            "served": self.served and self.served.manifest.fingerprint,
            "events": self.events and self.events.manifest.fingerprint,
            "evaluation": self.evaluation and self.evaluation.manifest.fingerprint,
            "earlier": self.earlier,
            "nights": [
                (night["run_date"], night["metric"], night["popularity"], night["low"]) for night in self.nights
            ],
        }


def find_or_report(settings: Settings, lake: Lake, batch: Batch) -> WrittenReport:
    """Return the report of the night that made `batch`, written now unless equal inputs made it before.

    Raises
    ------
    MissingArtifactError
        When the night's training set is no longer in the lake.
    ConfigurationError, DatabaseError
        When the database does not answer.
    """
    sources = _find_sources(settings, lake, batch)
    made = []

    def write(staged: str) -> Content:
        made.append(staged)
        report = count(sources)
        lake.write_bytes(f"{staged}/{FILE}", render(report).encode())
        editions = len(list(list_reports(lake, batch.run_date, batch.run_date + dt.timedelta(days=1))))
        about = {"run_date": batch.run_date.isoformat(), EDITION: editions + 1}
        return Content([FILE], details={**about, "figures": report.figures})

    artifact = find_or_make(lake, KIND, batch.run_date, sources.inputs, write)
    return WrittenReport(artifact.paths()[0], bool(made), artifact.detail("figures"))


def count(sources: ReportSources) -> NightReport:
    """Count everything that the page says."""
    batch, catalogue = sources.batch, sources.batch.items()
    titles = dict(zip(catalogue[c.ITEM_ID].to_pylist(), catalogue[c.TITLE].to_pylist(), strict=True))
    prices = dict(zip(catalogue[c.ITEM_ID].to_pylist(), catalogue[c.PRICE].to_pylist(), strict=True))
    with step(logger, f"counting the lists of {batch.users} users"):
        exposure = measure_exposure(batch.lists())
    before = measure_exposure(sources.served.lists()) if sources.served else Exposure()
    return NightReport(
        run_date=batch.run_date,
        batch_id=batch.batch_id,
        model_version=batch.model_version,
        exposure=exposure,
        before=before,
        titles={item: title or item for item, title in titles.items()},
        in_stock=sum(catalogue[c.IN_STOCK].to_pylist()),
        reasons=sources.reasons,
        new=_new_items(sources),
        takings=_takings(sources, prices),
        segments=_segments(sources),
        nights=sources.nights,
        earlier=sources.earlier,
    )


def _find_sources(settings: Settings, lake: Lake, batch: Batch) -> ReportSources:
    policy, day = load_policy(settings), batch.run_date
    variant = policy.publish.variant
    with connect(settings.database_url, "report") as connection:
        decision = find_decision(connection, variant, day)
        served = served_batches(connection, variant, day)
    with reading(settings, "report") as cursor:
        nights = rows(cursor, "nights", variant=variant, up_to=day, nights=NIGHTS)
        reasons = {row["code"]: row["reason"] for row in rows(cursor, "reasons")}
    return ReportSources(
        batch=batch,
        served=_batch(lake, served[0].batch_id) if served else None,
        events=_artifact(lake, partition_folder(c.EVENTS, day)),
        evaluation=_artifact(lake, f"evaluations/{day}-{decision.fingerprint}") if decision else None,
        nights=nights,
        reasons=reasons,
        earlier=_earlier(lake, day),
        policy=policy,
    )


def _artifact(lake: Lake, folder: str) -> Artifact | None:
    manifest = find_manifest(lake, folder)
    return Artifact(lake, folder, manifest) if manifest else None


def _batch(lake: Lake, batch_id: str) -> Batch | None:
    try:
        return open_batch(lake, f"batches/{batch_id}")
    except MissingArtifactError as error:
        logger.warning("the report does without the lists of the day: %s", error)
        return None


def _earlier(lake: Lake, day: dt.date) -> dict[str, dict[str, Any]]:
    """Return the headlines of the last reports of each of the days before."""
    known = list_reports(lake, day - dt.timedelta(days=NIGHTS), day)
    return {one.run_date.isoformat(): one.detail("figures") for one in known}


def _new_items(sources: ReportSources) -> list[str]:
    """Return the items that are new on the run date."""
    folder = str(sources.batch.detail("training_set"))
    items = Artifact(sources.batch.lake, folder, load_manifest(sources.batch.lake, folder)).read_table(
        c.ITEMS, [c.ITEM_ID, c.FIRST_SEEN_ON]
    )
    first_seen = np.asarray(items[c.FIRST_SEEN_ON].to_numpy(zero_copy_only=False), dtype="datetime64[D]")
    chosen = new_items(first_seen, sources.batch.run_date, sources.policy.ranking.new_days)
    return [str(item) for item in np.asarray(items[c.ITEM_ID].to_pylist(), dtype=object)[chosen]]


def _takings(sources: ReportSources, prices: dict[str, float]) -> list[Takings]:
    if sources.served is None or sources.events is None or not sources.events.manifest.files:
        return []
    events = sources.events.read_table()
    events = events.select([name for name in EVENT_COLUMNS if name in events.column_names])
    return measure_takings(events, sources.served.lists(), prices)


def _segments(sources: ReportSources) -> list[dict[str, Any]]:
    """Return recall of the challenger and of popularity by segment, as the night's evaluation found it."""
    if sources.evaluation is None:
        return []
    report = sources.evaluation.read_json()
    if CHALLENGER not in report["models"]:
        return []
    views = {name: report["models"][name]["views"][report["view"]] for name in (CHALLENGER, POPULARITY)}
    return [
        {
            "segment": group.removeprefix(SEGMENT),
            "users": found["users"],
            "recall": found["recall"],
            "interval": tuple(found["intervals"]["recall"]),
            "popularity": views[POPULARITY][group]["recall"],
        }
        for group, found in views[CHALLENGER].items()
        if group.startswith(SEGMENT) and found["users"]
    ]
