"""What Airflow consists of on one machine: the commands of its processes."""

from __future__ import annotations

import sys

AIRFLOW = [sys.executable, "-m", "airflow"]
MIGRATE = [*AIRFLOW, "db", "migrate"]
COMMANDS = {
    "api-server": [*AIRFLOW, "api-server"],
    "scheduler": [*AIRFLOW, "scheduler", "--skip-serve-logs"],  # the api-server reads the logs' files itself
    "dag-processor": [*AIRFLOW, "dag-processor"],
    "triggerer": [*AIRFLOW, "triggerer", "--skip-serve-logs"],
}
SUPERVISOR = "supervisor"
PART = "airflow"
