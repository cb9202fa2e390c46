"""The cache touches only what it wrote, and reads only what is its user's own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imgscope.cache import MAX_CONTENT, Cache, _checksum, _name, _zstd, default_directory
from imgscope.cache import folder as cache_folder

OLD = b"imgscope cache 1\n"
HEX = "ab" * 32


def tree(folder: Path) -> dict[str, object]:
    """All that is in a folder: names, kinds, modes, contents."""
    return {
        str(path.relative_to(folder)): (oct(path.lstat().st_mode), path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }


def used(folder: Path, limit: int = 1 << 30) -> Cache:
    """Do with a cache all that the program does."""
    cache = Cache(folder, limit)
    for number in range(4):
        cache.put("layers", f"l{number}", os.urandom(3000))
        cache.put("images", f"i{number}", os.urandom(3000))
        cache.get("layers", f"l{number}")
    cache.trim()
    return cache


def record(folder: Path, key: str, payload: bytes) -> Path:
    """Write a record whose checksum holds."""
    path = folder / "layers" / _name(key)
    path.write_bytes(b"imgscope cache 2\n" + _checksum(path.name, payload) + payload)
    return path


@pytest.fixture
def theirs(tmp_path) -> Path:
    """A folder of somebody's, with the names that the cache uses."""
    folder = tmp_path / "project"
    for kind in ("layers", "images"):
        (folder / kind).mkdir(parents=True)
        (folder / kind / "notes.txt").write_text("mine")
        (folder / kind / HEX).write_text("mine, by chance")
        (folder / kind / ".new-12345678").write_text("mine too")
        for path in (folder / kind).iterdir():
            os.utime(path, (1, 1))
    (folder / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n# another program's\n")
    return folder


def test_a_folder_that_is_somebodys_is_left_as_it_is(theirs):
    before = tree(theirs)
    cache = used(theirs, 5000)
    assert cache.directory == theirs / "imgscope"
    assert cache.info().layers + cache.info().images > 0
    cache.clear()
    assert {name: value for name, value in tree(theirs).items() if not name.startswith("imgscope")} == before
    assert Cache(theirs).info().directory == theirs / "imgscope"


def test_also_in_a_folder_of_its_own_only_records_are_removed(tmp_path):
    folder = tmp_path / "cache"
    used(folder)
    mine = {"layers/notes.txt": b"mine", f"images/{HEX}": b"mine", "layers/.new-12345678": b"mine", "own": b"x"}
    for name, data in mine.items():
        (folder / name).write_bytes(data)
        os.utime(folder / name, (1, 1))
    (folder / "images" / ("cd" * 32)).symlink_to(tmp_path / "elsewhere")
    (folder / "images" / ("ef" * 32)).mkdir()
    os.mkfifo(folder / "layers" / ("01" * 32))
    (tmp_path / "elsewhere").write_bytes(OLD + b"mine as well")
    used(folder, 1000)
    assert Cache(folder).info().layers == 0
    Cache(folder).clear()
    left = set(tree(folder))
    kept = {"CACHEDIR.TAG", "images", "layers", f"images/{'cd' * 32}", f"images/{'ef' * 32}", f"layers/{'01' * 32}"}
    assert left == {*mine, *kept}
    assert (tmp_path / "elsewhere").read_bytes() == OLD + b"mine as well"


def test_what_has_a_records_name_is_neither_read_nor_replaced(tmp_path):
    """No FIFO is waited for, no link followed, no folder stumbled over, no file of another's overwritten."""
    folder = tmp_path / "cache"
    cache = used(folder)
    target = tmp_path / "target"
    payload = _zstd().compress(b"planted")
    target.write_bytes(b"imgscope cache 2\n" + _checksum(_name("link"), payload) + payload)
    layers = folder / "layers"
    os.mkfifo(layers / _name("fifo"))
    (layers / _name("link")).symlink_to(target)
    (layers / _name("folder")).mkdir()
    (layers / _name("file")).write_bytes(b"mine")
    before = tree(folder)
    for key in ("fifo", "link", "folder", "file"):
        assert cache.get("layers", key) is None
        cache.put("layers", key, b"new")
        assert cache.get("layers", key) is None
    assert tree(folder) == before


def test_folders_of_kinds_that_are_links_are_not_used(tmp_path, theirs):
    folder = tmp_path / "cache"
    used(folder).clear()
    for kind in ("layers", "images"):
        (folder / kind).rmdir()
        (folder / kind).symlink_to(theirs / kind)
    before = tree(theirs)
    used(folder, 10).clear()
    assert tree(theirs) == before


@pytest.mark.parametrize("holds", [[], ["photo.raw"], ["layers"]])
def test_a_link_to_a_folder_of_somebodys_is_not_used(tmp_path, holds):
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    for name in holds:
        (target / name).mkdir()
    (tmp_path / "link").symlink_to(target)
    cache = used(tmp_path / "link")
    assert sorted(tree(target)) == holds
    assert "link" in (cache.info().problem or "")


def test_a_link_to_a_folder_of_its_own_is_fine(tmp_path):
    used(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    assert Cache(tmp_path / "link").get("layers", "l1") is not None
    assert Cache(tmp_path / "link").clear().layers == 4


def test_it_is_its_owners_alone(tmp_path):
    folder = tmp_path / "cache"
    before = os.umask(0)
    try:
        used(folder)
    finally:
        os.umask(before)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.rglob("*")))
    folder.chmod(0o777)
    assert used(folder).info().layers == 4
    assert folder.stat().st_mode & 0o777 == 0o700


def test_an_empty_folder_that_others_may_write_to_gets_a_subfolder(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    cache = used(tmp_path / "shared")
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["imgscope"]
    assert cache.info().layers == 4
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o777


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to give files away")
def test_what_another_user_has_put_there_is_not_used(tmp_path):
    folder = tmp_path / "cache"
    cache = used(folder)
    path = record(folder, "planted", _zstd().compress(b"planted"))
    assert cache.get("layers", "planted") == b"planted"
    os.chown(path, 1234, 1234)
    assert cache.get("layers", "planted") is None
    cache.clear()
    assert path.exists()
    # A folder of theirs with our mark; a subfolder of theirs where ours would be.
    for place in (tmp_path / "theirs", tmp_path / "project" / "imgscope"):
        used(place)
        for found in (place, *place.rglob("*")):
            os.chown(found, 1234, 1234)
        before = tree(place)
        used(place.parent if place.name == "imgscope" else place, 10).clear()
        assert {name: value for name, value in tree(place).items() if not name.startswith("imgscope")} == before


def test_records_do_not_stand_in_for_one_another(tmp_path):
    cache = used(tmp_path / "cache")
    layers = tmp_path / "cache" / "layers"
    os.replace(layers / _name("l0"), layers / _name("l1"))
    assert cache.get("layers", "l1") is None


def test_a_record_that_would_unpack_to_too_much_is_absent(tmp_path):
    folder = tmp_path / "cache"
    cache = used(folder)
    packed = _zstd().ZstdCompressor(1)
    bomb = b"".join(packed.compress(bytes(1 << 24)) for _ in range(64)) + packed.flush()
    record(folder, "bomb", bomb)
    code = (
        "import resource, sys, pathlib\nfrom imgscope import cache\ncache.MAX_CONTENT = 1 << 26\n"
        "resource.setrlimit(resource.RLIMIT_AS, (512 << 20,) * 2)\n"
        "assert cache.Cache(pathlib.Path(sys.argv[1])).get('layers', 'bomb') is None\n"
        "assert cache.Cache(pathlib.Path(sys.argv[1])).get('layers', 'l1') is not None\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    assert 1 << 28 < MAX_CONTENT <= 1 << 29
    # Two frames, one cut short, none at all.
    good = _zstd().compress(b"x")
    for payload in (good + good, good[:-1], b""):
        record(folder, "bad", payload)
        assert cache.get("layers", "bad") is None


def test_the_least_recently_used_go_first_and_what_broken_runs_left(tmp_path):
    folder = tmp_path / "cache"
    cache = used(folder)
    for number, kind in enumerate(("layers", "images")):
        for key in range(4):
            path = folder / kind / _name(f"{kind[0]}{key}")
            os.utime(path, (1000 + 2 * key + number,) * 2)
    broken, running = folder / "layers" / ".new-0123456789abcdef", folder / "images" / ".new-abcdefgh"
    for path in (broken, running):
        path.write_bytes(b"imgscope")
    os.utime(broken, (time.time() - 7200,) * 2)
    cache.get("layers", "l0")
    cache.limit = 5 * 3100
    cache.trim()
    assert [bool(cache.get("layers", f"l{key}")) for key in range(4)] == [True, False, True, True]
    assert [bool(cache.get("images", f"i{key}")) for key in range(4)] == [False, False, True, True]
    assert not broken.exists() and running.exists()
    cache.clear()
    assert not running.exists()


def test_two_that_trim_at_once_remove_no_more_than_one_would(tmp_path):
    folder = tmp_path / "cache"
    for number in range(60):
        Cache(folder).put("layers", f"{number}", os.urandom(3000))
    code = "import sys, pathlib\nfrom imgscope.cache import Cache\nCache(pathlib.Path(sys.argv[1]), 30 * 3100).trim()"
    runs = [subprocess.Popen([sys.executable, "-c", code, str(folder)]) for _ in range(4)]
    assert [run.wait() for run in runs] == [0] * 4
    assert Cache(folder).info().layers == 30


def test_many_that_make_it_at_once_share_it(tmp_path):
    code = "import sys, pathlib\nfrom imgscope.cache import Cache\n"
    code += "Cache(pathlib.Path(sys.argv[1])).put('layers', sys.argv[2], b'x')"
    runs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a" / "b"), str(n)]) for n in range(6)]
    assert [run.wait() for run in runs] == [0] * 6
    assert Cache(tmp_path / "a" / "b").info().layers == 6


# --- a cache of an older version, which has no mark --------------------------------------------------------


@pytest.fixture
def older(tmp_path) -> Path:
    folder = tmp_path / "older"
    for kind in ("layers", "images"):
        (folder / kind).mkdir(parents=True, mode=0o700)
        (folder / kind / HEX).write_bytes(OLD + b"x" * 3000)
    (folder / "layers" / ".new-ab_12345").write_bytes(b"")
    folder.chmod(0o700)
    return folder


@pytest.mark.parametrize("linked", [False, True])
def test_an_older_versions_folder_is_taken_over(older, linked):
    folder = older
    if linked:
        folder = older.parent / "link"
        folder.symlink_to(older)
    assert Cache(folder).info().layers == 1
    assert not (older / "CACHEDIR.TAG").exists()
    cache = used(folder)
    assert (older / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")
    assert cache.get("layers", "l1") is not None and cache.info().layers == 5
    cache.clear()
    assert not (older / "layers" / HEX).exists()


@pytest.mark.parametrize("besides", ["layers/notes.txt", f"images/{'cd' * 32}", "README", "images/.new-12345678"])
def test_an_older_versions_folder_with_anything_of_the_users_is_left_alone(older, besides):
    (older / besides).write_text("mine")
    before = tree(older)
    assert used(older, 10).directory == older / "imgscope"
    Cache(older).clear()
    assert {name: value for name, value in tree(older).items() if not name.startswith("imgscope")} == before


def test_empty_folders_with_these_names_are_no_older_cache(tmp_path):
    for kind in ("layers", "images"):
        (tmp_path / "project" / kind).mkdir(parents=True)
    assert used(tmp_path / "project").directory == tmp_path / "project" / "imgscope"


# --- as users meet it --------------------------------------------------------------------------------------


def test_why_nothing_is_kept_is_said_once(imgscope, webapp, site, tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to("target")
    env = {"IMGSCOPE_CACHE_DIR": str(tmp_path / "link")}
    done = imgscope("diff", webapp, site, env=env)
    assert done.returncode == 0 and done.stderr.count("\n") == 1 and "nothing is kept" in done.stderr, done.stderr
    assert imgscope("diff", webapp, site, "--no-cache", env=env).stderr == ""
    assert "nothing is kept" in imgscope("cache", "info", env=env).stdout
    assert not list((tmp_path / "target").iterdir())


def test_to_look_at_it_makes_nothing(imgscope, tmp_path, theirs):
    for place in (tmp_path / "none", theirs):
        before = tree(tmp_path)
        for words in (["cache", "info"], ["cache", "clear"], ["doctor"]):
            imgscope(*words, env={"IMGSCOPE_CACHE_DIR": str(place)})
        assert tree(tmp_path) == before


def test_what_can_not_be_removed_is_not_said_to_be_gone(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    used(folder)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        # As on a file system that can't be written to, which root's modes do not make.
        patch.setattr(os, "unlink", refused)
        found = Cache(folder).clear()
    assert (found.layers, found.images, found.bytes) == (0, 0, 0)
    assert "8 of what is in" in (found.problem or "")
    assert Cache(folder).clear().layers == 4 and Cache(folder).clear().problem is None


def test_a_record_nested_as_deep_as_no_record_is_counts_as_absent(imgscope, webapp, tmp_path):
    env = {"IMGSCOPE_CACHE_DIR": str(tmp_path)}
    first = imgscope("analyze", webapp, env=env)
    for path in tmp_path.rglob("images/*"):
        payload = _zstd().compress(b"[" * 200_000 + b"]" * 200_000, 1)
        path.write_bytes(b"imgscope cache 2\n" + _checksum(path.name, payload) + payload)
    again = imgscope("analyze", webapp, env=env)
    assert again.returncode == 0 and again.stdout == first.stdout


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"IMGSCOPE_CACHE_DIR": "/x"}, "/x"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/imgscope"),
        ({"XDG_CACHE_HOME": "x", "HOME": "/h"}, "/h/.cache/imgscope"),
        ({"HOME": "/h"}, "/h/.cache/imgscope"),
        ({"HOME": "h"}, None),
        ({}, None),
        ({"HOME": ""}, None),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="the XDG specification's places")
def test_where_it_is(monkeypatch, environment, expected):
    """Without a home, which a container's user often has not, there is none: never a folder named ~."""
    import pwd

    for name in ("IMGSCOPE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def nobody(_):
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert default_directory() == (None if expected is None else Path(expected))


def test_the_mark_is_a_cache_directory_tag(tmp_path):
    used(tmp_path / "cache")
    assert (tmp_path / "cache" / cache_folder.TAG).read_bytes()[:43] == b"Signature: 8a477f597d28d172789f06886806bc55"
