"""What the tests ask of a night in the containers."""

from __future__ import annotations

import json
from typing import Any

from tests.containers.engine import Containers
from tests.containers.page import printed
from tests.waiting import eventually


def run_night(stack: Containers, day: str) -> str:
    """Run a night with the command of the page and return what it said."""
    return stack.shell(f"{printed('A first night')[2].partition('#')[0]} --night {day}")


def tasks(stack: Containers, dag: str, day: str) -> dict[str, list[tuple[str, int]]]:
    """Return state and number of tries of each task of a day's run; of mapped ones there are several."""
    query = (
        "SELECT task_id, t.state, t.try_number FROM task_instance t JOIN dag_run r USING (dag_id, run_id)"
        f" WHERE dag_id = '{dag}' AND t.state IS NOT NULL AND t.start_date IS NOT NULL"
        f" AND (r.logical_date::date = '{day}' OR r.conf::text LIKE '%{day}%')"
    )
    found: dict[str, list[tuple[str, int]]] = {}
    for line in airflow_sql(stack, query).splitlines():
        name, state, number = line.split("|")
        found.setdefault(name, []).append((state, int(number)))
    return found


def airflow_sql(stack: Containers, query: str) -> str:
    return stack.run("postgres", "psql", "--username=postgres", "-At", f"--command={query}", "airflow")


def wait_for_task(stack: Containers, name: str, state: str, day: str) -> None:
    dag = "nightly_recommendations"
    seen = eventually(lambda: state in dict(tasks(stack, dag, day).get(name, [])), seconds=600, pause=1)
    assert seen, tasks(stack, dag, day)


def spark_page(stack: Containers, service: str, port: int) -> dict[str, Any]:
    """Return what Spark's master (8080) or a worker (8081) says of itself."""
    code = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}/json/').read().decode())"
    found: dict[str, Any] = json.loads(stack.python(service, code))
    return found


def kill_the_worker_in(stack: Containers, task: str, day: str) -> None:
    """Kill the Spark worker's main process once it has an executor of a task of the night."""
    wait_for_task(stack, task, "running", day)
    has_executor = lambda: spark_page(stack, "spark-worker", 8081)["executors"]  # noqa: E731
    assert eventually(lambda: bool(has_executor()), seconds=120), task
    stack.kill(["spark-worker"])
