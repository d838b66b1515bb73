"""What Airflow must be told of by name; the rest of the plugin is imported by the DAGs."""

from airflow.sdk.plugins_manager import AirflowPlugin

from nightshelf_plugin.deadlines import NightBegins


class NightshelfPlugin(AirflowPlugin):
    """Registers how a night's deadline is found."""

    name = "nightshelf"
    deadline_references = [NightBegins]  # noqa: RUF012 - as Airflow declares it
