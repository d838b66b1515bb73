"""Listings that lag behind what is stored, as those of some object stores do."""

from __future__ import annotations

import threading
import time
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, unquote, urlsplit

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
ET.register_namespace("", NAMESPACE)


class LaggingListings:
    """Takes out of a listing's answer each object that was stored for the first time less than `seconds` ago."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.hidden = 0
        self._stored: dict[str, float] = {}
        self._lock = threading.Lock()

    def note(self, method: str, target: str) -> None:
        """Remember what a request that was carried out has stored or deleted."""
        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True)
        key = unquote(parts.path).lstrip("/").partition("/")[2]
        with self._lock:
            if (method == "PUT" and "partNumber" not in query) or (method == "POST" and "uploadId" in query):
                self._stored.setdefault(key, time.monotonic())
            elif method == "DELETE":
                self._stored.pop(key, None)

    def is_listing(self, method: str, target: str) -> bool:
        """Tell whether a request asks for the objects of a bucket."""
        parts = urlsplit(target)
        return method == "GET" and parts.path.strip("/").count("/") == 0 and "list-type" in parse_qs(parts.query)

    def filter(self, content: bytes) -> bytes:
        """Return a listing without what is too young for it."""
        root = ET.fromstring(content)
        for entry in [*root.iter(f"{{{NAMESPACE}}}Contents"), *root.iter(f"{{{NAMESPACE}}}CommonPrefixes")]:
            key = entry.findtext(f"{{{NAMESPACE}}}Key")
            young = (
                self._young(key)
                if key is not None
                else self._all_young_below(entry.findtext(f"{{{NAMESPACE}}}Prefix", ""))
            )
            if young:
                root.remove(entry)
                self.hidden += 1
        return ET.tostring(root, xml_declaration=True, encoding="utf-8")

    def _young(self, key: str) -> bool:
        with self._lock:
            since = self._stored.get(unquote(key))
        return since is not None and time.monotonic() - since < self.seconds

    def _all_young_below(self, prefix: str) -> bool:
        with self._lock:
            below = [key for key in self._stored if key.startswith(unquote(prefix))]
        return bool(below) and all(self._young(key) for key in below)
