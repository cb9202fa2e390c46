"""``imgscope diff``."""

from __future__ import annotations

import click

from ..report.formats import DIFFERENCE
from .common import Results, any_given, look_options, report_options, result_options, size_options, source_options

# Options of the report and of the exit code: who gives one wants no view.
_OF_REPORTS = ("only", "fail_on_growth", "quiet", "top", "exact_bytes", "no_files", "width", "show_secrets")


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@source_options
@click.option("--platform", metavar="OS/ARCH", help="Choose from images for several platforms.")
@click.option("--no-cache", is_flag=True, help="Neither use nor keep results of earlier runs.")
@result_options(DIFFERENCE)
@click.option(
    "--only",
    metavar="WHAT",
    multiple=True,
    help="Only these parts (layers, files, packages, config) or kinds of files (added, removed, changed, "
    "type-changed, moved, metadata-only); repeatable, or with commas.",
)
@click.option("--path", "paths", metavar="GLOB", multiple=True, help="Only files that fit, as in /app or *.so.")
@click.option("--min-size", metavar="SIZE", help="Only files of at least this size, before or after.")
@click.option("--ignore-times", is_flag=True, help="Treat files that differ only in time as equal.")
@click.option("--fail-on-growth", metavar="LIMIT", help="Exit with 1 when the content grew by more: 5% or 10MB.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; exit with 0 for equal, 1 for different.")
@size_options("Rows of each ranked list.")
@click.option("--no-files", is_flag=True, help="JSON without the list of files.")
@click.option("--show-secrets", is_flag=True, help="Show the configs' passwords and tokens too.")
@click.option("--no-tui", is_flag=True, help="Print the report on a terminal too.")
@look_options
def command(
    old: str,
    new: str,
    platform: str | None,
    no_cache: bool,
    format_: str | None,
    outputs: tuple[str, ...],
    only: tuple[str, ...],
    paths: tuple[str, ...],
    min_size: str | None,
    ignore_times: bool,
    fail_on_growth: str | None,
    quiet: bool,
    top: int,
    exact_bytes: bool,
    no_files: bool,
    show_secrets: bool,
    no_tui: bool,
    no_color: bool,
    width: int | None,
) -> int:
    """Show what differs between two images, and what that costs to pull.

    Two names, archives, layouts or saved analyses, in any mix. On a terminal this opens the interactive view.

    \b
    Examples:
      imgscope diff myapp:1.0 myapp:1.1
      imgscope diff old.tar new.tar --only files --path /app
      imgscope diff baseline.json myapp:1.1 --fail-on-growth 5%
    """
    from ..differences.options import Growth, parse_filter

    if format_ is None and not (outputs or no_tui or any_given(_OF_REPORTS)):
        from .. import tui

        wanted = parse_filter((), paths, min_size, ignore_times)
        reason = tui.unusable(old, new)
        if reason is None:
            tui.run_difference(old, new, wanted=wanted, platform=platform, cache=not no_cache, colour=not no_color)
            return 0
        if reason:
            click.echo(f"imgscope: {reason}; here is the report", err=True)

    from ..progress import terminal_progress

    progress = terminal_progress(old)
    from ..differences import diff
    from ..differences.report import renderer

    wanted = parse_filter(only, paths, min_size, ignore_times)
    growth = Growth.parse(fail_on_growth) if fail_on_growth is not None else None
    options = report_options(no_color=no_color, width=width, top=top, exact_bytes=exact_bytes, files=not no_files)
    results = Results(DIFFERENCE, outputs, format_, options, [old, new])
    if quiet and results.chosen:
        raise click.UsageError("-q prints nothing: it can't go with a format for standard output")

    with diff(
        old,
        new,
        platform=platform,
        wanted=wanted,
        cache=not no_cache,
        progress=progress,
        secrets=show_secrets,
    ) as difference:
        results.write(lambda name, chosen: renderer(name)(difference, chosen), printed=not quiet)
        if growth is not None:
            growth.check(difference)
        return 1 if quiet and not difference.equal else 0
