"""Who ends the program ends it at once, whatever it waits for; and what it waits for does not last forever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from tests.archive.images import Image, docker_archive, write_tar
from tests.sources.test_engine import Engine as WholeEngine
from tests.sources.test_engine import Handler as WholeHandler

from .test_faults import gone, ready

PLACES = ["version", "inspect", "headers", "first byte", "middle", "end"]
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Engine(WholeEngine):
    """An engine that stops at a place, and stays silent until it is let go."""

    place = ""
    chunked = False

    def __init__(self, path, archive, image):
        super().__init__(path, archive, image)
        self.RequestHandlerClass = Handler
        self.reached, self.go = threading.Event(), threading.Event()

    def stall(self):
        self.reached.set()
        self.go.wait(60)


class Handler(WholeHandler):
    def do_GET(self):
        place, export = self.server.place, self.path.endswith("/get")
        if (place == "version" and self.path.endswith("/version")) or (place == "inspect" and "/images/" in self.path):
            self.server.stall()
        if not export:
            return super().do_GET()
        if place == "headers":
            self.server.stall()
        data = self.server.archive
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if place == "first byte":
            self.server.stall()
        cut = {"middle": len(data) // 2, "end": len(data) - 1000}.get(place, len(data))
        self.wfile.write(data[:cut])
        if cut < len(data):
            self.server.stall()
            self.wfile.write(data[cut:])
        return None

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass


@pytest.fixture
def engine(tmp_path, monkeypatch):
    archive = write_tar(tmp_path / "image.tar", docker_archive(Image(names=()))).read_bytes()
    server = Engine(tmp_path / "docker.sock", archive, Image(names=("app:1.0",)))
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("DOCKER_HOST", server.address)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    yield server
    server.go.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def signals_as_usual(request):
    """Who runs the tests may have them ignored (nohup), and children inherit that."""
    for number in CODES:
        before = signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        request.addfinalizer(lambda number=number, before=before: signal.signal(number, before))


def start(*words, code=None, **more):
    command = [sys.executable, "-c", textwrap.dedent(code)] if code else [sys.executable, "-m", "imgscope"]
    return subprocess.Popen(
        [*command, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **{"stdin": subprocess.DEVNULL, **more},
    )


def ended(process, number, within=1.0):
    """Send a signal; the process ends with its code, soon, without a word, and leaves nobody behind."""
    began = time.monotonic()
    process.send_signal(number)
    try:
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    took = time.monotonic() - began
    assert process.returncode == CODES[number], (process.returncode, errors)
    assert b"Traceback" not in errors and b"Exception" not in errors, errors
    assert took < within, took
    assert gone(process.pid)


# --- an engine that stalls ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize(("command", "place"), [*(("analyze", place) for place in PLACES), ("extract", "middle")])
def test_a_stalled_engine_holds_nobody(engine, tmp_path, place, number, command):
    engine.place = place
    process = start(command, "app:1.0", *(["/", tmp_path / "out"] if command == "extract" else []))
    assert engine.reached.wait(20)
    time.sleep(0.05)
    ended(process, number)


@pytest.mark.parametrize("place", ["headers", "first byte", "middle"])
@pytest.mark.parametrize("command", ["analyze", "cat"])
def test_a_stalled_export_ends_by_itself(engine, imgscope, place, command):
    engine.place = place
    words = [command, "app:1.0", *(["/x"] if command == "cat" else [])]
    began = time.monotonic()
    done = imgscope(*words, env={"IMGSCOPE_TIMEOUT": "0.1"})
    assert done.returncode == 3
    # Before its first byte an engine prepares the export, for which it is given ten times as long.
    least, words = (0.1, "0.1 s") if place == "middle" else (1, "1 s")
    assert least < time.monotonic() - began < least + 4
    assert "stalled" in done.stderr and words in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_a_slow_export_is_no_stalled_one(engine, imgscope, monkeypatch):
    """Bytes that come drop by drop, for longer in all than silence may last."""

    def slowly(self):
        if not self.path.endswith("/get"):
            return WholeHandler.do_GET(self)
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        time.sleep(1)
        size = -(-len(self.server.archive) // 20)
        for begin in range(0, len(self.server.archive), size):
            self.wfile.write(self.server.archive[begin : begin + size])
            time.sleep(0.1)
        return None

    monkeypatch.setattr(Handler, "do_GET", slowly)
    done = imgscope("analyze", "app:1.0", env={"IMGSCOPE_TIMEOUT": "0.5"})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "1e99"])
def test_a_time_that_is_none_is_wrong_use(engine, imgscope, value):
    done = imgscope("analyze", "app:1.0", env={"IMGSCOPE_TIMEOUT": value})
    assert done.returncode == 2 and "IMGSCOPE_TIMEOUT" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("sent", [0, 700, 20_000])
def test_a_stalled_pipe_holds_nobody(webapp, number, sent):
    process = start("analyze", "-", stdin=subprocess.PIPE)
    process.stdin.write(webapp.read_bytes()[:sent])
    process.stdin.flush()
    ready(process.pid)
    time.sleep(0.4)
    stdin, process.stdin = process.stdin, None
    ended(process, number)
    stdin.close()


def test_a_stalled_pipe_ends_by_itself(webapp):
    process = start("analyze", "-", stdin=subprocess.PIPE, env={**os.environ, "IMGSCOPE_TIMEOUT": "0.3"})
    process.stdin.write(webapp.read_bytes()[:20_000])
    process.stdin.flush()
    errors = process.stderr.read()
    assert process.wait(10) == 3 and b"stalled" in errors and errors.count(b"\n") == 1, errors
    process.stdin.close()
    process.stdout.close()
    process.stderr.close()


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
    path.chmod(0o755)
    return path


@pytest.fixture
def podman(tmp_path, monkeypatch, webapp):
    """A podman that knows an image, exports half of it, and then neither goes on nor listens to SIGTERM."""
    folder = tmp_path / "bin"
    folder.mkdir()
    text = f"""
        import os, signal, sys, time
        if "inspect" in sys.argv:
            print('[{{"Id": "{"a" * 64}", "Os": "linux", "Architecture": "amd64"}}]')
        else:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            sys.stdout.buffer.write(open({str(webapp)!r}, "rb").read()[:50000])
            sys.stdout.buffer.flush()
            open({str(tmp_path / "reached")!r}, "w").close()
            time.sleep(60)
    """
    program(folder, "podman", text)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("CONTAINER_HOST", raising=False)
    from imgscope.sources import podman as source

    if source._socket() is not None:
        pytest.skip("a Podman listens here")
    return tmp_path / "reached"


@pytest.mark.parametrize("number", CODES)
def test_a_stalled_podman_holds_nobody(podman, number):
    process = start("analyze", "podman:app:1.0")
    until(podman.exists)
    ended(process, number, 2.5)


def test_a_stalled_podman_ends_by_itself(podman, imgscope):
    done = imgscope("analyze", "podman:app:1.0", env={"IMGSCOPE_TIMEOUT": "0.3"})
    assert done.returncode == 3 and "stalled" in done.stderr and done.stderr.count("\n") == 1, done.stderr


def until(true, patience=20.0):
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- at whatever it is -------------------------------------------------------------------------------------

WORK = {
    "a query": """
        import sqlite3
        connection = sqlite3.connect(":memory:")
        say()
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        connection.execute(numbers).fetchone()
    """,
    "a pattern": """
        import re
        say()
        re.match(r"(a+)+b", "a" * 60)
    """,
    "compressing": """
        import zlib
        data = bytes(1 << 30)
        say()
        zlib.compress(data, 9)
    """,
    "a lock": """
        import threading
        say()
        threading.Lock().acquire(), (lock := threading.Lock()).acquire(), lock.acquire()
    """,
    "what swallows every exception": """
        import time
        say()
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
    """,
    "closing what waits for another": """
        import threading
        say()
        try:
            threading.Event().wait()
        finally:
            threading.Event().wait()
    """,
    "what runs at exit": """
        import atexit, threading
        atexit.register(threading.Event().wait)
        atexit.register(say)
    """,
    "another process": """
        import threading
        from imgscope.processes import Child
        def work():
            threading.Event().wait()
        child = Child(work)
        try:
            say()
            child.result()
        finally:
            child.stop()
    """,
    "a result half written": """
        import pathlib, threading, sys
        from imgscope.output import whole_file
        with whole_file(pathlib.Path(sys.argv[1])) as file:
            file.write(b"half")
            say()
            while True:
                try:
                    threading.Event().wait()
                except BaseException:
                    pass
    """,
}


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("work", WORK)
def test_at_whatever_it_is_it_ends(tmp_path, work, number):
    code = "import sys\ndef say():\n    sys.stdout.write('x')\n    sys.stdout.flush()\n"
    code += "import imgscope.cli as cli\ndef run(*_):\n" + textwrap.indent(textwrap.dedent(WORK[work]), "    ")
    code += "\n    return 0\ncli.run = run\ncli.main()\n"
    process = start(tmp_path / "result", code=code)
    assert process.stdout.read(1) == b"x"
    time.sleep(0.05)
    ended(process, number, 3.0)
    assert not list(tmp_path.iterdir())


def test_ended_while_it_is_imported(tmp_path):
    """From the first step of its own on, up to its work: no traceback, and the code that it has later."""
    draw = [0.0, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1]
    (tmp_path / "click.py").write_text("import sys, time\nprint('here', flush=True)\nwhile True: time.sleep(0.001)\n")
    for number, code in CODES.items():
        for wait in draw:
            process = start("--help", env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.getcwd()}"})
            assert process.stdout.read(4) == b"here"
            time.sleep(wait)
            process.send_signal(number)
            _, errors = process.communicate(timeout=10)
            assert (process.returncode, errors) == (code, b"")


@pytest.mark.parametrize("number", CODES)
def test_a_build_is_ended_with_it(tmp_path, monkeypatch, number):
    folder = tmp_path / "bin"
    folder.mkdir()
    text = f"""
        import signal, time
        def leave(*_):
            open({str(tmp_path / "told")!r}, "w").close()
            raise SystemExit(1)
        signal.signal(signal.SIGTERM, leave)
        open({str(tmp_path / "reached")!r}, "w").close()
        while True:
            time.sleep(1)
    """
    program(folder, "docker", text)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    process = start("build", ".")
    until((tmp_path / "reached").exists)
    ended(process, number)
    assert (tmp_path / "told").exists()
    assert not list((tmp_path / "tmp").iterdir())


def test_who_ignores_it_keeps_ignoring_it(webapp):
    """nohup, and what a shell runs in the background."""
    process = start(
        "analyze", "-", stdin=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    )
    process.stdin.write(webapp.read_bytes()[:20_000])
    process.stdin.flush()
    ready(process.pid)
    process.send_signal(signal.SIGINT)
    process.stdin.write(webapp.read_bytes()[20_000:])
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_python_loses_ends_the_process_without_a_word(number):
    """It comes where nothing can be raised: in what an object does as it goes."""
    code = textwrap.dedent(f"""
        import os, time
        from imgscope import ending

        class Going:
            def __del__(self):
                os.kill(os.getpid(), {int(number)})
                time.sleep(0.1)

        ending.by_exception()
        going = Going()
        del going
        time.sleep(30)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (CODES[number], b"")
