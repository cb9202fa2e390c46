"""Sentences that several rules' findings are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...report.sizes import quantity
from ..own_lines import is_script, own

if TYPE_CHECKING:
    from ..context import Context


def layers(numbers: Sequence[int]) -> str:
    """Write layer numbers: ``layer 3``, ``layers 3 and 5``, ``layers 2, 3 and 7``."""
    words = [str(number) for number in numbers]
    if len(words) == 1:
        return f"layer {words[0]}"
    return f"layers {', '.join(words[:-1])} and {words[-1]}"


def files(count: int) -> str:
    """Write a number of files."""
    return quantity(count, "file")


def joined(context: Context, numbers: Sequence[int]) -> tuple[str, ...]:
    """Write several RUN instructions as one, a command a line; nothing where one is not a plain RUN."""
    commands: list[str] = []
    for number in numbers:
        instruction = own(context, number)
        command = instruction[4:].strip()
        if not is_script(instruction) or not command or command.startswith("--"):
            return ()
        commands.append(command)
    return tuple(("RUN " + " && \\\n    ".join(commands)).split("\n"))
