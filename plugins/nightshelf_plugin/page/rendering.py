"""The page's templates, with the style and the plots that all pages of Nightshelf share."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from airflow.configuration import conf

from include.pages import make_environment
from include.settings import load_settings
from nightshelf_plugin.page import PREFIX

FOLDER = Path(__file__).resolve().parent


@lru_cache(maxsize=1)
def templates() -> Any:
    """Return the environment of the page's templates."""
    return make_environment(FOLDER / "templates")


def page(name: str, **values: Any) -> str:
    """Return a page; each can link to Airflow's own and to MLflow's."""
    airflow = conf.get("api", "base_url", fallback="").rstrip("/")
    values = {"airflow": airflow, "here": f"{airflow}{PREFIX}", "mlflow": load_settings().mlflow_url, **values}
    return str(templates().get_template(name).render(values))
