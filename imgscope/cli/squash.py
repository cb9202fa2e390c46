"""``imgscope squash``."""

from __future__ import annotations

import click

from .common import source_options


@click.command()
@click.argument("image", metavar="IMAGE")
@click.option("-o", "--output", "target", metavar="FILE", required=True, help="The archive to write.")
@click.option("--from", "first", metavar="LAYER", type=click.IntRange(0), default=0, help="Keep the layers below.")
@click.option("--drop-waste", is_flag=True, help="Keep every layer, without what later ones made waste of it.")
@click.option("--name", "names", metavar="NAME", multiple=True, help="What the new image is called; repeatable.")
@source_options
@click.option("--platform", metavar="OS/ARCH", help="Choose from an image for several platforms.")
@click.option("--image", "member", metavar="NAME", help="Choose from an archive that holds several images.")
@click.option("--no-cache", is_flag=True, help="Neither use nor keep results of earlier runs.")
@click.option("--bytes", "exact_bytes", is_flag=True, help="Exact bytes instead of rounded sizes.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="What to print.")
def command(
    image: str,
    target: str,
    first: int,
    drop_waste: bool,
    names: tuple[str, ...],
    platform: str | None,
    member: str | None,
    no_cache: bool,
    exact_bytes: bool,
    format_: str,
) -> None:
    """Write an image anew in one layer, or without what its layers waste.

    Containers of both see the same, which is checked before the archive appears: paths, types, modes, owners, times,
    links, extended attributes, contents, and every setting. Docker, podman and skopeo load it.

    \b
    Examples:
      imgscope squash myapp:1.0 -o small.tar
      imgscope squash myapp:1.0 -o small.tar --from 3 --name myapp:1.0-small
      imgscope squash app.tar -o small.tar --drop-waste && docker load -i small.tar
    """
    from ..progress import terminal_progress
    from ..squashing import squash
    from ..squashing.outputs import document, lines
    from .common import spare

    spare([("archive", target)], [image])
    found = squash(
        image,
        target,
        first=first,
        drop_waste=drop_waste,
        names=names or None,
        platform=platform,
        image=member,
        cache=not no_cache,
        progress=terminal_progress(image),
    )
    if format_ == "json":
        from ..report.portable import dumps

        click.echo(dumps(document(found)).decode())
        return
    for line in lines(found, exact_bytes):
        click.echo(line)
