"""One plain tar scanned in pieces: what is found is, in every field, what one scan from its start to its end finds.

Whoever scans a piece believes that a member starts where it begins. That is known only once a scan from the tar's start
arrives there: then the piece is joined to it. One that is not met (what looked like a header lay in a file's content)
or that depends on what stood before (global PAX records, a path that comes twice) is dropped, and the scan goes on
over it.
"""

from __future__ import annotations

from array import array
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from ..bounds import Costs
from ..errors import LimitError
from .handover import index_of, plain
from .index import LayerIndex
from .scan import InFile, Scan, reading
from .unpack import Event

if TYPE_CHECKING:
    from ..archive.image import Region


class Piece(NamedTuple):
    """What the scan of a piece of a tar found, of plain values; entries have numbers of their own.

    ``begin`` is where it began, ``reached`` the member that it stopped at (``None``: the tar has ended), ``found`` the
    index without its ``children``: these are directories, the names in each, and those names' entries.
    """

    begin: int
    reached: int | None
    found: dict[str, Any]
    directories: list[bytes]
    counts: list[int]
    names: list[bytes]
    entries: list[int]
    whiteouts: list[Event]
    opaques: list[tuple[int, bytes]]
    records: dict[bytes, bytes]
    costs: dict[str, int]


class PlainScan(Scan):
    """The scan of a plain tar in a seekable file, stretch by stretch."""

    def __init__(self, region: Region, begin: int = 0) -> None:
        """Begin at the member at ``begin``, if one is there."""
        super().__init__(InFile(region.fd, region.start, region.length), hashing=False)
        self.region = region
        self.reached = self.begin = begin

    def scan_to(self, stop: int | None = None) -> None:
        """Go on to the first member at ``stop`` or beyond, or to the end. Raises ``LayerError`` and ``LimitError``."""
        if self.reached is not None:
            self.source = InFile(self.region.fd, self.region.start, self.region.length, stop)
            position = self.reached
            reading(lambda: self.walk(position, stop))

    def piece(self) -> Piece | None:
        """Return what was found, for another process; ``None`` if it depends on what comes before."""
        if self.index.notes or self.clamped:
            # Each oddity is told once, and twenty of them at most.
            return None
        found = plain(self.index)
        children: dict[bytes, dict[bytes, int]] = found.pop("children")
        return Piece(
            self.begin,
            self.reached,
            found,
            list(children),
            list(map(len, children.values())),
            list(chain.from_iterable(children.values())),
            list(chain.from_iterable(map(dict.values, children.values()))),
            self.whiteouts,
            self.opaques,
            self.records,
            self.costs.spent,
        )

    def join(self, piece: Piece) -> bool:
        """Take a piece in that begins where this scan is, and go on where it stopped.

        ``False``, and nothing is done, where it does not begin there, or holds what depends on what comes before.
        """
        index, children = self.index, self.index.children
        if piece.begin != self.reached or self.records:
            return False
        start = 0
        for directory, count in zip(piece.directories, piece.counts, strict=True):
            end = start + count
            if directory in children and not children[directory].keys().isdisjoint(piece.names[start:end]):
                # Which of two entries replaces which, and when, is for the scan to say.
                return False
            start = end
        costs = Costs(self.costs.spent)
        try:
            costs.include([piece.costs])
        except LimitError:
            # It is met by the scan.
            return False
        self.costs.spent.update(costs.spent)
        first = len(index)
        # Dictionaries are made once, with the numbers that entries have here.
        pairs = zip(piece.names, [first + entry for entry in piece.entries], strict=True)
        for directory, count in zip(piece.directories, piece.counts, strict=True):
            mine = children.get(directory)
            if mine is None:
                children[directory] = dict(islice(pairs, count))
            else:
                mine.update(islice(pairs, count))
        self._add(index_of(piece.found), first)
        self.whiteouts += [(first + entry, directory, name) for entry, directory, name in piece.whiteouts]
        self.opaques += [(first + entry, directory) for entry, directory in piece.opaques]
        self.records, self.reached = piece.records, piece.reached
        return True

    def _add(self, more: LayerIndex, first: int) -> None:
        """Append another's columns, whose entries have numbers from ``first`` on here."""
        index = self.index
        rows = [self.meta(*row) for row in more.meta_table]
        index.kinds += more.kinds
        index.sizes += more.sizes
        index.offsets += more.offsets
        same = rows == list(range(len(rows)))
        index.metas += more.metas if same else array("I", map(rows.__getitem__, more.metas))
        index.mtimes += more.mtimes
        index.links.update((first + entry, link) for entry, link in more.links.items())
        index.xattrs.update((first + entry, xattrs) for entry, xattrs in more.xattrs.items())
        index.devices.update((first + entry, device) for entry, device in more.devices.items())
        index.sparse.update((first + entry, pieces) for entry, pieces in more.sparse.items())
        index.claims.update((first + entry, claim) for entry, claim in more.claims.items())
        index.repeated += [(directory, name, first + entry) for directory, name, entry in more.repeated]
        index.markers += [marker._replace(meta=rows[marker.meta]) for marker in more.markers]
        index.odd |= more.odd
        index.members += more.members

    def result(self) -> LayerIndex:
        """Go on to the end, and return the index. Raises ``LayerError`` and ``LimitError``."""
        self.scan_to()
        return reading(self.finish)
