"""What unpacking one layer, entry by entry, would leave: the rules inside a layer.

A scan fills ``children`` as names come. That is already right unless the layer holds a path twice or walks
through something that is not a directory; then ``settle`` replays the entries in their order.
"""

from __future__ import annotations

from collections.abc import Callable

from ..bounds import DIRECTORIES, DIRECTORY_BYTES, FREE_PATH, FREE_STEPS, LIMITS, STEPS, Costs, exceeded
from ..paths import join, split
from .index import DIRECTORY, HARDLINK, IMPLIED, SYMLINK, LayerIndex

# Linux follows at most 40 links in one path (path_resolution(7)).
MAX_LINKS = 40

Event = tuple[int, bytes, bytes]


def settle(
    index: LayerIndex,
    whiteouts: list[Event],
    opaques: list[tuple[int, bytes]],
    clamped: dict[int, bytes],
    costs: Costs,
) -> None:
    """Finish a freshly scanned index: close ``children`` upwards, apply the rules, resolve hard links.

    ``whiteouts`` and ``opaques`` carry the number of the entry that follows them in the tar, so that a replay
    meets them where they stood. ``clamped`` has the names, as written, of entries that were put elsewhere. ``costs``
    counts what the names imply. Raises ``LimitError``.
    """
    written = _as_written(index, clamped) if clamped else index.children
    for _, directory, _name in whiteouts:
        index.children.setdefault(directory, {})
    for _, directory in opaques:
        index.children.setdefault(directory, {})
    if (
        not _close(index, index.members)
        or (
            index.repeated
            and (
                HARDLINK in map(index.kinds.__getitem__, index.links)
                or any(join(d, n) in index.children for d, n, _ in index.repeated)
            )
        )
        or not _resolve_hardlinks(index, None, costs)
    ):
        linked = _replay(index, whiteouts, opaques, costs)
        _close(index, index.members)
        _resolve_hardlinks(index, linked, costs)
        # Whiteouts may lie where links lead, or below what is not a directory.
        index.odd = index.odd or bool(whiteouts)
    else:
        index.whiteouts = [(directory, name) for _, directory, name in whiteouts]
        index.opaques = [directory for _, directory in opaques]
    costs.add(DIRECTORIES, len(index.children) - index.members)
    costs.add(DIRECTORY_BYTES, sum(map(len, index.children)) - FREE_PATH * index.members)
    if written is not index.children and _named(written) != _named(index.children):
        index.written, index.odd = written, True


def _named(children: dict[bytes, dict[bytes, int]]) -> dict[bytes, dict[bytes, int]]:
    return {directory: names for directory, names in children.items() if names}


def _as_written(index: LayerIndex, clamped: dict[int, bytes]) -> dict[bytes, dict[bytes, int]]:
    """Return what ``children`` would be had no name been clamped."""
    places = [(entry, directory, name) for directory, names in index.children.items() for name, entry in names.items()]
    places += [(entry, directory, name) for directory, name, entry in index.repeated]
    written: dict[bytes, dict[bytes, int]] = {}
    for entry, directory, name in sorted(places):
        if entry in clamped:
            directory, name = split(clamped[entry])
        written.setdefault(directory, {})[name] = entry
    return written


class _Room:
    """How many directories, and of how long paths, a layer of so many members may have. A name may imply 2,048."""

    def __init__(self, members: int) -> None:
        self.count = LIMITS[DIRECTORIES][0] + members
        self.length = LIMITS[DIRECTORY_BYTES][0] + FREE_PATH * members

    def take(self, length: int, count: int = 1) -> None:
        """Make room for one more, or several. Raises ``LimitError``."""
        self.count -= count
        self.length -= length
        if self.count < 0 or self.length < 0:
            raise exceeded(DIRECTORIES if self.count < 0 else DIRECTORY_BYTES)


def _close(index: LayerIndex, members: int) -> bool:
    """Name every directory in its parent; tell whether all that lies in between is a directory."""
    children, kinds = index.children, index.kinds
    children.setdefault(b"", {})
    sound = True
    room = _Room(members)
    room.take(sum(map(len, children)), len(children))
    for path in list(children):
        here = path
        while here:
            head, _, tail = here.rpartition(b"/")
            siblings = children.get(head)
            known = siblings is not None
            if siblings is None:
                siblings = children[head] = {}
                room.take(len(head))
            entry = siblings.setdefault(tail, IMPLIED)
            if entry != IMPLIED and kinds[entry] != DIRECTORY:
                sound = False
            if known:
                break
            here = head
    return sound


class _Links:
    """Follows the symlinks of one layer, and of no other, through a tree of its names."""

    def __init__(self, index: LayerIndex, tree: dict[bytes, dict[bytes, int]]) -> None:
        self.index = index
        self.tree = tree
        self.steps = -FREE_STEPS * index.members

    def step(self, count: int) -> None:
        """Count what a name goes through: symlinks may lead to long paths, and these to symlinks."""
        self.steps += count
        if self.steps > LIMITS[STEPS][0]:
            raise exceeded(STEPS)

    def symlink(self, directory: bytes, name: bytes) -> bytes | None:
        """Return the target of the symlink of this name, if it is one (hard links to symlinks are not followed)."""
        entry = self.tree.get(directory, {}).get(name)
        if entry is None or entry == IMPLIED or self.index.kinds[entry] != SYMLINK:
            return None
        return self.index.links[entry]

    def resolve(self, directory: bytes, mend: Callable[[bytes, bytes], None] | None = None) -> bytes | None:
        """Return where a directory's path really leads; what does not exist (yet) is taken as it is written.

        A symlink that leads in a circle is handed to ``mend``, which puts a directory in its place; without
        ``mend``, the answer is ``None``.
        """
        here = b""
        parts = directory.split(b"/") if directory else []
        self.step(len(parts))
        for part in parts:
            path: bytes | None = join(here, part)
            if self.symlink(here, part) is not None:
                path = self._lead(here, part)
                if path is None:
                    if mend is None:
                        return None
                    mend(here, part)
                    path = join(here, part)
            here = path or b""
        return here

    def _lead(self, directory: bytes, name: bytes) -> bytes | None:
        """Return where a symlink leads, through others where need be; ``None`` when there are too many."""
        here = directory
        todo = [name]
        followed = 0
        while todo:
            part = todo.pop()
            if part in (b"", b"."):
                continue
            if part == b"..":
                here = split(here)[0]
            elif (target := self.symlink(here, part)) is not None:
                followed += 1
                if followed > MAX_LINKS:
                    return None
                if target.startswith(b"/"):
                    here = b""
                todo.extend(target.split(b"/")[::-1])
                self.step(len(todo))
            else:
                here = join(here, part)
        return here


class _Unpacker:
    """Places entries one after another, as an engine does when it unpacks a layer."""

    def __init__(self, index: LayerIndex) -> None:
        self.index = index
        self.tree: dict[bytes, dict[bytes, int]] = {b"": {}}
        self.room = _Room(index.members)
        # Hard links to what stood there when they came: link -> entry.
        self.linked: dict[int, int] = {}
        self.links = _Links(index, self.tree)
        self.repeated: list[Event] = []

    def drop(self, directory: bytes, name: bytes, entry: int) -> None:
        """Take a name out, with all below it; the entries become repeated."""
        if entry != IMPLIED:
            self.repeated.append((entry, directory, name))
        path = join(directory, name)
        pending = [path] if path in self.tree else []
        while pending:
            here = pending.pop()
            for below, number in self.tree.pop(here).items():
                if number != IMPLIED:
                    self.repeated.append((number, here, below))
                inner = join(here, below)
                if inner in self.tree:
                    pending.append(inner)

    def enter(self, directory: bytes) -> bytes:
        """Return where a directory's path really leads, making and replacing what is in the way there."""
        real = self.links.resolve(directory, self._make)
        here = b""
        for part in real.split(b"/") if real else ():
            self._make(here, part)
            here = join(here, part)
        return here

    def _make(self, directory: bytes, name: bytes) -> None:
        """Have a directory of that name; whatever else has it gives way."""
        siblings = self.tree[directory]
        entry = siblings.get(name)
        if entry is not None and entry != IMPLIED and self.index.kinds[entry] != DIRECTORY:
            self.drop(directory, name, entry)
            entry = None
        if entry is None:
            siblings[name] = IMPLIED
        path = join(directory, name)
        if path not in self.tree:
            self.room.take(len(path))
            self.tree[path] = {}

    def place(self, directory: bytes, name: bytes, entry: int) -> None:
        """Put an entry where its name leads."""
        here = self.enter(directory)
        if self.index.kinds[entry] == HARDLINK:
            target = self.target(entry)
            if target is not None:
                self.linked[entry] = self.linked.get(target, target)
        old = self.tree[here].get(name)
        if old is not None:
            if self.index.kinds[entry] == DIRECTORY and (old == IMPLIED or self.index.kinds[old] == DIRECTORY):
                if old != IMPLIED:
                    self.repeated.append((old, here, name))
            else:
                self.drop(here, name, old)
        self.tree[here][name] = entry

    def target(self, entry: int) -> int | None:
        """Return the entry that a hard link's target names by now; a directory can't be linked to."""
        directory, name = split(self.index.links[entry])
        real = self.links.resolve(directory)
        found = None if real is None else self.tree.get(real, {}).get(name)
        return None if found is None or found == IMPLIED or self.index.kinds[found] == DIRECTORY else found


def _replay(
    index: LayerIndex, whiteouts: list[Event], opaques: list[tuple[int, bytes]], costs: Costs
) -> dict[int, int]:
    """Unpack the entries in their order; return the hard links that found their targets on the way."""
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
    costs.add(STEPS, unpacker.links.steps)
    return unpacker.linked


def _resolve_hardlinks(index: LayerIndex, linked: dict[int, int] | None, costs: Costs) -> bool:
    """Find, for each hard link, the entry of this layer that it shares content with, if there is one.

    A link takes what its target's name held when it came (``linked``), else what it holds in the end. Where
    links lead out of the layer, ``links`` gets the path at which to look below. Links that lead to each other
    have nothing here: each looks for its own target below. Without ``linked``, where no path comes twice, the
    end tells all but that: then nothing is done and the answer is ``False``.
    """
    hardlinks = [entry for entry in index.links if index.kinds[entry] == HARDLINK]
    if not hardlinks:
        return True
    replayed, linked = linked is not None, linked or {}
    links = _Links(index, index.children)
    # What is known of links: the entry or None, and then the path to look at below, or None for a circle.
    known: dict[int, tuple[int | None, bytes | None]] = {}
    targets: dict[int, bytes] = {}
    looked_at: dict[int, bytes] = {}
    inodes: dict[int, int] = {}
    for entry in hardlinks:
        found = linked.get(entry, entry)
        passed: dict[int, bytes] = {}
        end: tuple[int | None, bytes | None] | None = None
        while end is None:
            if index.kinds[found] != HARDLINK:
                end = found, None
            elif found in passed:
                if not replayed:
                    return False
                end = None, None
            elif found in known:
                end = known[found]
            else:
                path = index.links[found]
                directory, name = split(path)
                real = links.resolve(directory)
                target = None
                if real is not None:
                    path = join(real, name)
                    target = index.children.get(real, {}).get(name)
                passed[found] = path
                if target is None or target == IMPLIED or index.kinds[target] == DIRECTORY:
                    end = None, path
                else:
                    found = linked.get(target, target)
        for link, target_path in passed.items():
            known[link] = end
            targets[link] = target_path
        inode, below = end
        if inode is not None:
            inodes[entry] = inode
        else:
            looked_at[entry] = below if below is not None else targets[linked.get(entry, entry)]
    costs.add(STEPS, links.steps)
    index.inodes = inodes
    for entry, path in looked_at.items():
        if path != index.links[entry]:
            index.claims.setdefault(entry, (ord("1"), 0, index.links[entry]))
            index.links[entry] = path
    return True


def settle_known(index: LayerIndex) -> None:
    """Finish an index whose entries, whiteouts and hard links are known already: close ``children`` upwards.

    Raises ``ValueError`` when something lies below what is not a directory.
    """
    for directory, _ in index.whiteouts:
        index.children.setdefault(directory, {})
    for directory in index.opaques:
        index.children.setdefault(directory, {})
    if not _close(index, len(index)):
        raise ValueError("something lies below what is not a directory")
