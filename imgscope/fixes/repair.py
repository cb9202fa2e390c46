"""Reads from a failed proof what a final stage lacks, and finds it in the old image: a package, or a path to copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..paths import join, public
from ..suggestions.staging import Extra

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..suggestions.model import Suggestions
    from .trial import Try

# How programs say that something is not there.
_SAID = (
    re.compile(r"error while loading shared libraries: ([\w.+-]+)"),
    re.compile(r"(?<![\w.+-])([\w.+-]+\.so(?:\.[\d.]+)?): cannot open shared object file"),
    re.compile(r"No module named '?([\w.]+)"),
    re.compile(r"Cannot find (?:module|package) '([^']+)'"),
    re.compile(r"cannot load such file -- ([\w./-]+)"),
    re.compile(r"Can't locate ([\w/]+\.pm)"),
    re.compile(r"No such file or directory:? '?\"?([\w./+-]+)"),
    re.compile(r"(?<![\w./+-])(/[\w./+-]+)'?\"?:? (?:No such file or directory|not found|does not exist)"),
    re.compile(r"ENOENT[^'\n]{0,200}'([^'\n]{1,4096})'"),
    re.compile(r"open ([\w./+-]+): no such file or directory"),
    re.compile(r"exec:? \"([\w./+-]+)\""),
    re.compile(r"(?:^|[\s:])([\w.+-]+): (?:command )?not found"),
    re.compile(r"(?:ImportError|ModuleNotFoundError): ([\w.+-]+\.so[\w.]*)"),
)
_MODULES = re.compile(r"modules are not found: (.*)")
_LACKS = re.compile(r"(?:library|interpreter|program|command|python|node) (\S+) lacks")
# More than these are not one thing that was forgotten.
_MOST = 12


def repair(report: Suggestions, tried: Try, extra: Extra) -> Extra | None:
    """Return what to bring along besides; ``None`` where the failure tells nothing new."""
    new = tried.analysis
    failed = next((check for check in tried.checks if not check.passed), None)
    if new is None or failed is None:
        return None
    names = list(dict.fromkeys(_names(failed.detail)))
    packages, paths = list(extra.packages), list(extra.paths)
    for package, path in _found(report, new, names):
        if package and package not in packages:
            packages.append(package)
        elif path and path not in paths:
            paths.append(path)
    more = len(packages) + len(paths) - len(extra.packages) - len(extra.paths)
    return Extra(tuple(packages), tuple(paths)) if 0 < more <= _MOST else None


def _names(text: str) -> Iterator[str]:
    for match in _LACKS.finditer(text):
        yield match[1]
    for match in _MODULES.finditer(text):
        yield from (name.strip() for name in match[1].split(","))
    for pattern in _SAID:
        yield from (match[1] for match in pattern.finditer(text))


def _found(report: Suggestions, new: Analysis, names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (package, path) of what has one of the names in the old image and is not in the new one."""
    from ..suggestions.own_packages import own_packages

    context = report.context
    if context is None:
        return
    overlay, after = context.overlay, new.body.overlay
    own = own_packages(context)
    by_id = {id(one.package): one.name for one in own.own} if own is not None else {}
    wanted: set[bytes] = set()
    for name in names:
        raw = name.encode("utf-8", "surrogateescape")
        if raw.startswith(b"/"):
            wanted.add(raw.strip(b"/"))
            continue
        first = raw.partition(b"/")[0] if b"." not in raw else raw
        wanted |= {raw, first, first.partition(b".")[0] + b".py", raw.replace(b".", b"/") + b".py", raw + b".rb"}
        wanted.add(first.partition(b".")[0])
    wanted.discard(b"")
    whole = {path for path in wanted if b"/" in path}
    for directory, entries in overlay.tree.items():
        there = after.tree.get(directory, {})
        for entry in entries:
            path = join(directory, entry)
            if (entry not in wanted and path not in whole) or entry in there:
                continue
            package = own.owners.get(path) if own is not None else None
            known = by_id.get(id(package)) if package is not None else None
            if known is not None:
                yield known, ""
            elif overlay.layer_of(max(entries[entry], 0)) in context.own_layers:
                yield "", public(path)
