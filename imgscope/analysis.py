"""The result that every command prints and every reader takes: one image, analysed.

Figures (see docs/figures.md): *content bytes* of an entry are a regular file's size; *merged bytes* those of the
inodes with at least one name in the merged tree; *wasted bytes* all others. So, for every image,
``content_bytes == merged_bytes + wasted_bytes``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, BinaryIO, NamedTuple, overload

from .brief import brief, shortened
from .contents import Contents, NoContents
from .errors import ContentUnavailableError, PathNotFoundError
from .escape import escape
from .history import HistoryStep, read_history
from .largest import DirectorySize, FileSize, Largest, PackageSizes, largest_directories, largest_files
from .layer.estimate import Estimate
from .layer.index import DIRECTORY, FILE, HARDLINK, IMPLIED_META, SYMLINK, SYMLINK_MODE, TYPE_NAMES
from .overlay.changes import (
    CHANGE_NAMES,
    COVERED,
    GONE,
    METADATA_ONLY,
    MODIFIED,
    REWRITTEN,
    TWICE,
    WASTE_REASONS,
    Comparison,
)
from .overlay.merge import NO_ENTRY, Overlay
from .paths import internal, join, public, split
from .rollup import WasteGroup, roll_up
from .rootfs.resolve import Resolved, resolve
from .rootfs.walk import kind_of

SCHEMA_VERSION = 1
# How many rows of the ranked lists an analysis keeps at hand, so that a report needs no tree.
HIGHLIGHTS = 200


def titled(reference: str) -> str:
    """Return a reference as reports write it: ``-`` says nothing to who did not type it."""
    return "standard input" if reference == "-" else reference


@brief()
@dataclass(frozen=True, slots=True)
class Totals:
    """A number of paths and their content bytes."""

    count: int
    bytes: int


class DiveFigures(NamedTuple):
    """dive's own figures, by dive's definitions: see ``compat.dive``. ``user_wasted_percent`` is a fraction."""

    efficiency: float
    wasted_bytes: int
    user_wasted_percent: float


@brief("index", "content_bytes", "wasted_bytes", "instruction")
@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: where it comes from, its bytes, and what it did to the merged tree below it.

    ``blob_bytes`` is the stored size, compressed where the layer is (``None`` where it is not known), ``blob_name``
    what the manifest calls the blob (``blobs/sha256/…``, ``<id>/layer.tar``; ``blob_linked``: that is a link to
    another layer's), ``compressed_estimate`` what it would be compressed, where it is stored as it is. ``wasted_bytes``
    is what this layer made waste, ``stored_waste_bytes`` what it stores that is waste.
    """

    index: int
    diff_id: str | None
    digest: str | None
    media_type: str | None
    compression: str | None
    instruction: str
    created_by: str
    created: str | None
    comment: str
    content_bytes: int
    tar_bytes: int
    blob_bytes: int | None
    entry_count: int
    wasted_bytes: int
    stored_waste_bytes: int
    added: Totals
    modified: Totals
    metadata_only: Totals
    rewritten: Totals
    removed: Totals
    repeated: Totals
    missing: str | None = None
    blob_name: str | None = None
    blob_linked: bool = False
    compressed_estimate: Estimate | None = None


@brief("reference", "names", "platform", "content_bytes", "merged_bytes", "wasted_bytes", "file_count")
@dataclass(frozen=True, slots=True)
class Image:
    """The image as a whole. ``config`` is the image config's JSON without the values of its secrets, and ``secrets``
    says what was taken out; so it is with all that comes of the config. Sizes are in bytes.

    ``verified`` names what was found to have the digest that is claimed for it: ``manifest`` and ``config`` wherever
    they are claimed, ``layers`` (blobs and diff_ids) where that was asked for. ``compressed_estimate`` is what the
    layers' blobs would be together, were all of them compressed; ``None`` where all are. ``platform`` is
    ``os/architecture[/variant]``; ``os_version`` and ``os_features`` are those of the index or the config. Without
    ``layers_read`` figures of contents are not known, and 0 (see ``outline``).
    """

    reference: str
    names: tuple[str, ...]
    id: str
    manifest_digest: str | None
    platform: str
    created: str | None
    config: Mapping[str, Any]
    history: tuple[HistoryStep, ...]
    content_bytes: int
    merged_bytes: int
    wasted_bytes: int
    tar_bytes: int
    blob_bytes: int | None
    file_count: int
    dive: DiveFigures
    verified: tuple[str, ...] = ()
    secrets: tuple[ConfigSecret, ...] = ()
    os_version: str | None = None
    os_features: tuple[str, ...] = ()
    compressed_estimate: Estimate | None = None
    layers_read: bool = True

    @property
    def title(self) -> str:
        """What the image is called in reports: as it was named, or where it came from if that is no name."""
        return titled(self.reference)

    @property
    def system(self) -> str:
        """The platform with the version and features of its operating system, as ``--platform`` takes it."""
        from .archive.platform import read

        stated = dict(zip(("os", "architecture", "variant"), self.platform.split("/"), strict=False))
        whole = read({**stated, "os.version": self.os_version, "os.features": list(self.os_features)})
        return self.platform if whole is None or not (self.os_version or self.os_features) else str(whole)

    @property
    def efficiency(self) -> float:
        """Merged bytes as a share of content bytes; 1.0 for an image without content."""
        return self.merged_bytes / self.content_bytes if self.content_bytes else 1.0


@dataclass(frozen=True, slots=True)
class ConfigSecret:
    """Something secret in an image's config: what (a variable's name, a kind of token), and where; never its value.

    ``where`` is ``ENV``, ``LABEL``, ``CMD``, …, ``history`` or ``config``; ``layer`` is the one whose instruction holds
    it, if any.
    """

    kind: str
    where: str
    layer: int | None = None


@brief("path", "type", "size", "layer", "layers", "link_target")
class File(NamedTuple):
    """A path of the merged tree, or an entry of a layer.

    ``path`` starts with ``/``; bytes that are not UTF-8 are surrogate escapes. ``mode`` has the 12 permission
    bits. Of an inode's names one is the ``file`` with its size, the others are ``hardlink`` with size 0 and that
    name as ``link_target``. ``layers`` are all that ever held the path, ``layer`` the one it comes from.
    """

    path: str
    type: str
    size: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    link_target: str | None
    layer: int
    layers: tuple[int, ...]
    device: tuple[int, int] | None = None
    xattrs: Mapping[str, bytes] | None = None


@brief()
class Waste(NamedTuple):
    """Wasted bytes: the path that held them, the layers that stored them and made them waste, and the reason."""

    path: str
    bytes: int
    stored_in: int
    wasted_by: int
    reason: str


@brief()
@dataclass(frozen=True, slots=True)
class WastedPath:
    """All wasted bytes of one path, over all layers; ``count`` copies of it are wasted."""

    path: str
    bytes: int
    count: int


@brief()
class Change(NamedTuple):
    """What a layer did to one path, against the merged tree just below it.

    ``kind`` is ``added``, ``modified``, ``metadata_only``, ``rewritten`` or ``removed``; ``differs`` names what
    is other than before. Sizes are content bytes; ``None`` where the path did not exist.
    """

    path: str
    kind: str
    size_before: int | None
    size_after: int | None
    differs: tuple[str, ...]


@brief("layer", "kind", "file", "cause")
class Event(NamedTuple):
    """One layer's deed to one path: a ``Change``'s kind, or ``repeated``, the entry, and what caused it."""

    layer: int
    kind: str
    file: File | None
    bytes: int
    cause: str | None


@brief("size", "paths")
class Duplicate(NamedTuple):
    """Regular files of the merged tree with equal content; all copies but one could be saved."""

    size: int
    paths: tuple[str, ...]

    @property
    def redundant_bytes(self) -> int:
        """Bytes that the copies take beyond the first."""
        return self.size * (len(self.paths) - 1)


@dataclass(slots=True)
class Highlights:
    """The ranked lists and sums that a report shows, kept so that it needn't build the tree again.

    Of ``waste_groups`` too the largest alone are kept; ``group_count`` is how many there are.
    """

    waste_by_reason: dict[str, Totals] = field(default_factory=dict)
    top_waste: list[Waste] = field(default_factory=list)
    top_wasted_paths: list[WastedPath] = field(default_factory=list)
    top_directories: list[DirectorySize] = field(default_factory=list)
    waste_count: int = 0
    top_files: list[FileSize] = field(default_factory=list)
    waste_groups: list[WasteGroup] = field(default_factory=list)
    group_count: int = 0


@dataclass(slots=True)
class Body:
    """The layers stacked and compared: all that the rows are made from."""

    overlay: Overlay
    comparison: Comparison


class Analysis:
    """One image, analysed: immutable and complete. Rows are made when they are asked for."""

    schema_version = SCHEMA_VERSION

    def __init__(
        self,
        image: Image,
        layers: Sequence[Layer],
        notes: Sequence[str],
        body: Body | Callable[[], Body],
        contents: Contents,
        highlights: Highlights | None = None,
        raw_config: Mapping[str, Any] | None = None,
        largest: Largest | None = None,
        packages: PackageSizes | None = None,
    ) -> None:
        """Hold a result; ``body`` may be a function that builds it when rows are first wanted.

        What is ``largest``, the ``packages`` among it, is looked for when it is first wanted, where it is not given.
        """
        self.image = image
        self.layers = tuple(layers)
        self.notes = tuple(notes)
        self._body = body
        self._contents = contents
        self._highlights = highlights
        self._raw_config = raw_config
        self._largest = largest
        self._packages = largest.packages if largest is not None else packages

    @cached_property
    def body(self) -> Body:
        """The stacked layers and their comparison: the columns below the rows."""
        return self._body() if callable(self._body) else self._body

    @property
    def contents(self) -> Contents:
        """Where file contents are read from."""
        return self._contents

    @property
    def has_contents(self) -> bool:
        """Whether the image is at hand: of a saved analysis file contents can't be read."""
        return not isinstance(self._contents, NoContents)

    @property
    def raw_config(self) -> Mapping[str, Any] | None:
        """The image config as the image has it, secrets and all; ``None`` where that is not at hand.

        It is never shown, written or kept: it is for comparing (did a password change?), and for ``with_secrets``.
        """
        if self._raw_config is None and not self.image.secrets:
            return self.image.config
        return self._raw_config

    def with_secrets(self) -> Analysis:
        """Return this analysis with the config, history and instructions as the image has them.

        Closing either closes both. Raises ``ContentUnavailableError`` where the config is not at hand.
        """
        if self._raw_config is None and not self.image.secrets:
            return self
        if self._raw_config is None:
            raise ContentUnavailableError("a saved analysis holds no secrets to show: that needs the image itself")
        steps, _ = read_history(self._raw_config, len(self.layers))
        made = {step.layer: step for step in steps if step.layer is not None}
        layers = [
            replace(layer, instruction=step.instruction, created_by=step.created_by, comment=step.comment)
            if (step := made.get(layer.index)) is not None
            else layer
            for layer in self.layers
        ]
        image = replace(self.image, config=self._raw_config, history=steps)
        return Analysis(
            image,
            layers,
            self.notes,
            lambda: self.body,
            self.contents,
            self._highlights,
            self._raw_config,
            self._largest,
            self._packages,
        )

    def close(self) -> None:
        """Release the image's files; contents can't be read any more."""
        self._contents.close()

    def __enter__(self) -> Analysis:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        from .report.sizes import quantity, size

        image = self.image
        words = f"{quantity(len(self.layers), 'layer')}, {size(image.content_bytes)}, {size(image.wasted_bytes)} wasted"
        return f"<Analysis of {shortened(image.reference)}: {words}>"

    def _repr_html_(self) -> str:
        from .report.notebook import html

        return html(self)

    # -- the merged tree ---------------------------------------------------------------------------------

    @cached_property
    def files(self) -> Files:
        """The merged tree's paths, sorted by their bytes; the root itself is not among them."""
        return Files(Tree(self.body.overlay))

    def get(self, path: str) -> File:
        """Return one path of the merged tree. Raises ``PathNotFoundError``."""
        key = internal(path)
        entry = self.body.overlay.lookup(key)
        if entry is None:
            raise PathNotFoundError(self._no_path(key))
        return self.files.tree.row(key, entry)

    def tree(self, layer: int | None = None) -> Tree:
        """Return the merged tree as it is up to and with ``layer`` (all layers when ``None``)."""
        if layer is None or layer == len(self.layers) - 1:
            return self.files.tree
        return Tree(Overlay(self.body.overlay.layers[: layer + 1], keep_hidden=True))

    def resolve(self, path: str, layer: int | None = None, *, last: bool = True) -> Resolved:
        """Follow a path as a kernel does in a container: through symlinks (40 at most) and ``..``, not above the root.

        The last name is followed too unless ``last`` is off. With ``layer`` it is what that layer itself holds at the
        path, or where a link of it leads in the layers up to it: content is then had by ``open(found.path,
        found.layer)``. Raises ``PathNotFoundError``, which says where the way ends and which layers hold what is not
        there.
        """
        return resolve(self, path, layer, last=last)

    def near(self, key: bytes) -> str:
        """Return words that name the path most like one that is not there; empty where none is."""
        from difflib import get_close_matches

        directory, name = split(key)
        near: list[str] = []
        overlay = self.body.overlay
        while directory and directory not in overlay.tree:
            directory, name = split(directory)
        names = {public(join(directory, n)) for n in overlay.tree.get(directory, {})}
        near = get_close_matches(public(join(directory, name)), names, n=1)
        return f"; did you mean {escape(near[0])}?" if near else ""

    def _no_path(self, key: bytes) -> str:
        return f"no {escape(public(key))} in {escape(self.image.reference)}{self.near(key)}"

    # -- waste -------------------------------------------------------------------------------------------

    @cached_property
    def waste(self) -> Sequence[Waste]:
        """Every wasted byte, a row for each copy, largest first (ties by path)."""
        return self._ranked_waste(None)

    def _waste_row(self, row: int) -> Waste:
        overlay = self.body.overlay
        hidden = overlay.hidden
        return Waste(
            public(overlay.waste_path(row)),
            hidden.wasted[row],
            overlay.layer_of(overlay.inode(hidden.entries[row])),
            hidden.by[row],
            WASTE_REASONS[self.body.comparison.kinds[row]],
        )

    def _ranked_waste(self, limit: int | None) -> list[Waste]:
        hidden = self.body.overlay.hidden
        rows = [row for row, wasted in enumerate(hidden.wasted) if wasted]
        rows.sort(key=hidden.wasted.__getitem__, reverse=True)
        if limit is not None and limit < len(rows):
            # Ties at the cut are told apart by path, so they all have to be looked at.
            least = hidden.wasted[rows[limit - 1]] if limit else 0
            while limit < len(rows) and hidden.wasted[rows[limit]] == least:
                limit += 1
            rows = rows[:limit]
        found = [self._waste_row(row) for row in rows]
        found.sort(key=lambda waste: (-waste.bytes, waste.path, waste.stored_in))
        return found

    @property
    def highlights(self) -> Highlights:
        """The ranked lists, at most ``HIGHLIGHTS`` rows each."""
        if self._highlights is None:
            self._highlights = self._rank(HIGHLIGHTS)
        return self._highlights

    def _rank(self, limit: int) -> Highlights:
        hidden, kinds = self.body.overlay.hidden, self.body.comparison.kinds
        by_reason: dict[str, list[int]] = {}
        rows = [row for row, wasted in enumerate(hidden.wasted) if wasted]
        for kind in set(kinds):
            of_kind = [hidden.wasted[row] for row in rows if kinds[row] == kind]
            if of_kind:
                reason = by_reason.setdefault(WASTE_REASONS[kind], [0, 0])
                reason[0] += len(of_kind)
                reason[1] += sum(of_kind)
        # Copies of a path are added up. A path has at most as many as there are layers (and repetitions), so rows that
        # so many times are less than what surely ranks can't rank either.
        overlay = self.body.overlay
        copies = len(overlay.layers) + sum(len(layer.repeated) for layer in overlay.layers)
        ranked = sorted((hidden.wasted[row] for row in rows), reverse=True)[: limit * copies]
        floor = ranked[-1] if ranked and len(ranked) == limit * copies else 0
        linked = bool(overlay.home)
        sums: dict[tuple[bytes, bytes], int] = {}
        counts: dict[tuple[bytes, bytes], int] = {}
        for row in rows:
            wasted = hidden.wasted[row]
            if wasted * copies < floor:
                continue
            key = split(overlay.waste_path(row)) if linked else (hidden.directories[row], hidden.names[row])
            if key in sums:
                sums[key] += wasted
                counts[key] = counts.get(key, 1) + 1
            else:
                sums[key] = wasted
        least = sorted(sums.values(), reverse=True)[:limit][-1] if sums else 0
        paths = sorted((-size, join(*key), counts.get(key, 1)) for key, size in sums.items() if size >= least)
        known = self._largest if limit == HIGHLIGHTS else None
        groups = roll_up(self.body.comparison)
        return Highlights(
            {
                reason: Totals(*pair)
                for reason, pair in sorted(by_reason.items(), key=lambda item: (-item[1][1], item[0]))
            },
            self._ranked_waste(limit)[:limit],
            [WastedPath(public(path), -size, count) for size, path, count in paths[:limit]],
            self._ranked_directories(limit) if known is None else known.directories,
            len(rows),
            largest_files(self.files.tree, limit) if known is None else known.files,
            groups[:limit],
            len(groups),
        )

    def waste_by_reason(self) -> Mapping[str, Totals]:
        """Return wasted bytes and copies by reason, largest first."""
        return self.highlights.waste_by_reason

    def top_waste(self, limit: int) -> Sequence[Waste]:
        """Return the ``limit`` largest wasted copies."""
        return self.highlights.top_waste[:limit] if limit <= HIGHLIGHTS else self.waste[:limit]

    def top_wasted_paths(self, limit: int) -> Sequence[WastedPath]:
        """Return the ``limit`` paths that waste most, their copies added up."""
        return (self.highlights if limit <= HIGHLIGHTS else self._rank(limit)).top_wasted_paths[:limit]

    def waste_groups(self, limit: int | None = None) -> Sequence[WasteGroup]:
        """Return the waste rolled up to folders (see ``rollup``), largest first: ``limit`` rows, or all of them.

        All of them add up to what is wasted.
        """
        kept = self.highlights
        if kept.group_count <= len(kept.waste_groups) or (limit is not None and limit <= len(kept.waste_groups)):
            return kept.waste_groups[:limit]
        return roll_up(self.body.comparison)[:limit]

    # -- what is largest ---------------------------------------------------------------------------------

    def top_files(self, limit: int) -> Sequence[FileSize]:
        """Return the ``limit`` largest regular files of the merged tree (ties by path)."""
        return self.highlights.top_files[:limit] if limit <= HIGHLIGHTS else largest_files(self.files.tree, limit)

    def top_directories(self, limit: int) -> Sequence[DirectorySize]:
        """Return the ``limit`` largest directories of the merged tree that say something, subdirectories included.

        Neither the root nor one whose bytes are (nearly) all in one of its subdirectories: that one is there instead.
        """
        return self.highlights.top_directories[:limit] if limit <= HIGHLIGHTS else self._ranked_directories(limit)

    def _ranked_directories(self, limit: int) -> list[DirectorySize]:
        return largest_directories(self.files.tree.directory_sizes(), limit)

    @property
    def packages(self) -> PackageSizes:
        """The installed packages by size, as far as their databases can be read without exporting the image again."""
        if self._packages is None:
            from .packages.sizes import package_sizes

            self._packages = package_sizes(self)
        return self._packages

    # -- layers ------------------------------------------------------------------------------------------

    def changes(self, layer: int) -> Iterator[Change]:
        """Yield what a layer did, path by path, sorted by the path's bytes; ``IndexError`` for no such layer."""
        overlay, kinds = self.body.overlay, self.body.comparison.kinds
        hidden = overlay.hidden
        index, first = overlay.layers[layer], overlay.first[layer]
        found: list[tuple[bytes, str, int | None, int | None, int]] = []
        replacing: set[int] = set()
        # Rows stand layer after layer.
        for row in range(bisect_left(hidden.by, layer), bisect_right(hidden.by, layer)):
            kind = kinds[row]
            if kind == TWICE:
                continue
            before = overlay.inode(hidden.entries[row])
            old_size = overlay.sizes[before] if before != NO_ENTRY else 0
            if kind in (GONE, COVERED):
                found.append((hidden.path(row), "removed", old_size, None, row))
            elif kind in (MODIFIED, METADATA_ONLY, REWRITTEN):
                new = hidden.replaced_by[row]
                replacing.add(new)
                after = overlay.inode(new)
                size = overlay.sizes[after] if after != NO_ENTRY else 0
                found.append((hidden.path(row), CHANGE_NAMES[kind], old_size, size, row))
        for directory, names in index.children.items():
            for name, own in names.items():
                if own >= 0 and own + first not in replacing:
                    after = overlay.inode(own + first)
                    size = overlay.sizes[after] if after != NO_ENTRY else 0
                    found.append((join(directory, name), "added", None, size, -1))
        found.sort()
        for path, word, old, size_after, row in found:
            differs = self.body.comparison.differs(row) if row >= 0 else ()
            yield Change(public(path), word, old, size_after, differs)

    def why(self, path: str) -> list[Event]:
        """Show what every layer did to a path, bottom first. Raises ``PathNotFoundError`` if none ever held it."""
        key = internal(path)
        directory, name = split(key)
        overlay, comparison = self.body.overlay, self.body.comparison
        hidden = overlay.hidden
        events: list[tuple[int, int, Event]] = []
        tree = self.files.tree
        kind_of: dict[int, int] = {}
        for row in range(len(hidden)):
            if hidden.names[row] != name or hidden.directories[row] != directory:
                continue
            kind, by, entry = comparison.kinds[row], hidden.by[row], hidden.entries[row]
            if kind in (GONE, COVERED):
                gone = Event(by, "removed", None, hidden.wasted[row], self._cause(by, key))
                events.append((by, 0, gone))
            elif kind == TWICE:
                events.append((by, 1, Event(by, "repeated", tree.row(key, entry), overlay.sizes[entry], None)))
            else:
                kind_of[hidden.replaced_by[row]] = row
        for number, index in enumerate(overlay.layers):
            own = index.children.get(directory, {}).get(name)
            if own is None or own < 0:
                continue
            entry = own + overlay.first[number]
            replaced = kind_of.get(entry)
            word, cause = "added", ""
            if replaced is not None:
                word = CHANGE_NAMES[comparison.kinds[replaced]]
                cause = ", ".join(comparison.differs(replaced))
            events.append((number, 2, Event(number, word, tree.row(key, entry), overlay.sizes[entry], cause or None)))
        if not events and overlay.lookup(key) is None:
            raise PathNotFoundError(self._no_path(key))
        events.sort(key=lambda item: item[:2])
        return [event for _, _, event in events]

    def _cause(self, layer: int, key: bytes) -> str:
        """Say by what a layer hid a path: its whiteout, or what happened to a directory above it."""
        index = self.body.overlay.layers[layer]
        whiteouts, opaques = set(index.whiteouts), set(index.opaques)
        here = key
        while True:
            directory, name = split(here)
            if (directory, name) in whiteouts:
                return f"whiteout of {public(here)}"
            if here != key:
                own = index.children.get(directory, {}).get(name)
                if own is not None and own >= 0 and index.kinds[own] != DIRECTORY:
                    return f"{public(here)} became a {TYPE_NAMES[index.kinds[own]]}"
            if directory in opaques:
                return f"opaque whiteout in {public(directory)}"
            if not here:
                return "removed"
            here = directory

    # -- contents ----------------------------------------------------------------------------------------

    def open(self, path: str, layer: int | None = None) -> BinaryIO:
        """Open a regular file's content for reading in sequence: the one door to contents.

        From the merged tree, or as ``layer`` itself holds it. Hard links are followed, symlinks are not. Raises
        ``PathNotFoundError`` (also for what is not a regular file) and ``ImageError``.
        """
        key = internal(path)
        overlay = self.body.overlay
        directory, name = split(key)
        shown = escape(public(key))
        if layer is None:
            entry = overlay.lookup(key)
            where = escape(self.image.reference)
        else:
            if not 0 <= layer < len(self.layers):
                raise PathNotFoundError(f"there is no layer {layer}: the image has layers 0 to {len(self.layers) - 1}")
            own = overlay.layers[layer].children.get(directory, {}).get(name)
            entry = own + overlay.first[layer] if own is not None and own >= 0 else own
            where = f"layer {layer} of {escape(self.image.reference)}"
        if entry is None:
            raise PathNotFoundError(self._no_path(key) if layer is None else f"no {shown} in {where}")
        inode = overlay.inode(entry)
        kind = kind_of(overlay, entry)
        if kind != FILE:
            word = "dangling hard link" if kind == HARDLINK else TYPE_NAMES[kind]
            raise PathNotFoundError(f"{shown} in {where} is a {word}, not a file: it has no content")
        return self._contents.open(*overlay.locate(inode))

    def duplicates(self) -> list[Duplicate]:
        """Find regular files of the merged tree with equal content, largest saving first.

        Only files whose sizes collide are read; hard links are one file, empty files none. Raises ``ImageError``.
        """
        overlay = self.body.overlay
        by_size: dict[int, list[tuple[bytes, int]]] = {}
        tree = self.files.tree
        for directory, names in overlay.tree.items():
            for name, entry in names.items():
                if entry < 0:
                    continue
                inode = tree.promoted.get(entry, entry)
                if overlay.kinds[inode] == FILE and (size := overlay.sizes[inode]):
                    by_size.setdefault(size, []).append((join(directory, name), inode))
        groups = [(size, files) for size, files in by_size.items() if len(files) > 1]
        prints = iter(self._contents.fingerprints([overlay.locate(inode) for _, files in groups for _, inode in files]))
        found: list[Duplicate] = []
        for size, files in groups:
            alike: dict[bytes, list[bytes]] = {}
            for path, _ in files:
                alike.setdefault(next(prints), []).append(path)
            found += [
                Duplicate(size, tuple(public(path) for path in sorted(paths)))
                for paths in alike.values()
                if len(paths) > 1
            ]
        found.sort(key=lambda duplicate: (-duplicate.redundant_bytes, duplicate.paths))
        return found


class Tree:
    """A merged tree: an overlay with what is needed to make rows of its entries."""

    def __init__(self, overlay: Overlay) -> None:
        """Read ``overlay``'s tree; nothing is copied."""
        self.overlay = overlay

    @cached_property
    def promoted(self) -> dict[int, int]:
        """Hard links that are an inode's first name in this tree, and the inode."""
        return self.overlay.promoted()

    @cached_property
    def promoted_names(self) -> dict[int, bytes]:
        """Path of the name under which each promoted inode is shown as the file."""
        if not self.promoted:
            return {}
        return {
            self.promoted[entry]: join(directory, name)
            for directory, names in self.overlay.tree.items()
            for name, entry in names.items()
            if entry in self.promoted
        }

    @cached_property
    def held(self) -> dict[bytes, dict[bytes, tuple[int, ...]]]:
        """Layers whose entry at a path is hidden by now, for paths that have any: by directory, then by name."""
        overlay, hidden = self.overlay, self.overlay.hidden
        found: dict[bytes, dict[bytes, tuple[int, ...]]] = {}
        for directory, name, entry in zip(hidden.directories, hidden.names, hidden.entries, strict=True):
            names = found.setdefault(directory, {})
            layer, known = overlay.layer_of(entry), names.get(name, ())
            # A layer may hold a path any number of times.
            if layer not in known[-1:]:
                names[name] = (*known, layer)
        return found

    def row(self, path: bytes, entry: int) -> File:
        """Make the row of a global entry at a path."""
        overlay = self.overlay
        layer, own = overlay.locate(entry)
        directory, name = split(path)
        held = self.held.get(directory, {}).get(name)
        layers = (layer,) if held is None else tuple(sorted({*held, layer}))
        if entry < 0:
            return File(public(path), "directory", 0, *IMPLIED_META, 0, None, layer, layers)
        index = overlay.layers[layer]
        kind = index.kinds[own]
        target: str | None = None
        size = index.sizes[own]
        if kind == HARDLINK:
            inode = self.promoted.get(entry)
            shared = overlay.inode(entry)
            if inode is None:
                first = None if shared == NO_ENTRY else self.promoted_names.get(shared, overlay.home.get(shared))
                target = public(index.links[own] if first is None else first)
            if shared != NO_ENTRY:
                content_layer, own = overlay.locate(shared)
                index = overlay.layers[content_layer]
                if inode is not None:
                    kind, size = index.kinds[own], index.sizes[own]
        mode, uid, gid = index.meta_table[index.metas[own]]
        if kind == SYMLINK:
            target = index.links[own].decode("utf-8", "surrogateescape")
        if index.kinds[own] == SYMLINK:
            mode = SYMLINK_MODE
        return File(
            public(path),
            TYPE_NAMES[kind],
            size,
            mode,
            uid,
            gid,
            index.mtimes[own],
            target,
            layer,
            layers,
            index.devices.get(own),
            index.xattrs.get(own),
        )

    def own_sizes(self) -> dict[bytes, int]:
        """Return what the names directly in each directory hold; of inodes without their first name nothing."""
        size_of = self.overlay.sizes.__getitem__
        return {directory: sum(map(size_of, names.values())) for directory, names in self.overlay.tree.items()}

    def directory_sizes(self, own: Mapping[bytes, int] | None = None) -> dict[bytes, tuple[int, int]]:
        """Return, for each directory with anything in it, the content bytes and the number of paths below it.

        ``own`` is what ``own_sizes`` tells, if that is known.
        """
        overlay = self.overlay
        own_of = (self.own_sizes() if own is None else own).__getitem__
        sums = {directory: [own_of(directory), len(names)] for directory, names in overlay.tree.items()}
        for inode, path in self.promoted_names.items():
            sums[split(path)[0]][0] += overlay.sizes[inode]
        # Children are added to their parents first: a parent's path is the shorter one.
        for directory in sorted(sums, key=len, reverse=True):
            if directory:
                parent = sums[split(directory)[0]]
                held, count = sums[directory]
                parent[0] += held
                parent[1] += count
        return {directory: (size, count) for directory, (size, count) in sums.items()}

    def count(self) -> int:
        """Return the number of paths, the root not counted."""
        return sum(map(len, self.overlay.tree.values()))


class Files(Sequence[File]):
    """The rows of a merged tree, sorted by path; made one by one as they are read."""

    def __init__(self, tree: Tree) -> None:
        """Present ``tree`` as a sequence."""
        self.tree = tree

    def __repr__(self) -> str:
        return f"<Files: {len(self):,} paths>"

    @cached_property
    def _pairs(self) -> list[tuple[bytes, int]]:
        return list(self.tree.overlay.paths())

    def __len__(self) -> int:
        return self.tree.count()

    def __iter__(self) -> Iterator[File]:
        row = self.tree.row
        return (row(path, entry) for path, entry in self._pairs)

    @overload
    def __getitem__(self, index: int) -> File: ...
    @overload
    def __getitem__(self, index: slice) -> list[File]: ...
    def __getitem__(self, index: int | slice) -> File | list[File]:
        if isinstance(index, slice):
            return [self.tree.row(path, entry) for path, entry in self._pairs[index]]
        return self.tree.row(*self._pairs[index])
