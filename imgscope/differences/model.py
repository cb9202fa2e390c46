"""The difference between two images, as values: what every reader of it takes (reports, the interactive view).

Sizes are content bytes as in the analysis: of an inode's names one has the size, the others 0. So, over all file
rows, ``size_after`` less ``size_before`` adds up to the difference of the two images' merged bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..brief import brief
from ..reading import Holding
from ..rows import Totals

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..packages import Packages
    from ..rows import Layer

# The kinds of a file's difference, in the order in which reports show them.
KINDS = ("added", "removed", "changed", "type_changed", "moved", "metadata_only", "unread")
SECTIONS = ("layers", "files", "packages", "config")


# Older builders write the digest of what is copied into the instruction: its words are the same all the same.
_DIGEST = re.compile(r"\b(file|dir|multi):[0-9a-f]{8,128}\b")


class _Made(Protocol):
    @property
    def instruction(self) -> str: ...


def words_of(layer: _Made) -> str:
    """Return a layer's instruction without what is not a word of its author."""
    return _DIGEST.sub(r"\1:", " ".join(layer.instruction.split()))


@brief()
class FileDifference(NamedTuple):
    """One path that is not the same in both images.

    ``kind`` is ``added``, ``removed``, ``changed`` (content, link target or device), ``type_changed``, ``moved``
    (``path_before`` has the path in OLD), ``metadata_only``, or ``unread``: the same size, but the contents are not
    at hand (a saved analysis), so nobody can tell. Types, sizes (content bytes) and layers are ``None`` where the
    image does not have the path. A hard link counts as the file that it shares. ``differs`` names what differs, of
    ``type``, ``content``, ``target``, ``device``, ``mode``, ``owner``, ``mtime``, ``xattrs``, ``links``.
    """

    path: str
    kind: str
    type_before: str | None
    type_after: str | None
    size_before: int | None
    size_after: int | None
    layer_before: int | None
    layer_after: int | None
    differs: tuple[str, ...] = ()
    path_before: str | None = None

    @property
    def delta(self) -> int:
        """Bytes that the merged tree has gained at this path (less than 0: lost)."""
        return (self.size_after or 0) - (self.size_before or 0)


@brief()
class DirectoryDifference(NamedTuple):
    """A directory's differences, of all that lies below it: content bytes come and gone, and the number of paths.

    A changed file counts its old size as gone and its new one as come.
    """

    path: str
    came: int
    gone: int
    paths: int

    @property
    def delta(self) -> int:
        """Bytes that the directory has gained (less than 0: lost)."""
        return self.came - self.gone


@brief("status", "old", "new")
@dataclass(frozen=True, slots=True)
class LayerPair:
    """A layer of OLD and the one of NEW that it answers to; ``None`` where there is no such layer.

    ``status``: ``shared`` (the same diff_id, and all layers below are shared too), ``same`` (the same diff_id above a
    layer that differs), ``changed`` (the same instruction, or one much like it, with other bytes), ``reordered``
    (the same diff_id or instruction at another place), ``new`` or ``gone``. ``really_new`` are the bytes of the
    files that NEW has from this layer and that OLD has nowhere in this form at their path; ``pulled`` tells whether
    a machine that has OLD must fetch this layer's blob.
    """

    status: str
    old: Layer | None
    new: Layer | None
    really_new: int = 0
    pulled: bool = False

    @property
    def same_instruction(self) -> bool:
        """Whether both layers came from the same words."""
        return bool(self.old and self.new and words_of(self.old) == words_of(self.new))


@brief("cause", "pair", "file")
@dataclass(frozen=True, slots=True)
class Break:
    """What first broke the sharing of layers: the pair of layers, or the one of them that has no counterpart.

    ``cause`` is ``changed`` (the same instruction, other bytes), ``edited`` (the instruction itself), ``replaced`` (by
    one that is nothing like it), ``inserted``, ``removed`` or ``reordered``. ``timestamps`` tells that no file of
    the layer differs in more than its time, ``file`` is the path that made the same instruction differ: the largest
    whose content is another, else the first by name.
    """

    cause: str
    pair: LayerPair
    timestamps: bool = False
    file: str = ""


@brief()
@dataclass(frozen=True, slots=True)
class Pull:
    """What a machine that has OLD must fetch for NEW.

    ``bytes`` are the stored sizes of the blobs that OLD lacks (``None`` when one is not known), ``compressed``
    whether all of those are; ``content_bytes`` is what is in them, unpacked. ``chain_bytes`` is the sum over all
    layers from the first difference on: what engines fetch that know layers by their chain (Docker's own image
    store). ``changed_bytes`` are those of files whose content really differs,
    ``unread_bytes`` those of files of which nobody can tell (see ``FileDifference``).
    """

    layers: int
    bytes: int | None
    compressed: bool
    content_bytes: int
    chain_bytes: int | None
    changed_bytes: int
    unread_bytes: int = 0

    @property
    def ratio(self) -> float | None:
        """Content bytes pulled for each that really differs; ``None`` when either is 0, or can't be told."""
        if self.unread_bytes:
            return None
        return self.content_bytes / self.changed_bytes if self.changed_bytes and self.content_bytes else None


@brief()
@dataclass(frozen=True, slots=True)
class PackageDifference:
    """A package that is not the same in both images, with the content bytes of its files.

    ``kind`` is ``added``, ``removed``, ``upgraded``, ``downgraded`` or ``modified`` (the same version, but files that
    differ). ``location`` is where its record lies.
    """

    kind: str
    ecosystem: str
    name: str
    version_before: str | None
    version_after: str | None
    size_before: int | None
    size_after: int | None
    location: str | None = None

    @property
    def delta(self) -> int:
        """Bytes that the package has gained (less than 0: lost)."""
        return (self.size_after or 0) - (self.size_before or 0)


@brief()
@dataclass(frozen=True, slots=True)
class ConfigDifference:
    """A setting that is not the same: ``field`` (``ENV``, ``CMD`` …), its ``key`` where the field holds several."""

    field: str
    key: str | None
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the difference is wanted: sections and kinds (all when empty), a path glob, the least bytes of a row.

    ``min_size`` is held against the larger of the sizes before and after. ``ignore_times`` takes a file whose time
    alone differs for equal.
    """

    sections: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    min_size: int = 0
    ignore_times: bool = False

    def wants(self, section: str) -> bool:
        """Tell whether a section of the report is wanted."""
        return not self.sections or section in self.sections


class Files(Sequence[FileDifference]):
    """The files' differences, sorted by path; subclasses make rows when they are read (see ``files.Found``)."""

    def __repr__(self) -> str:
        return f"<Files: {len(self):,} that differ>"

    def totals(self) -> dict[str, Totals]:
        """Return, for each kind that occurs, the number of rows and their bytes (those of NEW, or of OLD if gone)."""
        raise NotImplementedError

    def largest(self, limit: int, kinds: frozenset[str] = frozenset()) -> list[FileDifference]:
        """Return the ``limit`` rows that moved most bytes, largest first."""
        raise NotImplementedError

    def directories(self) -> dict[str, DirectoryDifference]:
        """Return every directory with a difference below it (the root is ``/``)."""
        raise NotImplementedError

    def only_times(self) -> int:
        """Return how many of the ``metadata_only`` rows differ in their modification time alone."""
        raise NotImplementedError


@brief("growth", "layers", "files", "packages", "config")
@dataclass(slots=True)
class Difference(Holding):
    """The difference between two images, whole: OLD and NEW, their layers, files, packages and config."""

    old: Analysis
    new: Analysis
    filter: Filter
    layers: tuple[LayerPair, ...]
    broken: Break | None
    pull: Pull
    files: Files
    packages: tuple[PackageDifference, ...]
    config: tuple[ConfigDifference, ...]
    unpackaged_bytes: int | None = None
    """Bytes that files of no package have gained; ``None`` where the packages aren't known."""
    owners: tuple[Packages | None, Packages | None] = (None, None)
    """What is installed in OLD and NEW, to ask whose a path is."""
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        from .report.notebook import html

        return html(self)

    @property
    def equal(self) -> bool:
        """Whether nothing differs in what was asked for."""
        wants = self.filter.wants
        layers_same = all(pair.status == "shared" for pair in self.layers)
        return not (
            (wants("layers") and not layers_same)
            or (wants("files") and len(self.files))
            or (wants("packages") and self.packages)
            or (wants("config") and self.config)
        )

    @property
    def growth(self) -> int:
        """Content bytes, of all layers, that the image has gained (less than 0: lost)."""
        return self.new.image.content_bytes - self.old.image.content_bytes

    def by_kind(self, kind: str) -> Iterator[FileDifference]:
        """Yield the file rows of one kind."""
        return (row for row in self.files if row.kind == kind)
