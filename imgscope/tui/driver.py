"""Reads keys from the terminal itself, also where standard input is a pipe (``docker save … | imgscope analyze -``).

What is written to it is as little as can be: see ``picture``.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from codecs import getincrementaldecoder

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from .picture import Picture

TERMINAL = "/dev/tty"
# Whoever presses Esc waits no longer than this; other keys' bytes come in a go.
_PAUSE = 0.02


class TerminalDriver(LinuxDriver):
    """Textual's driver with another place to read from, and an Esc that is understood at once."""

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        """Open the terminal where standard input is none. Raises ``OSError`` if there is no terminal."""
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.picture = Picture()
        self._opened: int | None = None
        self._open()

    def _open(self) -> None:
        if self._opened is None and (not sys.__stdin__ or not sys.__stdin__.isatty()):
            self._opened = self.fileno = os.open(TERMINAL, os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
            self.input_tty = True

    def _sigtstp_application(self, *_: object) -> None:
        """Give the terminal back and stop, with all that the shell started for this job."""
        if self._auto_restart:
            self.suspend_application_mode()
            self._must_signal_resume = True
        os.killpg(os.getpgrp(), signal.SIGSTOP)

    def resume_application_mode(self) -> None:
        """Take the terminal again."""
        self._open()
        super().resume_application_mode()

    def write(self, data: str) -> None:
        """Write what of ``data`` the terminal does not show yet."""
        written = self.picture.written(data)
        if written:
            super().write(written)

    def draw_again(self) -> None:
        """Draw all of the screen, whatever another program or a broken line left of it."""
        super().write(self.picture.again())

    def run_input_thread(self) -> None:
        """Read what is typed; as Textual does, but looking sooner whether an Esc was all."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")().decode
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], _PAUSE)[0]:
                data = os.read(self.fileno, 4096)
                if not data:
                    break
                for message in parser.feed(decode(data)):
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)

    def close(self) -> None:
        """Close the terminal if it was opened here."""
        super().close()
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None
