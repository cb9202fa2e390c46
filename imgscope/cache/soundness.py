"""Tells whether rows that were read back from JSON have what their annotations say, column by column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from types import NoneType
from typing import Any

_MOST = 1 << 63
# What annotations of rows say; those of rows within rows are told by the class.
_TYPES: dict[str, set[type]] = {
    "int": {int},
    "int | None": {int, NoneType},
    "str": {str},
    "str | None": {str, NoneType},
    "bool": {bool},
    "float": {int, float},
    "tuple[str, ...]": {tuple},
    "Mapping[str, Any]": {dict},
    "Mapping[str, str]": {dict},
}


def check(rows: Iterable[Any], layers: int | None = None, places: Sequence[str] = ()) -> None:
    """Raise ``TypeError`` or ``ValueError`` for rows of one class that do not hold what the class says.

    Numbers are from 0 up and have 63 bits; in the columns ``places`` they are those of one of so many ``layers``.
    """
    rows = list(rows)
    if not rows:
        return
    for name, stated in type(rows[0]).__annotations__.items():
        # Named tuples wrap theirs.
        annotation = str(getattr(stated, "__forward_arg__", stated))
        column = [getattr(row, name) for row in rows]
        wanted = _TYPES.get(annotation)
        found = {*map(type, column)}
        if wanted is None:
            # A row within a row, or several: looked at by themselves, and named as they are.
            wanted = {one for one in found if one.__name__ in annotation or (one is NoneType and "None" in annotation)}
            wanted |= {tuple} if annotation.startswith("tuple[") else set()
        if not found <= wanted:
            raise TypeError(f"{name} is not {annotation}")
        most = layers if name in places and layers is not None else _MOST
        for numbers in (value for value in column if type(value) in (int, float)):
            if not (isfinite(numbers) and 0 <= numbers < most):
                raise ValueError(f"{name} is out of bounds")
        if annotation == "tuple[str, ...]":
            texts(text for value in column for text in value)
        if annotation == "Mapping[str, str]":
            texts(text for value in column for text in value.values())


def texts(values: Iterable[object]) -> None:
    """Raise ``TypeError`` for what is no text."""
    if {*map(type, values)} - {str}:
        raise TypeError("a text that is none")
