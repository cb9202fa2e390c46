"""Sizes and counts as people read them."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def size(count: float | None, exact: bool = False) -> str:
    """Write a number of bytes to three digits, as Docker does: ``1.24 GB``, ``276 kB``, ``26 B`` (decimal units).

    Exactly where that is asked for; ``-`` for an unknown one.
    """
    if count is None:
        return "-"
    if exact:
        return f"{count:,} B"
    number, unit = float(count), 0
    # What would be rounded up to a thousand is one of the next unit: 999.5 kB is 1 MB.
    while abs(number) >= (999.5 if unit else 1000) and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    text = f"{number:.3g}" if abs(number) < 999.5 else f"{number:,.0f}"
    return f"{text} {_UNITS[unit]}"


def quantity(count: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun: ``1 layer``, ``28,529 files``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def percent(part: float, whole: float = 1.0) -> str:
    """Write a share: ``24.2 %``."""
    return f"{part / whole:.1%}".replace("%", " %") if whole else "0.0 %"
