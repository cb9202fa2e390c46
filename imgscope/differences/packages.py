"""Compares what is installed in two images, by their own package databases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING

from ..contents import NoContents
from ..errors import ContentUnavailableError
from ..packages import Package, Packages, read_packages
from ..paths import public
from .model import PackageDifference

if TYPE_CHECKING:
    from ..analysis import Analysis
    from .files import Comparison

_PART = re.compile(r"\d+|[A-Za-z]+|~|\^")
# What a package that this image lacks would be reported as.
_MISSING = {"OLD": "added", "NEW": "removed"}
_ORDER = ("removed", "added", "upgraded", "downgraded", "modified")


def read_both(
    old: Analysis, new: Analysis, comparison: Comparison
) -> tuple[Packages | None, Packages | None, list[str]]:
    """Read the packages of both images; a database's file that both have is read once.

    So a saved analysis has packages too where none of its database's files differ from the other image's. ``None``
    for an image whose databases can't be read, and a note.
    """
    differing = comparison.content_paths()
    # The one that can be read goes first.
    order = [("NEW", new), ("OLD", old)] if isinstance(old.contents, NoContents) else [("OLD", old), ("NEW", new)]
    found: dict[str, Packages | None] = {}
    notes: list[str] = []
    known: Mapping[bytes, bytes] = {}
    for name, analysis in order:
        try:
            read = read_packages(analysis, known)
        except ContentUnavailableError as error:
            found[name] = None
            notes.append(f"packages are not compared: those of {name} can't be read: {error}")
            continue
        found[name] = read
        notes += [f"{name}: {note}" for note in read.notes]
        if read.unread:
            kinds = " and ".join(sorted(read.unread))
            notes.append(f"not all {kinds} packages of {name} are known, so none is reported as {_MISSING[name]}")
        known = {path: data for path, data in read.records.items() if path not in differing}
    return found["OLD"], found["NEW"], notes


def compare_packages(old: Packages, new: Packages, changed: set[bytes]) -> list[PackageDifference]:
    """Return what differs, the largest delta first; ``changed`` are paths whose content is not the same in both.

    That an image lacks a package is not said of a kind of which not all packages are known.
    """
    before, after = _grouped(old), _grouped(new)
    touched = {id(new.owners[path]) for path in changed if path in new.owners}
    found: list[PackageDifference] = []
    for key in before | after:
        for a, b in _paired(before.get(key, []), after.get(key, [])):
            kind = _kind(a, b, touched)
            shown = b or a
            if key[0] in (old.unread if a is None else new.unread if b is None else ()):
                continue
            if kind is not None and shown is not None:
                found.append(
                    PackageDifference(
                        kind,
                        shown.ecosystem,
                        shown.name,
                        a.version if a else None,
                        b.version if b else None,
                        a.size if a else None,
                        b.size if b else None,
                        public(shown.location),
                    )
                )
    found.sort(key=lambda row: (-abs(row.delta), _ORDER.index(row.kind), row.ecosystem, row.name, row.location or ""))
    return found


def _grouped(packages: Packages) -> dict[tuple[str, str], list[Package]]:
    found: dict[tuple[str, str], list[Package]] = {}
    for package in packages.packages:
        found.setdefault((package.ecosystem, package.name), []).append(package)
    return found


def _paired(before: list[Package], after: list[Package]) -> list[tuple[Package | None, Package | None]]:
    """Pair installations of one package: at the same place with the same version first, then at the same place."""
    if len(before) <= 1 >= len(after):
        return list(zip_longest(before, after))
    pairs: list[tuple[Package | None, Package | None]] = []
    left_a, left_b = list(before), list(after)
    for same in (
        lambda p: (p.location, p.architecture, p.version),
        lambda p: (p.location, p.architecture),
        lambda p: (p.architecture, p.version),
    ):
        waiting: dict[object, list[Package]] = {}
        for package in reversed(left_a):
            waiting.setdefault(same(package), []).append(package)
        rest: list[Package] = []
        for package in left_b:
            partners = waiting.get(same(package))
            if partners:
                pairs.append((partners.pop(), package))
            else:
                rest.append(package)
        taken = {id(a) for a, _ in pairs}
        left_a = [package for package in left_a if id(package) not in taken]
        left_b = rest
    return [*pairs, *zip_longest(left_a, left_b)]


def _kind(a: Package | None, b: Package | None, touched: set[int]) -> str | None:
    if a is None:
        return "added"
    if b is None:
        return "removed"
    if a.version != b.version:
        return "upgraded" if version_key(a.version) <= version_key(b.version) else "downgraded"
    return "modified" if a.size != b.size or id(b) in touched else None


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return what versions are ordered by: numbers as numbers, and ``~`` before the end, as dpkg and rpm do.

    Good enough to tell an upgrade from a downgrade in every ecosystem; letters come before the end too where they
    mark a release that is not out yet (``rc1``, ``beta``).
    """
    epoch, colon, rest = version.partition(":")
    parts: list[tuple[int, int, str]] = [(3, int(epoch), "")] if colon and epoch.isdigit() else [(3, 0, "")]
    for part in _PART.findall(rest if colon else version):
        if part == "~" or part.lower() in ("a", "alpha", "b", "beta", "rc", "pre", "dev"):
            parts.append((0, 0, part.lower()))
        elif part.isdigit():
            parts.append((3, int(part[:18]), ""))
        else:
            parts.append((2, 0, part))
    return (*parts, (1, 0, ""))
