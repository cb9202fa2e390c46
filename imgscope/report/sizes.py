"""Sizes and counts as people read them."""

from __future__ import annotations


def size(count: int | None, exact: bool = False) -> str:
    """Write a number of bytes: ``1.3 GB`` (decimal, as Docker does), or exactly; ``-`` for an unknown one."""
    if count is None:
        return "-"
    if exact:
        return f"{count:,} B"
    from humanize import naturalsize

    return naturalsize(count).replace("Bytes", "B").replace("Byte", "B")


def quantity(count: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun: ``1 layer``, ``28,529 files``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def percent(part: float, whole: float = 1.0) -> str:
    """Write a share: ``24.2 %``."""
    return f"{part / whole:.1%}".replace("%", " %") if whole else "0.0 %"
