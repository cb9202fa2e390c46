"""Fleets whose stores, lists and questions are wrong: one line and the right exit code, never a traceback."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.archive.images import Image, docker_archive, layer, write_tar

MARK = "imgscope-fleet.json"


def fleet(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "imgscope", "fleet", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, cwd=cwd, timeout=60)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scanned")
    files = {f"srv/{one}": f"{one}" * 50 for one in range(60)}
    write_tar(folder / "app.tar", docker_archive(Image((layer(**files),))))
    done = fleet("scan", folder / "app.tar", "--store", folder / "store", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    return folder / "store"


@pytest.fixture
def store(scanned, tmp_path) -> Path:
    return Path(shutil.copytree(scanned, tmp_path / "store"))


def one_line(done: subprocess.CompletedProcess, code: int) -> str:
    assert done.returncode == code, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("imgscope: ")
    assert "internal error" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("names", [("a",), ("a", "b")])
def test_a_list_that_names_itself_ends(tmp_path, names):
    write_tar(tmp_path / "app.tar", docker_archive(Image()))
    for name, following in zip(names, (*names[1:], names[0]), strict=True):
        (tmp_path / name).write_text(f"{following}\n")
    done = fleet("scan", "a", "app.tar", "--store", "s", "--jobs", 1, cwd=tmp_path)
    assert done.returncode == 1
    assert "does one name itself?" in done.stderr
    assert "1 image read" in done.stdout


def test_a_trouble_says_how_a_name_is_written_and_its_path_once(tmp_path):
    (tmp_path / "list").write_text("no such:x\ncut.tar\n")
    whole = write_tar(tmp_path / "app.tar", docker_archive(Image())).read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:5000])
    done = fleet("scan", "list", "--store", "s", "--jobs", 1, cwd=tmp_path)
    assert "write it as NAME, NAME:TAG or NAME@DIGEST" in done.stderr
    (cut,) = [line for line in done.stderr.splitlines() if line.startswith("imgscope: ") and "cut.tar" in line]
    assert cut.count("cut.tar") == 1


@pytest.mark.parametrize(
    ("table", "command"), [("tags", ["report"]), ("files", ["find", "/srv/1"]), ("images", ["check"])]
)
def test_parts_whose_bytes_were_changed_are_told_as_the_stores(store, table, command):
    for part in (store / table).glob("*.parquet"):
        data = bytearray(part.read_bytes())
        # The end of the file, which says where all is, stays right.
        data[8:400] = bytes(byte ^ 0x5A for byte in data[8:400])
        part.write_bytes(data)
    assert f"the store {store} can't be read" in one_line(fleet(*command, "--store", store), 3)


def test_a_scan_tells_of_damaged_parts_too(store, tmp_path):
    for part in (store / "images").glob("*.parquet"):
        data = bytearray(part.read_bytes())
        data[8:400] = bytes(byte ^ 0x5A for byte in data[8:400])
        part.write_bytes(data)
    archive = write_tar(tmp_path / "app.tar", docker_archive(Image()))
    assert f"the store {store} can't be read" in one_line(fleet("scan", archive, "--store", store, "--jobs", 1), 3)


def test_a_part_that_is_cut_short_is_named(store):
    (part,) = (store / "files").glob("*.parquet")
    part.write_bytes(part.read_bytes()[:-20])
    assert f"files/{part.name}" in one_line(fleet("report", "--store", store), 3)


@pytest.mark.parametrize("mark", ["[" * 100_000, '{"imgscope": "fleet", "version": true}'])
def test_a_mark_that_says_nothing_is_no_store(store, mark):
    (store / MARK).write_text(mark)
    assert "is no fleet's store" in one_line(fleet("report", "--store", store), 2)


def test_an_empty_address_is_no_store(tmp_path):
    archive = write_tar(tmp_path / "app.tar", docker_archive(Image()))
    one_line(fleet("scan", archive, "--store", "", cwd=tmp_path), 2)
    one_line(fleet("report", "--store", "", cwd=tmp_path), 2)
    assert [path.name for path in tmp_path.iterdir()] == ["app.tar"]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM files a, files b, files c, files d, files e, files f",
        "WITH RECURSIVE t AS (SELECT 1 x UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t",
        "SELECT sum(range) FROM range(100000000000000)",
    ],
)
def test_sql_that_never_ends_ends(scanned, statement):
    done = fleet("sql", statement, "--store", scanned, "--timeout", 1)
    assert "no answer within 1 seconds; --timeout" in one_line(done, 2)


def test_sql_leaves_nothing_where_it_runs(scanned, tmp_path):
    """What DuckDB puts out of memory goes to a folder of its own, which is gone at the end."""
    statement = "SELECT current_setting('temp_directory') AS folder"
    done = fleet("sql", statement, "--store", scanned, "--format", "json", cwd=tmp_path)
    folder = Path(json.loads(done.stdout)["rows"][0][0])
    assert folder.is_absolute()
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_more_rows_than_a_number_holds(scanned):
    assert fleet("report", "--store", scanned, "--top", 10**30).returncode == 0
    one_line(fleet("sql", "SELECT 1", "--store", scanned, "--limit", 10**30), 2)
    one_line(fleet("find", "x", "--store", scanned, "--limit", 10**30), 2)


_ENDED = """
import contextlib, multiprocessing, os, signal, time
from imgscope.fleet.running.processes import _begin

def work():
    _begin(None, os.getppid())
    with contextlib.suppress(SystemExit):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    raise EOFError("half a batch")

if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    print(process.exitcode)
"""


def test_a_process_that_is_ended_prints_no_traceback(tmp_path):
    (tmp_path / "ended.py").write_text(_ENDED)
    done = subprocess.run([sys.executable, str(tmp_path / "ended.py")], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_sql_can_be_interrupted(scanned, number):
    line = [sys.executable, "-m", "imgscope", "fleet", "sql", "SELECT sum(range) FROM range(100000000000000)"]
    process = subprocess.Popen([*line, "--store", str(scanned)], stderr=subprocess.PIPE, text=True)
    time.sleep(3)
    process.send_signal(number)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert "Traceback" not in said


@pytest.mark.parametrize(("glob", "shown"), [("", "an empty name"), ("[z-a]", "[z-a]"), ("app:[", "app:[")])
def test_an_odd_glob_fits_nothing(scanned, glob, shown):
    assert f"no tag in the store fits {shown}" in one_line(fleet("free", glob, "--store", scanned), 2)
