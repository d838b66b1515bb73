#!/bin/bash
# What must be there before Airflow starts: its login, its tables, the schema reco, the pools. Safe to run again.
set -euo pipefail
umask 077
mkdir -p "$AIRFLOW_HOME"
python -c 'import json, os; print(json.dumps({os.environ["AIRFLOW_ADMIN"]: os.environ["AIRFLOW_ADMIN_PASSWORD"]}))' \
  >"$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
airflow db migrate
python -m jobs.migrate
airflow pools import deploy/airflow/pools.json
python deploy/airflow/grants.py
