"""The page as Airflow's own api-server serves it, over a month of nights, and a browser in front of it."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from devstack.ports import free_port
from include.settings import PROJECT, load_settings
from tests.airflow_home import VARIABLES
from tests.databases import Database, fresh_copy
from tests.plugins.page.records import write_records
from tests.waiting import eventually
from tests.watched import NIGHT, WatchedShop

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
USER, PASSWORD = "boss", "the-viewers-password"
EVIL_USER = 'u<img src=x onerror="document.title=1">'
EVIL_TITLE = "<script>document.title = 'stolen'</script>T"
NIGHTS = 30


@dataclass(frozen=True)
class Site:
    """A running api-server and what its shop is.

    Attributes
    ----------
    token
        Of a user who may only look.
    """

    url: str
    token: str
    shop: WatchedShop
    batches: list[str]

    def get(self, path: str, *, anonymous: bool = False, **options: Any) -> requests.Response:
        """Ask for a page below `/nightshelf`."""
        headers = {} if anonymous else {"Authorization": f"Bearer {self.token}"}
        headers |= options.pop("headers", {})
        return requests.get(f"{self.url}/nightshelf{path}", headers=headers, timeout=30, **options)


@pytest.fixture(scope="session")
def site(postgres: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start the api-server alone, on an empty Airflow; end it by its process id."""
    home = tmp_path_factory.mktemp("page")
    with fresh_copy(postgres) as database:
        shop = WatchedShop(load_settings({"NIGHTSHELF_HOME": str(home)}), database)
        batches = [shop.night(number, str(28 + number)) for number in range(3)]
        days = [NIGHT + dt.timedelta(days=number) for number in range(3 - NIGHTS, 3)]
        write_records(database, days, batches)
        database.rows("UPDATE reco.item SET title = %s WHERE item_id = 'i00'", (EVIL_TITLE,))
        database.rows("ANALYZE reco.item")
        port = free_port()
        process, log = _start(home, port, database)
        url = f"http://127.0.0.1:{port}"
        try:
            assert eventually(lambda: _answers(url, process), seconds=120), log.read_text()[-3000:]
            login = {"username": USER, "password": PASSWORD}
            token = requests.post(f"{url}/auth/token", json=login, timeout=30).json()["access_token"]
            yield Site(url, token, shop, batches)
        finally:
            process.kill()  # it keeps nothing, and would wait for the browser's open connections
            process.wait(timeout=60)


def _start(home: Path, port: int, database: Database) -> tuple[subprocess.Popen[bytes], Path]:
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps({USER: PASSWORD}))
    environment = {
        **os.environ,
        **VARIABLES,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database.server.url("airflow", "airflow").replace(
            "postgresql://", "postgresql+psycopg2://"
        ),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": "the secret of these tests alone, long enough for its algorithm, really",
        "PYTHONPATH": str(PROJECT),
        "NIGHTSHELF_HOME": str(home),
        "NIGHTSHELF_ANALYST_URL": database.analyst_url,
    }
    log = home / "log"
    with log.open("wb") as stream:
        options: Any = {"env": environment, "cwd": home, "stdout": stream, "stderr": subprocess.STDOUT}
        airflow = [sys.executable, "-m", "airflow"]
        subprocess.run([*airflow, "db", "migrate"], check=True, **options)
        return subprocess.Popen([*airflow, "api-server"], **options), log


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        return True  # the login says what is wrong
    try:
        return requests.get(f"{url}/api/v2/version", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium of the system; ended with the module, for its event loop hinders tests of asyncio."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("there is no Chromium: `apt-get install chromium`")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()
