"""How rows and results show themselves to whoever types Python: one line, sizes as people read them, safe to print."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from .escape import escape

# Longer texts lose their middle.
_TEXT = 60
# More values than these of one field are counted.
_VALUES = 4
_BYTES = r"(^|_)(bytes|size|came|gone|delta|growth)(_|$)"

Class = TypeVar("Class", bound=type)


def brief(*names: str) -> Callable[[Class], Class]:
    """Give a class a ``repr`` of these fields or properties; without any, of all fields.

    What is ``None``, false or empty is left out, of long texts the middle, and of many values all but their number.
    """

    def decorate(cls: Class) -> Class:
        fields = names or getattr(cls, "_fields", None) or tuple(getattr(cls, "__dataclass_fields__", ()))

        def shown(self: object) -> str:
            pairs = ((name, _written(name, getattr(self, name))) for name in fields)
            return f"{cls.__name__}({', '.join(f'{name}={text}' for name, text in pairs if text)})"

        cls.__repr__ = shown  # type: ignore[assignment]
        return cls

    return decorate


def _written(name: str, value: Any) -> str:
    if value is None or value is False or value == "":
        return ""
    if isinstance(value, str):
        quote = '"' if "'" in value else "'"
        return f"{quote}{shortened(value)}{quote}"
    if isinstance(value, int) and not isinstance(value, bool):
        return _size(value) if re.search(_BYTES, name) else f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Sequence) and not hasattr(value, "_fields"):
        if value and len(value) <= _VALUES and all(isinstance(one, str | int) for one in value):
            return f"({', '.join(_written('', one) for one in value)})"
        return f"{len(value):,}" if value else ""
    if isinstance(value, Mapping):
        return f"{len(value):,}" if value else ""
    return repr(value)


def _size(count: int) -> str:
    from .report.sizes import size

    return size(count)


def shortened(text: str, most: int = _TEXT) -> str:
    """Return a text in one line that is safe to print, without its middle where it is longer than ``most``."""
    line = escape(" ".join(text.split()))
    if len(line) <= most:
        return line
    head = (most - 1) // 2
    return f"{line[:head]}…{line[len(line) - (most - 1 - head) :]}"
