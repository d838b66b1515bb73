"""What PostgreSQL tells Prometheus: the live batch, the last night, drift verdicts, Airflow's failures.

Also the hour by which a night must be live, from the settings, so that the alert rules need not repeat it.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.registry import Collector
from pydantic import SecretStr

from include.contract import load_dataset
from include.errors import NightshelfError
from include.serving.database import connect
from include.serving.statements import run
from include.settings import Settings

logger = logging.getLogger(__name__)

SHELF = ("metrics/live", "metrics/night", "metrics/drift", "metrics/landing")
AIRFLOW = ("metrics/failed_tasks", "metrics/open_tasks", "metrics/night_seconds")
# A scrape has 10 s, and asking for metrics must not add to the load of a database in trouble
LIMIT = "SET statement_timeout = '4s'; SET default_transaction_read_only = on"


class Records(Collector):
    """Queries the databases at each scrape.

    Each statement of include/sql/metrics returns rows whose numbers are metrics, named after their columns, and whose
    texts are the labels of all of them. A database that does not answer is no error of the exporter's:
    `nightshelf_source_up` says so.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._zone = load_dataset(settings.dataset).zone

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        due = dt.datetime.combine(dt.datetime.now(self._zone).date(), self._settings.fresh_by, tzinfo=self._zone)
        since_midnight = due.replace(tzinfo=dt.UTC) - dt.datetime.combine(due, dt.time(), tzinfo=dt.UTC)
        fresh_by = _gauge("fresh_by_seconds", "NIGHTSHELF_FRESH_BY, in seconds since midnight UTC of the shop's day")
        offset = due.utcoffset() or dt.timedelta()
        fresh_by.add_sample(fresh_by.name, {}, (since_midnight - offset).total_seconds())
        yield fresh_by
        source_up = _gauge("source_up", "Whether a database answers")
        for source, url, names in (
            ("shelf", self._settings.analyst_url, SHELF),
            ("airflow", self._settings.airflow_database_url, AIRFLOW),
        ):
            if not url.get_secret_value():
                continue
            up = 1
            try:
                yield from _read(url, names)
            except NightshelfError as error:
                logger.warning("%s", error)
                up = 0
            source_up.add_sample(source_up.name, {"source": source}, up)
        yield source_up


def _read(url: SecretStr, names: Sequence[str]) -> list[Metric]:
    """Run the statements and return their metrics."""
    metrics: dict[str, Metric] = {}
    with connect(url, "metrics") as connection, connection.cursor() as cursor:
        cursor.execute(LIMIT)
        for name in names:
            found = run(cursor, name)
            columns = [column.name for column in cursor.description or ()]
            for values in found:
                row = dict(zip(columns, values, strict=True))
                labels = {column: value for column, value in row.items() if isinstance(value, str)}
                for column, value in row.items():
                    if isinstance(value, float):
                        metric = metrics.setdefault(column, _gauge(column, f"See include/sql/{name}.sql"))
                        metric.add_sample(metric.name, labels, value)
    return list(metrics.values())


def _gauge(name: str, meaning: str) -> Metric:
    return Metric(f"nightshelf_{name}", meaning, "gauge")
