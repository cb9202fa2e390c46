"""Runs a piece of work in a forked process: Python runs one thread at a time, and a machine has more cores.

Only where forking is safe: on Linux, in a program without threads. The result comes back through an anonymous file in
memory, so a process never waits for its reader.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from . import ending
from .errors import ImgscopeError

if TYPE_CHECKING:
    import subprocess

MAX_PROCESSES = 4
_PIECE = 1 << 18
# The niceness of what gives way to others: it gets a tenth of a processor that they want too.
_BACKGROUND = 10


def usable_processes() -> int:
    """Return how many processes may run at once, this one included: 1 where forking is not safe."""
    # A fork copies only the thread that forks: locks that others hold would stay held forever. What draws progress
    # takes none.
    others = sum(not getattr(thread, "only_draws", False) for thread in threading.enumerate())
    if sys.platform != "linux" or others > 1 or not hasattr(os, "memfd_create"):
        return 1
    return min(len(os.sched_getaffinity(0)), MAX_PROCESSES)


def end(process: subprocess.Popen[bytes], patience: float = 1.0) -> None:
    """End another program, if it still runs: it is asked to, and killed when it has not gone after some seconds."""
    if process.poll() is None:
        import subprocess

        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
        except BaseException:
            process.kill()
            raise
    process.wait()


class Child:
    """A process that does one piece of work and hands its result back as bytes."""

    def __init__(self, work: Callable[[], bytes | Iterable[bytes]], niceness: int = 0) -> None:
        """Start ``work`` in a process of its own; it returns bytes, whole or in pieces."""
        self._memory = os.memfd_create("imgscope", os.MFD_CLOEXEC)
        # Over this it says that its result is there: giving its memory back, as it ends, takes 5 to 10 ms more.
        self._done, done = os.pipe()
        self._pid = ending.fork()
        if self._pid == 0:
            # Nothing of the parent's may run here: no handlers at exit, no flushing of its buffers.
            status = 1
            try:
                if niceness:
                    os.nice(niceness)
                result = work()
                self._write(b"+", (result,) if isinstance(result, bytes) else result)
                status = 0
            except ImgscopeError as error:
                self._write(b"-", (f"{type(error).__name__}:{error}".encode(),))
                status = 0
            finally:
                if status == 0:
                    os.write(done, b".")
                os._exit(status)
        os.close(done)
        self._forget = ending.on_end(partial(os.kill, self._pid, signal.SIGKILL))

    def _write(self, mark: bytes, pieces: Iterable[bytes]) -> None:
        with os.fdopen(os.dup(self._memory), "wb") as file:
            file.write(mark)
            file.writelines(pieces)

    def result(self) -> bytes | None:
        """Wait for the work's result; ``None`` if the process died. Raises the ``ImgscopeError`` that it raised."""
        return None if self.pieces() is None else os.pread(self._memory, os.fstat(self._memory).st_size, 1)

    def pieces(self) -> Iterator[bytes] | None:
        """Wait for the work's result, and return its bytes in pieces; see ``result``."""
        if not os.read(self._done, 1):
            return None
        os.lseek(self._memory, 0, os.SEEK_SET)
        mark = os.read(self._memory, 1)
        if mark == b"-":
            raise _error(b"".join(self._rest()).decode("utf-8", "replace"))
        return self._rest() if mark == b"+" else None

    def _rest(self) -> Iterator[bytes]:
        while piece := os.read(self._memory, _PIECE):
            yield piece

    def stop(self) -> None:
        """End the process if it still runs, and give its memory back."""
        if self._pid:
            with suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
            self._forget()
            with suppress(OSError):
                os.waitpid(self._pid, 0)
            self._pid = 0
        if self._memory >= 0:
            os.close(self._memory)
            os.close(self._done)
            self._memory = -1


@contextmanager
def in_another_process(
    work: Callable[[], Iterable[bytes]], *, worthwhile: bool, background: bool = False
) -> Iterator[Callable[[], Iterable[bytes]]]:
    """Start ``work`` in another process, and give a function that returns what it yields.

    Where that is not safe or not ``worthwhile``, and when the other process dies, the function does the work itself.
    In the ``background`` it gives way to those that are waited for.
    """
    if not worthwhile or usable_processes() == 1:
        yield work
        return
    child = Child(work, _BACKGROUND if background else 0)

    def result() -> Iterable[bytes]:
        pieces = child.pieces()
        return work() if pieces is None else pieces

    try:
        yield result
    finally:
        child.stop()


def _error(text: str) -> ImgscopeError:
    from . import errors

    name, _, message = text.partition(":")
    kind = getattr(errors, name, ImgscopeError)
    return kind(message) if isinstance(kind, type) and issubclass(kind, ImgscopeError) else ImgscopeError(message)
