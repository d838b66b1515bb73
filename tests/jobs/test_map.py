"""`python -m jobs.map` as a person runs it; `test_shapes.py` has the mappings that it writes and tries."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import ConfigurationError, InputError
from include.settings import Settings
from jobs import map as job
from tests.shapes import write_shape


def test_a_mapping_that_exists_stays(settings: Settings, tmp_path: Path) -> None:
    source = write_shape("fashion", tmp_path / "shop")
    (tmp_path / "shop.yaml").write_text("mine")
    for out in (tmp_path, tmp_path / "shop.yaml"):
        with pytest.raises(ConfigurationError, match=r"shop\.yaml exists"):
            job.run(settings, job.MapConfig(source, out, False))
    assert (tmp_path / "shop.yaml").read_text() == "mine"


def test_files_without_events_write_nothing(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "items.csv").write_text("sku,title\nA,Mug\nB,Pan\n")
    with pytest.raises(InputError, match=r"items\.csv has item"):
        job.run(settings, job.MapConfig(tmp_path / "shop", tmp_path, False))
    assert list(tmp_path.glob("*.yaml")) == []
