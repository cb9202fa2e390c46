"""``imgscope squash``."""

from __future__ import annotations

import click

from .common import exact_option, image_options


@click.command()
@click.argument("reference", metavar="IMAGE")
@image_options
@click.option("--from", "first", metavar="LAYER", type=click.IntRange(0), default=0, help="Keep the layers below.")
@click.option("--drop-waste", is_flag=True, help="Keep every layer, without what later ones made waste of it.")
@click.option("--split", metavar="PLAN", help="Write the layers that a plan names: see pull-cost --what-if.")
@click.option("--name", "names", metavar="NAME", multiple=True, help="What the new image is called; repeatable.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="What to print.")
@click.option("-o", "--output", "target", metavar="FILE", required=True, help="The archive to write.")
@exact_option
def command(
    reference: str,
    platform: str | None,
    image: str | None,
    no_cache: bool,
    first: int,
    drop_waste: bool,
    split: str | None,
    names: tuple[str, ...],
    target: str,
    format_: str,
    exact_bytes: bool,
) -> None:
    """Write an image anew in one layer, without what its layers waste, or in the layers of a plan.

    Containers of both see the same, which is checked before the archive appears: paths, types, modes, owners, times,
    links, extended attributes, contents, and every setting. Docker, podman and skopeo load it.

    \b
    Examples:
      imgscope squash myapp:1.0 -o small.tar
      imgscope squash myapp:1.0 -o small.tar --from 3 --name myapp:1.0-small
      imgscope squash app.tar -o small.tar --drop-waste
      imgscope squash app.tar -o split.tar --split plan.toml
    """
    from ..progress import terminal_progress
    from ..squashing import squash
    from ..squashing.outputs import document, lines
    from .common import spare

    spare([("archive", target)], [reference, split])
    found = squash(
        reference,
        target,
        first=first,
        drop_waste=drop_waste,
        split=split,
        names=names or None,
        platform=platform,
        image=image,
        cache=not no_cache,
        progress=terminal_progress(reference),
    )
    if format_ == "json":
        from ..report.portable import dumps

        click.echo(dumps(document(found)).decode())
        return
    for line in lines(found, exact_bytes):
        click.echo(line)
