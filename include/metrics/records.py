"""What Prometheus learns from PostgreSQL: the live batch, the last night, drift verdicts, Airflow's failures.
And of the settings the hour by which a night must be live, so that the alert rules need not repeat it.

Each statement of include/sql/metrics gives rows whose numbers are metrics, named as their columns are, and whose
texts are the labels of all of them.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Sequence

from pydantic import SecretStr

from include.errors import NightshelfError
from include.serving.database import Connection, connect
from include.serving.statements import statement
from include.settings import Settings

logger = logging.getLogger(__name__)

PREFIX = "nightshelf"
SHELF = ("metrics/live", "metrics/night", "metrics/drift")
AIRFLOW = ("metrics/failed_tasks", "metrics/open_tasks", "metrics/night_seconds")
# A scrape has 10 s; whoever asks for metrics must not add to the load of a database in trouble.
LIMIT = "SET statement_timeout = '4s'; SET default_transaction_read_only = on"


def exposition(settings: Settings) -> str:
    """Return the metrics in Prometheus' text format.

    A database that does not answer is no error of the exporter's: `nightshelf_source_up` says so.
    """
    hour = settings.fresh_by
    fresh_by = dt.timedelta(hours=hour.hour, minutes=hour.minute, seconds=hour.second).total_seconds()
    samples = {f"{PREFIX}_fresh_by_seconds": [_sample(f"{PREFIX}_fresh_by_seconds", {}, fresh_by)]}
    for source, url, statements in (
        ("shelf", settings.analyst_url, SHELF),
        ("airflow", settings.airflow_database_url, AIRFLOW),
    ):
        if not url.get_secret_value():
            continue
        up = 1
        try:
            for name, sample in list(_samples(url, statements)):
                samples.setdefault(name, []).append(sample)
        except NightshelfError as error:
            logger.warning("%s", error)
            up = 0
        samples.setdefault(f"{PREFIX}_source_up", []).append(_sample(f"{PREFIX}_source_up", {"source": source}, up))
    return "".join(f"# TYPE {name} gauge\n" + "".join(lines) for name, lines in sorted(samples.items()))


def _samples(url: SecretStr, statements: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Run each statement and give the name and the line of every number in its rows."""
    with connect(url, "metrics") as connection:
        _limit(connection)
        for name in statements:
            with connection.cursor() as cursor:
                cursor.execute(statement(name))
                columns = [column.name for column in cursor.description or ()]
                for row in cursor.fetchall():
                    values = dict(zip(columns, row, strict=True))
                    labels = {column: value for column, value in values.items() if isinstance(value, str)}
                    for column, value in values.items():
                        if isinstance(value, float):
                            metric = f"{PREFIX}_{column}"
                            yield metric, _sample(metric, labels, value)


def _limit(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LIMIT)


def _sample(name: str, labels: dict[str, str], value: float) -> str:
    """Return one line; backslash, quote and line break are escaped as the format wants it."""
    escaped = {key: text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for key, text in labels.items()}
    inside = ",".join(f'{key}="{text}"' for key, text in escaped.items())
    return f"{name}{{{inside}}} {value!r}\n" if inside else f"{name} {value!r}\n"
