"""The operator of a job that writes a page for people: the night does not fail when it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from nightshelf_plugin.operators import JobOperator
from nightshelf_plugin.page import PREFIX

if TYPE_CHECKING:
    from airflow.sdk import Context

PATH = "report"  # of the page in the lake, a key of the job's result


class ReportLink(BaseOperatorLink):
    """A button at the task that opens the page it wrote."""

    name = "Nightly report"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the page's address; nothing before it is written."""
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        path = getattr(operator, "written", "")
        return f"{base}{PREFIX}/lake/{path}" if path else ""


class ReportOperator(JobOperator):
    """Run a job that writes a page, and link to it.

    What the job is about is done when it runs, so its final failure skips the task instead of failing the run: give the
    task an `on_skipped_callback` that tells people.
    """

    operator_extra_links = (ReportLink(),)
    ui_color = "#e6f4ea"
    written = ""
    skipped_for: AirflowException | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        try:
            result = super().execute(context)
        except AirflowException as error:
            if not isinstance(error, AirflowFailException) and context["ti"].try_number <= context["ti"].max_tries:
                raise
            self.log.error("%s", error)
            self.skipped_for = error  # for the callback, to which Airflow gives no exception of a skipped task
            raise AirflowSkipException("there is no report of this night; its lists are live all the same") from error
        self.written = str(result[PATH])
        return result
