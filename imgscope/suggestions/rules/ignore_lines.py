"""Lines of ``.dockerignore`` that keep out all that a finding shows, and nothing else that the image uses."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...layer.index import DIRECTORY
from ...paths import internal, join, public, split
from ...settings import settings
from ..context import Context
from ..model import Claim
from ..origin import CONTEXT
from ..places import Places

# What stands for something else in a pattern (Go's filepath.Match), or at the begin of a line.
_SPECIAL = re.compile(r"([*?\[\]\\])")


def covering(
    context: Context, claims: Sequence[Claim], lines: Mapping[str, Sequence[str]], layers: Sequence[int]
) -> tuple[str, ...]:
    """Return the lines that keep claims out of the build context.

    ``lines`` are those that serve in general, each with the globs of what it is for. One that would keep out more than
    was found, of what these layers copied and the image shows, is replaced by the very paths.
    """
    found: dict[str, None] = {}
    fits = Places(lines)
    of_line: dict[str, list[Claim]] = {line: [] for line in lines}
    for claim in claims:
        where = split(claim.path)
        for line in (*fits.of_directory(where[0]), *fits.of_file(*where)):
            of_line[line].append(claim)
    wanted = {claim.path for claim in claims}
    broad = Places({line: _everything(line) for line in lines})
    also = _also(context, broad, wanted, layers)
    covered: set[bytes] = set()
    for line, its in of_line.items():
        if its and line not in also:
            found[line] = None
            covered.update(claim.path for claim in its)
    left = {claim.path for line, its in of_line.items() if line in also for claim in its} - covered
    for path in _whole(context, left, wanted, layers):
        found[_line(context, path, layers)] = None
    return tuple(found)


def of_paths(context: Context, rows: Iterable[tuple[bytes, int]]) -> tuple[str, ...]:
    """Return the lines that keep out paths, each with the layer that copied it from the build context.

    One that an instruction names is not among them: it would have nothing to copy.
    """
    found: dict[str, None] = {}
    for path, layer in rows:
        if context.origin(layer).where != CONTEXT.where:
            continue
        name = public(path).rpartition("/")[2]
        sources = _words(context, layer)[:-1]
        if sources and not any(posixpath.basename(source) == name or _SPECIAL.search(source) for source in sources):
            found[_line(context, path, (layer,))] = None
    return tuple(found)


def _words(context: Context, layer: int) -> list[str]:
    """Return the words of a COPY or ADD, its flags left out."""
    made = context.dockerfile.instruction(layer) if context.dockerfile is not None else None
    words = list(made.arguments) if made is not None else context.instruction(layer).split()[1:]
    return [word for word in words if not word.startswith("--")]


def _everything(line: str) -> tuple[str, ...]:
    """Return the globs of all that a line keeps out: files of its name, and what lies in folders of that name."""
    return (f"/{line}", f"/{line}/**") if "*" not in line.removeprefix("**/") else (f"/{line}",)


def _also(context: Context, broad: Places, wanted: set[bytes], layers: Iterable[int]) -> set[str]:
    """Return the lines that would keep out something that is used, and was not found."""
    found: set[str] = set()
    for directory, name in _used(context, layers):
        if join(directory, name) not in wanted:
            found.update(broad.of_directory(directory))
            found.update(broad.of_file(directory, name))
    return found


def _used(context: Context, layers: Iterable[int]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the paths that layers stored and the merged tree shows, in whatever layer; without directories.

    A later layer that stores a file again (chown, sed) does so because the image uses it.
    """
    overlay = context.overlay
    for layer in layers:
        for directory, name, entry in overlay.entries(layer):
            if overlay.kind(entry) != DIRECTORY and name in overlay.tree.get(directory, {}):
                yield directory, name


def _whole(context: Context, paths: set[bytes], wanted: set[bytes], layers: Sequence[int]) -> list[bytes]:
    """Return the outermost paths that hold nothing but what is wanted, so that they cover ``paths``."""
    mixed: set[bytes] = {b""}
    for directory, name in _used(context, layers):
        if join(directory, name) not in wanted:
            here = directory
            while here not in mixed:
                mixed.add(here)
                here = split(here)[0]
    place, _ = _copied(context, layers)
    found: set[bytes] = set()
    for path in sorted(paths):
        here = path
        while (above := split(here)[0]) not in mixed and above != place and above:
            here = above
        found.add(here)
    return sorted(found)


def _copied(context: Context, layers: Sequence[int]) -> tuple[bytes, str | None]:
    """Return the folder to which the layers' instructions copied, and the context's folder that they copied.

    The first is empty, the second ``None`` where that is not known, or not the same for all.
    """
    found: set[tuple[str, str | None]] = set()
    home = settings(context.analysis.image.config).get("WorkingDir")
    for layer in layers:
        if not context.is_copy(layer):
            continue
        words = _words(context, layer)
        if not words:
            return b"", None
        target = posixpath.normpath(posixpath.join("/", home if isinstance(home, str) else "", words[-1]))
        plain = len(words) == 2 and not _SPECIAL.search(words[0]) and ":" not in words[0]
        source = posixpath.normpath(words[0].lstrip("/") or ".") if plain else None
        found.add((target, source))
    if len(found) != 1:
        return b"", None
    ((target, source),) = found
    return internal(target), source


def _line(context: Context, path: bytes, layers: Sequence[int]) -> str:
    """Write the line for one path: its place in the context where that is known, else below any folder."""
    place, source = _copied(context, layers)
    if not place or not path.startswith(place + b"/"):
        return "**/" + _SPECIAL.sub(r"\\\1", public(path).strip("/"))
    inside = _SPECIAL.sub(r"\\\1", public(path[len(place) + 1 :]).strip("/"))
    if source is None:
        return f"**/{inside}"
    return inside if source == "." else f"{source}/{inside}"
