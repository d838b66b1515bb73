"""Lets the login `monitor` read when tasks of Airflow ran and how they ended; run by the owner of Airflow's tables."""

from __future__ import annotations

from contextlib import closing

import psycopg2

GRANTS = (
    "GRANT SELECT (id, dag_id, run_id, state, start_date, end_date, run_after) ON dag_run TO monitor",
    "GRANT SELECT (dag_id, task_id, run_id, map_index, state, start_date, end_date, try_number)"
    " ON task_instance TO monitor",
)

if __name__ == "__main__":
    from airflow.configuration import conf  # Airflow's own way to it: a variable, a command, or a secrets backend

    url = conf.get("database", "sql_alchemy_conn").replace("postgresql+psycopg2://", "postgresql://", 1)
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        for grant in GRANTS:
            cursor.execute(grant)
