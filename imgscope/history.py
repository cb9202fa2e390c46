"""Matches an image's history to its layers, and writes each instruction as its author would know it.

Follows the OCI image spec, "Image Configuration" (config.md, *history*): steps stand bottom first, and those with
``empty_layer`` made no layer. How a builder writes a step is read in ``steps``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .brief import brief
from .steps import clean_instruction, shell_of

if TYPE_CHECKING:
    from datetime import datetime

_COPIES = ("COPY ", "ADD ")
_TIME = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?"

__all__ = ["HistoryStep", "clean_instruction", "moment", "read_history"]


@brief("instruction", "layer", "created")
@dataclass(frozen=True, slots=True, repr=False)
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


def read_history(config: Mapping[str, Any], layer_count: int) -> tuple[tuple[HistoryStep, ...], str | None]:
    """Read a config's history; return its steps, and a note where it doesn't fit the layers.

    Steps that make layers are matched in order. Where their number differs from the layers' (some builders leave
    history out), what is there is matched from the bottom, and the note says so. A COPY or ADD that is said to have
    made no layer went into the next one (buildah does so, with ``--squash`` and without ``--layers``): that layer's
    step tells of all of them.
    """
    steps: list[HistoryStep] = []
    layer = 0
    shell = ""
    pending: list[str] = []
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
        # What a SHELL, or a step of the classic builder, says of the shell holds for the commands after it.
        shell = shell_of(created_by) or shell
        instruction = clean_instruction(created_by, comment, shell)
        if empty:
            pending.append(instruction)
        elif pending:
            if any(told.startswith(_COPIES) for told in pending):
                instruction = f"squashed: {'; '.join([*pending, instruction])}"
            pending = []
        steps.append(HistoryStep(instruction, created_by, created or None, comment, empty, made))
    note = None
    if steps and layer != layer_count:
        note = f"the history tells of {layer} layers, the image has {layer_count}"
    return tuple(steps), note


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def moment(text: str | None) -> datetime | None:
    """Read a time as image configs have it (RFC 3339; without a zone UTC's); ``None`` for what is none."""
    import re
    from datetime import UTC, datetime

    match = re.fullmatch(_TIME, text or "")
    if match is None:
        return None
    try:
        zone = "+00:00" if match[3] in (None, "Z") else match[3]
        return datetime.fromisoformat(f"{match[1]}{(match[2] or '.0')[:7].ljust(7, '0')}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
