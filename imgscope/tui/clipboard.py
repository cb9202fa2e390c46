"""Copies text: through the terminal (OSC 52), and through a program that is there for that: some terminals refuse."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import NamedTuple

# A clipboard that does not answer within this time is not there.
_PATIENCE = 2.0
TERMINAL = "the terminal (OSC 52)"


class Tool(NamedTuple):
    """A program that takes what is to be copied from its standard input."""

    name: str
    command: tuple[str, ...]


def tools(environment: Mapping[str, str] | None = None) -> list[Tool]:
    """Return the programs that can copy here: tmux's buffer where this runs in tmux, and the desktop's clipboard."""
    known = os.environ if environment is None else environment
    wanted: list[Tool] = []
    if known.get("TMUX"):
        # ``-w`` hands it on to the terminal that tmux itself is in.
        wanted.append(Tool("tmux", ("tmux", "load-buffer", "-w", "-")))
    if sys.platform == "darwin":
        wanted.append(Tool("pbcopy", ("pbcopy",)))
    desktop = []
    if known.get("WAYLAND_DISPLAY"):
        desktop.append(Tool("wl-copy", ("wl-copy",)))
    if known.get("DISPLAY"):
        desktop += [
            Tool("xclip", ("xclip", "-selection", "clipboard")),
            Tool("xsel", ("xsel", "--clipboard", "--input")),
        ]
    path = known.get("PATH")
    found = [tool for tool in wanted if shutil.which(tool.command[0], path=path)]
    # One of the desktop's is enough.
    return found + [tool for tool in desktop if shutil.which(tool.command[0], path=path)][:1]


def copy(text: str) -> list[str]:
    """Hand ``text`` to each program that can copy here; return the names of those that took it."""
    return [tool.name for tool in tools() if _run(tool.command, text.encode("utf-8", "replace"))]


def _run(command: tuple[str, ...], data: bytes) -> bool:
    # What stays to serve the clipboard (xclip) must not hold a pipe of ours.
    try:
        done = subprocess.run(
            command,
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
