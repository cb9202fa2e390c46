"""SQL over the store: it reads the tables, and nothing else."""

import pytest

from imgscope.errors import UsageError
from imgscope.fleet.questions.sql import query
from imgscope.fleet.store.schema import KEYS
from imgscope.fleet.store.store import Store

from .ask_store import digest, image, layer, tag


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("fleet")
    made = Store.open(str(path), create=True)
    made.add("tags", [tag("app", str(number), digest(f"i{number}")) for number in range(5)])
    made.add("images", [image(f"i{number}", ["l"]) for number in range(5)])
    made.add("layers", [layer("l", 10)])
    return path


@pytest.fixture
def connection(store):
    return Store.open(str(store)).connection()


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT tag FROM tags ORDER BY tag LIMIT 2", (("0",), ("1",))),
        ("SELECT count(*) FROM images -- all of them", ((5,),)),
        ("WITH own AS (SELECT tag FROM tags) SELECT count(*) FROM own, layers;", ((5,),)),
        ("SELECT * FROM range(2)", ((0,), (1,))),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) FROM t", ((1,), (2,), (3,))),
        ("VALUES ('a')", (("a",),)),
    ],
)
def test_a_select_is_answered(connection, sql, rows):
    assert query(connection, sql).rows == rows


def test_rows_are_bounded(connection):
    answer = query(connection, "SELECT tag FROM tags ORDER BY tag DESC", limit=2)
    assert (answer.rows, answer.more) == ((("4",), ("3",)), True)
    assert not query(connection, "SELECT tag FROM tags", limit=5).more
    # Nobody waits for the end of what has none.
    assert len(query(connection, "SELECT * FROM range(1000000000000)", limit=3).rows) == 3


@pytest.mark.parametrize("place", ["{folder}/plain", "{folder}/it's [odd]*", "memory://{folder}/store"])
def test_the_tables_are_all_that_is_shown_wherever_the_store_is(tmp_path, place):
    made = Store.open(place.format(folder=tmp_path), create=True)
    made.add("tags", [tag("app", "1", digest("i"))])
    made.add("tags", [tag("app", "2", digest("i"))])
    made.add("images", [image("i", ["l"])])
    made.add("images", [image("i", ["l"]), image("j", ["l"])])
    with made.connection() as connection:
        assert [name for (name,) in query(connection, "SHOW TABLES").rows] == sorted(KEYS)
        assert {row[2] for row in query(connection, "SHOW ALL TABLES").rows} == set(KEYS)
        assert query(connection, "SELECT count(*) FROM tags").rows == ((2,),)
        # What two parts have counts once.
        assert query(connection, "SELECT count(*) FROM images").rows == ((2,),)


def test_tables_can_be_described(connection):
    assert ("host", "VARCHAR") in [row[:2] for row in query(connection, "DESCRIBE tags").rows]


@pytest.mark.parametrize(
    "sql",
    [
        "COPY tags TO '{out}'",
        "COPY (SELECT 1) TO '{out}' (FORMAT parquet)",
        "EXPORT DATABASE '{out}'",
        "ATTACH '{out}' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "PRAGMA table_info('tags')",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "CALL pragma_version()",
        "CREATE TABLE t (a int)",
        "CREATE SECRET (TYPE s3)",
        "INSERT INTO tags VALUES (1)",
        "DELETE FROM tags",
        "DROP VIEW tags",
        "EXPLAIN ANALYZE SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT 1; COPY tags TO '{out}'",
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_csv_auto('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM '{secret}'",
        'FROM "{secret}"',
        "SELECT * FROM glob('{secret}')",
        "SELECT (SELECT content FROM read_text('{secret}'))",
        "WITH tags AS (FROM read_text('{secret}')) FROM tags",
        "SELECT * FROM tags WHERE tag IN (FROM read_text('{secret}'))",
        "SELECT * FROM tags JOIN LATERAL (FROM read_text('{secret}')) ON true",
        "SELECT * FROM tags UNION ALL FROM read_text('{secret}')",
        "SELECT * FROM query('FROM read_text(''{secret}'')')",
        "SELECT * FROM query_table('parts_tags')",
        "SELECT * FROM parts_tags",
        "SELECT * FROM main.tags",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM sqlite_master",
        "SELECT read_text('{secret}')",
        "SELECT getenv('HOME')",
        "SELECT 1) UNION (SELECT 2",
        "SELECT * FROM store",
        "",
        ";",
        "\0",
        "nonsense",
        "SELECT no_such_column FROM tags",
        "SELECT CAST('x' AS INTEGER)",
    ],
)
def test_everything_else_is_refused_in_one_line(connection, tmp_path, sql):
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("a,b\nnever,shown\n")
    with pytest.raises(UsageError) as refused:
        query(connection, sql.format(secret=secret, out=out))
    assert "\n" not in str(refused.value)
    assert "never" not in str(refused.value)
    assert not out.exists()
    # The views are as they were.
    assert query(connection, "SELECT count(*) FROM tags").rows == ((5,),)


def test_nesting_has_an_end(connection):
    with pytest.raises(UsageError):
        query(connection, "SELECT " + "(" * 5000 + "1" + ")" * 5000)
