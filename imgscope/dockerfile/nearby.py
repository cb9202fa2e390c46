"""The Dockerfile of the folder that somebody works in, used without being named where it surely made the image."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ImgscopeError
from ..escape import escape
from .match import DockerfileMatch, match
from .parser import MAX_BYTES, parse

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..history import HistoryStep
    from .model import Dockerfile

NAME = "Dockerfile"
# Instructions times steps of the history that are compared for a file that nobody named: nobody writes so many.
MAX_PAIRS = 200_000
MAX_STAGES, MAX_INSTRUCTIONS = 100, 2_000
# Some builders don't write these into the history.
_OPTIONAL = ("ARG", "ONBUILD", "SHELL", "MAINTAINER")


def nearby(analysis: Analysis, folder: Path | None = None) -> DockerfileMatch | None:
    """Return the ``Dockerfile`` of ``folder`` (by default the current one) matched to an image that it made.

    ``None`` where there is none, it can't be read or parsed, or the image's history says anything else than the file:
    what is not asked for must neither fail nor mislead.
    """
    dockerfile = read_nearby(folder)
    return None if dockerfile is None else exactly(dockerfile, analysis)


def unfit(analysis: Analysis, folder: Path | None = None) -> str:
    """Say why ``nearby`` finds nothing."""
    path = Path(NAME) if folder is None else folder / NAME
    shown = escape(f".{os.sep}{path}" if folder is None else str(path))
    data = _content(path)
    if data is None:
        return f"there is no {shown}" if not os.path.lexists(path) else f"{shown} is not a file that can be read"
    try:
        dockerfile = parse(data.decode("utf-8", "surrogateescape"), str(path))
    except ImgscopeError as error:
        return f"{shown} was looked at, but can't be used: {error}"
    if len(dockerfile.stages) > MAX_STAGES or len(dockerfile.instructions) > MAX_INSTRUCTIONS:
        return f"{shown} was not looked at: it has more instructions than anybody writes"
    matched = match(dockerfile, analysis)
    if not matched.belongs:
        return f"{shown} was looked at: {matched.note}"
    found = {made.instruction.index for made in matched.matches if made.certainty != "possible"}
    missing = next((made for made in matched.chain if made.keyword not in _OPTIONAL and made.index not in found), None)
    if missing is not None:
        return f"{shown} was looked at, but its line {missing.first} ({missing.keyword}) is not in the image's history"
    return f"{shown} was looked at, but the image's history has steps that it does not explain"


def read_nearby(folder: Path | None = None) -> Dockerfile | None:
    """Read the ``Dockerfile`` of a folder, if it is a regular file that a builder would take."""
    path = Path(NAME) if folder is None else folder / NAME
    data = _content(path)
    if data is None:
        return None
    try:
        return parse(data.decode("utf-8", "surrogateescape"), str(path))
    except ImgscopeError:
        return None


def _content(path: Path) -> bytes | None:
    """Read a regular file that is not larger than a Dockerfile may be; a FIFO or a device is not waited for."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        # What has taken its place since then is not waited for either.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        return None
    return data if len(data) <= MAX_BYTES else None


def exactly(dockerfile: Dockerfile, analysis: Analysis) -> DockerfileMatch | None:
    """Match a Dockerfile to an image; ``None`` unless each of its instructions is there, and nothing but them above."""
    history = analysis.image.history
    if len(dockerfile.stages) > MAX_STAGES or len(dockerfile.instructions) > MAX_INSTRUCTIONS:
        return None
    rows = sum(len(dockerfile.chain(stage.index)) for stage in dockerfile.stages)
    if rows * len(history) > MAX_PAIRS:
        return None
    matched = match(dockerfile, analysis)
    return matched if matched.belongs and (matched.certainty == "certain" or _exact(matched, history)) else None


def _exact(matched: DockerfileMatch, history: Sequence[HistoryStep]) -> bool:
    found = {made.instruction.index: made for made in matched.matches if made.certainty != "possible"}
    needed = [made for made in matched.chain if made.keyword not in _OPTIONAL]
    steps = sorted(made.step for made in found.values() if made.step is not None)
    unbroken = bool(steps) and steps == list(range(steps[0], len(history)))
    return unbroken and bool(needed) and all(made.index in found for made in needed)
