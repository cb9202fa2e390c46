"""Lists that are sorted and filtered where they stand: the waste, the findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from ..report.sizes import quantity, size
from .widgets import Lines

Item = TypeVar("Item")


class ListPane(Lines, Generic[Item]):
    """Lines, one for each of some items; whoever inherits says what is searched (``text``) and summed (``worth``)."""

    orders: ClassVar[Mapping[str, Callable[..., object]]] = {}
    """What the list is sorted by, in turn; the first is how it comes."""
    noun: ClassVar[tuple[str, str]] = ("line", "lines")

    def __init__(self, *, id: str) -> None:
        """List nothing until ``fill``."""
        super().__init__(id=id)
        self.items: Sequence[Item] = ()
        """Those that are shown, in their order."""
        self._all: Sequence[Item] = ()
        self._words: list[str] = []
        self.sort = next(iter(self.orders), "")

    def text(self, item: Item) -> str:
        """Return what a filter looks for its words in."""
        raise NotImplementedError

    def worth(self, item: Item) -> int:
        """Return the bytes that an item stands for."""
        raise NotImplementedError

    def fill(self, items: Sequence[Item]) -> None:
        """List ``items``, which come in the first of the orders."""
        self._all = items
        self._sift()
        self.reload(0)

    def refill(self, items: Sequence[Item]) -> None:
        """List other items, with the cursor where it is, on the same item if that is among them."""
        here = self.selected
        self._all = items
        self._sift()
        self.reload(self.items.index(here) if here is not None and here in self.items else self.cursor)

    def count(self) -> int:
        """Return the number of lines."""
        return len(self.items)

    @property
    def total(self) -> int:
        """The number of items, those that a filter leaves out included."""
        return len(self._all)

    @property
    def selected(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self.cursor] if self.cursor < len(self.items) else None

    def order(self) -> str:
        """Sort in the next way, with the cursor on the same item; return what by."""
        names = list(self.orders)
        here = self.selected
        self.sort = names[(names.index(self.sort) + 1) % len(names)]
        self._sift()
        self.reload(self.items.index(here) if here is not None else 0)
        return self.sort

    def filter(self, text: str) -> str:
        """Show what has all words of ``text``, small letters for large ones too; return how much that is."""
        here = self.selected
        self._words = text.split()
        self._sift()
        self.reload(self.items.index(here) if here in self.items and here is not None else 0)
        if not self._words:
            return ""
        words = f"{len(self.items):,} of {quantity(len(self._all), *self.noun)}"
        return f"{words}, {size(sum(map(self.worth, self.items)))}" if self.items else words

    def _sift(self) -> None:
        words = [(word, word == word.lower()) for word in self._words]

        def wanted(item: Item) -> bool:
            text = self.text(item)
            low = text.lower()
            return all(word in (low if folded else text) for word, folded in words)

        found = list(filter(wanted, self._all)) if words else list(self._all)
        if self.sort != next(iter(self.orders), ""):
            found.sort(key=self.orders[self.sort])  # type: ignore[arg-type]
        self.items = found
