"""A store as its view asks it: from several threads, one at a time, until it is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from ...fleet.opening import open_image
from ...fleet.questions import browse
from ...fleet.questions.browse import TaggedImage

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ...fleet.questions.ground import Connection
    from ...fleet.store import Store
    from ...progress import Progress

Answer = TypeVar("Answer")


def open_fleet(store: Store) -> OpenFleet:
    """Open a store, and work out what its view stands on. Raises ``OutputError``."""
    with ExitStack() as stack:
        # What does not fit into memory goes there.
        folder = stack.enter_context(TemporaryDirectory(prefix="imgscope-"))
        connection = stack.enter_context(store.connection(folder))
        with store.place.reading():
            browse.prepare(connection)
        return OpenFleet(store, connection, stack.pop_all().close)


class OpenFleet:
    """A store that is asked from several threads, one at a time."""

    def __init__(self, store: Store, connection: Connection, release: Callable[[], object]) -> None:
        """Ask ``connection`` of ``store``; ``release`` closes it."""
        self.store = store
        self._connection = connection
        self._release = release
        self._lock = threading.Lock()
        self._images: list[Analysis] = []

    @property
    def name(self) -> str:
        """Where the store is."""
        return self.store.place.shown

    def ask(self, question: Callable[[Connection], Answer]) -> Answer:
        """Answer a question of ``browse``. Raises ``OutputError``."""
        with self._lock, self.store.place.reading():
            return question(self._connection)

    def analysis(self, image: TaggedImage, progress: Progress, again: bool) -> Analysis:
        """Open an image. Raises ``ImgscopeError``."""
        stored = self.ask(lambda connection: browse.stored_image(connection, image))
        found = open_image(self.store.place, stored, progress, again=again)
        self._images.append(found)
        return found

    def release(self, analysis: Analysis) -> None:
        """Close an image."""
        if analysis in self._images:
            self._images.remove(analysis)
            analysis.close()

    def close(self) -> None:
        """Give up what is being asked, and close the store and the images that are open."""
        for analysis in list(self._images):
            self.release(analysis)
        self._connection.interrupt()
        if self._lock.acquire(timeout=1.0):
            self._release()
            self._lock.release()
