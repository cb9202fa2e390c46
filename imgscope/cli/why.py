"""``imgscope why``."""

from __future__ import annotations

import click

from .common import image_options, load


@click.command()
@click.argument("reference", metavar="IMAGE")
@click.argument("path")
@image_options
@click.option("--bytes", "exact_bytes", is_flag=True, help="Exact bytes instead of rounded sizes.")
def command(
    reference: str, path: str, platform: str | None, image: str | None, no_cache: bool, exact_bytes: bool
) -> None:
    """Tell what every layer did to a path: which held it, what it cost there, and which instruction did it.

    \b
    Example:
      imgscope why myapp:1.0 /var/cache/apt/pkgcache.bin
    """
    from ..errors import PathNotFoundError
    from ..escape import escape
    from ..report.sizes import size

    with load(reference, platform=platform, name=image, no_cache=no_cache) as analysis:
        events = analysis.why(path)
        try:
            file = analysis.get(path)
        except PathNotFoundError:
            file = None
        if file is None:
            click.echo(f"{escape('/' + path.lstrip('/'))}  not in the merged tree")
        else:
            click.echo(f"{escape(file.path)}  {file.type}, {size(file.size, exact_bytes)}, from layer {file.layer}")
        kinds = [event.kind.replace("_", " ") for event in events]
        width = max(map(len, kinds), default=0)
        sizes = [size(event.bytes, exact_bytes) for event in events]
        size_width = max(map(len, sizes), default=0)
        for event, kind, written in zip(events, kinds, sizes, strict=True):
            layer = analysis.layers[event.layer]
            cause = f"  ({escape(event.cause)})" if event.cause else ""
            click.echo(f"  layer {event.layer:<3} {kind:<{width}}  {written:>{size_width}}{cause}")
            instruction = escape(" ".join(layer.instruction.split()))
            if instruction:
                click.echo(f"            {instruction}")
