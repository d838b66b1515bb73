"""A tab in front of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.plugins.page.conftest import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class Visit:
    """A tab of somebody who is logged in, and what its console said."""

    def __init__(self, browser: Browser, site: Site, **options: Any) -> None:
        self.site, self.said, self.asked = site, [], []  # type: ignore[var-annotated]
        self.context = browser.new_context(**options)
        self.context.add_cookies([{"name": "_token", "value": site.token, "url": site.url}])
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.site.url}{path}")
        self.page.wait_for_load_state("networkidle")
        return self.page
