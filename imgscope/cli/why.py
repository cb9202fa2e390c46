"""``imgscope why``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from .common import exact_option, image_options, load

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..rows import Event


@click.command()
@click.argument("reference", metavar="IMAGE")
@click.argument("path")
@image_options
@exact_option
def command(
    reference: str, path: str, platform: str | None, image: str | None, no_cache: bool, exact_bytes: bool
) -> None:
    """Show what every layer did to a path: which held it, what it cost there, and which instruction did it.

    Of a symlink, and of a path below one, the same is told of where it leads.

    \b
    Example:
      imgscope why myapp:1.0 /var/cache/apt/pkgcache.bin
    """
    with load(reference, platform=platform, name=image, no_cache=no_cache) as analysis:
        for line in _told(analysis, path, exact_bytes):
            click.echo(line)


def _told(analysis: Analysis, path: str, exact_bytes: bool) -> Iterator[str]:
    """Yield what befell a path; of one below a link, or that is one, also where that leads and what befell it there."""
    from ..errors import PathNotFoundError
    from ..escape import escape

    asked = "/" + path.lstrip("/")
    try:
        events = analysis.why(path)
    except PathNotFoundError:
        # Its folder may be a link; where that leads nowhere either, this error says why.
        path = analysis.resolve(path, last=False).path
        yield f"{escape(asked)} -> {escape(path)}"
        events = analysis.why(path)
    yield from _history(analysis, path, events, exact_bytes)
    try:
        if analysis.get(path).type != "symlink":
            return
    except PathNotFoundError:
        return
    try:
        target = analysis.resolve(path).path
    except PathNotFoundError as error:
        yield str(error)
        return
    yield f"{escape('/' + path.lstrip('/'))} -> {escape(target)}"
    if target != "/":
        yield from _history(analysis, target, analysis.why(target), exact_bytes)


def _history(analysis: Analysis, path: str, events: Sequence[Event], exact_bytes: bool) -> Iterator[str]:
    from ..errors import PathNotFoundError
    from ..escape import escape
    from ..report.sizes import size

    try:
        file = analysis.get(path)
        yield f"{escape(file.path)}  {file.type}, {size(file.size, exact_bytes)}, from layer {file.layer}"
    except PathNotFoundError:
        yield f"{escape('/' + path.lstrip('/'))}  not in the merged tree"
    kinds = [event.kind.replace("_", " ") for event in events]
    width = max(map(len, kinds), default=0)
    sizes = [size(event.bytes, exact_bytes) for event in events]
    size_width = max(map(len, sizes), default=0)
    for event, kind, written in zip(events, kinds, sizes, strict=True):
        layer = analysis.layers[event.layer]
        cause = f"  ({escape(event.cause)})" if event.cause else ""
        yield f"  layer {event.layer:<3} {kind:<{width}}  {written:>{size_width}}{cause}"
        instruction = escape(" ".join(layer.instruction.split()))
        if instruction:
            yield f"            {instruction}"
