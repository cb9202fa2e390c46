"""``imgscope bases``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import click

from .common import image_options, parse_outputs, report_options, write_outputs, write_stdout

_FORMATS = ("text", "json", "markdown")


@click.command()
@click.argument("reference", metavar="IMAGE")
@image_options
@click.option("--with", "candidates", metavar="REF", multiple=True, help="A base to compare with; repeatable.")
@click.option("--base", metavar="REF", help="The image that this one is built on; by default what can be found.")
@click.option("--no-table", is_flag=True, help="Leave out well-known bases that are not at hand.")
@click.option("--fail-unfit", is_flag=True, help="Exit with 1 when a base named by --with does not fit.")
@click.option("--format", "format_", type=click.Choice(_FORMATS), help="What to print on standard output.")
@click.option(
    "-o",
    "--output",
    "outputs",
    metavar="FORMAT=FILE",
    multiple=True,
    help="Write a format to a file as well; repeatable, - is standard output.",
)
@click.option("--top", metavar="N", type=click.IntRange(0), default=10, show_default=True, help="Rows of each list.")
@click.option("--bytes", "exact_bytes", is_flag=True, help="Exact bytes instead of rounded sizes.")
@click.option("--no-color", is_flag=True, help="No colour.")
@click.option("--width", metavar="N", type=click.IntRange(40), help="Columns of the report.")
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
    """Show what an image's base brings, and whether the app can stand on another.

    Candidates are names, archives, layouts or saved analyses; without any, the engine's images that look like bases.

    \b
    Examples:
      imgscope bases myapp:1.0
      imgscope bases myapp:1.0 --with debian:bookworm-slim --with alpine:3.24
      imgscope bases app.tar --base base.tar --with slim.tar -o markdown=bases.md
    """
    from ..bases.compare import compare_bases
    from ..bases.report import renderer
    from ..progress import terminal_progress

    pairs = parse_outputs(outputs, _FORMATS)
    to_stdout = any(target == "-" for _, target in pairs)
    if to_stdout and format_ is not None:
        raise click.UsageError("only one result can go to standard output: give --format or -o FORMAT=-, not both")
    if fail_unfit and not candidates:
        raise click.UsageError("--fail-unfit is about the bases named by --with: name one")
    options = report_options(no_color=no_color, width=width, top=top, exact_bytes=exact_bytes)
    in_file = replace(options, colour=False, unicode=True, width=width or 100)
    comparison, images = compare_bases(
        reference,
        candidates,
        base=base,
        platform=platform,
        image=image,
        cache=not no_cache,
        table=not no_table,
        progress=terminal_progress(),
    )
    with images:

        def render(name: str, target: str) -> Iterator[bytes]:
            return renderer(name)(comparison, options if target == "-" else in_file)

        write_outputs(pairs, render)
        if not to_stdout:
            write_stdout(render(format_ or "text", "-"))
    return 1 if fail_unfit and any(one.fit.verdict == "unfit" for one in comparison.candidates) else 0
