"""What every rule is: a name, how its limit is written, and a function that measures one image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ...report.sizes import quantity, size
from ..annotated_file import AnnotatedFile
from ..model import Cause, Causes
from ..values import BYTES, SHARE, Kind, Limit

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ...suggestions.model import Suggestions
    from ..baselines.model import Baseline


class CannotTell(Exception):
    """The rule can't be evaluated for this image; the text says why. ``blocking=False`` where that is no wonder."""

    def __init__(self, reason: str, *, blocking: bool = True) -> None:
        """Say why."""
        super().__init__(reason)
        self.blocking = blocking


@dataclass(frozen=True)
class Subject:
    """What rules look at: the image, the baseline if there is one, and globs that rules about paths leave out.

    ``place`` knows the Dockerfile, where there is one; ``config`` is the file that may say what suggestions are wanted.
    """

    analysis: Analysis
    baseline: Baseline | None = None
    ignored: tuple[str, ...] = ()
    place: AnnotatedFile = field(default_factory=AnnotatedFile)
    config: Path | None = None

    @cached_property
    def suggestions(self) -> Suggestions:
        """What ``imgscope suggest`` says of the image, with the Dockerfile that is known; looked for once.

        Raises ``ConfigError`` when what is set for it can't be understood.
        """
        from ...rootfs.kernels import architectures
        from ...suggestions import Options, suggest
        from ...suggestions.config import Settings, read

        settings = read(self.config) if self.config is not None else Settings()
        options = Options(settings.selected, settings.ignored, settings.min_size, architectures(settings.gpu)[0])
        return suggest(self.analysis, options, dockerfile=self.place.matched(self.analysis))

    def instruction(self, layer: int) -> str:
        """Return what made a layer, in one line."""
        return " ".join(self.analysis.layers[layer].instruction.split())


def _no_causes() -> Causes:
    return Causes()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule found: whether the limit is kept, the figure, words for it, and (made when asked for) the causes."""

    ok: bool
    actual: float | int | None
    message: str
    causes: Callable[[], Causes] = field(default=_no_causes)
    note: str = ""


Measure = Callable[[Subject, Limit, str | None], Outcome]
"""Measures an image against a limit; the text is the setting's subject. Raises ``CannotTell``."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. ``relative`` ones need a baseline; ``by_subject`` ones have a limit for each of several subjects;
    ``whole`` ones can't pass an image of which a layer is missing; for ``outline`` ones the manifest and the config
    tell all."""

    name: str
    kind: Kind
    summary: str
    measure: Measure
    relative: bool = False
    by_subject: bool = False
    whole: bool = True
    outline: bool = False


def written(number: float | int | None, unit: str) -> str:
    """Write a figure in its unit: ``2.4 MB``, ``12``, ``93.1 %``."""
    if number is None:
        return ""
    if unit == BYTES:
        return size(int(number))
    if unit == SHARE:
        return f"{number * 100:.3g} %" if number < 0.1 else f"{number * 100:.1f} %".replace(".0 %", " %")
    return f"{number:,}"


def at_most(
    actual: float | int, limit: Limit, causes: Callable[[], Causes] = _no_causes, note: str = "", count: int = 0
) -> Outcome:
    """Hold a figure against the most that it may be; a limit that is just met is kept.

    ``count`` are the bytes that a share is of, for a limit with a floor: both have to be passed.
    """
    ok = actual <= limit.value
    if limit.unit == SHARE:
        message = f"{written(actual, SHARE)} of at most {written(limit.value, SHARE)}"
        return Outcome(ok or below_floor(limit, count), actual, message + of_floor(limit, count, ok), causes, note)
    shown, allowed = written(actual, limit.unit), written(limit.value, limit.unit)
    if shown == allowed and actual != limit.value and limit.unit == BYTES:
        shown, allowed = size(int(actual), exact=True), size(int(limit.value), exact=True)
    return Outcome(ok, actual, f"{shown} of at most {allowed}", causes, note)


def share_or_bytes(count: int, content: int, limit: Limit) -> float:
    """Return bytes as a limit counts them: themselves, or their share of an image's content."""
    if limit.unit != SHARE:
        return count
    return count / content if content else 0.0


def at_least(actual: float, limit: Limit, causes: Callable[[], Causes] = _no_causes) -> Outcome:
    """Hold a share against the least that it may be; a limit that is just met is kept."""
    message = f"{written(actual, SHARE)} of at least {written(limit.value, SHARE)}"
    return Outcome(actual >= limit.value, actual, message, causes)


def without_base(first: int) -> str:
    """Say that layers below ``first``, the base's, are left out."""
    return f"without the base's {quantity(first, 'layer')}"


def below_floor(limit: Limit, count: float) -> bool:
    """Tell whether bytes are too few to pass a limit that has a floor."""
    return limit.floor is not None and count <= limit.floor


def of_floor(limit: Limit, count: float, ok: bool) -> str:
    """End a message about a limit that may have a floor; ``ok``: the share alone is within it."""
    if limit.floor is None or ok:
        return ""
    if below_floor(limit, count):
        return f", but only {size(int(count))}: up to {size(limit.floor)} are allowed in any case"
    return f", and {size(int(count))} of at most {size(limit.floor)}"


def layer_causes(subject: Subject, figures: list[tuple[int, int]], detail: str = "") -> list[Cause]:
    """Make causes of (layer, bytes), largest first; layers with nothing are left out."""
    rows = sorted(((count, layer) for layer, count in figures if count > 0), key=lambda row: (-row[0], row[1]))
    return [Cause("layer", None, layer, subject.instruction(layer), count, detail=detail) for count, layer in rows]


def more(count: int, noun: str) -> str:
    """Say how many there are beyond those shown."""
    return f"and {quantity(count, 'more ' + noun)}"
