"""What several rules want to know of an image is found out once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from .context import Context

_T = TypeVar("_T")


def once(find: Callable[[Context], _T]) -> Callable[[Context], _T]:
    """Make ``find`` remember what it found for a context, as long as that lives."""
    known: WeakKeyDictionary[Context, _T] = WeakKeyDictionary()

    @wraps(find)
    def remembered(context: Context) -> _T:
        if context not in known:
            known[context] = find(context)
        return known[context]

    return remembered
