"""What must outlive containers: a new image over old volumes, and a backup restored into empty ones."""

from __future__ import annotations

import pytest

from tests.containers.engine import BUILT, Containers
from tests.containers.nights import run_night
from tests.containers.page import printed

pytestmark = [pytest.mark.containers, pytest.mark.timeout(3600)]


@pytest.mark.skipif(BUILT, reason="CONTAINERS_IMAGE=built: no new image can be built")
def test_an_upgrade_migrates_and_keeps_what_is_live(stack: Containers, first_night: str) -> None:
    before, old = stack.live(), stack.services()["airflow-scheduler"]["Image"]
    migrations = sorted((stack.folder / "include" / "sql" / "migrations").glob("*.sql"))
    number = int(migrations[-1].name.split("_")[0]) + 1
    new = migrations[0].with_name(f"{number:04d}_upgraded.sql")
    new.write_text("COMMENT ON SCHEMA reco IS 'upgraded';\n")
    pull, environment, up = printed("Upgrade")
    assert pull == "git pull"
    without = [line for line in (stack.folder / ".env").read_text().splitlines() if "API_KEY" not in line]
    (stack.folder / ".env").write_text("\n".join(without) + "\n")
    assert "run make env" in stack.compose("config", "--quiet", check=False)
    stack.shell(environment)
    stack.shell(up)
    assert stack.unhealthy() == []
    assert stack.services()["airflow-scheduler"]["Image"] != old
    assert stack.sql("SELECT obj_description('reco'::regnamespace)") == "upgraded"
    assert stack.live() == before


def test_a_backup_is_restored_into_empty_volumes_and_a_night_follows(stack: Containers, first_night: str) -> None:
    before = stack.live()
    for line in printed("Backup"):
        stack.shell(line)
    stack.compose("down", "--volumes")
    build, restore, up = printed("Restore")
    if not BUILT:
        stack.shell(build)
    stack.shell(restore)
    stack.shell(up)
    assert stack.live() == before
    run_night(stack, "2025-03-04")
    assert stack.live()[0] == "2025-03-04"
