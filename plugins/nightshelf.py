"""What Airflow must be told of by name; the rest of the plugin is imported by the DAGs."""

from airflow.sdk.plugins_manager import AirflowPlugin

from nightshelf_plugin.deadlines import NightBegins
from nightshelf_plugin.page import PREFIX, VIEW, serve
from nightshelf_plugin.report_operator import ReportLink


class NightshelfPlugin(AirflowPlugin):
    """Registers how a night's deadline is found, and the page in the UI."""

    name = "nightshelf"
    deadline_references = [NightBegins]  # noqa: RUF012 - as Airflow declares it
    fastapi_apps = [{"app": serve, "url_prefix": PREFIX, "name": "Nightshelf"}]  # noqa: RUF012
    external_views = [VIEW]  # noqa: RUF012
    operator_extra_links = [ReportLink()]  # noqa: RUF012
