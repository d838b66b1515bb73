"""The read API over a real PostgreSQL: what it gives, what it refuses, and what a flip does to it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from include.lake import open_lake
from include.serving.database import WRITER, connect
from include.serving.publish import publish
from include.serving.rollback import RollbackRequest, roll_back
from tests.batches import DAY, N_ITEMS, write_batch
from tests.databases import Database, fresh_copy
from tests.include.api.servers import Client, serving

pytestmark = pytest.mark.postgres

KEY = "a key of the shop's"
READERS = 4


@pytest.fixture(scope="module")
def published(postgres: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, list[Any]]]:
    """A database whose live batch is the second of two."""
    lake = open_lake(tmp_path_factory.mktemp("lake").as_uri())
    with fresh_copy(postgres) as database:
        batches = [write_batch(lake, DAY + dt.timedelta(days=day), shift=day) for day in range(2)]
        for batch in batches:
            publish(database.writer_url, batch, keep_batches=3)
        yield database, batches


@pytest.fixture(scope="module")
def address(published: tuple[Database, list[Any]]) -> Iterator[str]:
    with serving(published[0].analyst_url, KEY) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    client = Client(address)
    yield client
    client.close()


def test_a_users_list_is_what_the_function_gives(client: Client, published: tuple[Database, list[Any]]) -> None:
    database, (_, live) = published
    answer = client.get("/users/u0001/recommendations?n=3", X_API_Key=KEY)
    ((expected,),) = database.rows("SELECT json_agg(r) FROM reco.recommend('u0001', 3) AS r", role="analyst")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.body == {"batch_id": live.batch_id, "run_date": str(live.run_date), "entries": expected}
    assert len(expected) == 3


def test_somebody_unknown_gets_what_is_popular_in_the_segment(client: Client) -> None:
    path = "/users/no%20body%2Fknows/recommendations?n=4&segment=north"
    entries = client.get(path, X_API_Key=KEY).body["entries"]
    assert [entry["reason"] for entry in entries] == ["popular_in_segment"] * 3 + ["popular"]


def test_each_list_has_its_path(client: Client, published: tuple[Database, list[Any]]) -> None:
    similar = client.get("/items/i00/similar?n=1", X_API_Key=KEY).body["entries"]
    ((expected,),) = published[0].rows("SELECT json_agg(r) FROM reco.similar_items('i00', 1) AS r", role="analyst")
    assert similar == expected and similar[0]["similar_item_id"] == "i02"
    audience = client.get("/audience?category=c1", X_API_Key=KEY).body["entries"]
    assert [entry["user_id"] for entry in audience] == ["u0001", 'ü "9"']
    for path in ("/users/u0001/buy-again", "/items/i00/bought-together", "/trending?category=c1", "/best-sellers"):
        assert client.get(path, X_API_Key=KEY).status == 200, path


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/audience", "give one of item_id, category and brand"),
        ("/audience?item_id=i00&category=c1", "give one of item_id, category and brand"),
        (
            "/users/u0001/recommendations?placement=nowhere",
            "there is no placement nowhere. The live batch has home, cart, email",
        ),
    ],
)
def test_what_the_function_refuses_is_a_problem(client: Client, path: str, said: str) -> None:
    answer = client.get(path, X_API_Key=KEY)
    assert (answer.status, answer.body["detail"]) == (422, said)


def test_a_list_that_the_caller_has_is_not_sent_again(client: Client) -> None:
    path = "/users/u0001/recommendations"
    tag = client.get(path, X_API_Key=KEY).headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        answer = client.get(path, X_API_Key=KEY, If_None_Match=known)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, None, tag)
    assert client.get(path, X_API_Key=KEY, If_None_Match='"other"').status == 200


@pytest.mark.parametrize("given", [{}, {"X_API_Key": "wrong"}, {"X_API_Key": KEY.upper()}, {"X_API_Key": KEY[:-1]}])
def test_without_the_key_nothing_is_told(client: Client, given: dict[str, str]) -> None:
    answer = client.get("/users/u0001/recommendations", **given)
    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.body["detail"] == "X-API-Key is missing or wrong"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/users/u1/recommendations?n=0", 422, "n: Input should be greater than or equal to 1"),
        ("/users/u1/recommendations?n=many", 422, "n: Input should be a valid integer"),
        ("/users/u%001/recommendations", 422, "user_id: String should match pattern"),
        ("/users/u1/recommendations?segment=" + "s" * 256, 422, "segment: String should have at most 255 characters"),
        ("/nowhere", 404, "Not Found"),
    ],
)
def test_a_mistake_is_a_problem_with_its_reason(client: Client, path: str, status: int, said: str) -> None:
    answer = client.get(path, X_API_Key=KEY)
    assert (answer.status, answer.body["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["detail"].startswith(said)


def test_health_names_the_live_batch_and_its_age(client: Client, published: tuple[Database, list[Any]]) -> None:
    answer = client.get("/health")
    assert (answer.status, answer.body["batch_id"]) == (200, published[1][1].batch_id)
    assert 0 <= answer.body["age_seconds"] < 600


def test_before_the_first_batch_it_says_so(database: Database) -> None:
    with serving(database.analyst_url) as address:
        health, answer = Client(address).get("/health"), Client(address).get("/users/u1/recommendations")
    assert (health.status, health.body["batch_id"], health.body["age_seconds"]) == (200, None, None)
    assert (answer.status, answer.body["detail"]) == (503, "no batch is live yet")
    assert answer.headers["retry-after"] == "5"


def test_without_a_database_it_says_so_and_goes_on_when_it_is_back(database: Database) -> None:
    rename = "ALTER DATABASE {} RENAME TO {}"
    with (
        serving(database.analyst_url) as address,
        closing(psycopg2.connect(database.server.url("postgres", "postgres"))) as superuser,
        superuser.cursor() as cursor,
    ):
        superuser.autocommit = True
        client = Client(address)
        assert client.get("/health").status == 200
        cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.name}'")
        cursor.execute(rename.format(database.name, "gone"))
        answers = [client.get("/health") for _ in range(2)]
        cursor.execute(rename.format("gone", database.name))
        assert {answer.status for answer in answers} == {503}
        assert client.get("/health").status == 200


def test_a_schema_that_is_not_there_is_named(database: Database) -> None:
    with serving(database.server.url("postgres", "postgres")) as address:
        answer = Client(address).get("/users/u1/recommendations")
    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.body["detail"].endswith("run python -m jobs.migrate")


def test_across_flips_no_answer_fails_and_none_is_mixed(published: tuple[Database, list[Any]], address: str) -> None:
    database, batches = published
    shifts = {batch.batch_id: shift for shift, batch in enumerate(batches)}
    stop, seen, wrong = threading.Event(), set(), []

    def read(user: int) -> None:
        client = Client(address)
        while not stop.is_set():
            answer = client.get(f"/users/u{user:04d}/recommendations", X_API_Key=KEY)
            if answer.status != 200:
                wrong.append(answer)
                continue
            batch_id, entries = answer.body["batch_id"], answer.body["entries"]
            seen.add(batch_id)
            items = [f"i{(user + shifts[batch_id] + place) % N_ITEMS:02d}" for place in range(len(entries))]
            if not entries or [entry["item_id"] for entry in entries] != items:
                wrong.append(answer)
            if not answer.headers["etag"].startswith(f'"{batch_id}.'):
                wrong.append(answer)
        client.close()

    threads = [threading.Thread(target=read, args=(user,)) for user in range(READERS)]
    for thread in threads:
        thread.start()
    with connect(database.writer_url, "rollback", role=WRITER) as connection:
        for n in range(30):
            roll_back(connection, RollbackRequest("main", batches[n % 2].batch_id, "test"))
            stop.wait(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert seen == set(shifts)


def test_the_answers_are_what_the_openapi_document_says(address: str, tmp_path: Path) -> None:
    """Schemathesis makes requests from the document, right ones and wrong ones, and holds the answers against it."""
    program = Path(sys.executable).with_name("schemathesis")
    tried = subprocess.run(
        [
            program, "run", f"{address}/openapi.json", "-H", f"X-API-Key: {KEY}", "--max-examples", "25",
            "--generation-deterministic", "--phases", "examples,coverage,fuzzing", "--no-color",
            # The database knows which placements there are, and that an audience is for one thing
            "--exclude-checks", "positive_data_acceptance",
        ],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert tried.returncode == 0, tried.stdout
