"""Compares the images before and after: settings, of which none may be lost, what lacks, and what really was saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..differences.config import compare_configs
from ..layer.index import FILE, SYMLINK
from ..paths import join, public
from ..settings import RUN_LABEL
from ..suggestions.copies import SYSTEM
from .model import Lacking

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..differences.model import ConfigDifference, Difference
    from ..suggestions.model import Claim

# Rows of folders and packages that are told.
_MOST = 12
_SHARE = 0.8


def config_differences(old: Analysis, new: Analysis) -> list[ConfigDifference]:
    """Return what differs in the settings, without the run's own label and what only tells of the base."""
    return [
        row
        for row in compare_configs(old, new)
        if not (row.field == "LABEL" and row.key == RUN_LABEL) and row.field not in ("base", "platform")
    ]


def config_losses(old: Analysis, new: Analysis, allowed: frozenset[str] = frozenset()) -> list[str]:
    """Return what is not set as before, a line each; a field of ``allowed`` may be another, but not gone."""
    found: list[str] = []
    for row in config_differences(old, new):
        if row.field in allowed and row.after is not None:
            continue
        name = f"{row.field} {row.key}" if row.key else row.field
        found.append(f"{name} is {row.after or 'not set'}, not {row.before}" if row.before else f"{name} is new")
    return found


def stored(analysis: Analysis, below: int = 0) -> dict[bytes, list[int]]:
    """Return the sizes of all stored files by path, of the layers from ``below`` on, hidden ones too."""
    found: dict[bytes, list[int]] = {}
    for index in analysis.body.overlay.layers[below:]:
        for directory, names in index.children.items():
            for name, entry in names.items():
                if entry >= 0 and index.kinds[entry] == FILE:
                    found.setdefault(join(directory, name), []).append(index.sizes[entry])
    return found


def rights(old: Analysis, new: Analysis, base: int) -> str:
    """Return the first path whose owner or permissions are not as before, and how; empty where there is none.

    Looked at is what the image's own layers (those from ``base`` on) have in both, but for what a system keeps for
    itself: packages' scripts make that anew.
    """
    before, after = old.body.overlay, new.body.overlay
    for directory, names in after.tree.items():
        there = before.tree.get(directory)
        if there is None or (directory + b"/").startswith(SYSTEM):
            continue
        for name, entry in names.items():
            was = there.get(name, -1)
            path = join(directory, name)
            if entry < 0 or was < 0 or before.layer_of(was) < base or path.startswith(SYSTEM):
                continue
            one, other = before.inode(was), after.inode(entry)
            if min(one, other) < 0 or before.kind(one) != after.kind(other) or before.kind(one) == SYMLINK:
                continue
            a, b = before.meta(one), after.meta(other)
            if (a[0] & 0o7777, *a[1:3]) != (b[0] & 0o7777, *b[1:3]):
                return f"{public(path)} is {_right(b)}, not {_right(a)}"
    return ""


def _right(meta: tuple[int, ...]) -> str:
    return f"{meta[1]}:{meta[2]} {meta[0] & 0o7777:o}"


class Gone:
    """The stored files that the new image has no more; each counts for one edit only."""

    def __init__(self, old: Analysis, new: Analysis) -> None:
        """Compare two images."""
        after = stored(new)
        self._left: dict[bytes, int] = {}
        for path, sizes in stored(old).items():
            less = sum(sizes) - sum(after.get(path, ()))
            if less > 0:
                self._left[path] = less

    def take(self, claims: Iterable[tuple[Claim, int]]) -> int:
        """Return how many of the bytes that were claimed are really gone."""
        total = 0
        for claim, size in claims:
            got = min(self._left.get(claim.path, 0), size)
            if got:
                self._left[claim.path] -= got
                total += got
        return total


def lacking(difference: Difference) -> Iterator[Lacking]:
    """Yield what the new image's container has no more: packages first, then folders, the largest first.

    A folder is named where nearly all that is gone below it is not in one folder of it.
    """
    gone = [row for row in difference.packages if row.kind == "removed"]
    for row in sorted(gone, key=lambda row: (-(row.size_before or 0), row.name))[:_MOST]:
        yield Lacking("package", f"{row.name} {row.version_before or ''}".strip(), row.size_before or 0)
    if len(gone) > _MOST:
        rest = sorted((row.size_before or 0 for row in gone), reverse=True)[_MOST:]
        yield Lacking("package", f"{len(rest)} smaller packages", sum(rest))
    yield from _folders(difference)


def _folders(difference: Difference) -> Iterator[Lacking]:
    totals: dict[str, list[int]] = {}
    for row in difference.files:
        if row.kind != "removed" or row.type_before == "directory":
            continue
        path = row.path
        while path != "/":
            path = path.rpartition("/")[0] or "/"
            one = totals.setdefault(path, [0, 0])
            one[0] += row.size_before or 0
            one[1] += 1
    chosen: list[str] = []
    inner: dict[str, list[str]] = {}
    for path in totals:
        if path != "/":
            inner.setdefault(path.rpartition("/")[0] or "/", []).append(path)
    pending = ["/"] if "/" in totals else []
    while pending:
        pending.sort(key=lambda path: -totals[path][0])
        path = pending.pop(0)
        below = inner.get(path, [])
        size = totals[path][0]
        # A folder that is told by its own name, not by that of all that it is in.
        if below and (path == "/" or path.count("/") < 3) and len(chosen) + len(pending) + len(below) <= 4 * _MOST:
            covered = sum(totals[one][0] for one in below)
            if path == "/" or covered >= _SHARE * size:
                pending += below
                continue
        chosen.append(path)
    chosen.sort(key=lambda path: (-totals[path][0], path))
    for path in chosen[:_MOST]:
        yield Lacking("folder", path, *totals[path])
    if len(chosen) > _MOST:
        rest = [totals[path] for path in chosen[_MOST:]]
        count = len(chosen) - _MOST
        yield Lacking("folder", f"{count} smaller folders", sum(one[0] for one in rest), sum(one[1] for one in rest))
