"""What runs in a home, where, and how far the nights are."""

from __future__ import annotations

from devstack import s3
from devstack.airflow import Airflow, supervised
from devstack.home import S3_PORT, Home
from devstack.plan import Plan, read_plan
from devstack.ports import LOCALHOST
from devstack.postgres import POSTGRES_PORT, Postgres
from devstack.processes import marked, memory_bytes, read_pid
from devstack.progress import Display
from devstack.rest import ApiError
from devstack.scheduler import DAG, Nights
from include.contract import load_dataset


def show_status(home: Home, display: Display) -> None:
    """Show what is there, also when nothing runs."""
    if not home.exists:
        display.say(f"{home.root} holds no stack yet: make nightly makes one")
        return
    values = home.values()
    postgres = Postgres(home.root, int(values[POSTGRES_PORT]))
    pid = postgres.pid()
    display.say(f"home             {home.root}")
    display.say(f"PostgreSQL       {_state(pid)}, {LOCALHOST}:{postgres.port}")
    for name in (*([s3.NAME] if S3_PORT in values else []), *supervised(home).commands):
        process = read_pid(home.run / f"{name}.pid", home.root)
        display.say(f"{name:16} {_state(process.pid if process else None)}")
    jobs = marked(home.root, "job")
    if jobs:
        display.say(f"jobs             {len(jobs)} processes of make nightly")
    ours = marked(home.root)
    if ours:
        display.say(
            f"memory           {memory_bytes(ours) / 2**30:.2f} GiB in {len(ours)} processes, PostgreSQL not counted"
        )
    plan = read_plan(values)
    if plan is None:
        display.say("data             nothing has landed yet")
        return
    display.say(f"data             {plan.dataset}, history up to {plan.history_to}")
    if supervised(home).find_supervisor():
        airflow = Airflow(home, values, {})
        _show_nights(
            Nights(airflow.api(), display, home.task_logs, zone=load_dataset(plan.dataset).zone), plan, display
        )
        display.say(f"Airflow          {airflow.access}")


def _show_nights(nights: Nights, plan: Plan, display: Display) -> None:
    try:
        for day in plan.nights[-7:]:
            display.say(f"night {day} {nights.state(day)}")
        paused = (nights.api.dag(DAG) or {}).get("is_paused")
        if paused:
            display.say(f"{DAG} is paused: nothing runs before it is unpaused")
    except ApiError as error:
        display.say(f"Airflow          {error.problem}")


def _state(pid: int | None) -> str:
    return f"runs (pid {pid})" if pid else "does not run"
