"""The layer that makes a pull serial, in parts that come side by side: what goes into each, and the lines for it."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..brief import brief
from ..layering.things import Thing, Things
from ..paths import public

if TYPE_CHECKING:
    from ..rows import Layer

# What weighs less than this share of the layer stays where it is.
_LEAST = 0.01
_PIP = re.compile(r"(?<![\w-])(?:uv pip|pip3?(?:\.\d{1,2})?) install(?= )")
_INDEX = re.compile(r"(?<!\S)(?:-i|-f|--(?:extra-)?index-url|--find-links)[ =]\S+")
_CONDA = re.compile(r"(?<![\w-])(conda|mamba|micromamba) install(?= )")
_COPY = re.compile(r"(?:COPY|ADD)(?: --\S+)* (\S+) (\S+)")
_HASHED = re.compile(r"((?:COPY|ADD)(?: --\S+)*) dir:[0-9a-f]+ +in (\S+)")
_MAX_INSTRUCTION = 4096


@brief("bytes", "holds")
@dataclass(frozen=True, slots=True)
class Part:
    """A part of a layer: its bytes as stored and unpacked, and the packages and paths in it, largest first.

    The last part ``rest`` has what the others have not.
    """

    bytes: int
    unpacked_bytes: int
    holds: tuple[str, ...]
    rest: bool = False


@brief("layer", "parts", "seconds")
@dataclass(frozen=True, slots=True)
class Split:
    """The largest layer in parts, the lines that make them (none where only a plan can), and the pull's ``seconds``."""

    layer: int
    parts: tuple[Part, ...]
    lines: tuple[str, ...]
    seconds: float
    saved_seconds: float


def balanced(found: Things, count: int, most: float) -> list[list[Thing]] | None:
    """Share a layer's things out among ``count`` parts of like weight; the last has room for the rest.

    ``None`` where one of them is a larger share of the layer than ``most``.
    """
    whole = found.rest + sum(thing.weight for thing in found.by_key.values())
    parts: list[list[Thing]] = [[] for _ in range(count)]
    weights = [0.0] * (count - 1) + [found.rest]
    for thing in sorted(found.by_key.values(), key=lambda thing: (-thing.weight, thing.key)):
        small = thing.weight < _LEAST * whole
        # What is equally light goes to the first, and small things stay with the rest.
        place = count - 1 if small else min(range(count), key=lambda number: (weights[number], number))
        parts[place].append(thing)
        weights[place] += thing.weight
    if not whole or max(weights) > most * whole:
        return None
    return parts


def lines(layer: Layer, parts: Sequence[Sequence[Thing]]) -> tuple[str, ...]:
    """Write the instructions that make a layer in parts; none where its instruction cannot be taken apart.

    The last one is the instruction itself, which finds the others' work done.
    """
    text = " ".join(layer.instruction[:_MAX_INSTRUCTION].split())
    taken = [part for part in parts[:-1] if part]
    packages = [[thing for thing in part if thing.package is not None] for part in taken]
    if text.startswith("RUN ") and all(map(len, packages)):
        own = {thing.package.ecosystem for part in packages for thing in part if thing.package is not None}
        if own == {"python"} and (found := _PIP.search(text)):
            index = "".join(f" {option}" for option in _INDEX.findall(text))
            return (*(f"RUN {found[0]} --no-deps{index} {_pinned(part, '==')}" for part in packages), text)
        if own == {"conda"} and (found := _CONDA.search(text)):
            return (*(f"RUN {found[1]} install -y --no-deps {_pinned(part, '=')}" for part in packages), text)
    paths = [[thing.path for thing in part if thing.path is not None] for part in taken]
    if not all(len(some) == len(part) for some, part in zip(paths, taken, strict=True)):
        return ()
    folders = [[public(path) for path in some] for some in paths]
    if text.startswith(("COPY ", "ADD ")):
        return _copies(text, folders)
    if text.startswith("RUN ") and not (layer.removed.count or layer.modified.count):
        from_stage = [f"COPY --from=made {shlex.quote(path)} {shlex.quote(path)}" for some in folders for path in some]
        return (
            "# in a stage of its own, FROM the same base AS made:",
            text,
            "# and in the image, before what else it takes from there:",
            *from_stage,
        )
    return ()


def _pinned(part: Sequence[Thing], sign: str) -> str:
    return " ".join(
        shlex.quote(f"{thing.package.name}{sign}{thing.package.version}") for thing in part if thing.package is not None
    )


def _copies(text: str, folders: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Write a COPY as several, and itself without what these have taken."""
    hashed, plain = _HASHED.fullmatch(text), _COPY.fullmatch(text)
    if hashed is not None:
        words, source, target = hashed[1], "SOURCE", hashed[2]
    elif plain is not None:
        words, source, target = text[: plain.start(1) - 1], plain[1], plain[2]
    else:
        return ()
    found: list[str] = []
    left: list[str] = []
    for path in (path for some in folders for path in some):
        inner = posixpath.relpath(path, target) if target.startswith("/") else ""
        if not inner or inner.startswith("..") or inner == "." or any(mark in path for mark in " *?[\\$\"'"):
            return ()
        found.append(f"{words} {source.rstrip('/')}/{inner} {path}")
        left.append(f"--exclude={inner}")
    return ("# syntax=docker/dockerfile:1.19", *found, f"{words} {' '.join(left)} {source} {target}")
