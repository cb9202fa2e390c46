"""``imgscope cat``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from .common import LayerNumber, following, image_options, load, write_stdout

_BLOCK = 1 << 20


@click.command()
@click.argument("reference", metavar="IMAGE")
@click.argument("path")
@image_options
@click.option("--layer", metavar="N", type=LayerNumber(), help="As this layer holds it, not as the container sees it.")
def command(
    reference: str, path: str, platform: str | None, image: str | None, no_cache: bool, layer: int | None
) -> None:
    """Print a file of an image, byte for byte; one that a later layer removed too, with --layer.

    Symlinks lead where they lead in a container; which file is printed is then said on standard error.

    \b
    Examples:
      imgscope cat myapp:1.0 /etc/os-release
      imgscope cat app.tar /app/secret.env --layer 2
    """
    with load(reference, platform=platform, name=image, no_cache=no_cache, contents=True) as analysis:
        with following(analysis, path, "cat") as tell:
            found = analysis.resolve(path, layer)
        with analysis.open(found.path, found.layer) as file:
            tell(found)

            def parts() -> Iterator[bytes]:
                while data := file.read(_BLOCK):
                    yield data

            write_stdout(parts())
