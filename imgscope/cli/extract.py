"""``imgscope extract``."""

from __future__ import annotations

from pathlib import Path

import click

from .common import LayerNumber, following, image_options, load

# More paths that were left out than this are only counted.
_SHOWN = 10


@click.command()
@click.argument("reference", metavar="IMAGE")
@click.argument("path")
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path))
@image_options
@click.option(
    "--layer", metavar="N", type=LayerNumber(), help="Only what this layer holds; with / as PATH, the layer whole."
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
def command(
    reference: str,
    path: str,
    destination: Path,
    platform: str | None,
    image: str | None,
    no_cache: bool,
    layer: int | None,
    force: bool,
) -> int:
    """Copy a file, a folder or a whole layer out of an image into the folder DEST.

    A PATH that is or goes through a symlink leads where it leads in a container, and keeps its name; links within a
    folder stay links.

    Nothing is written outside DEST, and no file is replaced without --force. Devices and FIFOs are left out; set-uid
    bits are dropped; a symlink that leads out of DEST is not made. What can't be written (a name that is too long
    here, a hard link to nowhere) is left out and told on standard error, the rest is written, and the exit code is 3.

    \b
    Examples:
      imgscope extract myapp:1.0 /etc/nginx conf/
      imgscope extract app.tar / layer3/ --layer 3
    """
    from ..escape import escape
    from ..extract import extract
    from ..report.sizes import quantity, size

    with (
        load(reference, platform=platform, name=image, no_cache=no_cache, contents=True) as analysis,
        following(analysis, path, "extract", str(destination)) as tell,
    ):
        result = extract(analysis, path, destination, layer=layer, force=force)
        tell(result.found)
    for skipped in result.skipped[:_SHOWN]:
        click.echo(f"imgscope: left out {escape(skipped)}", err=True)
    if result.left_out > _SHOWN:
        click.echo(f"imgscope: left out {result.left_out - _SHOWN:,} more", err=True)
    click.echo(f"{quantity(result.count, 'path')}, {size(result.bytes)} to {escape(str(destination))}", err=True)
    return 3 if result.failed else 0
