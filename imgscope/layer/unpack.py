"""What unpacking one layer, entry by entry, would leave: the rules inside a layer.

A scan fills ``children`` as names come. That is already right unless the layer holds a path twice or walks
through something that is no directory; then ``settle`` replays the entries in their order.
"""

from __future__ import annotations

from bisect import bisect_left

from ..tar.header import TarError
from .index import DIRECTORY, HARDLINK, IMPLIED, SYMLINK, LayerIndex
from .names import split

# Bounds the memory that implied directories can take: a name of 4,096 bytes may imply 2,048 of them.
MAX_IMPLIED_BYTES = 1 << 28
# Linux follows at most 40 links in one path (path_resolution(7)).
MAX_LINKS = 40

Event = tuple[int, bytes, bytes]


def settle(index: LayerIndex, whiteouts: list[Event], opaques: list[tuple[int, bytes]]) -> None:
    """Finish a freshly scanned index: close ``children`` upwards, apply the rules, resolve hard links.

    ``whiteouts`` and ``opaques`` carry the number of the entry that follows them in the tar, so that a replay
    meets them where they stood.
    """
    for _, directory, _name in whiteouts:
        index.children.setdefault(directory, {})
    for _, directory in opaques:
        index.children.setdefault(directory, {})
    if not _close(index) or any(_joined(d, n) in index.children for d, n, _ in index.repeated):
        _replay(index, whiteouts, opaques)
        _close(index)
    else:
        index.whiteouts = [(directory, name) for _, directory, name in whiteouts]
        index.opaques = [directory for _, directory in opaques]
    _resolve_hardlinks(index)


def _joined(directory: bytes, name: bytes) -> bytes:
    return directory + b"/" + name if directory else name


def _close(index: LayerIndex) -> bool:
    """Name every directory in its parent; tell whether all that lies in between is a directory."""
    children, kinds = index.children, index.kinds
    children.setdefault(b"", {})
    sound = True
    implied_bytes = 0
    for path in list(children):
        here = path
        while here:
            head, _, tail = here.rpartition(b"/")
            siblings = children.get(head)
            known = siblings is not None
            if siblings is None:
                siblings = children[head] = {}
                implied_bytes += len(head)
                if implied_bytes > MAX_IMPLIED_BYTES:
                    raise TarError("its names imply too many directories to be an image")
            entry = siblings.setdefault(tail, IMPLIED)
            if entry != IMPLIED and kinds[entry] != DIRECTORY:
                sound = False
            if known:
                break
            here = head
    return sound


class _Unpacker:
    """Places entries one after another, as an engine does when it unpacks a layer."""

    def __init__(self, index: LayerIndex) -> None:
        self.index = index
        self.tree: dict[bytes, dict[bytes, int]] = {b"": {}}
        self.repeated: list[Event] = []

    def drop(self, directory: bytes, name: bytes, entry: int) -> None:
        """Take a name out, with all below it; the entries become repeated."""
        if entry != IMPLIED:
            self.repeated.append((entry, directory, name))
        path = _joined(directory, name)
        pending = [path] if path in self.tree else []
        while pending:
            here = pending.pop()
            for below, number in self.tree.pop(here).items():
                if number != IMPLIED:
                    self.repeated.append((number, here, below))
                inner = _joined(here, below)
                if inner in self.tree:
                    pending.append(inner)

    def enter(self, directory: bytes) -> bytes:
        """Return where a directory's path really leads, making and replacing what is in the way."""
        here = b""
        todo = directory.split(b"/")[::-1] if directory else []
        followed = 0
        while todo:
            part = todo.pop()
            if part in (b"", b"."):
                continue
            if part == b"..":
                here = split(here)[0]
                continue
            siblings = self.tree[here]
            entry = siblings.get(part)
            path = _joined(here, part)
            if entry is not None and entry != IMPLIED and self.index.kinds[entry] != DIRECTORY:
                if self.index.kinds[entry] == SYMLINK and followed < MAX_LINKS:
                    followed += 1
                    target = self.index.links[entry]
                    if target.startswith(b"/"):
                        here = b""
                    todo.extend(target.split(b"/")[::-1])
                    continue
                self.drop(here, part, entry)
                entry = None
            if entry is None:
                siblings[part] = IMPLIED
            self.tree.setdefault(path, {})
            here = path
        return here

    def place(self, directory: bytes, name: bytes, entry: int) -> None:
        """Put an entry where its name leads."""
        here = self.enter(directory)
        old = self.tree[here].get(name)
        if old is not None:
            if self.index.kinds[entry] == DIRECTORY and (old == IMPLIED or self.index.kinds[old] == DIRECTORY):
                if old != IMPLIED:
                    self.repeated.append((old, here, name))
            else:
                self.drop(here, name, old)
        self.tree[here][name] = entry


def _replay(index: LayerIndex, whiteouts: list[Event], opaques: list[tuple[int, bytes]]) -> None:
    events: list[tuple[int, int, bytes, bytes]] = [
        (entry, 1, directory, name)
        for directory, names in index.children.items()
        for name, entry in names.items()
        if entry != IMPLIED
    ]
    events += [(entry, 1, directory, name) for directory, name, entry in index.repeated]
    events += [(before, 0, directory, name) for before, directory, name in whiteouts]
    events += [(before, 0, directory, b"") for before, directory in opaques]
    events.sort()
    unpacker = _Unpacker(index)
    index.whiteouts, index.opaques = [], []
    for entry, is_entry, directory, name in events:
        if is_entry:
            unpacker.place(directory, name, entry)
        elif name:
            index.whiteouts.append((unpacker.enter(directory), name))
        else:
            index.opaques.append(unpacker.enter(directory))
    index.children = {directory: names for directory, names in unpacker.tree.items() if names or not directory}
    index.repeated = [(directory, name, entry) for entry, directory, name in sorted(unpacker.repeated)]


def _resolve_hardlinks(index: LayerIndex) -> None:
    """Find, for each hard link, the entry of this layer that it shares content with, if there is one."""
    hardlinks = [entry for entry in index.links if index.kinds[entry] == HARDLINK]
    if not hardlinks:
        return
    earlier: dict[tuple[bytes, bytes], list[int]] = {}
    for directory, name, entry in index.repeated:
        earlier.setdefault((directory, name), []).append(entry)

    def target_of(entry: int) -> int | None:
        directory, name = split(index.links[entry])
        found = index.children.get(directory, {}).get(name)
        if found is None and (directory, name) not in earlier:
            directory = _follow(index, directory)
            found = index.children.get(directory, {}).get(name)
        if (directory, name) in earlier:
            # The link was made to what the name held at that moment.
            versions = sorted([*earlier[directory, name], *([found] if found is not None else [])])
            place = bisect_left(versions, entry)
            found = versions[place - 1] if place else found
        return found

    for entry in hardlinks:
        seen = {entry}
        found = target_of(entry)
        while found is not None and found != IMPLIED and index.kinds[found] == HARDLINK and found not in seen:
            seen.add(found)
            if found in index.inodes:
                found = index.inodes[found]
                break
            following = target_of(found)
            if following is None:
                # The chain leads out of this layer: the overlay goes on from the last link's target.
                index.links[entry] = index.links[found]
            found = following
        if found is None or found == IMPLIED or found in seen or index.kinds[found] == DIRECTORY:
            continue
        index.inodes[entry] = found


def _follow(index: LayerIndex, directory: bytes) -> bytes:
    """Return where a directory's path leads through the symlinks of this layer, without changing anything."""
    here = b""
    todo = directory.split(b"/")[::-1] if directory else []
    followed = 0
    while todo:
        part = todo.pop()
        if part in (b"", b"."):
            continue
        if part == b"..":
            here = split(here)[0]
            continue
        entry = index.children.get(here, {}).get(part)
        if entry is not None and entry != IMPLIED and index.kinds[entry] == SYMLINK and followed < MAX_LINKS:
            followed += 1
            target = index.links[entry]
            if target.startswith(b"/"):
                here = b""
            todo.extend(target.split(b"/")[::-1])
            continue
        here = _joined(here, part)
    return here
