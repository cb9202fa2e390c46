"""Podman: by its socket where one listens, else by its program; for real where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time

import pytest

from imgscope.errors import EngineError, ImageNotFoundError, PlatformError
from imgscope.sources import find_source, podman

from ..archive.images import LAYERS, Image, digest, digests, docker_archive, scan, write_tar

# Also what they are to be tested with.
from .test_engine import engine as engine

DIFF_IDS = [digest(data) for data in LAYERS]


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A stand-in for the podman program; the test says what `save` does."""
    (tmp_path / "bin").mkdir()
    write_tar(tmp_path / "image.tar", docker_archive(Image(names=()), style="digest"))
    info = [
        {"Id": Image().id[7:], "RepoTags": ["localhost/app:1.0"], "Os": "linux", "Architecture": "amd64", "Size": 9}
    ]
    (tmp_path / "info.json").write_text(json.dumps(info))
    (tmp_path / "list.json").write_text(json.dumps([{"Names": ["localhost/app:1.0"]}, {"Names": None}]))

    def write(save: str = "cat image.tar") -> None:
        script = tmp_path / "bin" / "podman"
        script.write_text(
            f"#!/bin/sh\ncd {tmp_path}\n"
            'case "$*" in\n'
            '"image inspect --format json -- app:1.0") cat info.json ;;\n'
            '"image inspect "*) echo "Error: inspecting object: $6: image not known" >&2; exit 125 ;;\n'
            '"images --format json") cat list.json ;;\n'
            f'"save --quiet --format docker-archive -- {Image().id}") {save} ;;\n'
            '*) echo "Error: unexpected: $*" >&2; exit 9 ;;\nesac\n'
        )
        script.chmod(0o755)

    write()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr(podman, "_socket", lambda: None)
    return write


def test_the_program_where_no_socket_listens(program):
    source = find_source("podman:app:1.0")
    opened = source.open(scan)
    assert [stored.scanned for stored in opened.layers] == DIFF_IDS
    assert opened.names == ("localhost/app:1.0",)
    assert opened.origin == "engine"
    assert Image().id in source.cache_key()
    assert digests(find_source("podman:app:1.0", contents=True).open(scan)) == DIFF_IDS


def test_an_image_that_podman_has_not(program):
    with pytest.raises(ImageNotFoundError, match=r"no image 'ap:1.0' in Podman .*; did you mean localhost/app:1.0"):
        find_source("podman:ap:1.0").open(scan)


def test_the_wrong_platform(program):
    with pytest.raises(PlatformError, match=r"podman pull --platform linux/arm64 app:1.0"):
        find_source("podman:app:1.0", platform="arm64").open(scan)


@pytest.mark.parametrize(
    ("save", "message"),
    [
        ("echo 'Error: storage is locked' >&2; exit 125", "storage is locked"),
        ("head -c 9000 image.tar; echo 'Error: disk failed' >&2; exit 1", "podman save failed: disk failed"),
        ("exit 3", "podman save failed: it gave no reason"),
        ("kill -9 $$", "podman save failed"),
    ],
)
def test_a_save_that_fails_says_why(program, save, message):
    program(save)
    for opening in (lambda: find_source("podman:app:1.0").open(scan), lambda: find_source("podman:app:1.0").reopen()):
        with pytest.raises(EngineError, match=message):
            opening()


@pytest.mark.parametrize("then", ["exec cat image.tar /dev/zero", "cat image.tar; exec sleep 60"])
def test_a_save_that_is_abandoned_is_stopped(program, then, tmp_path):
    program(f"echo $$ > {tmp_path}/pid; {then}")
    began = time.monotonic()
    from imgscope.errors import ImgscopeError

    class Stop(ImgscopeError):
        pass

    class Progress:
        def start(self, total, what):
            pass

        def advance(self, count):
            raise Stop

        def finish(self):
            pass

    with pytest.raises(Stop):
        find_source("podman:app:1.0").open(scan, Progress())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert time.monotonic() - began < 20


def test_the_socket_where_one_listens(engine, monkeypatch):
    monkeypatch.setenv("CONTAINER_HOST", engine.address)
    source = find_source("podman:app:1.0")
    assert [stored.scanned for stored in source.open(scan).layers] == DIFF_IDS
    assert source.describe() == "app:1.0 from Podman"
    assert engine.asked


def test_a_socket_that_nobody_listens_on_gives_way_to_the_program(program, tmp_path, monkeypatch):
    monkeypatch.setattr(podman, "_socket", lambda: f"unix://{tmp_path}/stale.sock")
    monkeypatch.delenv("CONTAINER_HOST", raising=False)
    assert [stored.scanned for stored in find_source("podman:app:1.0").open(scan).layers] == DIFF_IDS
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{tmp_path}/stale.sock")
    with pytest.raises(EngineError, match="nobody listens at"):
        find_source("podman:app:1.0").open(scan)


def test_the_sockets_place(tmp_path, monkeypatch):
    import socket

    monkeypatch.delenv("CONTAINER_HOST", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert podman._socket() is None
    (tmp_path / "podman").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/podman/podman.sock")
        assert podman._socket() == f"unix://{tmp_path}/podman/podman.sock"
    monkeypatch.setenv("CONTAINER_HOST", "ssh://core@host:22/run/podman/podman.sock")
    assert podman._socket() is None


def test_no_podman_at_all(monkeypatch, tmp_path):
    monkeypatch.setattr(podman, "_socket", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="no Podman here"):
        find_source("podman:app:1.0").open(scan)


@pytest.mark.engine
def test_a_real_podman(tmp_path, monkeypatch):
    if shutil.which("podman") is None or subprocess.run(["podman", "images", "-q"], capture_output=True).returncode:
        pytest.skip("no working podman here")
    name = f"imgscope-podman-test:{os.getpid()}"
    path = write_tar(tmp_path / "image.tar", docker_archive(Image(names=(name,))))
    subprocess.run(["podman", "load", "-q", "-i", path], check=True, capture_output=True)
    try:
        monkeypatch.setattr(podman, "_socket", lambda: None)
        opened = find_source(f"podman:{name}").open(scan)
        assert [stored.scanned for stored in opened.layers] == DIFF_IDS
        # Which registry a bare name gets differs from version to version.
        assert opened.names in ((name,), (f"localhost/{name}",))
        assert digests(find_source(f"podman:{name}").reopen()) == DIFF_IDS
        with pytest.raises(ImageNotFoundError, match=rf"did you mean (localhost/)?{name}"):
            find_source(f"podman:{name[1:]}").open(scan)
    finally:
        subprocess.run(["podman", "rmi", name], check=True, capture_output=True)
