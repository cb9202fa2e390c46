"""``imgscope trend``."""

from __future__ import annotations

import click

from ..report.formats import TREND
from .common import Results, exact_option, look_options, report_options, result_options, source_options


@click.command()
@click.argument("images", metavar="REPOSITORY | IMAGE...", nargs=-1, required=True)
@source_options
@click.option("--platform", metavar="OS/ARCH", help="Choose from images for several platforms.")
@click.option("--no-cache", is_flag=True, help="Neither use nor keep results of earlier runs.")
@click.option("--limit", metavar="N", type=click.IntRange(2), help="Only the last N tags of a repository (30).")
@click.option("--by", type=click.Choice(["given", "tag", "time"]), help="Order images by version or by age.")
@click.option("--content", is_flag=True, help="Measure content, for which all layers are read.")
@click.option(
    "--explain",
    metavar="N",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Compare the images of the N largest jumps.",
)
@result_options(TREND)
@exact_option
@look_options
def command(
    images: tuple[str, ...],
    platform: str | None,
    no_cache: bool,
    limit: int | None,
    by: str | None,
    content: bool,
    explain: int,
    format_: str | None,
    outputs: tuple[str, ...],
    exact_bytes: bool,
    no_color: bool,
    width: int | None,
) -> int:
    """Show how an image's size went from tag to tag, and what made it jump.

    A repository in a registry stands for its tags, a glob chooses from them; other images are followed in the order in
    which they are named. Sizes are those to pull, which manifests tell; only what a jump is explained by is read.

    \b
    Examples:
      imgscope trend ghcr.io/org/app
      imgscope trend 'registry:localhost:5000/app:1.*' --by time -o svg=trend.svg
      imgscope trend myapp:1.0 myapp:1.1 myapp:1.2 --content
    """
    from ..progress import terminal_progress
    from ..trends import trend
    from ..trends.outputs import renderer

    options = report_options(no_color=no_color, width=width, exact_bytes=exact_bytes)
    results = Results(TREND, outputs, format_, options, list(images))
    found = trend(
        *images,
        by=by,
        limit=limit,
        explain=explain,
        content=content,
        platform=platform,
        cache=not no_cache,
        progress=terminal_progress(images[0]),
    )
    results.write(lambda name, chosen: renderer(name)(found, chosen))
    # What could not be read is told among the notes; a script learns of it by the exit code.
    return 3 if any(point.problem for point in found.points) else 0
