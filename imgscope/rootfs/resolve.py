"""Says where a path that a user names leads in an image, or in one line why it leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..errors import PathNotFoundError
from ..escape import escape
from ..layer.index import DIRECTORY, SYMLINK, TYPE_NAMES
from ..paths import internal, public, split
from .walk import LOOP, MAX_LINKS, MISSING, Walked, Walker, kind_of

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..overlay.merge import Overlay

# Layers that are named to have held a path.
_NAMED = 5


class Resolved(NamedTuple):
    """Where a path leads: ``path`` without links; ``links`` are the symlinks that were followed on the way.

    ``layer`` is where its content is to be had when a layer was asked for, ``None`` in the merged tree.
    """

    path: str
    links: tuple[str, ...] = ()
    layer: int | None = None


def resolve(analysis: Analysis, path: str, layer: int | None = None, *, last: bool = True) -> Resolved:
    """Follow a path in the merged tree; see ``Analysis.resolve``."""
    if layer is None:
        return _told(_walk(analysis, path, last), None)
    return _in_layer(analysis, path, layer, last)


def _in_layer(analysis: Analysis, path: str, layer: int, last: bool) -> Resolved:
    """Follow a path to what a layer itself holds; its links lead where they do in the layers up to it."""
    if not 0 <= layer < len(analysis.layers):
        raise PathNotFoundError(f"there is no layer {layer}: the image has layers 0 to {len(analysis.layers) - 1}")
    key = internal(path)
    kinds = analysis.body.overlay.kinds
    own = analysis.body.overlay.entry_in(layer, key)
    if not key or (own is not None and (own < 0 or not last or kinds[own] != SYMLINK)):
        return Resolved(public(key), (), layer)
    overlay = analysis.tree(layer).overlay
    walked = Walker(overlay).walk(path.encode("utf-8", "surrogateescape"), last=last)
    if own is not None:
        if walked.trouble:
            raise _nowhere(analysis, overlay, path, walked, f"layers 0 to {layer} of ")
        directory = kind_of(overlay, walked.entry) == DIRECTORY
        return _told(walked, layer if directory else overlay.layer_of(walked.entry))
    if walked.links and not walked.trouble and overlay.entry_in(layer, walked.path) is not None:
        return _told(walked, layer)
    raise _not_there(analysis, key, f"layer {layer} of ")


def _told(walked: Walked, layer: int | None) -> Resolved:
    return Resolved(public(walked.path), tuple(map(public, walked.links)), layer)


def _walk(analysis: Analysis, path: str, last: bool) -> Walked:
    overlay = analysis.body.overlay
    walked = Walker(overlay).walk(path.encode("utf-8", "surrogateescape"), last=last)
    if not walked.trouble:
        return walked
    if walked.trouble == MISSING and not walked.links:
        # The whole of what was asked for; with ".." in it only the walk knows what that is.
        raise _not_there(analysis, walked.path if "/../" in path else internal(path), "")
    raise _nowhere(analysis, overlay, path, walked, "")


def _nowhere(analysis: Analysis, overlay: Overlay, path: str, walked: Walked, where: str) -> PathNotFoundError:
    """Say why a path leads nowhere."""
    shown, there = escape("/" + path.lstrip("/")), escape(public(walked.path))
    image = where + escape(analysis.image.reference)
    if walked.trouble == LOOP:
        circle = len(set(walked.links)) < len(walked.links)
        how = f"leads in a circle, through {there}" if circle else f"leads through more than {MAX_LINKS} links"
        return PathNotFoundError(f"{shown} in {image} {how}")
    if walked.trouble == MISSING:
        told, held = _told_held(analysis, walked.path)
        return PathNotFoundError(
            f"{shown} leads to {there}, which is not in {image}{told}", held, public(walked.path) if held else ""
        )
    kind = TYPE_NAMES[kind_of(overlay, walked.entry)]
    return PathNotFoundError(f"no {shown} in {image}: {there} is a {kind}, not a directory")


def _not_there(analysis: Analysis, key: bytes, where: str) -> PathNotFoundError:
    """Say that a path is not there, and which layers hold it if any does; else what is like it."""
    told, held = _told_held(analysis, key)
    hint = told or ("" if where else analysis.near(key))
    return PathNotFoundError(
        f"no {escape(public(key))} in {where}{escape(analysis.image.reference)}{hint}", held, public(key)
    )


def _told_held(analysis: Analysis, key: bytes) -> tuple[str, tuple[int, ...]]:
    """Return words for which layers hold a path that the merged tree does not show, and these layers."""
    overlay = analysis.body.overlay
    directory, name = split(key)
    held = tuple(
        number
        for number in range(len(overlay.layers))
        if (own := overlay.entry_in(number, key)) is not None and own >= 0
    )
    if not held:
        return "", ()
    hidden = overlay.hidden
    shown = overlay.lookup(key)
    gone = (
        ""
        if shown is not None
        else next(
            (
                f"removed in layer {hidden.by[row]}; "
                for row in reversed(range(len(hidden)))
                if hidden.names[row] == name and hidden.directories[row] == directory
            ),
            "",
        )
    )
    *more, newest = map(str, held[-_NAMED:])
    words = f"layers {', '.join(more)} and {newest} hold it" if more else f"layer {newest} holds it"
    return (f": {gone}{words}" if gone else f"; {words}"), held
