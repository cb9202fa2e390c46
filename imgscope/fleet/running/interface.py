"""What runs batches: whatever it is, it takes some, and tells of each once."""

from __future__ import annotations

from typing import Protocol

from ..model import Batch, Summary

TRIES = 3
"""How often a batch is begun whose worker is lost each time."""


class Runner(Protocol):
    """Runs batches somewhere."""

    @property
    def workers(self) -> int:
        """How many batches run at a time, about."""

    def submit(self, batch: Batch) -> None:
        """Take a batch on."""

    def next(self, seconds: float) -> tuple[Batch, Summary | BaseException] | None:
        """Return a batch that is done, and its summary or what kept it from being done; wait at most so long.

        A worker that was lost is ``WorkerLost``, which says nothing about the batch.
        """

    def close(self, *, now: bool) -> None:
        """End it; with ``now`` whatever is under way too: what it has read is written first where that is possible."""


class WorkerLost(Exception):
    """A worker died, or can't be reached any more."""
