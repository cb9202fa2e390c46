"""Which texts an index keeps when a layer streams by, and what is known of the secrets in them.

Rules look for secrets in small texts, and follow scripts. What passes by is judged here, with their own judgements
(``secrets.kinds``): of a file that holds a secret the index keeps what kind that is, and nothing of the file; of a text
without one the text itself. What is not judged is read from its layer when it is asked for. All is bounded for the
image: the smallest texts of each layer are judged, as rules have it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from heapq import heappop, heappush, heappushpop
from typing import NamedTuple

from ..knowledge.texts import TEXT_ENDINGS, TEXT_NAMES
from ..paths import clean
from .retention import Retention

# Texts that are judged, of an image: so many, and so many bytes together.
MAX_JUDGED, MAX_JUDGED_BYTES = 1000, 2 << 20
# Compiled where it is used, which is in layers that stream: that takes 1 ms.
_HINT = rb"(?i)id[_-]|key|\.env|env\.|appsettings|application-"

Wants = Callable[[bytes, int], bool]


class Judged(NamedTuple):
    """What is known of the secrets in a file.

    ``proofs`` are the numbers of the kinds (``secrets.kinds.ALL``) that its name may be one of, and whose proof holds
    for its content; ``text`` is what stands in it as a text of no known kind, empty for nothing, ``None`` where that
    was not asked.
    """

    proofs: tuple[int, ...]
    text: str | None


class Texts:
    """Takes up the files of one layer that are to be judged, and judges them once all have passed."""

    def __init__(
        self, count: int = MAX_JUDGED, size: int = MAX_JUDGED_BYTES, retention: Retention | None = None
    ) -> None:
        """Judge at most ``count`` files of ``size`` bytes together; those of ``retention`` are kept unjudged."""
        from ..secrets import kinds

        self.kinds = kinds
        self.retention = retention or Retention()
        self._count, self._left = count, size
        # The smallest so far: minus size, and minus entry, so that the first is the largest and the last of that size.
        self._heap: list[tuple[int, int]] = []
        self._files: dict[int, tuple[bytes, bytes, bytes]] = {}

    def wants(self, directory: bytes) -> Wants:
        """Return what tells of the names and sizes in a directory which contents are to be taken up."""
        kinds = self.kinds
        endings = self.retention.endings(directory)
        directory = clean(directory)[0]
        places = kinds.SECRET_PLACES
        inside = bool(places.inside(directory))
        text = not kinds.others(directory)
        names, ends, known, texts = places.names, places.endings, TEXT_NAMES, TEXT_ENDINGS
        most, most_text, hint = kinds.MAX_SECRET, kinds.MAX_TEXT, re.compile(_HINT).search

        def wanted(name: bytes, size: int) -> bool:
            if endings and name.endswith(endings):
                return True
            if not 0 < size <= most:
                return False
            ending = name[name.rfind(b".") :]
            if inside or name in names or (ending in ends and any(name.endswith(whole) for whole, _ in ends[ending])):
                return True
            if text and size <= most_text and (ending.lower() in texts or name in known or name[:11] == b"Dockerfile."):
                return True
            return hint(name) is not None and bool(kinds.named(name))

        return wanted

    def script(self, directory: bytes) -> bool:
        """Tell whether scripts in a directory are to be taken up whatever they are called: not a system's own."""
        return not self.kinds.others(clean(directory)[0])

    def take(self, entry: int, directory: bytes, name: bytes, data: bytes) -> None:
        """Take up a file that is to be judged; the largest go where there are too many."""
        if self._count <= 0 or self._left <= 0:
            return
        self._files[entry] = directory, name, data
        self._left -= len(data)
        item = (-len(data), -entry)
        if len(self._heap) < self._count:
            heappush(self._heap, item)
        else:
            self._drop(heappushpop(self._heap, item))
        while self._left < 0:
            self._drop(heappop(self._heap))

    def _drop(self, item: tuple[int, int]) -> None:
        self._left -= item[0]
        del self._files[-item[1]]

    def judge(self) -> tuple[dict[int, Judged], dict[int, bytes]]:
        """Return what is known of the files' secrets, and the contents of those that hold none."""
        if not self._files:
            return {}, {}
        from ..secrets.files import in_history

        kinds = self.kinds
        judged: dict[int, Judged] = {}
        harmless: dict[int, bytes] = {}
        for entry in sorted(self._files):
            directory, name, data = self._files[entry]
            directory = clean(directory)[0]
            proofs = tuple(sorted(n for n in kinds.SECRET_PLACES.of(directory, name) if kinds.ALL[n].proof(data)))
            text: str | None = None
            if len(data) <= kinds.MAX_TEXT:
                text = kinds.in_text(name, data) or ""
            judged[entry] = Judged(proofs, text)
            # A key of random bytes is no text, and is a secret all the same.
            script = data[:2] == b"#!" and in_history(data) is not None
            if not proofs and text == "" and not script and b"\0" not in data:
                harmless[entry] = data
        return judged, harmless
