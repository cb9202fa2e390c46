"""``imgscope bases``."""

from __future__ import annotations

import click

from ..report.formats import BASES
from .common import Results, image_options, look_options, report_options, result_options, size_options


@click.command()
@click.argument("reference", metavar="IMAGE")
@image_options
@click.option("--with", "candidates", metavar="REF", multiple=True, help="A base to compare with; repeatable.")
@click.option("--base", metavar="REF", help="The image that this one is built on; by default what can be found.")
@click.option("--no-table", is_flag=True, help="Leave out well-known bases that are not at hand.")
@click.option("--fail-unfit", is_flag=True, help="Exit with 1 when a base named by --with does not fit.")
@result_options(BASES)
@size_options("Rows of each list.")
@look_options
def command(
    reference: str,
    platform: str | None,
    image: str | None,
    no_cache: bool,
    candidates: tuple[str, ...],
    base: str | None,
    no_table: bool,
    fail_unfit: bool,
    format_: str | None,
    outputs: tuple[str, ...],
    top: int,
    exact_bytes: bool,
    no_color: bool,
    width: int | None,
) -> int:
    """Show what an image's base brings, and whether the app can run on another.

    Candidates are names, archives, layouts or saved analyses; without any, the engine's images that look like bases.

    \b
    Examples:
      imgscope bases myapp:1.0
      imgscope bases myapp:1.0 --with debian:bookworm-slim --with alpine:3.24
      imgscope bases app.tar --base base.tar --with slim.tar -o markdown=bases.md
    """
    from ..progress import terminal_progress

    progress = terminal_progress(reference)
    from ..base_images.compare import bases
    from ..base_images.report import renderer

    if fail_unfit and not candidates:
        raise click.UsageError("--fail-unfit is about the bases named by --with: name one")
    options = report_options(no_color=no_color, width=width, top=top, exact_bytes=exact_bytes)
    results = Results(BASES, outputs, format_, options, [reference, *candidates])
    with bases(
        reference,
        candidates,
        base=base,
        table=not no_table,
        platform=platform,
        image=image,
        cache=not no_cache,
        progress=progress,
    ) as comparison:
        results.write(lambda name, chosen: renderer(name)(comparison, chosen))
    return 1 if fail_unfit and any(one.fit.verdict == "unfit" for one in comparison.candidates) else 0
