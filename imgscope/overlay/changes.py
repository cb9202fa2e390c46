"""Compares what a layer put in a path's place with what was there, and adds up what each layer did.

The words are those of the analysis: *modified* is other content or another type; *metadata only* the same content
with another mode, owner, link count, time or extended attributes; *rewritten* the same in all. Writing into a
directory changes its time, so a directory whose time alone differs counts as rewritten.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress

from ..layer.index import DIRECTORY, FILE
from .compare import Entries, compare_entries
from .merge import OVERWRITTEN, REMOVED, REPEATED, SHADOWED, Overlay

# Kinds of a hidden row, finer than the overlay's reasons. The first two words of each pair are the change's and
# the waste's name; the numbers are stored in the cache, so they stay.
MODIFIED, METADATA_ONLY, REWRITTEN, GONE, COVERED, TWICE, UNCHANGED = range(7)
CHANGE_NAMES = ("modified", "metadata_only", "rewritten", "removed", "removed", "repeated", "rewritten")
WASTE_REASONS = ("overwritten", "metadata_only", "rewritten", "removed", "shadowed", "repeated", "rewritten")

_BY_REASON = {REMOVED: GONE, SHADOWED: COVERED, REPEATED: TWICE}
# For each kind what makes 1 of it and 0 of all others, a whole column at a time.
OF_KIND = [bytes(kind == other for other in range(256)) for kind in range(len(CHANGE_NAMES))]

# Words of the judge for other content or another type.
WHAT_IT_IS = frozenset(("type", "content", "target", "device"))

Pair = tuple[int, int]
SameContent = Callable[[list[Pair]], Callable[[], Sequence[bool]]]
"""Asked about pairs of global entries of regular files of equal size; the answer, called, tells which are equal."""


@dataclass(slots=True)
class Tally:
    """A number of paths and their content bytes."""

    count: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        """Count one path of ``size`` bytes."""
        self.count += 1
        self.bytes += size


@dataclass(slots=True)
class LayerChanges:
    """What one layer did to the merged tree below it."""

    added: Tally
    modified: Tally
    metadata_only: Tally
    rewritten: Tally
    removed: Tally
    repeated: Tally
    caused_waste: int = 0
    stored_waste: int = 0


class Comparison:
    """Every hidden entry judged, and each layer's sums."""

    def __init__(self, overlay: Overlay, same_content: SameContent | None, kinds: bytes | None = None) -> None:
        """Judge ``overlay``'s hidden rows; ``same_content`` is asked once, for the pairs that need it.

        Its answers are waited for when they are first needed. ``kinds`` are the judgements of an earlier comparison
        of the same layers; then nothing is compared.
        """
        self.overlay = overlay
        self._entries = Entries(overlay)
        self._pending: list[int] = []
        self._answers: Callable[[], Sequence[bool]] | None = None
        self._judged = bytearray(_BY_REASON.get(reason, MODIFIED) for reason in overlay.hidden.reasons)
        # Where no layer has links or extended attributes, equal columns mean equal metadata.
        self._plain = not overlay.across and not any(layer.inodes or layer.xattrs for layer in overlay.layers)
        if kinds is not None:
            self._judged = bytearray(kinds)
        elif same_content is not None:
            pairs = self._judge()
            if pairs:
                self._answers = same_content(pairs)

    @cached_property
    def kinds(self) -> bytearray:
        """What became of each hidden row: ``MODIFIED`` …"""
        if self._answers is not None:
            overlay, hidden, judged = self.overlay, self.overlay.hidden, self._judged
            metas, plain = overlay.metas, self._plain
            for row, same in zip(self._pending, self._answers(), strict=True):
                if not same:
                    continue
                old, new = hidden.entries[row], hidden.replaced_by[row]
                if plain:
                    equal = metas[old] == metas[new] and overlay.mtime(old) == overlay.mtime(new)
                    judged[row] = REWRITTEN if equal else METADATA_ONLY
                else:
                    judged[row] = self._kind(old, new)
            self._answers = None
            self._pending = []
        return self._judged

    @cached_property
    def layers(self) -> list[LayerChanges]:
        """What each layer did."""
        return self._sums()

    def _judge(self) -> list[Pair]:
        """Judge all rows whose contents needn't be read; the others are pending, and their pairs are returned."""
        overlay, hidden = self.overlay, self.overlay.hidden
        kinds, sizes, metas = overlay.kinds, overlay.sizes, overlay.metas
        plain, pending, judged, entries = self._plain, self._pending, self._judged, self._entries
        pairs: list[Pair] = []
        for row, (reason, old, new) in enumerate(zip(hidden.reasons, hidden.entries, hidden.replaced_by, strict=True)):
            if reason != OVERWRITTEN:
                continue
            if old < 0 or new < 0:
                # A directory that no entry describes stays as it was.
                unchanged = new < 0 and kinds[old] == DIRECTORY
                judged[row] = UNCHANGED if unchanged else self._kind(old, new)
                continue
            kind = kinds[old]
            if plain and kind == DIRECTORY == kinds[new]:
                judged[row] = REWRITTEN if metas[old] == metas[new] else METADATA_ONLY
                continue
            if kind == FILE == kinds[new]:
                if sizes[old] == sizes[new]:
                    if sizes[old]:
                        pending.append(row)
                        pairs.append((old, new))
                    else:
                        judged[row] = self._kind(old, new)
                continue
            a, b = entries.inode(old), entries.inode(new)
            if entries.content_differs(a, entries, b) is None:
                pending.append(row)
                pairs.append((a, b))
            else:
                judged[row] = self._kind(old, new)
        return pairs

    def _kind(self, old: int, new: int) -> int:
        """Judge a pair whose content is the same where its bytes would decide."""
        differs = compare_entries(self._entries, old, new, same_content=True)
        if not differs:
            return REWRITTEN
        if differs[0] in WHAT_IT_IS:
            return MODIFIED
        return REWRITTEN if differs == ("mtime",) and self.overlay.kind(old) == DIRECTORY else METADATA_ONLY

    def differs(self, row: int) -> tuple[str, ...]:
        """Name what differs between a hidden row's entry and the one that took its place.

        Of ``type``, ``content``, ``target``, ``device``, ``mode``, ``owner``, ``mtime``, ``xattrs``, ``links``;
        empty for rows that nothing replaced.
        """
        overlay, hidden = self.overlay, self.overlay.hidden
        old, new = hidden.entries[row], hidden.replaced_by[row]
        if hidden.reasons[row] != OVERWRITTEN or old < 0 or new < 0:
            return ("mode", "owner", "mtime") if self.kinds[row] == METADATA_ONLY else ()
        kind = overlay.kinds[old]
        if (
            self._plain
            and kind in (FILE, DIRECTORY)
            and kind == overlay.kinds[new]
            and overlay.metas[old] == overlay.metas[new]
        ):
            # What nearly all rows are: nothing but content and time can differ.
            content = ("content",) if self.kinds[row] == MODIFIED else ()
            return content if overlay.mtime(old) == overlay.mtime(new) else (*content, "mtime")
        return compare_entries(self._entries, old, new, same_content=self.kinds[row] != MODIFIED)

    def _sums(self) -> list[LayerChanges]:
        overlay, hidden = self.overlay, self.overlay.hidden
        sums: list[LayerChanges] = []
        for index in overlay.layers:
            repeated_bytes = sum(index.sizes[entry] for _, _, entry in index.repeated)
            added = Tally(len(index) - len(index.repeated), index.content_bytes - repeated_bytes)
            repeated = Tally(len(index.repeated), repeated_bytes)
            sums.append(LayerChanges(added, Tally(), Tally(), Tally(), Tally(), repeated))
        sizes = overlay.sizes
        start = 0
        for by, layer in enumerate(sums):
            # Rows stand layer after layer, so each layer's are a slice.
            end = bisect_right(hidden.by, by, lo=start)
            kinds, wasted = self.kinds[start:end], hidden.wasted[start:end]
            layer.caused_waste = sum(wasted)
            removed = kinds.translate(OF_KIND[GONE]), kinds.translate(OF_KIND[COVERED])
            layer.removed = Tally(
                kinds.count(GONE) + kinds.count(COVERED), sum(sum(compress(wasted, chosen)) for chosen in removed)
            )
            for kind, tally in (
                (MODIFIED, layer.modified),
                (METADATA_ONLY, layer.metadata_only),
                (REWRITTEN, layer.rewritten),
            ):
                tally.count = kinds.count(kind)
                if tally.count:
                    new = list(compress(hidden.replaced_by[start:end], kinds.translate(OF_KIND[kind])))
                    tally.bytes = sum(map(sizes.__getitem__, new))
                    layer.added.count -= sum(map((0).__le__, new))
                    layer.added.bytes -= tally.bytes
            start = end
        entries: Iterable[int] = compress(hidden.entries, hidden.wasted)
        if overlay.linked:
            entries = map(overlay.inode, entries)
        for stored, lost in zip(overlay.layers_of(entries), filter(None, hidden.wasted), strict=True):
            sums[stored].stored_waste += lost
        return sums
