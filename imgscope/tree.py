"""The merged tree as rows, made of the overlay's columns when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import overload

from .layer.index import HARDLINK, IMPLIED_META, SYMLINK, SYMLINK_MODE, TYPE_NAMES
from .overlay.merge import NO_ENTRY, Overlay
from .paths import join, public, split
from .rows import File


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
