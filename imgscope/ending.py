"""Ends the program when it is told to, by Ctrl-C, SIGTERM or SIGHUP: tidied up, and at once whatever it is at.

A signal becomes an exception, so that all that is open is closed on the way out. That may not be enough: Python looks
at signals only between its own steps, a library may take the exception for its own affair, and what is closed may
wait for another. So a thread watches too, woken by the system itself: once ``GRACE`` seconds have passed since the
signal, or when a second one comes, it removes what must not stay (see ``on_end``) and ends the process.

Only the command line asks for this; in another's program signals are that program's.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

GRACE = 1.5
# One key press may reach the program twice: from the terminal, and from who has started it.
_SAME = 0.5

_NUMBERS = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
_tidy: dict[object, Callable[[], object]] = {}
_asked: float | None = None
_number: int | None = None


class Ended(SystemExit):
    """A signal asked the program to end; its code is what the process exits with."""


def at_once() -> None:
    """End the process at the first signal, without a word: for the time in which there is nothing to tidy up."""
    _handle(_leave)


def by_exception() -> None:
    """From now on raise ``KeyboardInterrupt`` or ``Ended`` for a signal, and end the process if that is not enough."""
    sys.unraisablehook = _unraisable
    _watcher.start()
    _handle(_raise)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in _NUMBERS:
        # Whoever has it ignored (nohup, a shell's background) or handles it keeps it so.
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler, _leave, _raise):
            signal.signal(number, handler)


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    """Say nothing of a signal that came where Python lets nothing be raised (in ``__del__``, in a callback of a weak
    reference while a module is loaded): what watches ends the process all the same.
    """
    if lost.exc_type is None or not issubclass(lost.exc_type, KeyboardInterrupt | Ended):
        sys.__unraisablehook__(lost)


def _leave(number: int, _: FrameType | None) -> None:
    _end(number)


def _raise(number: int, _: FrameType | None) -> None:
    global _asked, _number
    now = time.monotonic()
    if _asked is not None:
        if now - _asked > _SAME:
            _end(number)
        return
    _asked, _number = now, number
    # An event loop may have put a waker of its own in the place of ours.
    _watcher.wake(number)
    once_more()


def once_more() -> None:
    """Raise what a signal that came raises: for libraries that put an error of their own in its place."""
    if _number is not None:
        raise KeyboardInterrupt if _number == signal.SIGINT else Ended(128 + _number)


def _end(number: int) -> NoReturn:
    tidy_up()
    os._exit(128 + number)


def tidy_up() -> None:
    """Do what was to be done at the end, and was not taken back."""
    for work in list(_tidy.values()):
        with suppress(Exception):
            work()


def on_end(work: Callable[[], object]) -> Callable[[], None]:
    """Have ``work`` done should the process be ended at once, when nothing else is closed; return what takes it back.

    It runs in any thread, while anything else may be under way: it is one system call, such as to remove a file or to
    end a process.
    """
    key = object()
    _tidy[key] = work

    def forget() -> None:
        _tidy.pop(key, None)

    return forget


@contextmanager
def tidied(work: Callable[[], object]) -> Iterator[None]:
    """Have ``work`` done should the process be ended at once meanwhile; see ``on_end``."""
    forget = on_end(work)
    try:
        yield
    finally:
        forget()


def fork() -> int:
    """Fork; in the new process signals do what they do in any process, and nothing of this module is under way.

    The thread is put aside meanwhile, since a process with threads can't be forked safely.
    """
    # One that comes between must not make the new process run what the old one has to tidy up.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _NUMBERS)
    watched = _watcher.stop()
    try:
        pid = os.fork()
        if pid == 0:
            _tidy.clear()
            for number in _NUMBERS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    signal.signal(number, signal.SIG_DFL)
        elif watched:
            _watcher.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


class _Watcher:
    """A thread that waits for the numbers of signals, which the system writes to a pipe, and ends the process."""

    def __init__(self) -> None:
        self._pipe: tuple[int, int] | None = None
        self._running = _thread.allocate_lock()

    def start(self) -> None:
        """Start the thread. One of ``threading`` would count where threads are counted."""
        if self._pipe is None:
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            self._pipe = reading, writing
        if self._running.acquire(blocking=False):
            signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
            _thread.start_new_thread(self._watch, (self._pipe[0],))

    def stop(self) -> bool:
        """Stop the thread; return whether it ran."""
        if self._pipe is None or not self._running.locked():
            return False
        signal.set_wakeup_fd(-1)
        os.write(self._pipe[1], b"\0")
        self._running.acquire()
        self._running.release()
        return True

    def wake(self, number: int) -> None:
        """Tell the thread of a signal."""
        if self._pipe is not None:
            with suppress(OSError):
                os.write(self._pipe[1], bytes([number]))

    def _watch(self, fd: int) -> None:
        try:
            while True:
                for number in os.read(fd, 64):
                    if number in _NUMBERS:
                        time.sleep(GRACE)
                        _end(number)
                    if not number:
                        return
        finally:
            self._running.release()


_watcher = _Watcher()
