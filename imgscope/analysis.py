"""The result that every command prints and every reader takes: one image, analysed.

Figures (see docs/figures.md): *content bytes* of an entry are a regular file's size; *merged bytes* those of the
inodes with at least one name in the merged tree; *wasted bytes* all others. So, for every image,
``content_bytes == merged_bytes + wasted_bytes``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, BinaryIO

from .brief import shortened
from .contents import Contents, NoContents
from .errors import ContentUnavailableError, PathNotFoundError
from .escape import escape
from .highlights import HIGHLIGHTS, Highlights, of_waste, ranked_waste
from .history import read_history
from .largest import DirectorySize, FileSize, Largest, PackageSizes, largest_directories, largest_files
from .layer.index import DIRECTORY, FILE, HARDLINK, TYPE_NAMES
from .overlay.changes import (
    CHANGE_NAMES,
    COVERED,
    GONE,
    METADATA_ONLY,
    MODIFIED,
    REWRITTEN,
    TWICE,
    Comparison,
)
from .overlay.merge import NO_ENTRY, Overlay
from .paths import internal, join, public, split
from .rollup import WasteGroup, roll_up
from .rootfs.resolve import Resolved, resolve
from .rootfs.walk import kind_of
from .rows import SCHEMA_VERSION, Change, Duplicate, Event, File, Image, Layer, Totals, Waste, WastedPath
from .tree import Files, Tree


@dataclass(frozen=True, slots=True)
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
        return ranked_waste(self.body.comparison)

    @property
    def highlights(self) -> Highlights:
        """The ranked lists, at most ``HIGHLIGHTS`` rows each."""
        if self._highlights is None:
            self._highlights = self._rank(HIGHLIGHTS)
        return self._highlights

    def _rank(self, limit: int) -> Highlights:
        found = of_waste(self.body.comparison, limit)
        known = self._largest if limit == HIGHLIGHTS else None
        if known is None:
            return found.with_largest(self._ranked_directories(limit), largest_files(self.files.tree, limit))
        return found.with_largest(known.directories, known.files)

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
