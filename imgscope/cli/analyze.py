"""``imgscope analyze``."""

from __future__ import annotations

import click

from ..report.formats import ANALYSIS
from .common import Results, any_given, image_options, load, look_options, report_options, result_options, size_options

# Options that say how a report looks: who gives one wants the report.
_OF_REPORTS = (
    "top",
    "exact_bytes",
    "no_files",
    "duplicates",
    "history",
    "fingerprints",
    "width",
    "verify",
    "show_secrets",
)


@click.command()
@click.argument("reference", metavar="IMAGE")
@image_options
@result_options(ANALYSIS)
@size_options("Rows of each ranked list.")
@click.option(
    "--no-files", is_flag=True, help="JSON without the lists of files; of a registry, manifest and config alone."
)
@click.option("--duplicates", is_flag=True, help="Find equal files at different paths.")
@click.option("--history", is_flag=True, help="Show the steps that made no layer too (ENV, CMD, …).")
@click.option("--fingerprints", is_flag=True, help="JSON with a hash of each file, so that diff can compare contents.")
@click.option("--show-secrets", is_flag=True, help="Show the config's passwords and tokens too, in every format.")
@click.option("--verify", is_flag=True, help="Check every blob's digest and diff_id first.")
@click.option("--no-tui", is_flag=True, help="Print the report on a terminal too.")
@look_options
def command(
    reference: str,
    platform: str | None,
    image: str | None,
    no_cache: bool,
    format_: str | None,
    outputs: tuple[str, ...],
    top: int,
    exact_bytes: bool,
    no_files: bool,
    duplicates: bool,
    history: bool,
    fingerprints: bool,
    show_secrets: bool,
    verify: bool,
    no_tui: bool,
    no_color: bool,
    width: int | None,
) -> None:
    """Show where an image's bytes come from, and which are wasted.

    \b
    Examples:
      imgscope analyze myapp:1.0
      imgscope analyze app.tar --format json > app.json
      docker save myapp:1.0 | imgscope analyze -
    """
    if format_ is None and not (outputs or no_tui or any_given(_OF_REPORTS)):
        from .. import tui

        reason = tui.unusable(reference)
        if reason is None:
            return tui.run(reference, platform=platform, image=image, cache=not no_cache, colour=not no_color)
        if reason:
            click.echo(f"imgscope: {reason}; here is the report", err=True)

    from ..progress import terminal_progress
    from ..report import renderer

    options = report_options(
        no_color=no_color,
        width=width,
        top=top,
        exact_bytes=exact_bytes,
        files=not no_files,
        duplicates=duplicates,
        history=history,
        fingerprints=fingerprints,
        again=_again(reference, platform, image),
    )
    results = Results(ANALYSIS, outputs, format_, options, [reference])

    with load(
        reference,
        platform=platform,
        name=image,
        no_cache=no_cache,
        contents=duplicates or fingerprints or results.writes("html"),
        raw=show_secrets,
        layers=not no_files
        or verify
        or duplicates
        or fingerprints
        or any(name in ("dive", "html", "svg") for name, _ in results.pairs),
    ) as loaded:
        analysis = loaded.with_secrets() if show_secrets else loaded
        if verify:
            from ..verify import confirm

            confirm(analysis, platform=platform, image=image, progress=terminal_progress())
        results.write(lambda name, chosen: renderer(name)(analysis, chosen))


def _again(reference: str, platform: str | None, image: str | None) -> str:
    """Return how the same image is named on another command's line; empty for standard input, which is gone."""
    import shlex

    if reference == "-":
        return ""
    chosen = [word for name, value in (("--platform", platform), ("--image", image)) if value for word in (name, value)]
    return shlex.join([reference, *chosen])
