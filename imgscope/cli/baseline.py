"""``imgscope baseline``: what growth is measured against."""

from __future__ import annotations

from pathlib import Path

import click

from ..checks import BASELINE_FILE
from .common import (
    image_options,
    load,
    look_options,
    report_options,
    size_options,
    spare,
    write_outputs,
    write_stdout,
)


@click.group()
def command() -> None:
    """Save what an image is now, so that `check` can tell what grew since.

    \b
    Examples:
      imgscope baseline save myapp:1.0
      imgscope check myapp:1.1 --baseline imgscope-baseline.json --max-growth 5%
    """


@command.command(short_help="Write a small JSON of an image, made to be committed.")
@click.argument("reference", metavar="IMAGE")
@image_options
@click.option(
    "-o", "--output", default=BASELINE_FILE, show_default=True, metavar="FILE", help="Where to; - is standard output."
)
@click.option("--files", type=click.IntRange(0, 100_000), metavar="N", help="Name the N largest files; by default 300.")
@click.option(
    "--files-above", metavar="SIZE", help="Name all files above a size instead, as --max-new-file-size needs."
)
def save(
    reference: str,
    platform: str | None,
    image: str | None,
    no_cache: bool,
    output: str,
    files: int | None,
    files_above: str | None,
) -> None:
    """Write an image's figures, layers and largest files as a small JSON, made to be committed.

    The same image gives the same file. Run it again to accept a growth.

    \b
    Examples:
      imgscope baseline save myapp:1.0
      imgscope baseline save app.tar --files-above 1MB -o ci/baseline.json
    """
    from ..checks.baselines.file import dump
    from ..checks.baselines.measure import FILES, make
    from ..errors import UsageError
    from ..units import parse_size

    if files is not None and files_above is not None:
        raise UsageError("give --files or --files-above, not both")
    above = None if files_above is None else parse_size(files_above, "--files-above")
    spare([("baseline", output)], [reference])
    with load(reference, platform=platform, name=image, no_cache=no_cache) as analysis:
        data = dump(make(analysis, files=FILES if files is None else files, files_above=above))
    write_outputs([("baseline", output)], lambda _format, _file: [data])
    if output != "-":
        from ..escape import escape

        click.echo(f"imgscope: {escape(output)} written, {len(data):,} bytes", err=True)


@command.command(short_help="Show a saved baseline.")
@click.argument("file", metavar="[FILE]", default=BASELINE_FILE)
@size_options("Rows of each ranked list.")
@look_options
def show(file: str, top: int, exact_bytes: bool, no_color: bool, width: int | None) -> None:
    """Show a saved baseline: imgscope-baseline.json, or FILE.

    \b
    Example:
      imgscope baseline show
    """
    from ..checks.baselines.file import load as read
    from ..checks.outputs.baseline import render

    options = report_options(no_color=no_color, width=width, top=top, exact_bytes=exact_bytes)
    write_stdout(render(read(Path(file)), options))
