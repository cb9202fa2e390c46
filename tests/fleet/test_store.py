"""The store keeps rows whole, once, whoever writes and reads meanwhile."""

import datetime
import json
import threading

import duckdb
import polars as pl
import pytest

from imgscope.errors import UsageError
from imgscope.fleet.store import Store
from imgscope.fleet.store.schema import KEYS, schemas

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


def digest(number):
    return f"sha256:{number:064x}"


def image(number, **more):
    return {"image": digest(number), "platform": "linux/amd64", "created": NOW, "layers": [digest(1)], **more}


def waste(number, path, size):
    return {"image": digest(number), "layer": digest(1), "hidden_by": digest(2), "path": path, "bytes": size}


def rows(store, query):
    with store.connection() as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def store(tmp_path):
    return Store.open(str(tmp_path / "fleet"), create=True)


def test_what_goes_in_comes_out(store):
    history = [{"layer": digest(1), "instruction": "RUN x"}, {"layer": None, "instruction": "ENV a=b"}]
    store.add("images", [image(1, history=history, blobs=None)])
    assert rows(store, "SELECT image, created, layers, blobs, history FROM images") == [
        (digest(1), NOW, [digest(1)], None, history)
    ]


def test_every_table_has_a_view_with_its_columns_where_nothing_is_in_it(store):
    with store.connection() as connection:
        for table, schema in schemas().items():
            assert [column[0] for column in connection.execute(f"SELECT * FROM {table}").description] == schema.names


def test_the_same_rows_twice_change_nothing(store, tmp_path):
    for _ in range(2):
        store.add("waste", [waste(1, "/a", 1), waste(1, "/b", 2)])
    assert len(list((tmp_path / "fleet" / "waste").iterdir())) == 1
    assert rows(store, "SELECT count(*), sum(bytes) FROM waste") == [(2, 3)]


def test_of_a_unit_in_two_parts_the_last_one_counts_whole(store):
    store.add("waste", [waste(1, "/a", 1), waste(1, "/b", 2), waste(2, "/c", 4)])
    store.add("waste", [waste(1, "/b", 8), waste(3, "/d", 16)])
    store.add("waste", [waste(9, "/e", 32)])
    expected = [("/b", 8), ("/c", 4), ("/d", 16), ("/e", 32)]
    assert rows(store, "SELECT path, bytes FROM waste ORDER BY path") == expected
    store.compact()
    assert rows(store, "SELECT path, bytes FROM waste ORDER BY path") == expected
    assert sum(part.rows for part in store.parts("waste")) == len(expected)


def test_null_is_a_part_of_a_key(store):
    layers = [{"layer": digest(1), "blob": None, "entries": 1}, {"layer": digest(1), "blob": digest(5), "entries": 1}]
    store.add("layers", layers)
    store.add("layers", [layers[0], {"layer": digest(2), "blob": None, "entries": 1}])
    assert len(rows(store, "SELECT * FROM layers")) == 3
    store.compact()
    assert len(rows(store, "SELECT * FROM layers")) == 3


def test_compacting_makes_few_parts_and_changes_no_row(store):
    for number in range(40):
        store.add("images", [image(number)])
        store.add("tags", [{"reference": f"registry:h/r:{number}", "observed": NOW, "image": digest(number)}])
    before = {table: sorted(rows(store, f"SELECT * FROM {table}"), key=str) for table in ("images", "tags")}
    store.compact()
    assert [len(store.parts(table)) for table in ("images", "tags")] == [1, 1]
    assert {table: sorted(rows(store, f"SELECT * FROM {table}"), key=str) for table in before} == before
    store.compact()
    assert [len(store.parts(table)) for table in ("images", "tags")] == [1, 1]


def test_a_compaction_that_was_killed_before_it_removed_anything_is_harmless(store, monkeypatch):
    for number in range(10):
        store.add("images", [image(number)])
    with monkeypatch.context() as patched:
        patched.setattr(type(store.place), "remove", lambda *_: None)
        store.compact()
    assert rows(store, "SELECT count(*), count(DISTINCT image) FROM images") == [(10, 10)]
    store.place.remove("images/.compacting")
    store.compact()
    assert len(store.parts("images")) == 1
    assert rows(store, "SELECT count(*), count(DISTINCT image) FROM images") == [(10, 10)]


def test_two_writers_and_a_compaction_at_a_time(tmp_path):
    path = str(tmp_path / "fleet")
    Store.open(path, create=True)

    def write(start):
        store = Store.open(path)
        for number in range(start, start + 30):
            store.add("images", [image(number)])
            if number % 10 == 9:
                store.compact()

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(Store.open(path), "SELECT count(*), count(DISTINCT image) FROM images") == [(45, 45)]


def test_what_is_half_written_is_no_part(store, tmp_path):
    store.add("images", [image(1)])
    (tmp_path / "fleet" / "images" / ".x.parquet.abc").write_bytes(b"PAR1")
    (tmp_path / "fleet" / "images" / ".x.parquet").write_bytes(b"PAR1")
    assert rows(store, "SELECT count(*) FROM images") == [(1,)]


def test_a_disk_that_is_full_leaves_nothing_behind(store, tmp_path, monkeypatch):
    from imgscope import output

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output.os, "fsync", full)
    with pytest.raises(output.OutputError, match="No space left"):
        store.add("images", [image(1)])
    monkeypatch.undo()
    assert list((tmp_path / "fleet" / "images").iterdir()) == []
    store.add("images", [image(1)])
    assert rows(store, "SELECT count(*) FROM images") == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '{place}/x.csv'",
        "ATTACH '{place}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "INSERT INTO images SELECT * FROM images",
        "DELETE FROM images",
        "SELECT * FROM statement",
    ],
)
def test_sql_sees_the_store_and_nothing_else(store, tmp_path, statement):
    with store.connection() as connection, pytest.raises(duckdb.Error):
        connection.execute(statement.format(place=tmp_path)).fetchall()
    assert not list(tmp_path.glob("x.*"))


def test_what_is_no_store_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no fleet's store"):
        Store.open(str(tmp_path))
    (tmp_path / "imgscope-fleet.json").write_text("[]")
    with pytest.raises(UsageError, match="does not say so"):
        Store.open(str(tmp_path), create=True)
    (tmp_path / "imgscope-fleet.json").write_text(json.dumps({"imgscope": "fleet", "version": 99}))
    with pytest.raises(UsageError, match="version 99"):
        Store.open(str(tmp_path))
    with pytest.raises(UsageError, match="can't be a store"):
        Store.open("nosuch://host/x")
    with pytest.raises(UsageError, match="must hold no login") as error:
        Store.open("sftp://user:word@host/x")
    assert "word" not in str(error.value)


def test_a_store_lies_wherever_fsspec_reaches():
    store = Store.open("memory://some/fleet", create=True)
    for number in range(5):
        store.add("images", [image(number)])
    store.compact()
    assert len(store.parts("images")) == 1
    assert rows(Store.open("memory://some/fleet"), "SELECT count(*) FROM images") == [(5,)]


def test_others_read_the_files_as_they_are(store, tmp_path):
    for number in range(3):
        store.add("images", [image(number, files=number)])
    pattern = str(tmp_path / "fleet" / "images" / "*.parquet")
    assert duckdb.sql(f"SELECT sum(files) FROM read_parquet('{pattern}')").fetchall() == [(3,)]
    assert pl.scan_parquet(pattern).select(pl.col("files").sum()).collect().item() == 3


def test_keys_are_columns():
    for table, schema in schemas().items():
        assert set(KEYS[table]) <= set(schema.names)


def test_what_is_added_little_by_little_does_not_rewrite_what_is_large(store):
    store.add("images", [image(number) for number in range(1000)])
    (large,) = (part.name for part in store.parts("images"))
    for scan in range(12):
        store.add("images", [image(5000 + scan)])
        store.compact()
    assert large in {part.name for part in store.parts("images")}
    assert len(store.parts("images")) <= 8
    assert rows(store, "SELECT count(*), count(DISTINCT image) FROM images") == [(1012, 1012)]
