"""Runs containers of an image and tells how they do: start, end, output, HEALTHCHECK, and the user's own tests."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..ending import tidied
from ..errors import EngineError
from ..processes import end
from ..stopping import stoppable
from .builders import COLOUR

if TYPE_CHECKING:
    from .builders import Engine

# Of what a program prints so much is compared.
_MAX_OUTPUT = 64 << 10
_EVERY = 0.15
# How long a health check may take to become healthy, in seconds, and how long a server may take to answer a test.
_HEALTHY = 90.0
_ANSWER = 30.0
# What is another in each run: times, durations, addresses in memory, process numbers, identifiers.
_VARIES = (
    (re.compile(r"\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.{4,30}\b\d\d:\d\d:\d\d\b(?: [A-Z]{3,4})?(?: \d{4})?"), "<time>"),
    (re.compile(r"\b\d\d?/(?:\w{3}|\d\d)/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?"), "<time>"),
    (re.compile(r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"\b1[5-9]\d{8}(?:\.\d+|\d{3})?\b"), "<time>"),
    (re.compile(r"\b\d+(?:[.,]\d+)? ?(?:ns|us|µs|ms|s|sec|secs|seconds|minutes)\b"), "<duration>"),
    (re.compile(r"\b0x[0-9a-fA-F]{6,}\b"), "<address>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "<id>"),
    (re.compile(r"(?i)\b(pid|process|worker)([\s:=#\[]{1,3})\d+"), r"\1\2<number>"),
    (re.compile(r"\[\d+\]"), "[<number>]"),
)  # fmt: skip


class Ran(NamedTuple):
    """How a command ended: its exit code (``None``: it took too long) and what it printed."""

    code: int | None
    output: str

    @property
    def last(self) -> str:
        """The last line that says something."""
        return next((line.strip() for line in reversed(self.output.splitlines()) if line.strip()), "")[:300]


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a container did that was started as the image says.

    ``up`` tells that it ran on, ``code`` is its exit code else; ``health`` is ``healthy``, ``unhealthy`` or empty,
    ``output`` what it printed, without what is another in each run. ``started`` is false, and ``output`` says why,
    where the engine could not start it.
    """

    up: bool
    code: int | None
    output: str
    health: str = ""
    started: bool = True

    @property
    def words(self) -> str:
        """How it did, in a few words."""
        if not self.started:
            return "does not start"
        return f"stays up{f', {self.health}' if self.health else ''}" if self.up else f"ends with exit code {self.code}"


def normal(text: str) -> str:
    """Return what a program prints without what is another in each run."""
    text = COLOUR.sub("", text).replace("\r\n", "\n")[:_MAX_OUTPUT]
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")


class Containers:
    """Containers of one engine, all of which carry the run's label."""

    def __init__(self, engine: Engine, *, network: str = "", timeout: float = 300.0) -> None:
        """Run by ``engine``; ``timeout`` are the seconds that a test may take. Raises ``EngineError``."""
        if engine.runs is None:
            raise EngineError(f"{engine.title} builds, but nothing here runs containers of its images")
        self._client: str = engine.runs
        self._common = ["--label", engine.label, *(["--network", network] if network else [])]
        self._timeout = timeout

    def _call(self, *words: str, timeout: float | None = 60.0) -> Ran:
        """Call the client; what takes longer than ``timeout`` seconds is ended, with code ``None``."""
        return call([self._client, *words], timeout)

    @contextmanager
    def running(self, image: str) -> Iterator[tuple[str | None, str]]:
        """Start a container as the image says, and remove it at the end; give its id, or ``None`` and why not."""
        done = self._call("run", "--detach", *self._common, image)
        name = next((line for line in reversed(done.output.split()) if re.fullmatch(r"[0-9a-f]{64}", line)), None)
        try:
            yield (name if done.code == 0 else None), done.last
        finally:
            if name is not None:
                self._call("rm", "-f", "-v", name)

    def state(self, name: str) -> tuple[bool, int | None, str]:
        """Return whether a container runs, its exit code, and its health."""
        done = self._call("inspect", "--type", "container", "--format", "{{json .State}}", name)
        try:
            state = json.loads(done.output)
        except ValueError:
            return False, None, ""
        health = state.get("Health") or state.get("Healthcheck") or {}
        running = bool(state.get("Running")) or state.get("Status") in ("created", "configured", "initialized")
        return running, None if running else state.get("ExitCode"), str(health.get("Status") or "")

    def watch(self, image: str, seconds: float, *, patience: float = 60.0, health: bool = False) -> RunOutcome:
        """Start a container as the image says and see whether it stays up for some seconds, or how it ends.

        One that is about to end is waited for: ``patience`` seconds at most. ``health``: its HEALTHCHECK is waited for.
        """
        with self.running(image) as (name, why):
            if name is None:
                return RunOutcome(False, None, why, started=False)
            began = time.monotonic()
            running, code, word = self.state(name)
            while running:
                passed = time.monotonic() - began
                waiting = health and word in ("", "starting") and passed < _HEALTHY
                if passed >= max(seconds, 0) and not waiting:
                    break
                time.sleep(_EVERY)
                running, code, word = self.state(name)
            output = normal(self._call("logs", "--tail", "2000", name).output.replace(name[:12], "<id>"))
            return RunOutcome(running, code, output, word if word in ("healthy", "unhealthy") else "")

    def run(self, image: str, words: Sequence[str], *, network: bool = True, data: bytes | None = None) -> Ran:
        """Run a program of an image in a container of its own, in place of what the image says."""
        name = f"imgscope-fix-{os.urandom(6).hex()}"
        # An option that stands twice is an error to some engines.
        common = self._common if network else [*self._common[:2], "--network", "none"]
        stdin = ["--interactive"] if data is not None else []
        command = ["run", "--rm", *stdin, "--name", name, *common, "--entrypoint", words[0], image, *words[1:]]
        try:
            return call([self._client, *command], self._timeout, data=data)
        finally:
            self._call("rm", "-f", "-v", name)

    def test(self, image: str, command: str, *, up: bool, wait: float = _ANSWER) -> Ran:
        """Run a test in a container: in one that was started where those stay up, else in place of the program.

        A program may need a while until it answers: it is asked until the test passes, ``wait`` seconds at most.
        """
        if not up:
            done = self.run(image, ["/bin/sh", "-c", command])
            # An image without a shell: the words themselves.
            return done if done.code not in (126, 127) or not _no_shell(done) else self.run(image, shlex.split(command))
        with self.running(image) as (name, why):
            if name is None:
                return Ran(125, why)
            began = time.monotonic()
            words = ["/bin/sh", "-c", command]
            while True:
                done = self._call("exec", name, *words, timeout=self._timeout)
                if done.code in (126, 127) and words[0] == "/bin/sh" and _no_shell(done):
                    words = shlex.split(command)
                    continue
                if done.code == 0 or done.code is None or time.monotonic() - began > wait or not self.state(name)[0]:
                    return done
                time.sleep(3 * _EVERY)

    def outside(self, image: str, command: str) -> Ran:
        """Run a test here, by a shell, with the image's name in ``$IMAGE``, or as its last word."""
        named = re.search(r"\$(?:IMAGE\b|\{IMAGE\})", command) is not None
        words = ["/bin/sh", "-c", command if named else f'{command} "$1"', "imgscope", image]
        return call(words, self._timeout, environment={**os.environ, "IMAGE": image})


def call(
    words: Sequence[str],
    timeout: float | None,
    *,
    data: bytes | None = None,
    environment: dict[str, str] | None = None,
) -> Ran:
    """Run a program here and return how it ended; what it has started ends with it. Raises ``EngineError``."""
    try:
        with _given(data) as stdin:
            process = subprocess.Popen(
                words,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
    except OSError as error:
        raise EngineError(f"{words[0]} can't be called: {error.strerror or error}") from None

    def kill() -> None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)

    # A program may print without end: of what it says the last is kept.
    output = bytearray()
    stdout = process.stdout
    assert stdout is not None

    def listen() -> None:
        for piece in iter(partial(os.read, stdout.fileno(), 1 << 16), b""):
            output.extend(piece)
            del output[:-_MAX_OUTPUT]

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    try:
        with tidied(kill), stoppable(kill):
            until = None if timeout is None else time.monotonic() + timeout
            # What it has started and left behind may go on talking.
            listening.join(timeout)
            late = listening.is_alive()
            try:
                process.wait(0 if late else None if until is None else max(until - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                late = True
            if late:
                kill()
                listening.join()
                process.wait()
    except BaseException:
        kill()
        raise
    finally:
        end(process)
        listening.join(1)
        stdout.close()
    return Ran(None if late else process.returncode, output.decode("utf-8", "replace"))


@contextmanager
def _given(data: bytes | None) -> Iterator[int]:
    """Give what a program reads for its standard input: of a file, so that nobody waits for it to be read."""
    if data is None:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        yield file.fileno()


def _no_shell(done: Ran) -> bool:
    return "/bin/sh" in done.output and ("no such file" in done.output.lower() or "not found" in done.output)
