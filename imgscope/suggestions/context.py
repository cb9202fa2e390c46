"""What a rule may look at: the image's layers above its base, their waste, packages, contents, and the Dockerfile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ..contents import NO_CONTENTS
from ..errors import ContentUnavailableError
from ..layer.index import FILE
from ..overlay.merge import NO_ENTRY
from ..rootfs.root import FileFacts, Root
from .origin import UNKNOWN, Origin, of_history, of_instruction
from .places import Claim, Places

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..base_images.find import Base
    from ..dockerfile import DockerfileMatch
    from ..packages import Packages
    from .model import Draft, Rule
    from .places import Seeker

# Contents larger than this are not read, nor more than that in all: an image may hold anything.
MAX_FILE = 8 << 20
MAX_TOTAL = 256 << 20


class WasteRow(NamedTuple):
    """A stored file that the merged tree does not show: its path and entry, the layers that stored and hid it, the
    bytes that thereby are wasted, and the entry that took its place (``NO_ENTRY`` where none did).
    """

    path: bytes
    entry: int
    stored_in: int
    by: int
    bytes: int
    replaced_by: int


class Context:
    """One image, as rules see it. ``own_layers`` are those above the base: what a Dockerfile's author can change."""

    def __init__(
        self,
        analysis: Analysis,
        base: Base,
        rules: Sequence[Seeker],
        *,
        min_size: int = 0,
        gpu: Sequence[str] = (),
        dockerfile: DockerfileMatch | None = None,
        previous: Analysis | None = None,
    ) -> None:
        """Look at ``analysis``, for ``rules``; ``min_size`` are the bytes below which a finding is not told.

        ``gpu`` are the architectures of the GPUs that there are, where that is known.
        """
        self.analysis = analysis
        self.base = base
        self.min_size = min_size
        self.gpu = tuple(gpu)
        self.dockerfile = dockerfile
        self.previous = previous
        self.overlay = analysis.body.overlay
        self.own_layers = range(min(base.layers, len(analysis.layers)), len(analysis.layers))
        self._origins: dict[int, Origin] = {}
        self.root = Root(analysis, FileFacts())
        self._rules = rules
        self._drafts: dict[str, Sequence[Draft]] = {}

    def drafts(self, rule: Rule) -> Sequence[Draft]:
        """Return what a rule finds here; it is asked once, whoever wants to know. Raises what its check raises."""
        found = self._drafts.get(rule.code)
        if found is None:
            found = self._drafts[rule.code] = tuple(rule.check(self))
        return found

    # -- layers ------------------------------------------------------------------------------------------

    def instruction(self, layer: int) -> str:
        """Return the instruction that made a layer, without its builder's noise."""
        return self.analysis.layers[layer].instruction

    def keyword(self, layer: int) -> str:
        """Return the first word of a layer's instruction in capitals: ``RUN``, ``COPY``, …; empty if not known."""
        return self.instruction(layer).partition(" ")[0].upper()

    def is_run(self, layer: int) -> bool:
        """Tell whether a RUN made the layer."""
        return self.keyword(layer) == "RUN"

    def is_copy(self, layer: int) -> bool:
        """Tell whether a COPY or ADD made the layer."""
        return self.keyword(layer) in ("COPY", "ADD")

    def origin(self, layer: int) -> Origin:
        """Tell where the files of a layer that a COPY or ADD made come from; ``UNKNOWN`` for any other layer."""
        if not self.is_copy(layer):
            return UNKNOWN
        known = self._origins.get(layer)
        if known is None:
            made = self.dockerfile.by_layer.get(layer) if self.dockerfile is not None else None
            if made is not None and made.certainty != "possible":
                known = of_instruction(made.instruction)
            else:
                told = self.analysis.layers[layer]
                known = of_history(told.instruction, told.created_by, told.comment)
            self._origins[layer] = known
        return known

    # -- stored bytes ------------------------------------------------------------------------------------

    @cached_property
    def _places(self) -> Mapping[str, list[Claim]]:
        wanted = {rule.code: rule.places for rule in self._rules if rule.places}
        everywhere = any(rule.everywhere for rule in self._rules)
        found = Places(wanted).find(self.overlay, 0 if everywhere else self.own_layers.start)
        first = self.overlay.start(self.own_layers.start)
        if everywhere and first:
            for rule in self._rules:
                if rule.code in found and not rule.everywhere:
                    found[rule.code] = [claim for claim in found[rule.code] if claim.entry >= first]
        return found

    def claims(self, code: str) -> Sequence[Claim]:
        """Return the stored paths that fit the ``places`` of a rule; hidden ones too.

        Of the image's own layers, unless the rule looks ``everywhere``.
        """
        return self._places.get(code, ())

    def layer_of(self, claim: Claim) -> int:
        """Return the layer that holds a claim's bytes."""
        return self.overlay.layer_of(claim.entry)

    def by_layer(self, claims: Iterable[Claim]) -> dict[int, list[Claim]]:
        """Return claims by the layer that holds them, bottom first."""
        found: dict[int, list[Claim]] = {}
        for claim in claims:
            found.setdefault(self.overlay.layer_of(claim.entry), []).append(claim)
        return dict(sorted(found.items()))

    def size(self, claims: Iterable[Claim]) -> int:
        """Return the bytes of claims, each inode's counted once and wholly."""
        sizes, inode = self.overlay.sizes, self.overlay.inode
        entries = {inode(claim.entry) for claim in claims}
        entries.discard(NO_ENTRY)
        return sum(sizes[entry] for entry in entries)

    def visible(self, claim: Claim) -> bool:
        """Tell whether the merged tree shows a claim's own entry."""
        return self.overlay.lookup(claim.path) == claim.entry

    @cached_property
    def waste(self) -> Mapping[int, list[WasteRow]]:
        """Wasted bytes by the kind of change that made them waste (``overlay.changes``)."""
        overlay, kinds = self.overlay, self.analysis.body.comparison.kinds
        hidden = overlay.hidden
        found: dict[int, list[WasteRow]] = {}
        for row, wasted in enumerate(hidden.wasted):
            if wasted:
                inode = overlay.inode(hidden.entries[row])
                found.setdefault(kinds[row], []).append(
                    WasteRow(
                        overlay.waste_path(row),
                        inode,
                        overlay.layer_of(inode),
                        hidden.by[row],
                        wasted,
                        hidden.replaced_by[row],
                    )
                )
        return found

    # -- packages and contents ---------------------------------------------------------------------------

    @cached_property
    def packages(self) -> Packages:
        """The image's packages. Raises ``ContentUnavailableError`` for a saved analysis."""
        from ..packages import read_packages

        return read_packages(self.analysis)

    @property
    def has_contents(self) -> bool:
        """Whether contents can be read: not those of a saved analysis."""
        return self.analysis.has_contents

    def require_contents(self) -> None:
        """Raise ``ContentUnavailableError`` where contents can't be read."""
        if not self.has_contents:
            raise ContentUnavailableError(NO_CONTENTS)

    def readable(self, entries: Iterable[int]) -> Iterator[int]:
        """Yield those of global entries that are regular files, and not too large to be read together."""
        overlay = self.overlay
        total = 0
        for entry in entries:
            inode = overlay.inode(entry)
            if inode < 0 or overlay.kind(inode) != FILE:
                continue
            size = overlay.sizes[inode]
            if size <= MAX_FILE and total + size <= MAX_TOTAL:
                total += size
                yield entry

    def read(self, entries: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Yield (entry, content) of regular files among global entries; too large ones are left out.

        Each layer is read once for all of them. Raises ``ContentUnavailableError``, ``ImageError``.
        """
        self.require_contents()
        overlay = self.overlay
        keys = {overlay.locate(overlay.inode(entry)): entry for entry in self.readable(entries)}
        for key, data in self.analysis.contents.read(list(keys)):
            yield keys[key], data
