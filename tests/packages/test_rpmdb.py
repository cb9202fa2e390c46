"""rpm's databases as rpm itself writes them, in each format, and as someone who means harm would."""

from __future__ import annotations

import functools
import lzma
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import time
import zlib
from pathlib import Path

import pytest

import imgscope
from imgscope.packages import read_packages
from imgscope.packages.rpm import Rpm, read_relations
from imgscope.packages.rpmdb import DatabaseError, headers
from tests.archive.images import Image, docker_archive, write_tar
from tests.oracle.maketar import file, layer, symlink

SQLITE, NDB, BERKELEY = b"var/lib/rpm/rpmdb.sqlite", b"var/lib/rpm/Packages.db", b"var/lib/rpm/Packages"
PLACES = {"sqlite": SQLITE, "ndb": NDB, "berkeley": BERKELEY}
# Headers of some hundred bytes, of some pages, and of more than fit on one page of any size.
SPEC = """
Name: alpha
Version: 1.5
Release: 2
Summary: test
License: MIT
BuildArch: noarch
Requires: beta
%description
test
%package -n beta
Version: 2.0
Epoch: 3
Summary: test
%description -n beta
test
%package -n gamma
Version: 0.1
Summary: test
Requires: alpha >= 1
%description -n gamma
test
%install
for n in alpha/3 beta/40 gamma/800; do
    mkdir -p %{buildroot}/opt/${n%/*}/sub
    for i in $(seq ${n#*/}); do : > %{buildroot}/opt/${n%/*}/sub/file-$i; done
done
%files
/opt/alpha
%files -n beta
/opt/beta
%files -n gamma
/opt/gamma
"""
# Debian's rpm has no ndb. This one was made of these packages by rpm 4.16.1.3:
#   rpm --root ROOT --define '_db_backend ndb' --dbpath /var/lib/rpm -i --justdb --nodeps *.rpm; xz -9 Packages.db
MADE = Path(__file__).parent / "Packages.db.xz"


def run(*words, **more) -> str:
    return subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True, **more).stdout


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory) -> bytes:
    if not shutil.which("rpmbuild"):
        pytest.skip("needs Debian's rpm")
    folder = tmp_path_factory.mktemp("rpms")
    home = {**os.environ, "HOME": str(folder)}
    (folder / "alpha.spec").write_text(SPEC)
    run("rpmbuild", "-bb", "--define", f"_topdir {folder}/build", folder / "alpha.spec", env=home)
    made = sorted((folder / "build/RPMS").rglob("*.rpm"))
    root = ("--root", folder / "root", "--define", "_db_backend sqlite", "--dbpath", "/var/lib/rpm")
    (folder / "root").mkdir()
    run("rpm", *root, "-i", "--justdb", "--nodeps", *made, env=home)
    return (folder / "root/var/lib/rpm/rpmdb.sqlite").read_bytes()


@pytest.fixture(scope="module")
def ndb() -> bytes:
    return lzma.decompress(MADE.read_bytes())


def berkeley_of(folder: Path, blobs: list[bytes], page: int = 4096, order: str = "little") -> bytes:
    """Let Berkeley DB's own program make a hash database as rpm's is: by numbers, the key 0 holding the last one."""
    program = shutil.which("db5.3_load")
    if not program:
        pytest.skip("needs Debian's db5.3-util")
    lines = ["VERSION=3", "format=bytevalue", "type=hash", f"db_pagesize={page}"]
    lines += [f"db_lorder={1234 if order == 'little' else 4321}", "HEADER=END"]
    for number, blob in enumerate([len(blobs).to_bytes(4, order), *blobs]):  # type: ignore[arg-type]
        lines += [" " + number.to_bytes(4, order).hex(), " " + blob.hex()]  # type: ignore[arg-type]
    path = folder / f"Packages-{page}-{order}"
    run(program, path, input="\n".join([*lines, "DATA=END\n"]))
    return path.read_bytes()


@pytest.fixture(scope="module")
def berkeley(sqlite, tmp_path_factory) -> bytes:
    return berkeley_of(tmp_path_factory.mktemp("berkeley"), blobs_of(SQLITE, sqlite))


def blobs_of(path: bytes, data: bytes, log: bytes = b"") -> list[bytes]:
    found = list(headers(path, {path: data, path + b"-wal": log}))
    assert None not in found
    return [blob for blob in found if blob is not None]


def rows(data: bytes) -> list[bytes]:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data[:18] + b"\1\1" + data[20:])
    return [blob for (blob,) in connection.execute("SELECT blob FROM Packages ORDER BY hnum")]


def packages(path: Path, *layers: bytes):
    write_tar(path, docker_archive(Image(layers)))
    with imgscope.analyze(path, cache=False) as analysis:
        return read_packages(analysis)


def member(path: bytes, data: bytes):
    return file(path.decode(), data)


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("home", ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"])
def test_each_format_tells_at_each_place_what_rpm_was_told(kind, home, tmp_path, request):
    name = PLACES[kind].decode().rpartition("/")[2]
    tree = [file(f"{home}/{name}", request.getfixturevalue(kind)), file("opt/gamma/sub/file-7", b"1234")]
    links = [symlink("var/lib/rpm", f"/{home}")] if home != "var/lib/rpm" else []
    found = packages(tmp_path / "i.tar", layer(*tree, *links))
    assert (found.notes, found.unread) == ([], {})
    assert sorted((p.name, p.version, p.architecture, len(p.paths)) for p in found.packages) == [
        ("alpha", "1.5-2", "noarch", 5),
        ("beta", "3:2.0-2", "noarch", 42),
        ("gamma", "0.1-2", "noarch", 802),
    ]
    owner = found.owner("/opt/gamma/sub/file-7")
    assert owner is not None and (owner.name, owner.size) == ("gamma", 4)


def test_formats_hold_the_same_headers_byte_for_byte(sqlite, berkeley):
    assert blobs_of(SQLITE, sqlite) == rows(sqlite) == blobs_of(BERKELEY, berkeley)


@pytest.mark.parametrize("page", [512, 1024, 8192, 65536])
@pytest.mark.parametrize("order", ["little", "big"])
def test_berkeley_databases_of_every_page_size_and_byte_order(sqlite, page, order, tmp_path):
    chance = random.Random(page)
    blobs = rows(sqlite) + [chance.randbytes(size) for size in (1, 26, 400, 470, 4000, 60_000, 200_000)]
    blobs += [chance.randbytes(chance.randrange(1, 3000)) for _ in range(200)]
    assert blobs_of(BERKELEY, berkeley_of(tmp_path, blobs, page, order)) == blobs


@pytest.mark.parametrize("page", [512, 4096, 65536])
def test_tables_of_every_shape_are_read_as_sqlite_reads_them(page):
    chance = random.Random(page)
    connection = sqlite3.connect(":memory:")
    connection.executescript(f"PRAGMA page_size={page}; CREATE TABLE a(b); CREATE INDEX c ON a(b)")
    connection.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    for number in range(600 if page < 65536 else 60):
        size = chance.choice((1, page // 2, page - 39, page - 35, page - 30, page + 9, 20 * page)) if number % 9 else 50
        connection.execute("INSERT INTO Packages(blob) VALUES (?)", (chance.randbytes(size),))
        connection.execute("INSERT INTO a VALUES (?)", (chance.randbytes(size),))
    connection.execute("DELETE FROM Packages WHERE hnum % 7 = 0")
    connection.execute("INSERT INTO Packages VALUES (?, ?)", (-5, b"first"))
    connection.commit()
    data = connection.serialize()
    assert blobs_of(SQLITE, data) == rows(data)


def test_rows_that_only_the_log_has_are_installed_and_those_it_removed_are_not(sqlite, tmp_path):
    path = tmp_path / "rpmdb.sqlite"
    path.write_bytes(sqlite)
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0")
    gamma = rows(sqlite)[2]
    assert b"gamma" in gamma
    connection.execute("DELETE FROM Packages")
    connection.execute("INSERT INTO Packages(blob) VALUES (?)", (gamma.replace(b"gamma", b"omega"),))
    connection.commit()
    # What was not committed does not count, nor do frames of an earlier round behind it.
    connection.execute("INSERT INTO Packages(blob) VALUES (?)", (b"x" * 9_000_000,))
    data, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    connection.rollback()
    tree = layer(member(SQLITE, data), member(SQLITE + b"-wal", log))
    assert [p.name for p in packages(tmp_path / "i.tar", tree).packages] == ["omega"]
    assert len(packages(tmp_path / "i.tar", layer(member(SQLITE, data))).packages) == 3
    # A log that is damaged counts up to there; one that says nothing not at all.
    assert len(blobs_of(SQLITE, data, log[:40] + bytes([log[40] ^ 1]) + log[41:])) == 3
    assert len(blobs_of(SQLITE, data, b"")) == len(blobs_of(SQLITE, data, b"\0" * 5000)) == 3
    connection.close()


def test_what_rpm_reads_decides_where_several_databases_lie(sqlite, berkeley, tmp_path):
    both = layer(member(SQLITE, sqlite), member(BERKELEY, b"what was converted"))
    assert packages(tmp_path / "i.tar", both).unread == {}
    empty = packages(tmp_path / "i.tar", layer(member(SQLITE, b""), member(BERKELEY, berkeley)))
    assert len(empty.packages) == 3 and not empty.notes


class Reader:
    """What reads a database, without an image around it."""

    def __init__(self) -> None:
        self.loaded: dict[bytes, bytes] = {}

    def claim(self, paths):
        return list(paths)

    def failed(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("kind", PLACES)
def test_a_damaged_database_is_an_answer_in_bounded_time(kind, request):
    """Bits flipped, numbers made large, pages swapped, ends cut off: what is said is an error or less, never more."""
    whole, path = request.getfixturevalue(kind), PLACES[kind]
    chance = random.Random(7)
    page = 4096
    begin = time.perf_counter()
    read = Reader()
    for number in range(600):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            # Most of a database are blobs: what lies around them is at the beginnings of pages.
            at = chance.randrange(len(data) // page) * page + chance.choice((0, chance.randrange(page)))
            at = min(at + chance.randrange(100), len(data) - 8)
            if number % 3 == 0:
                data[at] ^= 1 << chance.randrange(8)
            elif number % 3 == 1:
                data[at : at + 4] = chance.choice(
                    (b"\xff" * 4, bytes(4), b"\0\0\0\1", b"\1\0\0\0", chance.randbytes(4))
                )
            else:
                other = chance.randrange(len(data) // page) * page
                data[at // page * page : at // page * page + page] = data[other : other + page]
        if number % 10 == 0:
            del data[chance.randrange(len(data)) :]
        read.loaded = {path: bytes(data)}
        total = 0
        try:
            for blob in headers(path, read.loaded):
                total += len(blob or b"")
        except DatabaseError as problem:
            assert str(problem)
        assert total <= len(data)
        assert sum(len(name) for package in Rpm().packages(read, path) for name in package.paths) <= 20 * len(data)
        assert all(isinstance(one.record, int) for one in read_relations(path, read.loaded))
    assert time.perf_counter() - begin < 60


def b_tree(size: int, *pages: bytes) -> bytes:
    """A database of SQLite with the schema's table on the first page, whose row names ``Packages`` at page 2."""
    schema = bytes([6, 23, 29, 29, 1, 0]) + b"table" + b"Packages" + b"Packages" + b"\2"
    cell = bytes([len(schema), 1]) + schema
    first = bytearray(size)
    first[:28] = b"SQLite format 3\0" + struct.pack(">H", size) + bytes([1, 1, 0, 64, 32, 32]) + bytes(4)
    first[100:110] = struct.pack(">BHHHBH", 13, 0, 1, size - len(cell), 0, size - len(cell))
    first[size - len(cell) :] = cell
    return bytes(first) + b"".join(page.ljust(size, b"\0") for page in pages)


def interior(*children: int, size: int = 4096) -> bytes:
    cells = [struct.pack(">IB", child, 1) for child in children[:-1]]
    places = [size - 5 * (number + 1) for number in range(len(cells))]
    head = struct.pack(">BHHHBI", 5, 0, len(cells), size - 5 * len(cells), 0, children[-1])
    return (head + b"".join(struct.pack(">H", place) for place in places)).ljust(
        size - 5 * len(cells), b"\0"
    ) + b"".join(reversed(cells))


def number(value: int) -> bytes:
    """Write a number as SQLite does: seven bits a byte."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(0x80 | value & 0x7F)
    return bytes(reversed(parts))


def overlapping_leaf(size: int = 32768, length: int = 10_000, count: int = 10_000) -> bytes:
    """A page whose cells all are the same bytes."""
    record = bytes([5, 0]) + number(2 * length + 12) + b"x" * length
    cell = number(len(record)) + b"\1" + record
    place = size - len(cell)
    head = struct.pack(">BHHHB", 13, 0, count, 0, 0) + struct.pack(">H", place) * count
    return head.ljust(place, b"\0") + cell


@functools.cache
def hostile() -> dict[str, tuple[bytes, bytes, str]]:
    slots = struct.pack("<4s7I", b"RpmP", 0, 1, 16, 1, 0, 0, 0)
    blob = b"x" * (4 << 20)
    body = struct.pack("<4s3I", b"BlbS", 1, 1, len(blob)) + blob
    start = 16 * 4096
    body += b"\0" * 4  # the tail is at the end of a block
    end = start + len(body) + 12
    body += struct.pack("<2I4s", zlib.adler32(body), len(blob), b"BlbE")
    many = slots + struct.pack("<4s3I", b"Slot", 1, start // 16, (end - start + 15) // 16) * (16 * 256 - 2) + body
    meta = bytearray(512)
    struct.pack_into("<III", meta, 12, 0x061561, 9, 4096)
    meta[25] = 8
    struct.pack_into("<I", meta, 32, 0xFFFFFFFE)
    return {
        "pages in a circle": (SQLITE, b_tree(4096, interior(2)), "circles"),
        "pages twice": (SQLITE, b_tree(4096, interior(3, 3, 3), struct.pack(">BHHHB", 13, 0, 0, 0, 0)), "circles"),
        "a page far away": (SQLITE, b_tree(4096, interior(0xFFFFFFFF)), "cut short"),
        "rows in one place": (SQLITE, b_tree(32768, overlapping_leaf()), "overlap"),
        "blobs in one place": (NDB, many, "overlap"),
        "slots without end": (NDB, slots[:12] + b"\xff" * 4 + bytes(5000), "cut short"),
        "a database of nothing": (BERKELEY, bytes(meta).ljust(8192, b"\0"), "cut short"),
        "a b-tree": (BERKELEY, bytes(meta[:12]) + struct.pack("<I", 0x053162) + bytes(meta[16:]), "another kind"),
        "an encrypted one": (BERKELEY, bytes(meta[:24]) + b"\1" + bytes(meta[25:]), "encrypted"),
    }


@pytest.mark.parametrize("name", list(hostile()))
def test_made_to_take_long_or_to_grow(name, tmp_path):
    path, data, said = hostile()[name]
    begin = time.perf_counter()
    found = packages(tmp_path / "i.tar", layer(member(path, data)))
    assert time.perf_counter() - begin < 5
    assert found.packages == [] and found.unread and any(said in note for note in found.notes), found.notes


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW Packages AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) "
        "SELECT zeroblob(2000000) AS blob, n AS rowid FROM c",
        "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB GENERATED ALWAYS AS (zeroblob(900000000)))",
        "CREATE TABLE x(y); CREATE TRIGGER Packages AFTER INSERT ON x BEGIN SELECT 1; END",
    ],
    ids=["view", "generated", "trigger"],
)
def test_no_schema_is_run(statement, tmp_path):
    connection = sqlite3.connect(":memory:")
    connection.executescript(statement)
    begin = time.perf_counter()
    found = packages(tmp_path / "i.tar", layer(member(SQLITE, connection.serialize())))
    assert time.perf_counter() - begin < 2 and found.packages == []
