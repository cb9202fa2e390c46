"""One batch after another, in this process."""

from __future__ import annotations

from collections import deque

from ..model import Batch, How, Summary
from ..units import run


class Here:
    """Runs a batch when its summary is asked for."""

    workers = 1

    def __init__(self, path: str, how: How) -> None:
        self._path = path
        self._how = how
        self._waiting: deque[Batch] = deque()

    def submit(self, batch: Batch) -> None:
        """Take a batch on."""
        self._waiting.append(batch)

    def next(self, seconds: float) -> tuple[Batch, Summary | BaseException] | None:
        """Run the next batch."""
        if not self._waiting:
            return None
        batch = self._waiting.popleft()
        return batch, run(self._path, batch, self._how)

    def close(self, *, now: bool) -> None:
        """Forget what waits."""
        self._waiting.clear()
