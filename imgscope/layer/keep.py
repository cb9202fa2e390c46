"""Which small files' contents an index keeps when a layer streams by: the databases of what is installed, of users,
of what a system and its loader are.

A layer that is compressed, or comes from an engine, would have to be read again for them. What reads them is
``packages`` and ``rootfs``; a file that isn't kept is read from its layer when it is asked for.
"""

from __future__ import annotations

from ..paths import split

# A file larger than this is not kept, nor more than that of one layer, nor of all layers of an image.
MAX_FILE = 48 << 20
MAX_LAYER = 64 << 20
MAX_IMAGE = 64 << 20

# A larger script is not kept. Of any other the first line says what runs it: so much is looked at (Linux' own bound).
MAX_SCRIPT = 64 << 10
LINE = 256

# Dynamic loaders by their names: glibc's, and musl's, which is the C library too.
LOADERS = (b"ld-", b"libc.musl-", b"libc.so")
MAX_LOADER = 2 << 20

_RPM = (b"rpmdb.sqlite", b"rpmdb.sqlite-wal", b"Packages", b"Packages.db")
_EXACT = {
    b"etc": (b"passwd", b"os-release", b"ld.so.cache", b"ld.so.conf", b"ld-musl-x86_64.path", b"ld-musl-aarch64.path"),
    b"etc/ld.so.conf.d": (b".conf",),
    b"usr/lib": (b"os-release",),
    b"usr/local/include/node": (b"node_version.h",),
    b"usr/include/node": (b"node_version.h",),
    b"var/lib/dpkg": (b"status",),
    b"var/lib/apt": (b"extended_states",),
    b"etc/apk": (b"world",),
    b"lib/apk/db": (b"installed",),
    b"usr/lib/apk/db": (b"installed",),
    b"var/lib/rpm": _RPM,
    b"usr/lib/sysimage/rpm": _RPM,
    b"usr/share/rpm": _RPM,
    b"var/lib/dpkg/info": (b".list",),
    # Distroless: a file for each package.
    b"var/lib/dpkg/status.d": (b"",),
}


def first_line(data: bytes) -> bytes:
    """Return a script's first line, as far as it is looked at."""
    return data[:LINE].partition(b"\n")[0]


def kept_endings(directory: bytes) -> tuple[bytes, ...]:
    """Return the endings of names whose contents are kept in a directory (as its tar writes it); mostly none."""
    directory = directory.removeprefix(b"./").removeprefix(b"/")
    exact = _EXACT.get(directory)
    if exact is not None:
        return exact
    if directory.endswith(b".dist-info"):
        return (b"RECORD",)
    if directory.endswith(b".egg-info"):
        return (b"installed-files.txt", b"PKG-INFO")
    above, own = split(directory)
    if own == b"EGG-INFO":
        return (b"PKG-INFO",)
    if own in (b"site-packages", b"dist-packages"):
        return (b".egg-info",)
    if own == b"conda-meta":
        return (b".json",)
    if above == b"var/lib/pacman/local":
        return (b"desc", b"files")
    name = split(above)[1]
    if name == b"node_modules" or (name[:1] == b"@" and split(split(above)[0])[1] == b"node_modules"):
        return (b"package.json",)
    return ()
