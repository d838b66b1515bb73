from __future__ import annotations

import pytest
from pydantic import ValidationError

from include.lake import Lake, Manifest, load_manifest
from include.lake.manifest import MANIFEST, fingerprint


def test_the_fingerprint_follows_the_parts_not_their_order() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"}) != fingerprint({"b": 1})
    assert len(fingerprint({})) == 12


def test_a_manifest_of_another_form_is_refused(lake: Lake) -> None:
    lake.write_bytes(f"t/{MANIFEST}", b'{"fingerprint": "f", "files": [], "surprise": 1}')
    with pytest.raises(ValidationError, match="surprise"):
        load_manifest(lake, "t")


def test_paths_of_a_subfolder_are_no_prefix_match() -> None:
    files = tuple({"path": path, "size": 1, "tag": "t"} for path in ("users/a", "users_2/b", "c"))
    manifest = Manifest.model_validate({"fingerprint": "f", "files": files})
    assert manifest.paths("users") == ["users/a"]
    assert manifest.paths() == ["users/a", "users_2/b", "c"]
