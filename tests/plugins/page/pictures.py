"""Take the pictures of docs/page.md from a running stack.

    python -m tests.plugins.page.pictures http://127.0.0.1:8080 admin "$PASSWORD" U00017

Needs a shop with the user that is named, and Chromium. Writes docs/images/page*.png and report.png.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from io import BytesIO
from typing import Any
from urllib.parse import quote

import requests
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from include.settings import PROJECT
from tests.plugins.page.conftest import CHROMIUM, CHROMIUM_FLAGS

FOLDER = PROJECT / "docs" / "images"
COLOURS = 128
DESK: Any = {"width": 1240, "height": 1000}


def save(page: Page, name: str) -> None:
    """Write what the page shows as a small PNG."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


def take(url: str, token: str, user_id: str) -> None:
    """Visit the pages one after the other."""
    views = {"page": "/plugin/nightshelf", "page-user": f"/nightshelf/user?user_id={quote(user_id)}"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        context = browser.new_context(viewport=DESK, color_scheme="light")
        context.add_cookies([{"name": "_token", "value": token, "url": url}])
        page = context.new_page()
        for name, path in views.items():
            page.goto(f"{url}{path}")
            frame = page.frame_locator("iframe") if path.startswith("/plugin") else page
            frame.get_by_role("heading", level=1).wait_for()
            page.wait_for_load_state("networkidle")
            save(page, name)
        page.goto(f"{url}/nightshelf/")
        page.get_by_role("link", name="report").first.click()
        page.wait_for_load_state("networkidle")
        save(page, "report")
        browser.close()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("url", "user", "password", "shopper"):
        parser.add_argument(name)
    asked = parser.parse_args(argv)
    login = {"username": asked.user, "password": asked.password}
    token = requests.post(f"{asked.url}/auth/token", json=login, timeout=30).json()["access_token"]
    take(asked.url, token, asked.shopper)


if __name__ == "__main__":
    main()
