"""Faults made for real: what ends half-way leaves nothing behind, and what can't be written says so in a line."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.archive.images import Image, docker_archive, write_tar
from tests.oracle.maketar import file, layer


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """An archive that takes a good part of a second, a second process included."""
    draw = random.Random(3)
    layers = [
        layer(*(file(f"d{number % 50}/f{number}", bytes([draw.randrange(256)]) * 9000) for number in range(4000)))
        for _ in range(3)
    ]
    return write_tar(
        tmp_path_factory.mktemp("large") / "image.tar", docker_archive(Image(tuple(layers)), style="digest")
    )


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "imgscope", *map(str, arguments)]


def start(*arguments: object, **options) -> subprocess.Popen:
    return subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **options
    )


def ready(pid: int) -> None:
    """Wait until the program itself runs, and not only Python's start: from then on SIGTERM is caught."""
    mask = 1 << (signal.SIGTERM - 1)
    for _ in range(2000):
        status = Path(f"/proc/{pid}/status").read_text()
        caught = next((line for line in status.splitlines() if line.startswith("SigCgt:")), "SigCgt: 0")
        if int(caught.split()[1], 16) & mask or "State:\tZ" in status:
            return
        time.sleep(0.005)


def gone(group: int) -> bool:
    """Tell whether every process of a group has ended, given a moment."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


# --- ended from outside ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ended_at_any_moment_nothing_is_left(large, tmp_path, number, request):
    draw = random.Random(int(number))
    seen = set()
    # Who runs the tests may have it ignored (nohup), and children inherit that.
    before = signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    request.addfinalizer(lambda: signal.signal(number, before))
    for turn in range(14):
        target, scratch = tmp_path / f"out{turn}", tmp_path / f"tmp{turn}"
        target.mkdir()
        scratch.mkdir()
        env = {**os.environ, "TMPDIR": str(scratch), "IMGSCOPE_CACHE_DIR": str(tmp_path / "cache")}
        with large.open("rb") as source:
            process = start("analyze", "-", "-o", f"json={target / 'a.json'}", "--no-tui", stdin=source, env=env)
            ready(process.pid)
            time.sleep(turn * 0.05 + draw.random() * 0.05)
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        seen.add(process.returncode)
        assert process.returncode in (0, 128 + number, -number), (process.returncode, errors[-500:])
        assert b"Traceback" not in errors
        assert gone(process.pid)
        assert not list(scratch.iterdir())
        left = list(target.iterdir())
        assert [path.name for path in left] in ([], ["a.json"])
        for path in left:
            json.loads(path.read_bytes())
        shutil.rmtree(target)
    assert 128 + number in seen, seen


def test_a_reader_that_goes_away(large):
    for arguments in (["analyze", large, "--format", "json"], ["suggest", large], ["cat", large, "/d0/f0"]):
        process = start(*arguments)
        process.stdout.read(10)
        process.stdout.close()
        errors = process.stderr.read()
        process.stderr.close()
        assert process.wait(30) == 0, errors
        assert errors == b""
        assert gone(process.pid)


# --- no room, no right -------------------------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path):
    """A file system of 64 kB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"needs to mount a file system: {done.stderr.decode(errors='replace').strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=False)


def line(done) -> str:
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("imgscope: "), done.stderr
    return done.stderr


def test_no_room_for_a_result(imgscope, large, tiny):
    (tiny / "a.json").write_text("before")
    done = imgscope("analyze", large, "--no-cache", "-o", f"json={tiny / 'a.json'}")
    assert done.returncode == 3
    assert "No space left" in line(done)
    assert [path.name for path in tiny.iterdir()] == ["a.json"]
    assert (tiny / "a.json").read_text() == "before"


def test_no_room_for_what_must_be_copied(imgscope, large, tiny):
    done = imgscope("cat", "-", "/d0/f0", input=large.read_bytes(), env={"TMPDIR": str(tiny)})
    assert done.returncode == 3
    assert b"TMPDIR" in done.stderr and done.stderr.count(b"\n") == 1
    assert not list(tiny.iterdir())


def test_no_room_for_the_cache(imgscope, large, tiny):
    done = imgscope("analyze", large, env={"IMGSCOPE_CACHE_DIR": str(tiny / "cache")})
    assert done.returncode == 0 and done.stderr == ""
    assert not list(tiny.rglob(".new-*"))


def test_no_room_for_what_is_extracted(imgscope, large, tiny):
    done = imgscope("extract", large, "/", tiny / "out")
    assert done.returncode == 3
    assert "No space left" in line(done)


def test_a_file_system_that_is_read_only(imgscope, large, tmp_path):
    folder = tmp_path / "readonly"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"needs to mount a file system: {done.stderr.decode(errors='replace').strip()}")
    try:
        env = {"IMGSCOPE_CACHE_DIR": str(folder / "cache"), "HOME": str(folder), "TMPDIR": str(folder)}
        done = imgscope("analyze", large, env=env)
        assert done.returncode == 0 and done.stderr == ""
        assert imgscope("analyze", large, "-o", f"json={folder / 'x'}", env=env).returncode == 3
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def test_without_a_home(imgscope, large):
    environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "IMGSCOPE_CACHE_DIR")}
    done = subprocess.run(command("analyze", large), env=environment, capture_output=True, check=False)
    assert done.returncode == 0 and done.stderr == b""


# --- the cache ---------------------------------------------------------------------------------------------


def test_the_cache_may_go_away_at_any_moment(large, tmp_path):
    """Deleted, damaged and made again while ten runs use it: each says the same."""
    cache = tmp_path / "cache"
    env = {**os.environ, "IMGSCOPE_CACHE_DIR": str(cache)}
    stop = threading.Event()
    draw = random.Random(9)

    def disturb() -> None:
        while not stop.wait(0.01):
            for path in list(cache.rglob("*")):
                try:
                    if draw.random() < 0.3:
                        path.unlink() if path.is_file() else shutil.rmtree(path, ignore_errors=True)
                    elif path.is_file():
                        with path.open("r+b") as data:
                            data.seek(draw.randrange(200))
                            data.write(b"damage")
                except OSError:
                    pass

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        answers = set()
        for _ in range(5):
            both = [start("analyze", large, "--no-tui", env=env) for _ in range(2)]
            for process in both:
                out, errors = process.communicate(timeout=60)
                assert process.returncode == 0 and errors == b"", errors
                answers.add(out)
        assert len(answers) == 1
    finally:
        stop.set()
        thread.join()


def test_two_runs_at_once_share_a_cache(large, tmp_path):
    env = {**os.environ, "IMGSCOPE_CACHE_DIR": str(tmp_path / "cache")}
    runs = [start("analyze", large, "--no-tui", env=env) for _ in range(4)]
    answers = {process.communicate(timeout=60)[0] for process in runs}
    assert len(answers) == 1
    assert not list((tmp_path / "cache").rglob(".new-*"))


# --- the network -------------------------------------------------------------------------------------------


def test_no_network_is_used_for_a_file(webapp):
    """Every attempt to make a socket would end the program."""
    code = (
        "import socket, sys\n"
        "def refuse(*args, **more):\n    raise SystemExit('a socket was wanted')\n"
        "socket.socket = socket.create_connection = refuse\n"
        "from imgscope.cli import run\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    for arguments in (["analyze"], ["suggest"], ["check", "--max-size", "1GB"], ["why", "--", "/srv"], ["verify"]):
        name, *rest = arguments
        words = [name, str(webapp), *[word for word in rest if word != "--"]]
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        assert "a socket was wanted" not in done.stderr
