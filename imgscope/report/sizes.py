"""Sizes and counts as people read them."""

from __future__ import annotations


def size(count: float | None, exact: bool = False) -> str:
    """Write a number of bytes to three digits, as Docker does: ``1.24 GB``, ``276 kB``, ``26 B`` (decimal units).

    Exactly where that is asked for; ``-`` for an unknown one.
    """
    if count is None:
        return "-"
    if exact:
        return f"{count:,} B"
    from humanize import naturalsize

    # Rounded beforehand: 999.6 kB is 1 MB, not a thousand kilobytes.
    text = naturalsize(float(f"{count:.3g}"), format="%.3g")
    return text.replace("Bytes", "B").replace("Byte", "B")


def quantity(count: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun: ``1 layer``, ``28,529 files``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def percent(part: float, whole: float = 1.0) -> str:
    """Write a share: ``24.2 %``."""
    return f"{part / whole:.1%}".replace("%", " %") if whole else "0.0 %"
