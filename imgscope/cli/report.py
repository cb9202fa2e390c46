"""``imgscope report``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import image_options, open_page, spare, write_outputs

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..suggestions.model import Suggestions


@click.command()
@click.argument("reference", metavar="IMAGE")
@click.argument("target", metavar="FILE")
@image_options
@click.option("--against", metavar="OLD", help="An older image: what differs, and what that costs to pull.")
@click.option(
    "--dockerfile", metavar="FILE", help="What the image was built from; by default ./Dockerfile, if it fits."
)
@click.option("--check", "checked", is_flag=True, help="Check the rules of imgscope.toml too, or the default ones.")
@click.option("--bases", is_flag=True, help="Compare with other base images too.")
@click.option("--duplicates", is_flag=True, help="Find equal files at different paths too.")
@click.option("--open", "opened", is_flag=True, help="Open the file in a browser.")
def command(
    reference: str,
    target: str,
    platform: str | None,
    image: str | None,
    no_cache: bool,
    against: str | None,
    dockerfile: str | None,
    checked: bool,
    bases: bool,
    duplicates: bool,
    opened: bool,
) -> int:
    """Write all that is known of an image into one HTML file: map, layers, waste, fixes, difference, verdict.

    FILE fetches nothing: it opens from disk, as a CI's artifact, and in a sandboxed frame. The exit code is 1 where
    --check finds a rule failed.

    \b
    Examples:
      imgscope report myapp:1.1 report.html
      imgscope report myapp:1.1 --against myapp:1.0 --dockerfile Dockerfile report.html
      imgscope report app.tar report.html --check --open
    """
    from ..progress import terminal_progress

    progress = terminal_progress(reference)
    from ..analyzer import analyze
    from ..base_images.compare import bases as compare_bases
    from ..checks.run import check
    from ..differences import compare
    from ..errors import UsageError
    from ..report.html import Parts, page
    from ..report.interface import Options
    from ..shared import SharedLayers

    spare([("html", target)], [reference, against])
    if reference == against == "-":
        raise UsageError("standard input can be read once: no --against - with it")
    how: dict[str, Any] = {"platform": platform, "cache": not no_cache, "progress": progress}
    both = {**how, "raw": True, "shared": SharedLayers() if against is not None else None}
    with ExitStack() as stack:
        older = stack.enter_context(analyze(against, **both)) if against is not None else None
        analysis = stack.enter_context(analyze(reference, image=image, contents=True, **both))
        verdict = stack.enter_context(check(analysis, here=True, **how)) if checked else None
        compared = stack.enter_context(compare_bases(analysis, **how)) if bases else None
        parts = Parts(
            analysis,
            _suggestions(analysis, dockerfile),
            verdict,
            compare(older, analysis) if older is not None else None,
            compared,
        )
        write_outputs([("html", target)], lambda *_: page(parts, Options(duplicates=duplicates)))
        if opened and target != "-":
            open_page(target)
    return 0 if verdict is None else verdict.exit_code


def _suggestions(analysis: Analysis, dockerfile: str | None) -> Suggestions | None:
    """Find what the image does not need, as ``suggest`` does here; ``None`` for a saved analysis, without contents."""
    from ..errors import ContentUnavailableError
    from ..suggestions.config import load
    from ..suggestions.image import suggest

    settings = load(Path.cwd())
    try:
        return suggest(
            analysis,
            select=settings.selected,
            ignore=settings.ignored,
            min_size=settings.min_size,
            dockerfile=dockerfile or settings.dockerfile,
            base=settings.base,
            here=True,
        )
    except ContentUnavailableError:
        return None
