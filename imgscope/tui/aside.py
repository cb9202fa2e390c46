"""Work that nobody waits for, not even whoever leaves."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


async def aside(work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns, or raise what it raises; it runs in a thread that ends with the program.

    The threads of ``asyncio.to_thread`` are waited for when the program ends.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Result] = loop.create_future()

    def give(result: Result) -> None:
        if not answer.done():
            answer.set_result(result)

    def fail(error: BaseException) -> None:
        if not answer.done():
            answer.set_exception(error)

    def run() -> None:
        # A loop that is closed: the program is over.
        with suppress(RuntimeError):
            try:
                result = work()
            except BaseException as error:
                loop.call_soon_threadsafe(fail, error)
            else:
                loop.call_soon_threadsafe(give, result)

    threading.Thread(target=run, daemon=True, name="aside").start()
    return await answer


def settle_down() -> None:
    """Collect garbage from now on, but take it that all that was made so far stays.

    To go over it takes a tenth of a second, in which no key is answered. Drawing makes many objects that are gone soon
    without any collection, so their number is no reason to collect often.
    """
    gc.freeze()
    gc.set_threshold(10_000, 50, 100)
    gc.enable()
