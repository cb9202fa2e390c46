"""The compact index of one layer's entries: what a scan yields, the cache keeps and the overlay stacks."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import NamedTuple

# The kinds of entries; the numbers are stored in the cache, so they stay.
FILE, HARDLINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO = range(7)
TYPE_NAMES = ("file", "hardlink", "symlink", "character", "block", "directory", "fifo")

# In ``children``: a directory that exists because something lies in it, though no entry names it.
IMPLIED = -1

# Mode, uid and gid that such a directory gets when an engine makes it.
IMPLIED_META = (0o755, 0, 0)

# Linux keeps no mode of a symlink, whatever a tar says (symlink(7)).
SYMLINK_MODE = 0o777

# In ``heads``: not all of them are there.
NOT_ALL = -1

# Bytes of a fingerprint (xxh3_128) of one regular file's content.
FINGERPRINT = 16


class Marker(NamedTuple):
    """A member that is not an entry: name as written, kind, bytes and link that it claims, row of ``meta_table``."""

    name: bytes
    kind: int
    size: int
    meta: int
    link: bytes = b""


@dataclass(slots=True)
class LayerIndex:
    """All entries of one layer, as columns addressed by entry number (their order in the tar).

    Paths are bytes without leading or trailing slash, the root is ``b""``. ``children`` maps each directory to
    its names and each name to its entry number; it is closed upwards: every directory is a name in its parent
    (``IMPLIED`` where no entry made it). An entry that a later one of the same layer replaced is in
    ``repeated`` and not in ``children``. Whiteouts are no entries. Nobody changes an index once it is made.
    """

    kinds: bytearray = field(default_factory=bytearray)
    """Kind of each entry (``FILE`` …)."""
    sizes: array[int] = field(default_factory=lambda: array("q"))
    """Content bytes: a regular file's size (a sparse one's apparent size), 0 for all else."""
    offsets: array[int] = field(default_factory=lambda: array("q"))
    """Where the content starts in the uncompressed tar, in bytes."""
    metas: array[int] = field(default_factory=lambda: array("I"))
    """Number of the entry's row in ``meta_table``."""
    meta_table: list[tuple[int, int, int]] = field(default_factory=list)
    """Distinct (mode: 12 bits, uid, gid)."""
    mtimes: array[int] = field(default_factory=lambda: array("q"))
    """Modification times in nanoseconds since 1970 (clamped to 64 bits)."""
    links: dict[int, bytes] = field(default_factory=dict)
    """Link target by entry: a symlink's as written, a hard link's cleaned."""
    inodes: dict[int, int] = field(default_factory=dict)
    """Hard link to the entry of this layer whose content it shares; a link that leads into lower layers, or
    nowhere, is not here."""
    xattrs: dict[int, dict[str, bytes]] = field(default_factory=dict)
    devices: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Major and minor number of device entries."""
    sparse: dict[int, array[int]] = field(default_factory=dict)
    """Sparse files: offset in the file and length of each piece that the tar holds, in turns."""
    fingerprints: bytearray | None = None
    """16 bytes an entry (zeros for what has no content), or ``None`` where contents were not read."""
    digests: dict[int, bytes] = field(default_factory=dict)
    """sha256 (32 bytes) of regular files' contents by entry, where that was asked for as they streamed by; no cache
    keeps them."""
    elf: array[int] = field(default_factory=lambda: array("I"))
    """Regular files that begin as ELF files do, in order, where contents were read; perhaps some that don't."""
    kept: dict[int, bytes] = field(default_factory=dict)
    """Contents of some small files that many readers want, where contents were read (see ``retention``)."""
    parts: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)
    """Parts of some larger files, as (offset, bytes), where contents were read (see ``parts``)."""
    heads: dict[int, bytes] = field(default_factory=dict)
    """First lines of scripts (``#!``), where contents were read; the entry ``NOT_ALL`` tells that some are not here."""
    judged: dict[int, tuple[tuple[int, ...], str | None]] = field(default_factory=dict)
    """What is known of secrets in some files, where contents were read (see ``texts.Judged``)."""
    children: dict[bytes, dict[bytes, int]] = field(default_factory=dict)
    whiteouts: list[tuple[bytes, bytes]] = field(default_factory=list)
    """(directory, name) of each path that the layer removes."""
    opaques: list[bytes] = field(default_factory=list)
    """Directories that hide all that lower layers have in them."""
    repeated: list[tuple[bytes, bytes, int]] = field(default_factory=list)
    """(directory, name, entry) of entries that the same layer replaced."""
    markers: list[Marker] = field(default_factory=list)
    """Members that are no entries, whiteouts and bookkeeping. These and the next three serve the comparison with tools
    that take names as they are (``compat.dive``)."""
    claims: dict[int, tuple[int, int, bytes]] = field(default_factory=dict)
    """Entries of which the columns don't tell what their headers say: typeflag, size, link target as written."""
    odd: bool = False
    """Whether there is more to the names as written than ``children``, ``whiteouts`` and ``opaques`` tell."""
    written: dict[bytes, dict[bytes, int]] | None = None
    """What ``children`` were before links were followed and names clamped, where that made a difference."""
    tar_bytes: int = 0
    """Length of the uncompressed tar."""
    members: int = 0
    """Members of the tar, whiteouts and the root included."""
    notes: list[str] = field(default_factory=list)
    """Oddities worth a word to the user."""
    costs: dict[str, int] = field(default_factory=dict)
    """What the layer costs beyond its size (see ``bounds``): it adds up over an image."""
    sample: array[int] = field(default_factory=lambda: array("I"))
    """What blocks of the tar are compressed, where it was sampled as it streamed by (see ``estimate``)."""

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.kinds)

    @property
    def content_bytes(self) -> int:
        """Sum of the content bytes of all entries."""
        return sum(self.sizes)

    def is_script(self, entry: int) -> bool | None:
        """Tell whether a regular file begins as scripts do, ``None`` where that was not seen."""
        if self.fingerprints is None or entry in self.sparse:
            return None
        return True if entry in self.heads else None if NOT_ALL in self.heads else False

    @property
    def kept_bytes(self) -> int:
        """Bytes of contents that it holds: whole files, parts and first lines."""
        parts = sum(len(data) for parts in self.parts.values() for _, data in parts)
        return sum(map(len, self.kept.values())) + sum(map(len, self.heads.values())) + parts

    def fingerprint(self, entry: int) -> bytes | None:
        """Return the 16-byte fingerprint of a regular file's content, or ``None`` when it was not read."""
        if self.fingerprints is None:
            return None
        return bytes(self.fingerprints[entry * FINGERPRINT : (entry + 1) * FINGERPRINT])
