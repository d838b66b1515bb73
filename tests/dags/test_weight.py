"""Parsing the DAGs loads no library that only jobs need."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from include.settings import PROJECT
from tests.airflow_home import VARIABLES

HEAVY = (
    "pandas", "numpy", "scipy", "pyarrow", "pyspark", "mlflow", "great_expectations", "lightfm", "numba", "boto3",
    "psycopg2", "requests",
)  # fmt: skip
PROGRAM = f"""
import json, sys
from pathlib import Path
import airflow, airflow.sdk, airflow.triggers.base, airflow.dag_processing.dagbag
before = set(sys.modules)
from airflow.dag_processing.dagbag import BundleDagBag
bag = BundleDagBag({str(PROJECT / "dags")!r}, bundle_path=Path({str(PROJECT / "dags")!r}), bundle_name="weight")
import nightshelf_plugin.triggers
jobs = [name for name in sys.modules if name.split(".")[0] == "jobs"]
ours = [name for name in {HEAVY!r} if name in sys.modules and name not in before]
print(json.dumps({{"dags": sorted(bag.dags), "errors": bag.import_errors, "ours": ours, "jobs": jobs}}))
"""


def test_a_fresh_interpreter_parses_the_dags_without_heavy_libraries() -> None:
    environment = {**os.environ, **VARIABLES, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd="/", capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "dags": [
            "bootstrap_history",
            "catch_up",
            "drift_watch",
            "export",
            "hold",
            "housekeeping",
            "nightly_recommendations",
            "override",
            "promotion",
            "replay",
            "rollback",
            "tune",
        ],
        "errors": {},
        "ours": [],
        "jobs": [],
    }


def test_airflow_loads_no_plugin_module_under_a_bare_name() -> None:
    """Airflow executes each file of the plugins folder as a module of its own, unless it is ignored."""
    from airflow.plugins_manager import _get_plugins

    _get_plugins()
    bare = {path.stem for path in (PROJECT / "plugins" / "nightshelf_plugin").glob("*.py")}
    assert not {name for name in bare if getattr(sys.modules.get(name), "__file__", None) is not None}
