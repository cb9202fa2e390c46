"""The layer rules again, slow and obvious: what the fast code has to agree with.

A stack of layers is applied to a make-believe file system, one layer at a time. The file system is a dictionary
from path to ``Name``, and a name leads to an ``Inode``, as on a disk; everything that imgscope reports is then
read off by comparing the dictionary before a layer with the one after it. Nothing here is fast, and nothing
here imports imgscope.

Paths are bytes without a leading slash, the root is ``b""``; the rows that come out have them as text with a
leading slash, as imgscope's public rows do.
"""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

Path = bytes

KINDS = ("added", "modified", "metadata_only", "rewritten", "removed", "repeated")
LINKS_AT_MOST = 40


# --- one member of a tar -----------------------------------------------------------------------------------


class Entry(NamedTuple):
    """A member of a layer's tar as it is recorded, its name cleaned."""

    path: Path
    type: str
    content: bytes
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    link: bytes
    device: tuple[int, int] | None
    xattrs: dict[str, bytes]


TYPES = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.GNUTYPE_SPARSE: "file",
    tarfile.LNKTYPE: "hardlink",
    tarfile.SYMTYPE: "symlink",
    tarfile.DIRTYPE: "directory",
    tarfile.CHRTYPE: "character",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}


def clean(name: bytes) -> Path:
    """Clean a name lexically: no ``.``, no empty parts, and ``..`` stops at the root."""
    parts: list[bytes] = []
    for part in name.split(b"/"):
        if part in (b"", b"."):
            continue
        if part == b"..":
            del parts[-1:]
        else:
            parts.append(part)
    return b"/".join(parts)


def read_entries(data: bytes) -> Iterator[Entry]:
    """Read a tar with the standard library."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:", encoding="utf-8", errors="surrogateescape") as tar:
        for member in tar:
            kind = TYPES[member.type]
            seconds = Decimal(member.pax_headers.get("mtime") or member.mtime)
            yield Entry(
                path=clean(as_bytes(member.name)),
                type=kind,
                content=tar.extractfile(member).read() if kind == "file" else b"",
                mode=0o777 if member.issym() else member.mode & 0o7777,
                uid=member.uid,
                gid=member.gid,
                mtime_ns=int(seconds * 10**9),
                link=as_bytes(member.linkname),
                device=(member.devmajor, member.devminor) if kind in ("character", "block") else None,
                xattrs={
                    key.removeprefix("SCHILY.xattr."): as_bytes(value)
                    for key, value in member.pax_headers.items()
                    if key.startswith("SCHILY.xattr.")
                },
            )


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def as_text(path: bytes) -> str:
    return "/" + path.decode("utf-8", "surrogateescape")


# --- the make-believe file system --------------------------------------------------------------------------


@dataclass(eq=False)
class Inode:
    """What names lead to.

    ``origin`` is the name of the very entry that stored it, ``links`` the number of names that its layer gave it.
    """

    type: str
    layer: int
    content: bytes = b""
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    mtime_ns: int = 0
    target: bytes | None = None
    device: tuple[int, int] | None = None
    xattrs: dict[str, bytes] = field(default_factory=dict)
    origin: Name | None = None
    links: int = 0

    @property
    def size(self) -> int:
        return len(self.content)


@dataclass(eq=False)
class Name:
    """A directory's entry. ``stored`` is the content bytes that this very entry brought: 0 for a hard link."""

    path: Path
    inode: Inode
    layer: int
    stored: int = 0
    implied: bool = False
    entry: Entry | None = None


Tree = dict[Path, Name]


def parents(path: Path) -> list[Path]:
    """All directories above a path, the root first: ``a/b/c`` gives the root, ``a``, ``a/b``."""
    parts = path.split(b"/")
    return [b"/".join(parts[:depth]) for depth in range(len(parts))]


def join(directory: Path, name: bytes) -> Path:
    return directory + b"/" + name if directory else name


def parent(path: Path) -> Path:
    return path.rpartition(b"/")[0]


# --- one layer by itself -----------------------------------------------------------------------------------


class TooManyLinks(Exception):
    pass


class Unpacked:
    """One layer unpacked alone into an empty folder: its own names, whiteouts, and what it superseded itself."""

    def __init__(self, data: bytes, index: int, below: Tree) -> None:
        self.index = index
        self.names: Tree = {}
        self.whiteouts: set[Path] = set()
        self.opaque: set[Path] = set()
        self.superseded: list[Name] = []
        self.inodes: list[Inode] = []
        self.content_bytes = 0
        for entry in read_entries(data):
            self.unpack(entry)
        self.settle_links(below)
        for name in self.names.values():
            if name.inode.layer == index:
                name.inode.links += 1

    def unpack(self, entry: Entry) -> None:
        directory, _, base = entry.path.rpartition(b"/")
        if any(part.startswith(b".wh..wh.") for part in directory.split(b"/")):
            return  # below AUFS's bookkeeping
        if base == b".wh..wh..opq":
            self.opaque.add(self.real_directory(directory))
        elif base.startswith(b".wh..wh."):
            return
        elif base.startswith(b".wh."):
            hidden = base.removeprefix(b".wh.")
            if hidden not in (b"", b".", b".."):
                self.whiteouts.add(join(self.real_directory(directory), hidden))
        elif base:
            self.content_bytes += len(entry.content)
            self.put(join(self.real_directory(directory), base), entry)

    def put(self, path: Path, entry: Entry) -> None:
        if entry.type == "hardlink":
            # Looked up before the name that may stand in the way is dropped: a link over its own target.
            inode = self.linked_now(entry) or Inode("pending", self.index)
        else:
            inode = Inode(
                entry.type,
                self.index,
                entry.content,
                entry.mode,
                entry.uid,
                entry.gid,
                entry.mtime_ns,
                entry.link if entry.type == "symlink" else None,
                entry.device,
                entry.xattrs,
            )
            self.inodes.append(inode)
        name = Name(path, inode, self.index, len(entry.content), entry=entry)
        if inode.origin is None:
            inode.origin = name
        standing = self.names.get(path)
        if standing and standing.inode.type == inode.type == "directory":
            self.drop(path)
        else:
            self.drop_tree(path)
        self.names[path] = name

    def drop(self, path: Path) -> None:
        name = self.names.pop(path)
        if not name.implied:
            self.superseded.append(name)

    def drop_tree(self, path: Path) -> None:
        for other in list(self.names):
            if other == path or other.startswith(path + b"/"):
                self.drop(other)

    # Where names land.

    def real_directory(self, directory: Path) -> Path:
        """Follow this layer's own links, and make what is missing where they lead."""
        real = self.resolve(directory)
        if real:
            for path in [*parents(real)[1:], real]:
                self.make_directory(path)
        return real

    def make_directory(self, path: Path) -> None:
        standing = self.names.get(path)
        if standing and standing.inode.type == "directory":
            return
        if standing:
            self.drop(path)
        inode = Inode("directory", self.index)
        self.names[path] = inode.origin = Name(path, inode, self.index, implied=True)

    def resolve(self, directory: Path, *, mend: bool = True) -> Path:
        """Follow symlinks in a written path. One that leads nowhere becomes a directory, or raises."""
        real = b""
        for part in directory.split(b"/"):
            if not part:
                continue
            here = join(real, part)
            if self.is_symlink(here):
                try:
                    real = self.lead(here, [])
                except TooManyLinks:
                    if not mend:
                        raise
                    self.make_directory(here)
                    real = here
            else:
                real = here
        return real

    def is_symlink(self, path: Path) -> bool:
        """A hard link to a symlink does not count: nothing is written through one."""
        name = self.names.get(path)
        return name is not None and name.entry is not None and name.entry.type == "symlink"

    def lead(self, link: Path, passed: list[Path]) -> Path:
        """Where a symlink leads, by way of further symlinks."""
        passed.append(link)
        if len(passed) > LINKS_AT_MOST:
            raise TooManyLinks
        target = self.names[link].inode.target or b""
        here = b"" if target.startswith(b"/") else parent(link)
        for part in target.split(b"/"):
            if part in (b"", b"."):
                continue
            if part == b"..":
                here = parent(here)
            else:
                here = join(here, part)
                if self.is_symlink(here):
                    here = self.lead(here, passed)
        return here

    # Hard links.

    def target_of(self, entry: Entry) -> Path:
        directory, _, base = clean(entry.link).rpartition(b"/")
        try:
            return join(self.resolve(directory, mend=False), base)
        except TooManyLinks:
            return clean(entry.link)

    def linked_now(self, entry: Entry) -> Inode | None:
        target = self.names.get(self.target_of(entry))
        if target and target.inode.type != "directory":
            return target.inode
        return None

    def settle_links(self, below: Tree) -> None:
        """Find the inodes of links that came before their targets, now that all targets are here."""
        settled: dict[Inode, Inode | Path] = {}
        for name in self.names.values():
            if name.inode.type == "pending" and name.inode not in settled:
                settled[name.inode] = self.settle(name.inode, below)
        for name in self.names.values():
            if name.inode.type == "pending":
                found = settled[name.inode]
                name.inode = found if isinstance(found, Inode) else self.dangling(name, found)

    def settle(self, pending: Inode, below: Tree) -> Inode | Path:
        """Find an inode, or else the path at which there is none."""
        first = target = self.target_of(pending.origin.entry)
        asked = [pending]
        while target in self.names:
            inode = self.names[target].inode
            if inode.type == "directory":
                break
            if inode.type != "pending":
                return inode
            if inode in asked:  # links to themselves or to each other: not one of them has anything here
                target = first
                break
            asked.append(inode)
            target = self.target_of(inode.origin.entry)
        if target in below and below[target].inode.type not in ("directory", "hardlink"):
            return below[target].inode
        return target

    def dangling(self, name: Name, target: Path) -> Inode:
        entry = name.entry
        inode = Inode("hardlink", self.index, b"", entry.mode, entry.uid, entry.gid, entry.mtime_ns)
        inode.target = b"/" + target
        inode.xattrs = entry.xattrs
        inode.origin = name
        return inode


# --- the stack ---------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A path of the merged tree."""

    path: str
    type: str
    size: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    link_target: str | None
    device: tuple[int, int] | None
    xattrs: dict[str, bytes] | None
    layer: int
    layers: tuple[int, ...]


class WasteRow(NamedTuple):
    path: str
    bytes: int
    stored_in: int
    wasted_by: int
    reason: str


@dataclass
class Figures:
    """One layer's figures; ``counts`` and ``bytes`` by kind."""

    content_bytes: int
    counts: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, str] = field(default_factory=dict)
    wasted_bytes: int = 0
    stored_waste_bytes: int = 0

    def note(self, kind: str, path: Path, size: int) -> None:
        self.counts[kind] += 1
        self.bytes[kind] += size
        if kind != "repeated":
            self.kinds[as_text(path)] = kind


@dataclass
class Result:
    rows: list[Row]
    waste: list[WasteRow]
    layers: list[Figures]
    merged_bytes: int
    wasted_bytes: int
    content_bytes: int

    @property
    def paths(self) -> list[str]:
        return [row.path for row in self.rows]

    @property
    def sizes(self) -> dict[str, int]:
        """Sizes of the files, each inode once."""
        return {row.path: row.size for row in self.rows if row.type == "file"}

    @property
    def reasons(self) -> dict[str, str]:
        """Reasons by path, for stacks that waste each path once."""
        return {row.path: row.reason for row in self.waste}

    def row(self, path: str) -> Row:
        return next(row for row in self.rows if row.path == path)


def names_of(inode: Inode, tree: Tree) -> list[Name]:
    return [tree[path] for path in sorted(tree) if tree[path].inode is inode]


def shown(names: list[Name]) -> Name:
    """Of an inode's names, the one whose row has the bytes: that of the entry that stored it, or the first."""
    inode = names[0].inode
    return inode.origin if inode.origin in names else names[0]


def differences(old: Name, new: Name) -> set[str]:
    """What differs between a path's old state and its new one."""
    one, other = old.inode, new.inode
    pairs = {
        "type": (one.type, other.type),
        "content": (one.content, other.content),
        "target": (one.target, other.target),
        "device": (one.device, other.device),
        "mode": (one.mode, other.mode),
        "owner": ((one.uid, one.gid), (other.uid, other.gid)),
        "xattrs": (one.xattrs, other.xattrs),
        "mtime": (one.mtime_ns, other.mtime_ns),
        "links": (one.links, other.links),
    }
    return {what for what, (was, now) in pairs.items() if was != now}


def kind_of_change(old: Name, new: Name) -> str:
    differs = differences(old, new)
    if differs & {"type", "content", "target", "device"}:
        return "modified"
    if new.inode.type == "directory":
        differs -= {"mtime"}  # writing into a directory changes its time
    return "metadata_only" if differs else "rewritten"


def hidden(path: Path, layer: Unpacked) -> str | None:
    """Why a path of the tree below is hidden by a layer, whether or not the layer has that path anew."""
    if path in layer.whiteouts:
        return "removed"
    for directory in parents(path):
        if directory in layer.whiteouts or directory in layer.opaque:
            return "shadowed"
        if directory in layer.names and layer.names[directory].inode.type != "directory":
            return "shadowed"
    return None


def put_on_top(before: Tree, layer: Unpacked) -> Tree:
    """The tree after a layer."""
    after = dict(layer.names)
    for path, old in before.items():
        if hidden(path, layer):
            continue
        new = layer.names.get(path)
        if new is None or (new.implied and old.inode.type == "directory"):
            after[path] = old
    return after


def stack(layers: Iterable[bytes]) -> Result:
    """Stack layers, given as plain tars with the bottom first."""
    tree: Tree = {}
    held: dict[Path, set[int]] = {}
    waste: list[WasteRow] = []
    figures: list[Figures] = []
    for index, data in enumerate(layers):
        before, layer = tree, Unpacked(data, index, tree)
        tree = put_on_top(before, layer)
        mine = Figures(layer.content_bytes)
        figures.append(mine)

        for path, new in layer.names.items():
            if tree[path] is new:
                held.setdefault(path, set()).add(index)
            old = before.get(path)
            if new.implied:
                if old and old.inode.type != "directory":
                    mine.note("modified", path, 0)
            elif old:
                mine.note(kind_of_change(old, new), path, new.stored)
            else:
                mine.note("added", path, new.stored)
        for name in layer.superseded:
            held.setdefault(name.path, set()).add(index)
            mine.note("repeated", name.path, name.stored)

        # What no name leads to any more is waste.
        alive = {name.inode for name in tree.values()}
        for inode in layer.inodes:
            if inode not in alive and inode.size:
                waste.append(WasteRow(as_text(inode.origin.path), inode.size, index, index, "repeated"))
        for inode in {name.inode: None for name in before.values()}:
            if inode in alive:
                continue
            names = names_of(inode, before)
            # Of several that went at once, the one where the bytes were stored tells why.
            last = next((name for name in names if name.path == inode.origin.path), names[-1])
            if last.path in tree:
                kind = kind_of_change(last, tree[last.path])
                reason = "overwritten" if kind == "modified" else kind
            else:
                reason = hidden(last.path, layer)
                mine.bytes["removed"] += inode.size
            if inode.size:
                waste.append(WasteRow(as_text(inode.origin.path), inode.size, inode.layer, index, reason))
        for path in before:
            if path not in tree:
                mine.note("removed", path, 0)

    for index, mine in enumerate(figures):
        mine.wasted_bytes = sum(row.bytes for row in waste if row.wasted_by == index)
        mine.stored_waste_bytes = sum(row.bytes for row in waste if row.stored_in == index)
    rows = [row_of(tree[path], tree, held) for path in sorted(tree)]
    return Result(
        rows=rows,
        waste=sorted(waste),
        layers=figures,
        merged_bytes=sum(inode.size for inode in {name.inode for name in tree.values()}),
        wasted_bytes=sum(row.bytes for row in waste),
        content_bytes=sum(mine.content_bytes for mine in figures),
    )


def row_of(name: Name, tree: Tree, held: dict[Path, set[int]]) -> Row:
    inode = name.inode
    first = shown(names_of(inode, tree))
    target = inode.target
    if name is not first:
        target = b"/" + first.path
    return Row(
        path=as_text(name.path),
        type=inode.type if name is first else "hardlink",
        size=inode.size if name is first else 0,
        mode=inode.mode,
        uid=inode.uid,
        gid=inode.gid,
        mtime_ns=inode.mtime_ns,
        link_target=None if target is None else target.decode("utf-8", "surrogateescape"),
        device=inode.device,
        xattrs=inode.xattrs or None,
        layer=name.layer,
        layers=tuple(sorted(held[name.path])),
    )
