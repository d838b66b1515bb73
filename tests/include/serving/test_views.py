"""What analysts may do, and what their queries cost."""

import re
import subprocess
from typing import Any

import psycopg2
import pytest

from include.lake import Lake
from include.serving.publish import publish
from tests.batches import DAY, write_batch
from tests.databases import Database

pytestmark = pytest.mark.postgres

VIEWS = {
    "activations", "audience", "batch_lists", "batches", "best_sellers", "drift_reports", "ingest_accounts",
    "landing_comparisons", "model_checks", "model_decisions", "model_metrics", "nightly_runs", "placements",
    "popular_by_placement",
    "popular_items", "recommendations", "reasons", "recommendations_history", "similar_items", "tuning_trials",
    "bought_before", "bought_together", "buy_again", "trending",
    "tunings",
    "deletions", "items", "list_owners", "results_by_item", "results_by_category", "results_by_segment",
}  # fmt: skip
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
KINDS = "relkind IN ('r', 'v', 'm', 'p', 'f')"
OURS = "relnamespace::regnamespace::text !~ '^(pg_|information_schema)'"


@pytest.fixture
def three_batches(database: Database, lake: Lake) -> Database:
    for day in range(3):
        batch = write_batch(lake, DAY.replace(day=20 + day), shift=day, users=3000)
        publish(database.writer_url, batch, keep_batches=3)
    return database


@pytest.mark.parametrize("role", ["analyst", "airflow"])
def test_rights_on_tables_are_select_on_the_views_and_nothing_else(postgres: Database, role: str) -> None:
    """The role airflow has only what PUBLIC has: nothing."""
    rights = postgres.rows(
        f"""SELECT relname, wanted FROM pg_class, unnest(%(rights)s) AS wanted
        WHERE {KINDS} AND {OURS} AND has_table_privilege(%(role)s, pg_class.oid, wanted)
        UNION SELECT relname, wanted FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS wanted
        WHERE {KINDS} AND {OURS} AND has_any_column_privilege(%(role)s, pg_class.oid, wanted)
        UNION SELECT relname, wanted FROM pg_class, unnest(ARRAY['SELECT', 'USAGE', 'UPDATE']) AS wanted
        WHERE relkind = 'S' AND {OURS} AND has_sequence_privilege(%(role)s, pg_class.oid, wanted)""",
        {"rights": list(RIGHTS), "role": role},
    )
    assert set(rights) == ({(view, "SELECT") for view in VIEWS} if role == "analyst" else set())


@pytest.mark.parametrize(("role", "functions"), [
    ("analyst", [
        "audience", "best_sellers", "bought_together", "buy_again", "compare_batches", "live_batch", "recommend",
        "similar_items", "trending",
    ]),
    ("airflow", []),
])  # fmt: skip
def test_rights_on_functions(postgres: Database, role: str, functions: list[str]) -> None:
    found = postgres.rows(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'reco'::regnamespace "
        "AND has_function_privilege(%s, oid, 'EXECUTE')", (role,),
    )  # fmt: skip
    assert sorted(name for (name,) in found) == functions


def test_analysts_make_nothing_anywhere(postgres: Database) -> None:
    schemas = "SELECT nspname FROM pg_namespace WHERE has_schema_privilege('analyst', oid, 'CREATE')"
    assert postgres.rows(schemas) == []
    databases = (
        "SELECT datname, has_database_privilege('analyst', oid, 'CONNECT') FROM pg_database "
        "WHERE datallowconn AND datname NOT LIKE 'copy%%' "
        "AND has_database_privilege('analyst', oid, 'CREATE, TEMPORARY, CONNECT')"
    )
    assert postgres.rows(databases) == [("nightshelf", True)]
    groups = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'analyst'::regrole"
    assert postgres.rows(groups) == [("reco_analyst",)]


@pytest.mark.parametrize("attempt", [
    "SELECT * FROM reco.shelf",
    "SELECT * FROM reco.live",
    "SELECT * FROM reco.serving",
    "SELECT reco.batch_checksum('x')",
    "SET ROLE reco_writer",
    "SET default_transaction_read_only = off; COMMIT; UPDATE reco.activations SET reason = ''",
    "SET default_transaction_read_only = off; COMMIT; CREATE TEMPORARY TABLE mine (n int)",
    "SET default_transaction_read_only = off; COMMIT; CREATE TABLE public.mine (n int)",
    "COPY (SELECT 1) TO PROGRAM 'true'",
])  # fmt: skip
def test_analysts_are_refused(postgres: Database, attempt: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        postgres.rows(attempt, role="analyst")


def test_the_functions_run_with_a_fixed_search_path(postgres: Database) -> None:
    """A definer's function that looks names up in the caller's schemas would do the caller's bidding."""
    found = postgres.rows("SELECT proname, proconfig FROM pg_proc WHERE prosecdef")
    assert {name for name, _ in found} >= {"recommend", "similar_items"}
    assert {tuple(settings) for _, settings in found} == {("search_path=pg_catalog, pg_temp",)}


def plan(database: Database, query: str, *, analyze: bool = True) -> str:
    rows = database.rows(f"EXPLAIN ({'ANALYZE, TIMING OFF,' if analyze else ''} COSTS OFF) {query}", role="analyst")
    return "\n".join(line for (line,) in rows)


@pytest.mark.parametrize("view", ["recommendations", "recommendations_history"])
def test_one_users_list_is_an_index_lookup(three_batches: Database, view: str) -> None:
    seen = plan(three_batches, f"SELECT * FROM {view} WHERE user_id = 'u0007' AND run_date = DATE '2026-11-22'")
    assert "Seq Scan on shelf" not in seen
    executed = re.findall(r"Index Scan using (shelf_\d)_\d_user_id_idx on \S+ (?:shelf\S* )?\(actual", seen)
    assert executed == ["shelf_3"], seen


def test_a_whole_scan_opens_the_live_partition_only(three_batches: Database) -> None:
    seen = plan(three_batches, "SELECT * FROM recommendations")
    assert set(re.findall(r"Scan on (shelf_\d)\S* (?:shelf\S* )?\(actual", seen)) == {"shelf_3"}, seen
    assert "Sort" not in seen


@pytest.mark.parametrize("query", [
    "SELECT * FROM recommendations WHERE user_id = 'u0007'",
    "SELECT * FROM recommend('u0007')",
    "SELECT * FROM recommend('nobody')",
])  # fmt: skip
def test_no_partition_is_scanned_for_one_user(three_batches: Database, query: str) -> None:
    connection = psycopg2.connect(three_batches.analyst_url)
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchall()
        cursor.execute(
            "SELECT coalesce(sum(seq_scan), 0), coalesce(sum(idx_scan), 0) FROM pg_stat_xact_user_tables "
            "WHERE relname ~ '^shelf_'"
        )
        scans, lookups = cursor.fetchone() or (None, None)
    connection.close()
    assert (scans, lookups > 0) == (0, True)


def test_counting_needs_no_item_table(three_batches: Database) -> None:
    assert "item" not in plan(three_batches, "SELECT count(*) FROM recommendations", analyze=False)


def test_an_analyst_has_a_prompt(postgres: Database) -> None:
    psql = postgres.server.program("psql")
    query = "SELECT count(*) AS n FROM recommendations"
    done = subprocess.run(
        [psql, "--no-psqlrc", "--csv", "--command", query, postgres.analyst_url],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("n\n0\n", "")


def recommend(database: Database, *arguments: Any) -> list[tuple[Any, ...]]:
    marks = ", ".join(["%s"] * len(arguments))
    query = f"SELECT rank, item_id, reason, reason_item_id, reason_text FROM recommend({marks})"
    return database.rows(query, arguments, role="analyst")


def test_recommend_gives_the_users_own_list_first(database: Database, lake: Lake) -> None:
    publish(database.writer_url, write_batch(lake, lengths=(5, 5, 0)), keep_batches=2)
    assert recommend(database, "u0001", 2) == [
        (1, "i01", "because_of_item", "i01", 'because you had Thing "1", new'),
        (2, "i02", "popular_in_segment", None, "popular with shoppers like you"),
    ]
    assert len(recommend(database, "u0001")) == 5


def test_recommend_falls_back_to_the_segment_and_then_to_everybody(database: Database, lake: Lake) -> None:
    publish(database.writer_url, write_batch(lake, lengths=(5, 5, 0)), keep_batches=2)
    in_segment, in_all = "popular with shoppers like you", "popular with everybody"
    expected = [
        (1, "i01", "popular_in_segment", None, in_segment),
        (2, "i02", "popular_in_segment", None, in_segment),
        (3, "i03", "popular_in_segment", None, in_segment),
        (4, "i04", "popular", None, in_all),
    ]
    assert recommend(database, "stranger", 4, "north") == expected
    assert recommend(database, "u0002", 4) == expected, "a user of the segment north whose own list is empty"
    assert [row[2] for row in recommend(database, "stranger", 4)] == ["popular"] * 4
    assert recommend(database, "stranger", 4, "nowhere") == recommend(database, "stranger", 4)
    assert recommend(database, None, 4) == recommend(database, "stranger", 4)
    assert len(recommend(database, "stranger", 1000, "north")) == 8


def ids(database: Database, arguments: str) -> list[str]:
    return [item for (item,) in database.rows(f"SELECT item_id FROM recommend({arguments})", role="analyst")]


def test_recommend_at_a_placement(database: Database, lake: Lake) -> None:
    publish(database.writer_url, write_batch(lake), keep_batches=2)
    assert ids(database, "'u0001', placement => 'email'") == ["i09", "i01", "i11"]
    assert ids(database, "'u0001', 2, NULL, 'email'") == ["i09", "i01"]
    assert ids(database, "'stranger', 9, 'north', 'cart'") == ["i02", "i05", "i08", "i04"]
    assert ids(database, "'u0001', placement => 'home'") == ids(database, "'u0001'")
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="there is no placement cash"):
        ids(database, "'u0001', placement => 'cash'")


def test_recommend_within_a_category_goes_on_with_what_is_popular_in_it(database: Database, lake: Lake) -> None:
    publish(database.writer_url, write_batch(lake, lengths=(5, 5, 0)), keep_batches=2)
    assert ids(database, "'u0001', category => 'c1'") == ["i01", "i05", "i09"]
    assert ids(database, "'u0001', placement => 'email', category => 'c1'") == ["i09", "i01", "i05"]
    assert ids(database, "'stranger', category => 'c1'") == ["i01", "i05"]
    assert ids(database, "'u0001', 2, category => 'nowhere'") == ids(database, "'u0001', 2")


def test_recommend_says_how_often_and_when_last_a_user_bought_what_is_there_again(
    database: Database, lake: Lake
) -> None:
    publish(database.writer_url, write_batch(lake), keep_batches=2)

    def texts(arguments: str) -> list[str]:
        query = f"SELECT reason_text FROM recommend({arguments}) WHERE reason = 'bought_again'"
        return [text for (text,) in database.rows(query, role="analyst")]

    found = [texts(f"'u000{user}', placement => 'cart'") for user in range(3)]
    times = ("4 times, last 12 days ago", "once, last yesterday", "twice, last 2 days ago")
    assert found == [[f"bought {each}"] for each in times]
    assert texts("'u0000', category => 'c2'") == ["bought 4 times, last 12 days ago"]
    assert texts("'u0000'") == []
    changed = "UPDATE reco.shelf SET reasons[1] = 16 WHERE user_id = 'u0000' RETURNING user_id"
    assert database.rows(changed) == [("u0000",)]
    assert texts("'u0000'") == ["bought once, last 3 days ago"]
    rows = "SELECT rank, item_id, purchases, days_since, reason FROM bought_before WHERE user_id = 'u0001' AND rank = 1"
    assert database.rows(rows, role="analyst") == [(1, "i10", 1, 1, "bought_again")]


def test_an_audience_is_of_one_thing(database: Database, lake: Lake) -> None:
    publish(database.writer_url, write_batch(lake), keep_batches=2)
    rows = database.rows("SELECT rank, user_id, reason FROM audience(category => 'c1', n => 1)", role="analyst")
    assert rows == [(1, "u0000", "taste")]
    assert database.rows("SELECT * FROM audience('i01')", role="analyst") == []
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="give one of"):
        database.rows("SELECT * FROM audience('i00', brand => 'i00')", role="analyst")


@pytest.mark.parametrize("n", [0, -1, None])
def test_recommend_refuses_a_senseless_number(database: Database, n: int | None) -> None:
    with pytest.raises(psycopg2.errors.InvalidParameterValue, match="n must be at least 1"):
        recommend(database, "u0001", n)


def test_recommend_says_that_nothing_is_live(database: Database) -> None:
    with pytest.raises(psycopg2.errors.NoDataFound, match="no batch is live yet"):
        recommend(database, "u0001")
