"""Batches in several processes of this machine."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ..model import Batch, How, Summary
from .interface import WorkerLost

if TYPE_CHECKING:
    from ...sources.options import Options

Login = tuple[str, str, str]
# So long do processes have to write what they have read, when all is to end, in seconds.
_GRACE = 1.0
# And so long once nobody waits for them any more: what is written appears whole or not at all.
_LAST = 5.0

_stopping = threading.Event()


class Processes:
    """A pool of processes that begin anew (spawn): nothing of this one is in them but what they are told."""

    def __init__(self, path: str, how: How, workers: int, options: Options) -> None:
        """Begin nothing yet. The login that ``options`` may have goes to the processes by a pipe."""
        self.workers = workers
        self._path = path
        self._how = how
        self._options = options
        self._pool: ProcessPoolExecutor | None = None
        self._running: dict[Future[Summary], Batch] = {}

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            import multiprocessing

            context = multiprocessing.get_context("spawn")
            # By now it is known which registry the login is for.
            login, host = self._options.login, self._options.login_host
            shown = (*login, host) if login is not None and host else None
            self._pool = ProcessPoolExecutor(self.workers, context, _begin, (shown, os.getpid()))
        return self._pool

    def submit(self, batch: Batch) -> None:
        """Take a batch on."""
        try:
            future = self._start().submit(_run, self._path, batch, self._how)
        except BrokenProcessPool:
            self._broken()
            future = self._start().submit(_run, self._path, batch, self._how)
        self._running[future] = batch

    def _broken(self) -> None:
        """Give up a pool of which a process died: it is of no use any more, and another is made."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None

    def next(self, seconds: float) -> tuple[Batch, Summary | BaseException] | None:
        """Return a batch that is done."""
        done, _ = wait(self._running, seconds, return_when=FIRST_COMPLETED)
        if not done:
            return None
        future = min(done, key=lambda one: self._running[one].number)
        batch = self._running.pop(future)
        try:
            return batch, future.result()
        except BrokenProcessPool:
            self._broken()
            return batch, WorkerLost("a process that read images died")
        except Exception as error:
            return batch, error

    def close(self, *, now: bool) -> None:
        """End the processes."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        processes = list((getattr(pool, "_processes", None) or {}).values())
        if now:
            for process in processes:
                with suppress(OSError, ValueError):
                    process.terminate()
        pool.shutdown(wait=not now, cancel_futures=True)
        if now:
            for process in processes:
                process.join(_GRACE / max(len(processes), 1))


def _begin(login: Login | None, parent: int) -> None:
    """Make a new process ready: Ctrl-C is for who waits for it, and it ends when nobody does any more."""
    from ...sources.options import chosen

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    if login is not None:
        chosen.login, chosen.login_host = login[:2], login[2]
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _stop(number: int, _: FrameType | None) -> None:
    """Stop reading the image that is being read; what was read before is written on the way out."""
    _stopping.set()
    # What breaks from here on (a batch that is half received) is no news: multiprocessing would print its traceback.
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    raise SystemExit(128 + number)


def _watch(parent: int) -> None:
    """End this process once the one that waits for it is gone."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)
    # A pool's process takes what that raises for the batch's own error, and waits for one that nobody sends.
    time.sleep(_LAST)
    os._exit(128 + signal.SIGTERM)


def _run(path: str, batch: Batch, how: How) -> Summary:
    from ..units import run

    return run(path, batch, how, _stopping.is_set)
