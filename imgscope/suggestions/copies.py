"""Which directories a final stage needs of a build stage: own layers' files that no finding is about, in few lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..layer.index import DIRECTORY
from ..paths import internal, join, split
from .own_packages import OwnPackages
from .system_files import MANAGED, installing

if TYPE_CHECKING:
    from .context import Context

# More lines than these nobody reads: directories are then copied with something in them that is not needed.
MAX_LINES = 12
# So much of a copied directory may be what the final stage does without: a share, or as many bytes.
_TOLERATED = 0.02
_FEW = 64 << 10
# What a builder gives a directory that it makes, and how much of one is taken away by its path.
_USUAL = 0o755
_MAX_TRIMS = 40
_SETTINGS = b"etc/"
# Directories of everybody, which are never copied whole.
_COMMON = frozenset(
    (
        *(b"", b"usr", b"etc", b"var", b"lib", b"lib64", b"bin", b"sbin", b"root", b"home", b"usr/bin", b"usr/sbin"),
        *(b"usr/lib", b"usr/share", b"var/lib", b"usr/lib64"),
    )
)
# Directories that every system has (FHS 3.0, chapter 3).
_TOP = frozenset(b"bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var".split())
# What the system keeps for itself, and makes anew in the final stage.
SYSTEM = (
    *(b"etc/ld.so.cache", b"etc/passwd", b"etc/group", b"etc/shadow", b"etc/gshadow", b"etc/subuid", b"etc/subgid"),
    *(b"var/cache/", b"var/log/", b"var/lib/dpkg/", b"var/lib/apt/", b"lib/apk/", b"tmp/", b"run/", b"proc/", b"sys/"),
    *(b"dev/", b"etc/alternatives/", b"etc/apk/", b"etc/.pwd.lock", b"var/lib/rpm/", b"var/lib/dnf/"),
    *(
        b"usr/lib/sysimage/",
        b"var/tmp/",
        b"root/.wget-hsts",
        b"root/.bash_history",
        b"root/.npm/_update-notifier",
        b"root/.local/state/pnpm/",
        b"root/.composer/.htaccess",
        b"root/.config/composer/.htaccess",
        b"var/lib/systemd/",
    ),
)
_PATH = re.compile(r"(?<![\w.$}*-])/[\w.@+-]+(?:/[\w.@+-]+)*")
_REMOVES = re.compile(r"\brm\s+(?:-\S+\s+)*([^;&|\n]*)")
_MAX_TEXT = 64 << 10

_Path = bytes


class Copy(NamedTuple):
    """A path to copy, and its bytes; ``owner`` is (uid, gid) where all of it has one that is not root's.

    ``mode`` are a directory's own permissions where they are not the usual ones; ``trims`` are paths below it that are
    not needed, the largest first.
    """

    path: bytes
    bytes: int
    owner: tuple[int, int] | None
    mode: int | None = None
    trims: tuple[_Path, ...] = ()


class _Sum:
    """What lies below a directory: bytes needed, and bytes not needed; each path counts one more."""

    __slots__ = ("extra", "needed", "owners")

    def __init__(self) -> None:
        self.needed = 0
        self.extra = 0
        self.owners: set[tuple[int, int]] = set()


def copies(
    context: Context,
    packages: OwnPackages | None,
    unneeded: Collection[int],
    indifferent: Collection[int],
    also: Sequence[str] = (),
) -> list[Copy]:
    """Return what to copy, by path.

    ``unneeded`` are global entries that the final stage does without; whether ``indifferent`` ones come along is all
    the same. ``also`` are paths, as users write them, that are copied whatever else is said of them.
    """
    overlay = context.overlay
    owners: Mapping[bytes, object] = packages.owners if packages is not None else {}
    installed_in = installing(context)
    asked = frozenset(internal(path) for path in also)
    named = _Named(context)
    sums = {directory: _Sum() for directory in overlay.tree}
    wanted: dict[bytes, list[bytes]] = {}
    sizes = overlay.sizes
    own = context.own_layers
    inodes: set[int] = set()
    extra: list[tuple[bytes, int, int]] = []
    for directory, names in overlay.tree.items():
        here = sums[directory]
        system = (directory + b"/").startswith(SYSTEM)
        managed = (directory + b"/").startswith(MANAGED)
        # Settings of packages that are not installed again do harm, however small they are.
        harm = _FEW if (directory + b"/").startswith(_SETTINGS) else 0
        for name, entry in names.items():
            path = join(directory, name)
            kind = overlay.kind(entry)
            if kind == DIRECTORY and path in sums and entry >= 0 and overlay.layer_of(entry) in own:
                # Copied whole, a directory gets the owner of what is in it.
                sums[path].owners.add(overlay.meta_table[overlay.metas[entry]][1:3])
            if (kind == DIRECTORY and overlay.tree.get(path)) or (entry in indifferent and path not in asked):
                continue
            inode = overlay.inode(entry)
            size = 1 + (sizes[inode] if inode >= 0 and kind != DIRECTORY else 0)
            layer = overlay.layer_of(entry)
            # What an instruction changed after the package was installed is the image's own.
            packaged = path in owners and (layer in installed_in or not named.file(path))
            if path in asked:
                pass
            elif layer not in own or entry in unneeded or packaged:
                if kind != DIRECTORY:
                    extra.append((directory, inode, size + (harm if layer in own else 0)))
                continue
            elif kind == DIRECTORY:
                # An empty folder is wanted where an instruction made it, not where a package's script did.
                made = named.exactly(path) and not system
                if not made and not (own_folder(path) and (layer not in installed_in or named.file(path))):
                    continue
            elif ((system or path.startswith(SYSTEM)) and not named.folder(path)) or (
                managed and layer in installed_in and not named.file(path)
            ):
                if harm:
                    extra.append((directory, inode, size + harm))
                continue
            here.needed += size
            here.owners.add(overlay.meta(inode if inode >= 0 else entry)[1:3])
            inodes.add(inode)
            wanted.setdefault(directory, []).append(name)
    for directory, inode, size in extra:
        # Another name of what is needed costs nothing.
        sums[directory].extra += 1 if inode in inodes else size
    for directory in sorted(sums, key=len, reverse=True):
        if directory:
            above = sums.get(split(directory)[0])
            if above is not None:
                above.needed += sums[directory].needed
                above.extra += sums[directory].extra
                above.owners |= sums[directory].owners
    return [_copy(context, path, sums, wanted) for path in sorted(_grouped(context, sums, wanted))]


def own_folder(path: bytes) -> bool:
    """Tell whether an empty folder is one of the image's own, not one that the system or a package keeps."""
    return path not in _TOP and not (path + b"/").startswith((*SYSTEM, *MANAGED))


class _Named:
    """What the instructions of an image's own name: a path in words is wanted there by its author."""

    def __init__(self, context: Context) -> None:
        texts = [context.instruction(layer) for layer in context.own_layers if context.is_run(layer)]
        self._words = frozenset(
            word.rstrip("/") for text in texts for word in _PATH.findall(text[:_MAX_TEXT]) if word.count("/") > 1
        )
        self._removed = frozenset(
            word.rstrip("/*") for text in texts for part in _REMOVES.findall(text[:_MAX_TEXT]) for word in part.split()
        )

    def exactly(self, path: bytes) -> bool:
        """Tell whether a path itself is named."""
        shown = "/" + path.decode("utf-8", "surrogateescape")
        return shown in self._words and shown not in self._removed

    def file(self, path: bytes) -> bool:
        """Tell whether a path, or the folder that it is in, is named."""
        shown = "/" + path.decode("utf-8", "surrogateescape")
        folder = shown.rpartition("/")[0]
        return any(word in self._words and word not in self._removed for word in (shown, folder))

    def folder(self, path: bytes) -> bool:
        """Tell whether a folder above a path is named that is not everybody's."""
        shown = "/" + path.decode("utf-8", "surrogateescape")
        while shown.count("/") > 2:
            if shown in self._words and shown not in self._removed:
                return True
            shown = shown.rpartition("/")[0]
        return False


def _grouped(context: Context, sums: Mapping[bytes, _Sum], wanted: Mapping[bytes, list[bytes]]) -> list[bytes]:
    """Take directories apart, those with most that is not needed first, as far as a few lines go."""
    tree = context.overlay.tree
    lines = [b""]

    def parts(directory: bytes) -> list[bytes]:
        inner = [path for name in tree[directory] if (path := join(directory, name)) in sums and sums[path].needed]
        return inner + [join(directory, name) for name in wanted.get(directory, ())]

    while True:
        impure = [
            path
            for path in lines
            if path in sums
            and (
                path in _COMMON
                or sums[path].extra > max(_TOLERATED * sums[path].needed, _FEW)
                or len(sums[path].owners) > 1
            )
        ]
        impure.sort(key=lambda path: (path not in _COMMON, len(sums[path].owners) < 2, -sums[path].extra))
        for path in impure:
            inside = parts(path)
            if path in _COMMON or len(lines) - 1 + len(inside) <= MAX_LINES:
                lines.remove(path)
                lines += inside
                break
        else:
            return lines


def _copy(context: Context, path: bytes, sums: Mapping[bytes, _Sum], wanted: Mapping[bytes, list[bytes]]) -> Copy:
    overlay = context.overlay
    directory = path in sums
    places, entries = ([path], []) if directory else ([], [overlay.lookup(path)])
    while places:
        here = places.pop()
        entries += [overlay.tree[here][name] for name in wanted.get(here, ())]
        places += [inner for name in overlay.tree[here] if (inner := join(here, name)) in overlay.tree]
    owners: set[tuple[int, int]] = set()
    size = 0
    for entry in entries:
        if entry is not None and entry >= 0:
            owners.add(overlay.meta(entry)[1:])
            inode = overlay.inode(entry)
            size += overlay.sizes[inode] if inode >= 0 and overlay.kind(inode) != DIRECTORY else 0
    owner = owners.pop() if len(owners) == 1 else (0, 0)
    mode = None
    own = overlay.lookup(path)
    if own is not None and own >= 0 and overlay.kind(own) == DIRECTORY:
        permissions = overlay.meta(own)[0] & 0o7777
        mode = permissions if permissions != _USUAL else None
    trims = tuple(_trims(context, path, sums, wanted)) if directory else ()
    return Copy(path, size, owner if owner != (0, 0) else None, mode, trims)


class Right(NamedTuple):
    """A directory's owner (uid, gid), and its permissions where they are not the usual ones.

    ``taken``: a builder makes it for a COPY with an owner, who gets it, too.
    """

    path: bytes
    owner: tuple[int, int]
    mode: int | None
    taken: bool = False


def above(context: Context, found: Sequence[Copy]) -> list[Right]:
    """Return the directories above what is copied that own layers gave another owner or other permissions.

    A builder makes them anew, as root's, or as theirs whom ``--chown`` names.
    """
    overlay = context.overlay
    rights: dict[bytes, Right] = {}
    for copy in found:
        path = split(copy.path)[0]
        while path and (path not in rights or (copy.owner is not None and not rights[path].taken)):
            entry = overlay.lookup(path)
            if entry is not None and entry >= 0 and overlay.layer_of(entry) in context.own_layers:
                mode, uid, gid = overlay.meta(entry)[:3]
                below = any(overlay.entry_in(layer, path) is not None for layer in range(context.own_layers.start))
                taken = copy.owner not in (None, (uid, gid)) and not below and path not in _TOP
                permissions = mode & 0o7777 if mode & 0o7777 != _USUAL else None
                rights[path] = Right(path, (uid, gid), permissions, taken)
            path = split(path)[0]
    found_ = [rights[path] for path in sorted(rights)]
    return [right for right in found_ if right.owner != (0, 0) or right.mode is not None or right.taken]


def _trims(
    context: Context, top: bytes, sums: Mapping[bytes, _Sum], wanted: Mapping[bytes, list[bytes]]
) -> Iterator[bytes]:
    """Yield what lies below a directory that is copied whole and is not needed, of the image's own layers."""
    if sums[top].extra <= max(_TOLERATED * sums[top].needed, _FEW):
        return
    overlay = context.overlay
    found: list[tuple[int, bytes]] = []
    places = [top]
    while places:
        here = places.pop()
        kept = set(wanted.get(here, ()))
        for name, entry in overlay.tree[here].items():
            path = join(here, name)
            below = sums.get(path)
            if below is not None and below.needed:
                places.append(path)
            elif below is not None:
                if below.extra > _FEW:
                    found.append((-below.extra, path))
            elif name not in kept and entry >= 0:
                inode = overlay.inode(entry)
                size = overlay.sizes[inode] if inode >= 0 else 0
                if size > _FEW:
                    found.append((-size, path))
    for _, path in sorted(found)[:_MAX_TRIMS]:
        yield path
