"""Where package managers keep their databases, and systems the small files that say what they are."""

from __future__ import annotations

_RPM = ("rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages", "Packages.db")

DATABASES = (
    "/var/lib/dpkg/status",
    "/var/lib/dpkg/info/*.list",
    # Distroless: a file for each package.
    "/var/lib/dpkg/status.d/*",
    "/var/lib/apt/extended_states",
    "/etc/apk/world",
    "/lib/apk/db/installed",
    "/usr/lib/apk/db/installed",
    # By default; SUSE, Fedora from 36 on and Azure Linux; rpm-ostree.
    *(f"{home}/{name}" for home in ("/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm") for name in _RPM),
    "/var/lib/pacman/local/*/desc",
    "/var/lib/pacman/local/*/files",
    "/**/conda-meta/*.json",
    "/**/*.dist-info/RECORD",
    "/**/*.egg-info/installed-files.txt",
    "/**/*.egg-info/PKG-INFO",
    "/**/EGG-INFO/PKG-INFO",
    "/**/site-packages/*.egg-info",
    "/**/dist-packages/*.egg-info",
    "/**/node_modules/*/package.json",
    "/**/node_modules/@*/*/package.json",
)
SYSTEM_FILES = (
    "/etc/passwd",
    "/etc/os-release",
    "/usr/lib/os-release",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d/*.conf",
    "/etc/ld-musl-x86_64.path",
    "/etc/ld-musl-aarch64.path",
    "/usr/local/include/node/node_version.h",
    "/usr/include/node/node_version.h",
)
LOADERS = (b"ld-", b"libc.musl-", b"libc.so")
"""How dynamic loaders' names begin: glibc's, and musl's, which is the C library too."""
