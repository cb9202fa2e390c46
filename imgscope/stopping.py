"""Lets another thread end long work: what it waits for (a program, an engine's export) is ended, nothing more is begun.

The work's own thread has it raised as ``Stopped``, and leaves as for any exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[Stop | None] = ContextVar("stop", default=None)


class Stopped(BaseException):
    """Somebody ended the run. No ``Exception``, so that nothing on the way takes it for a failure of an edit."""


class Stop:
    """What ends a run: made where the run is started, used in any thread."""

    def __init__(self) -> None:
        """End nothing yet."""
        self.asked = False
        self._kills: dict[object, Callable[[], object]] = {}

    def now(self) -> None:
        """End what is under way."""
        self.asked = True
        for kill in list(self._kills.values()):
            kill()

    @contextmanager
    def holds(self) -> Iterator[None]:
        """Have this end what the block runs, in this thread."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def look(self) -> None:
        """Raise ``Stopped`` once the run is to end."""
        if self.asked:
            raise Stopped

    @contextmanager
    def _ending(self, kill: Callable[[], object]) -> Iterator[None]:
        key = object()
        self._kills[key] = kill
        try:
            # It may have been asked for since the program was started.
            self.look()
            yield
        except Exception:
            # What was waited for breaks off, which is no failure of its own then.
            self.look()
            raise
        finally:
            del self._kills[key]
        self.look()


@contextmanager
def stoppable(kill: Callable[[], object]) -> Iterator[None]:
    """Have ``kill`` called if the run is to end while the block waits; then ``Stopped`` is raised."""
    stop = _current.get()
    if stop is None:
        yield
        return
    with stop._ending(kill):
        yield
