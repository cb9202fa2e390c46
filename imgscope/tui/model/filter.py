"""Finds paths by text, glob or regular expression, while the person types.

Text and globs are matched a path component at a time: each component against the distinct names, then the
components' places along each path in one pass. A regular expression sees whole paths, in pieces, so that whoever
waits for it can do other things in between. What is asked besides names is in ``terms``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, compress, repeat

from ...globs import expression, is_glob
from .bits import both, either, with_contents
from .columns import Columns
from .patience import TookTooLongError, at_most
from .terms import FilterError, Terms, is_term

MODES = ("auto", "text", "glob", "regex")
_REGEX_SIGNS = re.compile(r"[\\^$|(){}+]|\.\*|\.\+")
# Paths that a regular expression sees at a time: some milliseconds' worth.
_PIECE = 4096
# Seconds that a piece may take; a sane pattern takes hundredths of that.
_PATIENCE = 0.25


_WORDS = re.compile(r'"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Pattern:
    """What to look for in names, and how: ``mode`` is one of text, glob, regex."""

    text: str
    mode: str


@dataclass(frozen=True, slots=True)
class Query:
    """Patterns and terms, all of which are to hold; of one pattern or one term at least."""

    patterns: tuple[Pattern, ...]
    terms: Terms | None = None

    @property
    def mode(self) -> str:
        """How the patterns are understood, for people."""
        return " ".join(dict.fromkeys(pattern.mode for pattern in self.patterns))


def understand(text: str, mode: str = "auto") -> Query | None:
    """Return what a typed text means; ``None`` for an empty one. Raises ``FilterError`` for a wrong term.

    Words with blanks between them are to hold all; what is quoted is one word and no term. Chosen to be one, a regular
    expression is all that is no term, blanks included.
    """
    words: list[str] = []
    terms: list[str] = []
    for match in _WORDS.finditer(text):
        if match[2] is not None and is_term(match[2]):
            terms.append(match[2])
        elif match[1] or match[2]:
            words.append(match[1] or match[2])
    if mode == "regex":
        rest = _WORDS.sub(lambda match: "" if match[2] and is_term(match[2]) else match[0], text) if terms else text
        words = [rest.strip() if terms else rest]
    patterns = tuple(_pattern(word, mode) for word in words if word and (word.strip("/") or mode == "regex"))
    if not patterns and not terms:
        return None
    return Query(patterns, Terms(terms) if terms else None)


def _pattern(word: str, mode: str) -> Pattern:
    if mode == "auto":
        # A regular expression has signs that no glob has; dive's filter takes them, so people type them.
        mode = "regex" if _REGEX_SIGNS.search(word) else "glob" if is_glob(word) else "text"
    return Pattern(word, mode)


class Finder:
    """Finds the nodes that match a pattern."""

    def __init__(self, paths: Columns) -> None:
        """Search ``paths``; the names are joined once."""
        self.paths = paths
        # A line a name; a name that holds line ends has others in their place.
        self._lines = b"\n".join(name.replace(b"\n", b"\r") for name in paths.names)
        self._folded = self._lines.lower()

    def search(self, query: Query) -> Iterator[bytearray | None]:
        """Yield ``None`` after each piece of work, at last a byte for each node, 1 where all patterns match.

        Of several patterns, or beside terms, each may also match a folder above: ``node_modules >1MB``. Terms are not
        looked at. Raises ``FilterError``.
        """
        if len(query.patterns) == 1 and query.terms is None:
            yield from self._search(query.patterns[0])
            return
        inside = bytearray(b"\x01") * len(self.paths)
        own = bytearray(len(self.paths))
        for pattern in query.patterns:
            for found in self._search(pattern):
                if found is None:
                    yield None
                    continue
                inside = both(inside, with_contents(found, self.paths.end))
                own = either(own, found)
            yield None
        # Without terms, what merely lies in matching folders is no match of its own: it is shown with them.
        yield inside if query.terms is not None else both(inside, own)

    def _search(self, pattern: Pattern) -> Iterator[bytearray | None]:
        if pattern.mode == "regex":
            yield from self._by_regex(pattern.text)
        else:
            yield self._by_components(pattern)

    def find(self, query: Query) -> bytearray:
        """Return the matches at once. Raises ``FilterError``."""
        *_, found = self.search(query)
        assert found is not None
        return found

    # -- text and globs ----------------------------------------------------------------------------------

    def _by_components(self, pattern: Pattern) -> bytearray:
        if pattern.mode == "text" and "/" not in pattern.text:
            return bytearray(map(self._names_holding(pattern).__getitem__, self.paths.name_ids))
        parts, anchored, deep = _components(pattern)
        flags = [None if part is None else self._names_matching(part, pattern) for part in parts]
        if len(flags) == 1 and flags[0] is not None and not anchored:
            found = bytearray(map(flags[0].__getitem__, self.paths.name_ids))
        else:
            found = self._along_paths(flags, anchored)
        if deep:
            self._take_contents(found)
        return found

    def _take_contents(self, found: bytearray) -> None:
        """Replace each match by all that lies in it."""
        end = self.paths.end
        node = found.find(1)
        while node >= 0:
            stop = end[node]
            found[node + 1 : stop] = b"\x01" * (stop - node - 1)
            found[node] = 0
            node = found.find(1, stop)

    def _along_paths(self, flags: list[bytearray | None], anchored: bool) -> bytearray:
        """Match components (``None``: any number of them) along each path: bit i is set where i of them matched."""
        paths, count = self.paths, len(flags)
        spans = sum(1 << place for place, flag in enumerate(flags) if flag is None)
        # For each name, the places at which it may stand.
        places = [0] * len(paths.names)
        for place, flag in enumerate(flags):
            if flag is not None:
                for name in compress(range(len(places)), flag):
                    places[name] |= 1 << place

        def closed(bits: int) -> int:
            # "**" may stand for nothing.
            while (more := bits | ((bits & spans) << 1)) != bits:
                bits = more
            return bits

        start, goal = closed(1), 1 << count
        always = 0 if anchored else start
        states = [start] * (len(paths) + 1)
        known: dict[int, int] = {}
        for node, (above, name) in enumerate(zip(paths.parent, paths.name_ids, strict=True)):
            # The root's state stands at -1, the end of the list.
            bits = states[above]
            moved = ((bits & places[name]) << 1) | (bits & spans) | always
            if moved not in known:
                known[moved] = closed(moved)
            states[node] = known[moved]
        hits = {bits: 1 if bits & goal else 0 for bits in (*known.values(), start)}
        return bytearray(map(hits.__getitem__, states[:-1]))

    def _lines_for(self, pattern: Pattern) -> bytes:
        """Return the names in which to look: of a pattern in lower case, case does not matter."""
        return self._folded if pattern.text == pattern.text.lower() else self._lines

    def _names_holding(self, pattern: Pattern) -> bytearray:
        """Return a byte for each distinct name: 1 where it holds the text."""
        found = bytearray(len(self.paths.names))
        text = pattern.text.encode("utf-8", "surrogateescape")
        if b"\n" not in text:
            pieces = self._lines_for(pattern).split(text)[:-1]
            for number in accumulate(map(bytes.count, pieces, repeat(b"\n"))):
                found[number] = 1
        return found

    def _names_matching(self, part: bytes, pattern: Pattern) -> bytearray:
        """Return a byte for each distinct name: 1 where the component's regular expression matches it."""
        found = bytearray(len(self.paths.names))
        lines = self._lines_for(pattern)
        match = re.compile(part, re.MULTILINE).finditer(lines)
        number = before = 0
        for hit in match:
            number += lines.count(b"\n", before, hit.start())
            before = hit.start()
            if number < len(found):
                found[number] = 1
        return found

    # -- regular expressions -----------------------------------------------------------------------------

    def _by_regex(self, text: str) -> Iterator[bytearray | None]:
        try:
            flags = re.MULTILINE if text != text.lower() else re.MULTILINE | re.IGNORECASE
            # A leading ".*" finds nothing more, but takes ten times as long.
            needle = text[2:] if text.startswith(".*") and text[2:3] not in ("", "?", "+", "*", "{") else text
            wanted = re.compile(needle.encode("utf-8", "surrogateescape"), flags)
        except (re.error, OverflowError, RecursionError) as error:
            raise FilterError(f"not a regular expression: {error}") from None
        paths = self.paths
        found = bytearray(len(paths))
        folders: list[bytes] = []
        names, depth, end = paths.names, paths.depth, paths.end
        for first in range(0, len(paths), _PIECE):
            lines: list[bytes] = []
            for node in range(first, min(first + _PIECE, len(paths))):
                name = names[paths.name_ids[node]]
                level = depth[node]
                above = folders[level - 1] if level else b"/"
                lines.append(above + name)
                if end[node] > node + 1:
                    del folders[level:]
                    folders.append(above + name + b"/")
            try:
                with at_most(_PATIENCE):
                    for node, line in enumerate(lines, first):
                        if wanted.search(line):
                            found[node] = 1
            except TookTooLongError:
                raise FilterError("this pattern takes too long: it can match one text in too many ways") from None
            yield None
        yield found


def _components(pattern: Pattern) -> tuple[list[bytes | None], bool, bool]:
    """Return a pattern's components as regular expressions, whether it starts at the root, and whether it ends deep.

    A component ``None`` is ``**``. A text without a slash may stand anywhere in a name; one with slashes must fit
    around them. A glob matches whole names.
    """
    text = pattern.text
    anchored = text.startswith("/")
    words = [word for word in text.split("/") if word]
    if pattern.mode == "glob":
        parts = [None if word == "**" else b"^" + _glob(word) + b"$" for word in words]
        deep = text.endswith("/**") or text.endswith("/")
        if deep and parts[-1] is None:
            parts.pop()
        return parts, anchored, deep and bool(parts)
    literal = [re.escape(word.encode("utf-8", "surrogateescape")) for word in words]
    last = len(literal) - 1
    found: list[bytes | None] = []
    for place, word in enumerate(literal):
        open_left = place == 0 and not anchored
        open_right = place == last and not text.endswith("/")
        found.append(b"^" + (b".*" if open_left else b"") + word + (b".*" if open_right else b"") + b"$")
    return found, anchored, text.endswith("/")


def _glob(word: str) -> bytes:
    """Return a glob for one name as a regular expression; names stand in lines, which no sign goes over."""
    return b"(?:" + expression(word.encode("utf-8", "surrogateescape"), b".") + b")"
