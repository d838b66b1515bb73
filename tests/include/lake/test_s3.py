"""What only S3 has: credentials, buckets, servers out of reach, and answers that break off or get lost."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from devstack.ports import free_port
from include.contract.source import Delivery
from include.errors import ConfigurationError, LakeError, MissingArtifactError
from include.lake import (
    Lake,
    commit_folder,
    find_complete,
    load_manifest,
    open_folder,
    open_lake,
    partition_folder,
    partition_uris,
    s3_client,
    staging,
    staging_folder,
)
from include.landing.delivered import find_delivered
from tests.commits import commit_all
from tests.include.contract.mappings import parts
from tests.s3_proxy import Fault, FaultyProxy, running_proxy
from tests.s3_servers import BUCKET

RUNS = int(os.environ.get("NIGHTSHELF_FAULT_RUNS", "20"))  # commits through faults; docs/s3.md says what 200 gave

OPERATIONS: list[Callable[[Lake], object]] = [
    lambda lake: lake.exists("x"),
    lambda lake: lake.read_bytes("x"),
    lambda lake: lake.write_bytes("x", b"1"),
    lambda lake: lake.write_if_unchanged("x", b"1", None),
    lambda lake: lake.list_files(""),
    lambda lake: lake.move("x", "y"),
    lambda lake: lake.delete("x"),
]
NAMES = ["exists", "read", "write", "write if unchanged", "list files", "move", "delete"]


@pytest.fixture
def uri() -> str:
    return f"s3://{BUCKET}/{uuid.uuid4().hex}"


@pytest.fixture
def proxy(s3: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A server on the way to S3 that makes the faults which a test asks for."""
    with running_proxy(s3["AWS_ENDPOINT_URL"]) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
        monkeypatch.setattr(s3_client, "READ_SECONDS", 1)
        yield proxy


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_a_missing_bucket_is_named(operation: Callable[[Lake], object]) -> None:
    with pytest.raises((ConfigurationError, MissingArtifactError), match="no-such-bucket") as caught:
        operation(open_lake("s3://no-such-bucket/x"))
    assert caught.value.exit_code in (2, 3), "another try cannot help"


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_a_server_out_of_reach_is_named(
    operation: Callable[[Lake], object], uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setattr(s3_client, "ATTEMPTS", 2)
    with pytest.raises(LakeError, match=f"check that {address} answers"):
        operation(open_lake(uri))


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_refused_credentials_are_named_at_once(
    operation: Callable[[Lake], object], uri: str, proxy: FaultyProxy
) -> None:
    proxy.plan(*[Fault.FORBIDDEN] * 9)
    with pytest.raises(ConfigurationError, match=r"refuses access .* Remedy: correct AWS_ACCESS_KEY_ID"):
        operation(open_lake(uri))
    assert proxy.made == 1, "no repetition helps"


@pytest.mark.parametrize("fault", [Fault.SLOW_DOWN, Fault.RESET, Fault.SILENCE, Fault.LOST_ANSWER])
def test_a_passing_fault_is_repeated_away(fault: Fault, uri: str, proxy: FaultyProxy) -> None:
    lake = open_lake(uri)
    lake.write_bytes("x", b"1" * 3_000_000)
    for operation in (
        lambda: lake.read_bytes("x"),
        lambda: lake.write_bytes("y", b"2"),
        lambda: lake.list_files(""),
        lambda: lake.move("y", "z"),
        lambda: lake.delete("z"),
    ):
        proxy.plan(fault)
        operation()
    assert proxy.made == 5
    assert [(info.path, info.size) for info in lake.list_files("")] == [("x", 3_000_000)]


def test_an_answer_that_breaks_off_is_read_again(uri: str, proxy: FaultyProxy) -> None:
    lake = open_lake(uri)
    data = bytes(range(256)) * 20_000
    lake.write_bytes("x", data)
    tag = lake.content_tag("x")
    for read in (lambda: lake.read_bytes("x") == data, lambda: lake.content_tag("x") == tag):
        proxy.plan(Fault.CUT_OFF, Fault.CUT_OFF)
        assert read()
    assert proxy.made == 4


def test_the_winner_knows_although_its_answer_was_lost(uri: str, proxy: FaultyProxy) -> None:
    lake = open_lake(uri)
    proxy.plan(Fault.LOST_ANSWER)
    assert lake.write_if_unchanged("x", b"mine", None)
    seen = lake.version("x")
    proxy.plan(Fault.LOST_ANSWER)
    assert lake.write_if_unchanged("x", b"mine again", seen)
    assert not lake.write_if_unchanged("x", b"mine again", None), "the same bytes of somebody else"
    assert proxy.made == 2


def test_a_fault_that_stays_is_an_error_and_leaves_the_old(
    uri: str, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_client, "ATTEMPTS", 2)
    lake = open_lake(uri)
    lake.write_bytes("x", b"old")
    proxy.plan(*[Fault.SLOW_DOWN] * 2)
    with pytest.raises(LakeError, match="SlowDown"):
        lake.write_bytes("x", b"new")
    assert lake.read_bytes("x") == b"old"


def test_a_listing_that_lags_loses_nothing(uri: str, proxy: FaultyProxy) -> None:
    lake, day, folder = open_lake(uri), dt.date(2026, 1, 1), partition_folder("t", dt.date(2026, 1, 1))
    with proxy.lagging(seconds=3600) as listings:
        staged = staging_folder("t")
        for name in ("a.json", "b.json"):
            lake.write_bytes(f"{staged}/{name}", name.encode())
        manifest = commit_folder(lake, staged, folder, fingerprint="f", files=["a.json", "b.json"])
        assert len(manifest.files) == 2
        assert lake.list_files("") == []
        assert listings.hidden
        assert open_folder(lake, folder) == find_complete(lake, folder) == manifest
        assert partition_uris(lake, "t", day, day)[1] == {day: manifest}
        with staging(lake, "u") as other:
            lake.write_bytes(f"{other}/c.json", b"c")
            assert len(commit_folder(lake, other, "u", files=["c.json"], fingerprint="g").files) == 1
    with pytest.raises(MissingArtifactError, match=r"c\.json does not exist"):
        commit_folder(lake, staged, folder, fingerprint="f", files=["c.json"])


@pytest.mark.parametrize(
    ("fault", "named"), [(Fault.SLOW_DOWN, LakeError), (Fault.RESET, LakeError), (Fault.FORBIDDEN, ConfigurationError)]
)
def test_what_pyarrow_cannot_read_is_not_a_damaged_delivery(
    fault: Fault, named: type[Exception], uri: str, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_client, "ATTEMPTS", 2)
    landing, day = open_lake(uri), dt.date(2026, 1, 1)
    for name, data in (("part.csv", b"a,b\n1,2\n"), ("_SUCCESS", b"")):
        landing.write_bytes(f"{partition_folder('t', day)}/{name}", data)
    source = parts(Delivery(required=("a", "b")))
    with proxy.failing(fault, "/part.csv"), pytest.raises(named, match=proxy.address):
        find_delivered(landing, "t", [day], source)
    assert [file.columns for file in find_delivered(landing, "t", [day], source)] == [("a", "b")]


def test_commits_through_faults_are_whole(uri: str, proxy: FaultyProxy) -> None:
    """A fault in every twentieth request, two commits at a time: each folder is what was staged."""
    lake = open_lake(uri)
    proxy.at_random(share=0.05, seed=7, faults=[Fault.SLOW_DOWN, Fault.RESET, Fault.LOST_ANSWER, Fault.CUT_OFF])

    def commit(number: int) -> bool:
        folder, staged = f"t/{number % 10}", staging_folder("t")
        files = {f"{staged}/{part}.json": f"{number} {part}".encode() for part in range(3)}
        for path, data in files.items():
            lake.write_bytes(path, data)
        manifest = commit_all(lake, staged, folder, fingerprint=f"{number}")
        content = [lake.read_bytes(f"{folder}/{path}") for path in open_folder(lake, folder).paths()]
        return sorted(content) == sorted(files.values()) and load_manifest(lake, folder) == manifest

    for first in range(0, RUNS, 10):
        with ThreadPoolExecutor(2) as pool:
            assert all(pool.map(commit, range(first, first + 10)))
    proxy.plan()
    assert proxy.made > RUNS / 4
    assert len(lake.list_files("t")) == 10 * 4, "nothing doubled, nothing left behind"
