"""Matches an image's history to its layers, and writes each instruction as its author would know it.

Follows the OCI image spec, "Image Configuration" (config.md, *history*): steps stand bottom first, and those with
``empty_layer`` made no layer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The classic builder marks what is no command: /bin/sh -c #(nop)  CMD ["x"]
_NOP = re.compile(r"^(?:/bin/sh -c|cmd /S /C|powershell .*?-Command)\s+#\(nop\)\s*", re.DOTALL)
# Build arguments stand before the command: |2 A=1 B=2 /bin/sh -c make
_ARGUMENTS = re.compile(r"^\|\d+ ")
_SHELL = re.compile(r"^(?:/bin/sh -c|cmd /S /C)\s+", re.DOTALL)
_KEYWORD = re.compile(
    r"^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER"
    r"|VOLUME|WORKDIR)\b"
)


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One step of the history: the instruction without its builder's noise, and the raw words it came from.

    ``created`` is RFC 3339 or ``None``; ``layer`` is the index of the layer that the step made, ``None`` for an
    empty step.
    """

    instruction: str
    created_by: str
    created: str | None
    comment: str
    empty: bool
    layer: int | None


def _without_arguments(command: str) -> str:
    """Drop ``|N K=V …`` before a command: the values end where the shell starts."""
    if _ARGUMENTS.match(command):
        for shell in ("/bin/sh -c ", "cmd /S /C "):
            position = command.find(shell)
            if position >= 0:
                return command[position:]
    return command


def clean_instruction(created_by: str, comment: str = "") -> str:
    """Return a Dockerfile instruction from a history step's ``created_by``.

    The classic builder's ``/bin/sh -c #(nop)``, BuildKit's trailing ``# buildkit``, the shell that RUN adds and
    build arguments' values are dropped. A step without a command shows its comment.
    """
    text = created_by.strip()
    if not text:
        return comment.strip()
    text = text.removesuffix("# buildkit").rstrip()
    nop = _NOP.match(text)
    if nop:
        return text[nop.end() :].strip()
    if text.startswith("RUN "):
        return "RUN " + _SHELL.sub("", _without_arguments(text[4:].lstrip())).strip()
    if _KEYWORD.match(text):
        return text
    command = _without_arguments(text)
    shell = _SHELL.match(command)
    if shell:
        return "RUN " + command[shell.end() :].strip()
    return "RUN " + command if command.startswith("/bin/") else command


def read_history(config: Mapping[str, Any], layer_count: int) -> tuple[tuple[HistoryStep, ...], str | None]:
    """Read a config's history; return its steps, and a note where it doesn't fit the layers.

    Steps that make layers are matched in order. Where their number differs from the layers' (some builders leave
    history out), what is there is matched from the bottom, and the note says so.
    """
    steps: list[HistoryStep] = []
    layer = 0
    raw = config.get("history")
    for item in raw if isinstance(raw, list) else []:
        if not isinstance(item, Mapping):
            continue
        created_by, comment, created = (_text(item.get(key)) for key in ("created_by", "comment", "created"))
        empty = bool(item.get("empty_layer"))
        made = None
        if not empty:
            made = layer if layer < layer_count else None
            layer += 1
        steps.append(
            HistoryStep(clean_instruction(created_by, comment), created_by, created or None, comment, empty, made)
        )
    note = None
    if steps and layer != layer_count:
        note = f"the history tells of {layer} layers, the image has {layer_count}"
    return tuple(steps), note


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
