"""Batches on a Dask cluster: one that is there, or one of this machine.

A task is a function's name, the store's address, and some references: no login, no contents. What comes back is a
summary. Workers write to the store themselves.
"""

from __future__ import annotations

import logging
import queue
import time
from contextlib import suppress
from typing import Any

from ...errors import ImgscopeError, UsageError
from ...escape import escape
from ..extras import need
from ..model import Batch, How, Summary
from ..units import run
from .interface import WorkerLost

# So long is a scheduler waited for that went away, in seconds: it may be started again.
_PATIENCE = 120.0
_CONNECT = 20
# Priority goes to what was handed out first.
_Result = tuple[Batch, Any]


class Cluster:
    """A Dask cluster's workers."""

    def __init__(self, path: str, how: How, scheduler: str | None, jobs: int) -> None:
        """Connect to a ``scheduler``, or make a cluster of ``jobs`` processes here. Raises ``UsageError``."""
        need("dask", "distributed")
        self._path = path
        self._how = how
        self._address = scheduler
        self._own: Any = None
        self._client: Any = None
        if scheduler is None:
            import distributed

            make: Any = distributed.LocalCluster
            self._own = make(
                n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.ERROR
            )
            self._address = self._own.scheduler_address
        self._client = self._connected(_CONNECT)
        self._done: queue.SimpleQueue[_Result] = queue.SimpleQueue()
        self._running: dict[int, tuple[Batch, Any]] = {}

    @property
    def workers(self) -> int:
        """How many threads the cluster's workers have now."""
        with suppress(Exception):
            return max(1, sum(map(int, self._client.nthreads().values())))
        return 1

    def _connected(self, seconds: float) -> Any:
        import distributed

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        until = time.monotonic() + seconds
        while True:
            try:
                make: Any = distributed.Client
                return make(self._address, timeout=min(_CONNECT, seconds), set_as_default=False)
            except (OSError, TimeoutError, ValueError) as error:
                if isinstance(error, ValueError) or time.monotonic() > until:
                    raise UsageError(f"no Dask scheduler answers at {escape(str(self._address))}") from None
                time.sleep(1)

    def submit(self, batch: Batch) -> None:
        """Take a batch on."""
        # Never the result of an earlier run: what is in the store may have changed.
        future = self._client.submit(
            run, self._path, batch, self._how, key=f"imgscope-fleet-{time.time_ns()}-{batch.number}", pure=False
        )
        self._running[batch.number] = batch, future
        future.add_done_callback(lambda done: self._done.put((batch, done)))

    def next(self, seconds: float) -> tuple[Batch, Summary | BaseException] | None:
        """Return a batch that is done."""
        try:
            batch, future = self._done.get(timeout=seconds)
        except queue.Empty:
            if self._client.status not in ("running", "connecting"):
                self._again()
            return None
        held = self._running.get(batch.number)
        if held is None or held[1] is not future:
            # Of a scheduler that went away.
            return None
        if future.status in ("cancelled", "lost"):
            # A scheduler that was started again knows of nothing.
            self._running.pop(batch.number)
            self.submit(batch)
            return None
        self._running.pop(batch.number)
        return batch, _result(future)

    def _again(self) -> None:
        """Connect anew, and hand out what was under way once more. Raises ``UsageError`` where nobody answers."""
        with suppress(Exception):
            self._client.close(timeout=1)
        self._client = self._connected(_PATIENCE)
        for batch, _ in list(self._running.values()):
            self.submit(batch)

    def close(self, *, now: bool) -> None:
        """Take back what waits, and leave the cluster."""
        with suppress(Exception):
            if now:
                self._client.cancel([future for _, future in self._running.values()], force=True)
            self._client.close(timeout=2)
        if self._own is not None:
            with suppress(Exception):
                self._own.close(timeout=5)


def _result(future: Any) -> Summary | BaseException:
    from distributed.scheduler import KilledWorker

    try:
        found = future.result(timeout=30)
    except KilledWorker:
        return WorkerLost("the workers that tried to read it died")
    except ImgscopeError as error:
        return error
    except Exception as error:
        return error
    finally:
        future.release()
    return found if isinstance(found, Summary) else TypeError("a worker returned something else")
