"""The page "Nightshelf" in Airflow's UI: read only, behind Airflow's own login."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

PREFIX = "/nightshelf"
VIEW = {"name": "Nightshelf", "href": f"{PREFIX}/", "destination": "nav", "url_route": "nightshelf"}

Messages = Callable[[], Awaitable[MutableMapping[str, Any]]]
Answer = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def serve(scope: MutableMapping[str, Any], receive: Messages, send: Answer) -> None:
    """Answer a request; the application is imported with the first, so that no other process of Airflow loads it."""
    from nightshelf_plugin.page.application import application

    await application()(scope, receive, send)
