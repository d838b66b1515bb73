"""The sensors that a night and the drift watch begin with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseSensorOperator, timezone
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.columns import SUCCESS_MARKER
from include.errors import InputError, NightshelfError
from include.lake import MANIFEST
from nightshelf_plugin.triggers import LandingTrigger, missing_markers, newest_complete

if TYPE_CHECKING:
    from airflow.sdk import Context

SAFETY_MARGIN = dt.timedelta(minutes=10)
A_WEEK = dt.timedelta(days=7)


class LandingSensor(BaseSensorOperator):
    """Wait until the day's landing is complete: each table's folder holds `_SUCCESS`.

    A complete landing is passed without deferring; otherwise the triggerer waits, which holds no worker slot. Two kinds
    of days are not waited for: one that was passed over, as a later day is complete, and one of a shop that has
    delivered nothing for a week before it.

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
    AirflowSkipException
        For a day that is not waited for; the night is skipped with it.
    """

    template_fields: Sequence[str] = ("run_date", "landing_uri")
    ui_color = "#e2f0d9"
    marker: ClassVar[str] = SUCCESS_MARKER
    what: ClassVar[str] = "landing"
    gives_up: ClassVar[bool] = True
    remedy: ClassVar[str] = (
        f"deliver the files and then an empty {SUCCESS_MARKER} (a day with nothing to deliver has only that)"
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
        if self.gives_up and (reason := self.hopeless()):
            raise AirflowSkipException(f"{', '.join(missing)} not there, and {reason}")
        wait = dt.timedelta(seconds=self.timeout)
        self.log.info("waiting up to %s for %s", wait, ", ".join(missing))
        trigger = LandingTrigger(
            self.landing_uri, self.tables, self.run_date, timezone.utcnow() + wait, self.poke_interval, self.marker
        )
        # The trigger's own deadline names what is missing; Airflow's timeout is for a triggerer that hangs
        self.defer(trigger=trigger, method_name="resume", timeout=wait + SAFETY_MARGIN)

    def hopeless(self) -> str | None:
        """Return why the day is not waited for, None when it is."""
        newest, day = newest_complete(self.landing_uri, self.tables, self.marker), dt.date.fromisoformat(self.run_date)
        if newest is None:
            return None
        if newest > day:
            return f"{newest} is complete: this day was passed over. `catch_up` runs it when it comes"
        if newest < day - A_WEEK:
            return f"nothing was delivered for a week, the newest day is {newest}"
        return None

    def resume(self, context: Context, event: Mapping[str, Any]) -> None:
        """Go on after the wait, or say what never came."""
        missing = event["missing"]
        if missing:
            error = InputError(
                f"no {self.marker} after {self.timeout / 3600:g} h: {', '.join(missing)}", remedy=self.remedy
            )
            raise AirflowFailException(str(error)) from error
        self.log.info("the %s of %s is complete", self.what, self.run_date)


class IngestedSensor(LandingSensor):
    """Wait until the day's partitions of every table are committed in the lake, whose URI is `landing_uri`."""

    marker = MANIFEST
    what = "ingest"
    remedy = "see why the night of that day has not ingested it"
    gives_up = False  # what was passed over is caught up
