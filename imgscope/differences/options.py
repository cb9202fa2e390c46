"""Reads what a user asks of a difference: parts, kinds, sizes, limits of growth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import CheckFailedError, UsageError
from ..escape import escape
from ..units import parse_size
from .model import KINDS, SECTIONS, Difference, Filter


def parse_filter(
    only: Iterable[str], paths: Iterable[str] = (), min_size: str | None = None, ignore_times: bool = False
) -> Filter:
    """Read ``--only``, ``--path`` and ``--min-size``. Raises ``UsageError``."""
    sections: set[str] = set()
    kinds: set[str] = set()
    for word in (part.strip() for value in only for part in value.split(",")):
        name = word.lower().replace("-", "_")
        if name in SECTIONS:
            sections.add(name)
        elif name in KINDS:
            kinds.add(name)
            sections.add("files")
        else:
            from difflib import get_close_matches

            known = [*SECTIONS, *(kind.replace("_", "-") for kind in KINDS)]
            near = get_close_matches(word, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
            raise UsageError(f"--only {escape(word)}: there is no such part or kind; {hint}")
    return Filter(
        frozenset(sections),
        frozenset(kinds),
        tuple(path for path in paths if path),
        parse_size(min_size, "--min-size") if min_size is not None else 0,
        ignore_times,
    )


@dataclass(frozen=True, slots=True)
class Growth:
    """How much an image's content may grow: in bytes, or as a share of OLD's."""

    text: str
    bytes: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> Growth:
        """Read ``5%`` or ``10MB``. Raises ``UsageError``."""
        number = text.strip().lstrip("+")
        if number.endswith("%"):
            try:
                share = float(number[:-1]) / 100
            except ValueError:
                share = -1.0
            if not 0 <= share < float("inf"):
                raise UsageError(f"--fail-on-growth {escape(text)}: not a share; write it as 5%")
            return cls(text, share=share)
        return cls(text, bytes=parse_size(number, "--fail-on-growth"))

    def check(self, difference: Difference) -> None:
        """Raise ``CheckFailedError`` when the image grew by more."""
        from ..report.sizes import percent, size

        growth, before = difference.growth, difference.old.image.content_bytes
        limit = self.bytes if self.bytes is not None else int((self.share or 0) * before)
        if growth > limit:
            share = f" ({percent(growth, before)})" if before else ""
            raise CheckFailedError(
                f"{escape(difference.new.image.reference)} grew by {size(growth)}{share}, more than {escape(self.text)}"
            )
