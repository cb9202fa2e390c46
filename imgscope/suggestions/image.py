"""Suggestions for an image that a user names: everything is read, looked at, and closed again."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..analyzer import analyze
from ..errors import UsageError
from ..progress import working
from .model import Report
from .run import Options, suggest

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..base_images.find import Base
    from ..progress import Progress


def suggest_image(
    reference: str,
    options: Options | None = None,
    *,
    platform: str | None = None,
    image: str | None = None,
    cache: bool = True,
    progress: Progress | None = None,
    dockerfile: str | None = None,
    previous: str | None = None,
    base: str | None = None,
    mend: bool = False,
    here: bool = False,
) -> Report:
    """Analyse ``reference`` and find what it does not need.

    ``dockerfile`` is the file that it was built from, ``previous`` an earlier image of the same program, ``base`` the
    image that it is built on: references, as all. Without ``dockerfile`` and with ``here`` the current folder's is used
    if it made the image. ``mend`` makes the safe fixes in the Dockerfile (``Report.fixed``), which reads the image's
    scripts. Raises ``UsageError``, ``ImageError``.
    """
    from ..dockerfile import match, nearby, read

    how: dict[str, Any] = {"platform": platform, "cache": cache, "progress": progress}
    with ExitStack() as stack:
        parsed = read(dockerfile) if dockerfile is not None else None
        analysis = stack.enter_context(analyze(reference, image=image, contents=True, **how))
        older = stack.enter_context(analyze(previous, **how)) if previous is not None else None
        found = None
        if base is not None:
            with analyze(base, **how) as below:
                found = _base(base, below, analysis)
        matched = match(parsed, analysis) if parsed is not None else None
        unasked = nearby(analysis) if here and parsed is None else None
        with working(progress, "looking for what the image could do without"):
            report = suggest(analysis, options, base=found, dockerfile=matched or unasked, previous=older)
            report.unasked = unasked is not None
            if mend:
                from .fix import fix

                report.fixed = fix(report)
        return report


def _base(name: str, below: Analysis, analysis: Analysis) -> Base:
    from ..base_images.find import Base

    diff_ids = [layer.diff_id for layer in below.layers]
    if [layer.diff_id for layer in analysis.layers[: len(diff_ids)]] != diff_ids:
        raise UsageError(f"{name} is not the base of this image: its layers are not the bottom of the image's")
    return Base(name, None, len(diff_ids), "as given", "certain")
