"""A fleet is read once: the figures are those of the registry's own files, and a second scan reads nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections import Counter
from pathlib import Path

import duckdb
import polars as pl
import pytest

from imgscope.fleet.store import Store
from imgscope.fleet.store.schema import KEYS
from tests.archive.images import (
    Image,
    blob,
    descriptor,
    docker_archive,
    layer,
    layout,
    manifest_of,
    oci,
    write_directory,
    write_tar,
)
from tests.registry.servers import Quiet, Registry, blob_of, serving

from .conftest import SECRET, events, everything, rows


def scan(run, store, *sources, **more):
    return run("fleet", "scan", *sources, "--store", store, "--jobs", "1")


def test_all_images_of_a_registry(fleet, store, inside):
    done = scan(inside, store, fleet.source)
    assert done.returncode == 0, done.stderr
    assert f"{fleet.images} images read" in done.stdout
    assert "1 artifact passed over" in done.stdout
    assert rows(store, "SELECT count(*), count(DISTINCT image) FROM tags") == [(fleet.tags, fleet.images)]
    assert rows(store, "SELECT count(*) FROM images") == [(fleet.images,)]
    # What a slow script adds up of the registry's own files: the blobs that the manifests of these images name.
    blobs, images = fleet.blobs(), {image for (image,) in rows(store, "SELECT image FROM images")}
    layers = {
        one["digest"]: blobs[one["digest"]]
        for digest in images
        for one in json.loads(_blob(fleet, digest).read_bytes())["layers"]
    }
    assert dict(rows(store, "SELECT blob, blob_bytes FROM layers")) == layers
    stored = rows(store, "SELECT sum(blob_bytes), sum(manifest_bytes), sum(config_bytes) FROM images")[0]
    assert stored[0] == sum(sum(blobs[one] for one in found) for (found,) in rows(store, "SELECT blobs FROM images"))
    assert stored[1] == sum(blobs[image] for (image,) in rows(store, "SELECT image FROM images"))
    assert stored[2] == sum(blobs[config] for (config,) in rows(store, "SELECT config FROM images"))


def _blob(fleet, digest: str) -> Path:
    return Path(fleet.registry.data) / f"docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"


def test_each_blob_is_read_once_and_a_second_scan_reads_none(fleet, store, inside):
    with fleet.registry.counted() as asked:
        assert scan(inside, store, fleet.source).returncode == 0
    gets = Counter(request.path for request in asked if request.method == "GET" and "/blobs/" in request.path)
    layers = {blob for (blob,) in rows(store, "SELECT blob FROM layers")}
    read = Counter(path.rpartition("/")[2] for path in gets.elements())
    # Those that are zstd here hold layers that were read as gzip: whose bytes they are is known by the diff_id.
    twice = "SELECT layer FROM layers GROUP BY layer HAVING count(*) > 1"
    query = f"SELECT blob FROM layers WHERE media_type LIKE '%zstd' AND layer IN ({twice})"
    again = {blob for (blob,) in rows(store, query)}
    assert {blob: read[blob] for blob in layers} == {blob: int(blob not in again) for blob in layers}
    assert len(again) == 3
    with fleet.registry.counted() as asked:
        done = scan(inside, store, fleet.source)
    assert "0 images read" in done.stdout
    manifests = [request for request in asked if "/manifests/" in request.path and "chart" not in request.path]
    assert not any("/blobs/" in request.path and "chart" not in request.path for request in asked)
    assert Counter(request.method for request in manifests) == {"HEAD": fleet.tags}
    assert rows(store, "SELECT count(*), count(DISTINCT observed) FROM tags") == [(2 * fleet.tags, 2)]
    assert rows(store, "SELECT count(*), count(DISTINCT image) FROM images") == [(fleet.images, fleet.images)]


def test_a_tag_that_moved_is_another_observation(tools, tmp_path, store, inside):
    registry = Registry(tmp_path / "registry")
    try:
        for number in range(2):
            members = {}
            one = Image((layer(a="a" * 500), layer(b=f"{number}")))
            registry.upload("app", "latest", members, manifest_of(one, members))
            with registry.counted() as asked:
                assert scan(inside, store, f"registry:{registry.address}/app").returncode == 0
        assert rows(store, "SELECT count(DISTINCT image), count(*) FROM tags") == [(2, 2)]
        # The layer that both have was not read again.
        assert sum("/blobs/" in request.path for request in asked) == 2
    finally:
        registry.stop()


@pytest.mark.parametrize("how", [["--jobs", "4"], ["--dask", "local", "--jobs", "3"]])
def test_the_same_store_wherever_it_is_read(fleet, store, expected, imgscope, how):
    done = imgscope("fleet", "scan", fleet.source, "--store", store, *how, "--log", "json")
    assert done.returncode == 0, done.stderr
    assert everything(store) == expected
    last = events(done.stderr)[-1]
    assert (last["event"], last["read"], last["found_all"]) == ("done", fleet.images, True)
    # Side by side, no layer was read twice.
    assert last["layers"] == rows(store, "SELECT count(DISTINCT layer) FROM layers")[0][0]


def test_a_worker_that_forgets_reads_no_layer_twice(fleet, store, expected, inside, monkeypatch):
    from imgscope.fleet import layers, units

    units._workers.clear()
    monkeypatch.setattr(layers, "_ENTRIES", 300)
    monkeypatch.setattr(layers, "_KNOWN", 2)
    with fleet.registry.counted() as asked:
        assert scan(inside, store, fleet.source).returncode == 0
    assert everything(store) == expected
    gets = Counter(request.path for request in asked if request.method == "GET" and "/blobs/" in request.path)
    blobs = Counter(path.rpartition("/")[2] for path in gets.elements())
    assert not {blob for (blob,) in rows(store, "SELECT blob FROM layers") if blobs[blob] > 1}
    (worker,) = units._workers.values()
    assert len(worker.layers._held) < 8
    assert len(worker.layers._known) < len(rows(store, "SELECT DISTINCT layer FROM layers")) / 2
    raw = duckdb.sql(f"SELECT count(*) FROM read_parquet('{store}/files/*.parquet')").fetchall()
    assert raw == rows(store, "SELECT count(*) FROM files")


def _begun(store: Path, least: int = 1) -> None:
    """Wait until something is in the store."""
    for _ in range(600):
        if len(list(store.glob("images/*.parquet"))) >= least:
            return
        time.sleep(0.05)
    raise AssertionError("nothing was written")


def _start(fleet, store, *how):
    return subprocess.Popen(
        [sys.executable, "-m", "imgscope", "fleet", "scan", fleet.source, "--store", str(store), *how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            found.append(int(path.parent.name))
    return found


def test_a_process_that_is_killed_costs_nothing_but_time(fleet, store, expected):
    process = _start(fleet, store, "--jobs", "2")
    _begun(store)
    workers = [pid for pid in _children(process.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert everything(store) == expected


@pytest.mark.parametrize("how", [["--jobs", "1"], ["--jobs", "2"]])
def test_after_an_interruption_it_goes_on(fleet, store, expected, imgscope, how):
    process = _start(fleet, store, *how)
    _begun(store)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "run it again to go on" in err
    for _ in range(100):
        if not _children_left(store):
            break
        time.sleep(0.1)
    assert not _children_left(store)
    done = imgscope("fleet", "scan", fleet.source, "--store", store, "--jobs", "1")
    assert done.returncode == 0
    assert everything(store) == expected
    assert int(re.search(r"(\d+) images read", done.stdout)[1]) < fleet.images


def _children_left(store: Path) -> list[str]:
    """Processes that have the store's path among their words, or were spawned for it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if str(store).encode() in words:
            found.append(words.decode())
    return found


def test_one_bad_image_stops_nothing(tools, tmp_path, store, inside):
    registry = Registry(tmp_path / "registry")
    try:
        for number in range(3):
            members = {}
            one = Image((layer(a="a" * 5000), layer(b=f"{number}" * 3000)))
            top = manifest_of(one, members)
            registry.upload("app", f"{number}", members, top)
        blob = json.loads(members[f"blobs/{top['digest'].replace(':', '/')}"])["layers"][1]["digest"]
        path = registry.data / f"docker/registry/v2/blobs/sha256/{blob[7:9]}/{blob[7:]}/data"
        path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\0")
        source = f"registry:{registry.address}"
        done = scan(inside, store, source)
        assert done.returncode == 1
        assert "2 images read, 0 known, 1 not readable" in done.stdout
        assert f"registry:{registry.address}/app:2: layer 1: " in done.stderr
        assert "damaged" in done.stderr
        assert "Traceback" not in done.stderr
        assert rows(store, "SELECT tag FROM tags ORDER BY tag") == [("0",), ("1",)]
        assert blob not in {found for (found,) in rows(store, "SELECT blob FROM layers")}
        alone = scan(inside, tmp_path / "other", f"{source}/app:2")
        assert alone.returncode == 3
        nowhere = scan(inside, tmp_path / "other", "registry:127.0.0.1:1", source)
        assert nowhere.returncode == 1
    finally:
        registry.stop()


def test_a_registry_that_says_429_is_waited_for(fleet, store, expected, inside):
    import http.client

    class Slow(Quiet):
        seen: Counter = Counter()  # noqa: RUF012

        def do_GET(self):
            # Each thing is refused once.
            self.seen[self.command, self.path] += 1
            if self.seen[self.command, self.path] == 1:
                return self.answer(429, b'{"errors":[{"code":"TOOMANYREQUESTS"}]}', Retry_After="0")
            connection = http.client.HTTPConnection(fleet.registry.address)
            connection.request(self.command, self.path, headers={"Accept": self.headers.get("Accept", "")})
            answer = connection.getresponse()
            body = answer.read()
            told = ("Docker-Content-Digest", "Link", "Content-Type")
            headers = {name.replace("-", "_"): value for name, value in answer.getheaders() if name in told}
            return self.answer(answer.status, body, **headers)

        do_HEAD = do_GET

    with serving(Slow) as server:
        done = scan(inside, store, f"registry:{server.host}/team0/app0", f"registry:{server.host}/webapp")
    assert done.returncode == 0, done.stderr
    assert rows(store, "SELECT count(*) FROM tags") == [(7,)]


def test_archives_layouts_folders_and_lists(tmp_path, store, inside, webapp, site):
    folder = tmp_path / "backups"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(webapp, folder / "webapp.tar")
    with tarfile.open(folder / "deep" / "notes.txt", "w"):
        pass
    write_tar(
        folder / "deep" / "two.tar", docker_archive(Image(names=("a:1",)), Image((layer(z="z"),), names=("b:2",)))
    )
    write_directory(folder / "layout", oci(Image((layer(y="y" * 100),))))
    (tmp_path / "list").write_text(f"# what we keep\n\n{site}\nregistry-that-is-none.tar\n")
    done = scan(inside, store, folder, tmp_path / "list")
    assert done.returncode == 1
    assert "5 images read" in done.stdout
    found = dict(rows(store, "SELECT repository, tag FROM tags WHERE host = 'archive'"))
    assert found["a"] == "1" and found["b"] == "2"
    assert rows(store, "SELECT count(*) FROM files WHERE type = 'file' AND content IS NULL AND bytes > 0")[0][0] == 0
    again = scan(inside, store, folder)
    assert again.returncode == 0
    assert "0 images read, 4 known" in again.stdout


def test_an_archive_can_not_plant_a_layer(tmp_path, store, inside):
    good = Image((layer(**{"bin/sh": "the true one" * 100}),))
    evil = Image((layer(**{"bin/sh": "another one!" * 100}),))
    write_directory(tmp_path / "good", oci(good))
    # The config claims the good layer's diff_id, the manifest has other bytes for it.
    members: dict[str, bytes] = {blob(good.config): good.config}
    (content,) = json.loads(members[blob_of(manifest_of(evil, members)["digest"])])["layers"]
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": good.id, "size": len(good.config)}
    manifest = {"schemaVersion": 2, "config": config, "layers": [content]}
    write_directory(tmp_path / "forged", layout(members, descriptor(manifest, members, "manifest.v1+json")))
    done = scan(inside, store, tmp_path / "forged")
    assert done.returncode == 3
    assert "damaged or forged" in done.stderr
    assert scan(inside, store, tmp_path / "good").returncode == 0
    assert len(rows(store, "SELECT * FROM files WHERE path = '/bin/sh'")) == 1


def test_no_secret_is_anywhere_in_the_store(fleet, store, inside):
    from imgscope.cache import unsealed

    assert scan(inside, store, fleet.source).returncode == 0
    for table, found in everything(store).items():
        assert SECRET not in "\n".join(found), table
    indexes = [path for path in store.glob("indexes/*/*") if path.suffix != ".rows"]
    for path in indexes:
        data = unsealed(path.parent.name + path.name, path.read_bytes())
        assert data and SECRET.encode() not in data
    assert indexes
    assert rows(store, "SELECT count(*) FROM findings WHERE rule LIKE 'IS60%'")[0][0] > 0


def test_what_is_chosen(fleet, store, inside):
    name = f"{fleet.source}/team0/app0"
    assert scan(inside, store, f"{name}:1.[12]").returncode == 0
    assert rows(store, "SELECT tag FROM tags ORDER BY tag") == [("1.1",), ("1.2",)]
    assert inside("fleet", "scan", name, "--store", store, "--newest", 1).returncode == 0
    assert ("1.4",) in rows(store, "SELECT tag FROM tags")
    other = store.parent / "since"
    with fleet.registry.counted() as asked:
        assert inside("fleet", "scan", name, "--store", other, "--since", "2026-01-04").returncode == 0
    # Once for each tag, and once to read the image: three are too old, and two tags lead to one image.
    manifests = Counter(one.path for one in asked if one.method == "GET" and "/manifests/" in one.path)
    assert sorted(manifests.values()) == [1, 1, 1, 2, 3]
    assert {tag for (tag,) in rows(other, "SELECT tag FROM tags")} == {"1.3", "1.4", "latest"}
    assert rows(other, "SELECT min(created) >= TIMESTAMPTZ '2026-01-04' FROM images") == [(True,)]
    arm = store.parent / "arm"
    for count, platform in enumerate(("linux/arm64", "linux/amd64"), 1):
        for _ in range(2):
            words = (f"{fleet.source}/several", "--store", arm, "--platform", platform)
            assert inside("fleet", "scan", *words).returncode == 0
        assert (platform,) in rows(arm, "SELECT platform FROM images")
        assert rows(arm, "SELECT count(*) FROM images") == [(count,)]


def test_what_is_not_there_for_a_platform_is_no_failure(fleet, store, inside):
    # Images for one platform each, and one whose index has not the one that is wanted.
    for name in (f"{fleet.source}/team1/app1:*", f"{fleet.source}/several"):
        words = ("fleet", "scan", name, "--store", store, "--platform", "linux/s390x")
        done = inside(*words)
        assert done.returncode == 0, done.stderr
        first = done.stdout.splitlines()[0]
        assert "with no such platform" in first and "not readable" not in first
        assert done.stderr == ""
        figures = json.loads(inside(*words, "--log", "json").stderr.splitlines()[-1])
        assert figures["no_such_platform"] > 0 == figures["troubles"]


def test_what_the_rows_say(fleet, store, inside):
    assert scan(inside, store, f"{fleet.source}/team1/app1:1.3").returncode == 0
    (tag,) = rows(store, "SELECT host, repository, tag, reference FROM tags")
    host = fleet.registry.address
    assert tag == (host, "team1/app1", "1.3", f"registry:{host}/team1/app1:1.3")
    assert rows(store, "SELECT kind, name, version FROM packages") == [("dpkg", "openssl", "3.0.1")]
    assert rows(store, "SELECT path, reason, bytes FROM waste") == [("/srv/app/gone", "removed", 200)]
    gone = rows(store, "SELECT type FROM files WHERE path = '/srv/app/gone' ORDER BY type")
    assert gone == [("file",), ("whiteout",)]
    ((history,),) = rows(store, "SELECT history FROM images")
    assert [step["instruction"].split()[0] for step in history] == ["ADD", "RUN", "RUN"]
    (layers,) = rows(store, "SELECT layers FROM images")[0]
    assert [step["layer"] for step in history] == layers
    assert rows(store, "SELECT DISTINCT layer FROM packages") == [(layers[0],)]


def test_others_read_the_store_as_it_is(fleet, store, inside):
    assert scan(inside, store, fleet.source).returncode == 0
    total = rows(store, "SELECT sum(bytes) FROM files")[0][0]
    pattern = str(store / "files" / "*.parquet")
    assert duckdb.sql(f"SELECT sum(bytes) FROM read_parquet('{pattern}')").fetchall() == [(total,)]
    assert pl.scan_parquet(pattern).select(pl.col("bytes").sum()).collect().item() == total


def test_usage(store, inside, tmp_path, monkeypatch):
    for words in (
        ["registry:a/b c"],
        ["UPPER"],
        ["docker:", "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"],
        ["docker:", "--dask", "local", "--scheduler", "tcp://127.0.0.1:1"],
        ["docker:", "--platform", "not one"],
    ):
        done = inside("fleet", "scan", *words, "--store", store)
        assert done.returncode == 2, (words, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1
    assert not store.exists()


def test_what_is_lacking_is_said(imgscope, tmp_path):
    (tmp_path / "duckdb.py").write_text("raise ImportError('not here')")
    done = imgscope("fleet", "scan", "docker:", "--store", tmp_path / "s", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert "pip install 'imgscope[fleet]'" in done.stderr


def test_nothing_else_imports_what_it_needs(imgscope):
    code = "import imgscope.cli, sys; imgscope.cli.run(['--help']); assert not {'pyarrow', 'duckdb'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_whatever_write_fails_the_next_scan_completes_the_store(fleet, tmp_path, inside, monkeypatch):
    """A full disk, at any place: what is there is whole, and what is not there is read."""
    from imgscope.fleet import units
    from imgscope.fleet.store.place import Place

    source = f"{fleet.source}/team0/app3:1.[0-2]"
    assert scan(inside, tmp_path / "clean", source).returncode == 0
    clean = everything(tmp_path / "clean")
    write, failed = Place.write, 0
    for place in range(2, 40, 4):
        left = place

        def limited(self, name, data, *, durable=True):
            nonlocal left
            left -= 1
            if left == 0:
                raise self.refused(OSError(28, "No space left on device"), "written")
            write(self, name, data, durable=durable)

        store = tmp_path / str(place)
        units._workers.clear()
        with monkeypatch.context() as patched:
            patched.setattr(Place, "write", limited)
            done = scan(inside, store, source)
        if left > 0:
            break
        failed += 1
        assert done.returncode == 3
        assert "No space left on device" in done.stderr
        assert "Traceback" not in done.stderr
        units._workers.clear()
        assert scan(inside, store, source).returncode == 0
        assert everything(store) == clean, place
    assert failed > 3


MOMENTS = [(write, way) for write in (1, 4, 8, 12, 16) for way in ("before", "within")]


@pytest.fixture(scope="module")
def few(fleet, tmp_path_factory):
    """A few images of the fleet, and what a store of them holds."""
    from imgscope import cli

    source, store = f"{fleet.source}/team0/app3:1.[0-2]", tmp_path_factory.mktemp("few") / "store"
    assert cli.run(["fleet", "scan", source, "--store", str(store), "--jobs", "1"]) == 0
    return source, everything(store)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(("write", "way"), MOMENTS)
def test_whenever_a_worker_is_killed_the_next_scan_completes_the_store(few, store, inside, write, way):
    """SIGKILL before a file is written, and when it is but has not its name yet: at ten moments of a scan."""
    from imgscope import cli
    from imgscope.fleet import units
    from imgscope.fleet.store.place import Place

    source, clean = few
    units._workers.clear()
    child = os.fork()
    if child == 0:
        try:
            real, left = Place.write, write

            def killed(*_, **__):
                os.kill(os.getpid(), signal.SIGKILL)

            def writing(self, name, data, *, durable=True):
                nonlocal left
                left -= 1
                if left == 0 and way == "before":
                    killed()
                if left == 0:
                    os.replace = os.rename = os.link = Path.replace = killed
                real(self, name, data, durable=durable)

            Place.write = writing
            cli.run(["fleet", "scan", source, "--store", str(store), "--jobs", "1"])
        finally:
            os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert scan(inside, store, source).returncode == 0
    assert everything(store) == clean
    with Store.open(str(store)).connection() as connection:
        assert connection.execute("SELECT count(*) FROM images").fetchone() == (3,)


def test_a_disk_that_is_full_is_said_and_the_next_scan_completes_the_store(few, tmp_path, inside):
    """A file system of a few pages, for once a real one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=48k", "imgscope-test", str(disk)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("a small file system can be mounted by root alone, where it may mount at all")
    try:
        source, clean = few
        done = scan(inside, disk / "store", source)
        assert done.returncode == 3
        assert "No space left on device" in done.stderr
        assert "Traceback" not in done.stderr
        # Nothing that looks whole is not.
        with Store.open(str(disk / "store")).connection() as connection:
            for table in KEYS:
                connection.execute(f"SELECT * FROM {table}").fetchall()
        remount = ["mount", "-o", "remount,size=64m", str(disk)]
        assert subprocess.run(remount, capture_output=True).returncode == 0
        assert scan(inside, disk / "store", source).returncode == 0
        assert everything(disk / "store") == clean
    finally:
        subprocess.run(["umount", str(disk)], capture_output=True)
