"""The sensors that a night and the drift watch begin with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseSensorOperator, timezone
from airflow.sdk.exceptions import AirflowFailException

from include.columns import SUCCESS_MARKER
from include.errors import NightshelfError
from include.lake import MANIFEST
from nightshelf_plugin.triggers import LandingTrigger, missing_markers

if TYPE_CHECKING:
    from airflow.sdk import Context

SAFETY_MARGIN = dt.timedelta(minutes=10)


class LandingSensor(BaseSensorOperator):
    """Wait until the day's landing is complete: each table's folder holds `_SUCCESS`.

    A complete landing is passed without deferring; otherwise the triggerer waits, which holds no worker slot.

    Parameters
    ----------
    landing_uri, tables
        Where to look, and for which tables.
    run_date
        The day, YYYY-MM-DD, templated.
    timeout
        How long to wait, counted again when the task is cleared.

    Raises
    ------
    AirflowFailException
        When the time is up; it names each marker that is missing.
    """

    template_fields: Sequence[str] = ("run_date", "landing_uri")
    ui_color = "#e2f0d9"
    marker: ClassVar[str] = SUCCESS_MARKER
    what: ClassVar[str] = "landing"
    remedy: ClassVar[str] = (
        f"deliver the files and then an empty {SUCCESS_MARKER} (a day with nothing to deliver has only that), "
        "and clear this task"
    )

    def __init__(self, *, landing_uri: str, tables: Sequence[str], run_date: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.landing_uri = landing_uri
        self.tables = list(tables)
        self.run_date = run_date

    def poke(self, context: Context) -> bool:
        """Tell whether the landing is complete."""
        return not self.missing()

    def missing(self) -> list[str]:
        """Return the URIs of the markers that are not there; a landing zone that cannot be opened fails the task."""
        try:
            return missing_markers(self.landing_uri, self.tables, self.run_date, self.marker)
        except NightshelfError as error:
            raise AirflowFailException(str(error)) from error

    def execute(self, context: Context) -> None:
        missing = self.missing()
        if not missing:
            self.log.info("the %s of %s is complete", self.what, self.run_date)
            return
        wait = dt.timedelta(seconds=self.timeout)
        self.log.info("waiting up to %s for %s", wait, ", ".join(missing))
        trigger = LandingTrigger(
            self.landing_uri, self.tables, self.run_date, timezone.utcnow() + wait, self.poke_interval, self.marker
        )
        # The trigger's own deadline names what is missing; Airflow's timeout is for a triggerer that hangs
        self.defer(trigger=trigger, method_name="resume", timeout=wait + SAFETY_MARGIN)

    def resume(self, context: Context, event: Mapping[str, Any]) -> None:
        """Go on after the wait, or say what never came."""
        missing = event["missing"]
        if missing:
            raise AirflowFailException(
                f"no {self.marker} after {self.timeout / 3600:g} h: {', '.join(missing)}. Remedy: {self.remedy}."
            )
        self.log.info("the %s of %s is complete", self.what, self.run_date)


class IngestedSensor(LandingSensor):
    """Wait until the day's partitions of every table are committed in the lake, whose URI is `landing_uri`."""

    marker = MANIFEST
    what = "ingest"
    remedy = "see why the night of that day has not ingested it, then clear this task"
