"""The settings: the environment first, then the stack file, then defaults below the home."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import ConfigurationError
from include.settings import STACK_FILE, VARIABLES, Settings, load_settings


def test_every_setting_has_its_variable() -> None:
    assert set(VARIABLES) == set(Settings.model_fields)


def test_the_environment_wins_over_the_stack_file(tmp_path: Path) -> None:
    (tmp_path / STACK_FILE).write_text("# passwords\nNIGHTSHELF_DATASET=own.yaml\nSPARK_MASTER=local[1]\n")
    settings = load_settings({"NIGHTSHELF_HOME": str(tmp_path), "SPARK_MASTER": "local[2]"})
    assert (settings.dataset, settings.spark_master) == ("own.yaml", "local[2]")


def test_what_nobody_sets_lies_below_the_home(tmp_path: Path) -> None:
    settings = load_settings({"NIGHTSHELF_HOME": str(tmp_path)})
    assert settings.lake_uri == (tmp_path / "lake").as_uri()
    assert settings.landing_uri == (tmp_path / "landing").as_uri()


def test_a_wrong_value_names_its_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="NIGHTSHELF_LAST_NIGHT=soon"):
        load_settings({"NIGHTSHELF_HOME": str(tmp_path), "NIGHTSHELF_LAST_NIGHT": "soon"})


def test_passwords_do_not_show(tmp_path: Path) -> None:
    url = "postgresql://writer:" + "hidden@127.0.0.1/nightshelf"
    settings = load_settings({"NIGHTSHELF_HOME": str(tmp_path), "NIGHTSHELF_DATABASE_URL": url})
    assert "hidden" not in repr(settings)
    assert settings.database_url.get_secret_value() == url
