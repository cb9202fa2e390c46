"""What a terminal shows while an image is being read: a line within moments, and none once the result is there."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
import time

import pytest

from imgscope import processes, progress
from imgscope.progress import TerminalProgress, finish_all, told, working

from .archive.images import Image, docker_archive, write_tar


def drawn(fd, seconds=0.0):
    """Return what was drawn on the pseudo-terminal within some seconds."""
    time.sleep(seconds)
    os.set_blocking(fd, False)
    try:
        return os.read(fd, 1 << 20).decode()
    except BlockingIOError:
        return ""


@pytest.fixture
def terminal():
    main, other = pty.openpty()
    try:
        yield main, other
    finally:
        finish_all()
        os.close(main)
        os.close(other)


def test_a_silent_engine_is_seen_to_be_waited_for(terminal):
    line = TerminalProgress(terminal[1])
    line.start(950_000_000, "waiting for the Docker engine to export myapp:1.0")
    shown = drawn(terminal[0], 1.4)
    assert "waiting for the Docker engine to export myapp:1.0, 950" in shown
    # It is alive: the seconds go on, and nothing is written where nothing is new.
    assert shown.count("… 0 s") == shown.count("… 1 s") == 1
    line.finish()
    assert drawn(terminal[0]) == "\r\x1b[K"


def test_short_work_draws_nothing(terminal):
    with working(TerminalProgress(terminal[1]), "opening app.tar"):
        time.sleep(progress.PATIENCE / 5)
    assert drawn(terminal[0], 0.3) == ""


def test_bytes_and_rate_follow_once_there_are_some():
    line = TerminalProgress(2)
    line._total, line._what, line._done = 1000, "reading app", 350
    assert re.fullmatch(r"reading app: 35 % of 1.* kB, .* B/s, 1 s", line.line(1, 80))
    line._total = None
    assert line.line(7, 80).startswith("reading app: 350")


@pytest.mark.parametrize("width", [1, 5, 20, 40, 79])
@pytest.mark.parametrize("name", ["x" * 200, "图像" * 60, "a\x1b[31mb\u202e"])
def test_a_line_is_never_wider_than_the_terminal_and_holds_nothing_that_steers_it(width, name):
    line = TerminalProgress(2)
    line._total, line._what = 950_000_000, name
    text = line.line(3, width)
    assert progress._cells(text) <= width
    assert text.isprintable()


def test_what_is_waited_for_is_being_read_with_its_first_bytes():
    calls = []

    class Calls:
        def start(self, total, what):
            calls.append((total, what))

    parts = [b"one", b"two", b""]
    read = told(lambda _: parts.pop(0), Calls(), 6, "reading")
    assert not calls
    assert [read(9), read(9), read(9)] == [b"one", b"two", b""]
    assert calls == [(6, "reading")]


def test_drawing_keeps_nothing_from_forking(terminal):
    """Layers are scanned in two processes; a thread that only draws must not end that."""
    before = processes.usable_processes()
    line = TerminalProgress(terminal[1])
    line.start(None, "opening")
    assert threading.active_count() > 1
    assert processes.usable_processes() == before
    line.finish()


def run_under_terminal(arguments, **environment):
    """Run the command line with standard error on a terminal; return what that showed and standard output."""
    main, other = pty.openpty()
    code = "import imgscope.progress as p; p.PATIENCE = 0; from imgscope.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=other,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", **environment},
    )
    os.close(other)
    out = process.communicate(timeout=60)[0]
    shown = b""
    try:
        while data := os.read(main, 1 << 16):
            shown += data
    except OSError:
        pass
    os.close(main)
    return shown.decode(), out


@pytest.fixture
def archive(tmp_path):
    return str(write_tar(tmp_path / "app.tar", docker_archive(Image())))


@pytest.mark.parametrize(
    "command", ["analyze --no-tui", "suggest", "check", "bases", "why / ", "cat nothing", "verify", "diff"]
)
def test_every_command_says_what_it_opens_and_takes_it_away(archive, command):
    name, *more = command.split()
    names = [archive, archive] if name == "diff" else [archive]
    shown, out = run_under_terminal([name, *names, *more], NO_COLOR="1")
    assert "opening " in shown
    # What stays is what comes after the line was taken away: nothing, or an error.
    rest = shown.rpartition("\r\x1b[K")[2]
    assert rest == "" or rest.startswith(("imgscope: ", "Usage"))
    assert b"opening" not in out


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_terminal_that_cannot_redraw_gets_no_line(archive, environment):
    assert run_under_terminal(["analyze", "--no-tui", archive], **environment)[0] == ""
