"""Tools that install or build packages, themselves installed by pip or npm: what runs in the end does without."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from ..knowledge.toolchains import NODE_TOOLS, PYTHON_TOOLS
from ..layer.index import SYMLINK
from ..paths import split
from .once import once
from .program import program

if TYPE_CHECKING:
    from ..packages import Package
    from .context import Context

_NODE = re.compile(rb"^(?:.*/)?lib/node_modules/((?:@[^/]+/)?(?:%s))/" % "|".join(NODE_TOOLS).encode())
_MAX_METADATA = 256 << 10
_REQUIRES = re.compile(rb"^Requires-Dist:\s*([A-Za-z0-9._-]+)([^\r\n]*)", re.MULTILINE)


@once
def tool_files(context: Context) -> frozenset[int]:
    """Return the global entries of such tools, and of what only they need; nothing where the container runs one.

    Raises ``ContentUnavailableError`` where the image can't be looked into.
    """
    words = program(context).words
    return frozenset(_python(context, words) | _node(context, words))


def _python(context: Context, words: AbstractSet[str]) -> set[int]:
    packages = context.packages
    found = {one.name.lower().replace("_", "-"): one for one in packages.packages if one.ecosystem == "python"}
    tools = {name for name in found if name in PYTHON_TOOLS and name not in words}
    if not tools or "python" in packages.unread:
        return set()
    needs = _needs(context, found)
    theirs = _reached(needs, tools) & found.keys()
    # What was asked for by name stays, whoever needs it too.
    asked = {name for name in theirs - tools if _requested(context, found[name])}
    kept = _reached(needs, {*(found.keys() - theirs), *asked})
    gone = {id(found[name]) for name in theirs - kept}
    return {
        entry
        for path, package in packages.owners.items()
        if id(package) in gone
        and (entry := context.overlay.lookup(path)) is not None
        and entry >= 0
        and context.overlay.layer_of(entry) in context.own_layers
    }


def _requested(context: Context, package: Package) -> bool:
    return b"REQUESTED" in context.overlay.tree.get(split(package.location)[0], {})


def _needs(context: Context, packages: Mapping[str, Package]) -> dict[str, set[str]]:
    """Return the names that packages require by their metadata, without those of extras."""
    entries = {name: context.overlay.lookup(one.location) for name, one in packages.items()}
    places = {entry: name for name, entry in entries.items() if entry is not None and entry >= 0}
    found: dict[str, set[str]] = {name: set() for name in packages}
    for entry, data in context.read(places):
        found[places[entry]] = {
            match[1].decode("ascii", "replace").lower().replace("_", "-").replace(".", "-")
            for match in _REQUIRES.finditer(data[:_MAX_METADATA])
            if b"extra ==" not in match[2] and b"extra==" not in match[2]
        }
    return found


def _reached(needs: Mapping[str, set[str]], start: Iterable[str]) -> set[str]:
    found: set[str] = set()
    pending = list(start)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += needs.get(name, set())
    return found


def _node(context: Context, words: AbstractSet[str]) -> set[int]:
    found: set[int] = set()
    overlay = context.overlay
    for directory, names in overlay.tree.items():
        match = _NODE.match(directory + b"/")
        if match and match[1].decode("ascii", "replace") not in words:
            entries = (entry for entry in names.values() if entry >= 0)
            found.update(entry for entry in entries if overlay.layer_of(entry) in context.own_layers)
        elif directory.endswith((b"/bin", b"/sbin")):
            # npm's links to their programs.
            for entry in names.values():
                if entry >= 0 and overlay.kind(entry) == SYMLINK and overlay.layer_of(entry) in context.own_layers:
                    link = _NODE.search(b"x/" + (overlay.link(entry) or b"").lstrip(b"./"))
                    if link and link[1].decode("ascii", "replace") not in words:
                        found.add(entry)
    return found
