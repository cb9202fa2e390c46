"""Suggestions for an image that a user names: everything is read, looked at, and closed again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..analyzer import name_of, opened
from ..errors import UsageError
from ..escape import escape
from ..progress import working
from ..reading import ReadOptions
from ..units import parse_size
from .model import Suggestions
from .run import MIN_SIZE, Options
from .run import suggest as find

if TYPE_CHECKING:
    from typing import Unpack

    from ..analysis import Analysis
    from ..analyzer import AnyImage
    from ..base_images.find import Base
    from ..reading import ReadKeywords


def suggest(
    reference: AnyImage,
    *,
    select: str | Sequence[str] = (),
    ignore: str | Sequence[str] = (),
    min_size: int | str = MIN_SIZE,
    gpu: str | Sequence[str] = (),
    dockerfile: str | os.PathLike[str] | None = None,
    previous: AnyImage | None = None,
    base: AnyImage | None = None,
    fix: bool = False,
    here: bool = False,
    options: ReadOptions | None = None,
    **how: Unpack[ReadKeywords],
) -> Suggestions:
    """Find what an image does not need, what each fix saves, and how to make it.

    Images are references, as for ``analyze``, or analyses: ``previous`` is an earlier one of the same program, ``base``
    the one that it is built on. ``select`` and ``ignore`` name rules (``IS012``, ``IS1``, ``apt-lists``), ``min_size``
    is the least that a finding saves, in bytes or as text (``1MB``), ``gpu`` are the architectures of the GPUs that
    there are (``sm_80``, ``gfx90a``). ``dockerfile`` is the file that the image was
    built from; without it and with ``here`` the current folder's is used if it made the image. ``fix`` makes the safe
    fixes in the Dockerfile's text (``Suggestions.fixed``; no file is written), which reads the image's scripts. How
    images are read is said as for ``analyze``. Raises ``UsageError`` and ``ImageError``.
    """
    from ..dockerfile import match, nearby, read
    from ..dockerfile.nearby import unfit as nearby_unfit

    chosen = ReadOptions.of(options, how)
    others = chosen.but(image=None)
    looking = Options(
        (select,) if isinstance(select, str) else tuple(select),
        (ignore,) if isinstance(ignore, str) else tuple(ignore),
        parse_size(min_size, "min_size") if isinstance(min_size, str) else min_size,
        _architectures((gpu,) if isinstance(gpu, str) else gpu),
    )
    with ExitStack() as stack:
        parsed = read(os.fspath(dockerfile)) if dockerfile is not None else None
        analysis = stack.enter_context(opened(reference, chosen.but(contents=True)))
        older = stack.enter_context(opened(previous, others)) if previous is not None else None
        found = None
        if base is not None:
            with opened(base, others) as below:
                found = _base(name_of(base), below, analysis)
        matched = match(parsed, analysis) if parsed is not None else None
        unasked = nearby(analysis) if here and parsed is None else None
        with working(chosen.progress, "looking for what the image could do without"):
            report = find(analysis, looking, base=found, dockerfile=matched or unasked, previous=older)
            report.unasked = unasked is not None
            if here and parsed is None and unasked is None:
                report.unfit = nearby_unfit(analysis)
            if fix:
                from .fix import fix as fixed

                report.fixed = fixed(report)
        return report.hold(stack)


def _architectures(gpu: Sequence[str]) -> tuple[str, ...]:
    """Read names of GPU architectures. Raises ``UsageError``."""
    from ..rootfs.kernels import architectures

    found, unknown = architectures(gpu) if gpu else ((), ())
    if unknown:
        raise UsageError(f"{escape(unknown[0])!r} is no architecture of a GPU: write sm_80, sm_90 or gfx90a")
    return found


def _base(name: str, below: Analysis, analysis: Analysis) -> Base:
    from ..base_images.find import Base

    diff_ids = [layer.diff_id for layer in below.layers]
    if [layer.diff_id for layer in analysis.layers[: len(diff_ids)]] != diff_ids:
        raise UsageError(f"{name} is not the base of this image: its layers are not the bottom of the image's")
    return Base(name, None, len(diff_ids), "as given", "certain")
