"""Keys in their order: none is looked at before what the one before it did is done."""

from __future__ import annotations

import time
from collections import deque
from typing import Generic

from textual import events
from textual.app import App, ReturnType
from textual.driver import Driver

# A key that is under way for longer was taken by somebody who did not say so.
_LOST = 0.5


class TypedAhead(App[ReturnType], Generic[ReturnType]):
    """An app that may be typed into faster than it draws.

    Textual hands each key at once to the widget that has the focus by then. So of ``/abc``, typed in a go, the letters
    would reach the pane that ``/`` is only about to take the focus from, and be taken for commands there.
    """

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        """Nothing is typed yet."""
        super().__init__(driver_class)
        self._typed: deque[events.Key] = deque()
        self._under_way: events.Key | None = None
        self._sent = 0.0

    async def on_event(self, event: events.Event) -> None:
        """Let keys wait for each other; all else goes its way."""
        if not isinstance(event, events.Key):
            await super().on_event(event)
        elif event.is_forwarded:
            # No widget took it, so it came back, and what it is bound to is done now.
            await super().on_event(event)
            await self._done(event)
        elif self._under_way is None or time.monotonic() - self._sent > _LOST:
            await self._send(event)
        else:
            self._typed.append(event)
            self.set_timer(_LOST, self._free)

    async def _send(self, event: events.Key) -> None:
        self._under_way, self._sent = event, time.monotonic()
        target = self.focused or self.screen
        await super().on_event(event)
        if event.is_forwarded:
            target.call_later(self._looked_at, event)
        else:
            await self._done(event)

    async def _looked_at(self, event: events.Key) -> None:
        """The widget has seen the key: if it kept it, the key won't come back."""
        if event._stop_propagation:
            self.call_later(self._done, event)

    async def _done(self, event: events.Key) -> None:
        if event is self._under_way:
            self._under_way = None
            if self._typed:
                await self._send(self._typed.popleft())

    async def _free(self) -> None:
        """Go on if a key got lost."""
        if self._under_way is not None and time.monotonic() - self._sent >= _LOST:
            await self._done(self._under_way)
