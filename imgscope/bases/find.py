"""Finds the base image: which of an image's layers, from the bottom, its author did not write.

Sure is only what the user says, or another image whose layers are the bottom of this one. Else the history tells: an
author sets CMD or ENTRYPOINT last, so one that layers follow ends a base; and a whole root filesystem, added or
imported as the first layer, is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ..analysis import Analysis

# OCI image spec, annotations.md: builders write these as labels too.
NAME_LABEL = "org.opencontainers.image.base.name"
DIGEST_LABEL = "org.opencontainers.image.base.digest"

_ENDS = re.compile(r"^(CMD|ENTRYPOINT)\b")
_ROOT = re.compile(r"^(ADD|COPY) .*\s/\s*$|^Imported from |^# debian\.sh |^RUN .*debootstrap", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Base:
    """A base image: ``layers`` of the image from the bottom are its own, 0 where none was found.

    ``name`` and ``digest`` are as the image's builder wrote them, ``None`` where it did not; ``how`` says in a few
    words what tells.
    """

    name: str | None
    digest: str | None
    layers: int
    how: str
    certainty: Literal["certain", "likely", "possible"]


def find_base(analysis: Analysis, others: Iterable[tuple[str, Sequence[str]]] = ()) -> Base:
    """Find the base of an image.

    ``others`` are (name, diff_ids) of images that may be it: the one with most layers that are all at the bottom of
    this image is, unless it is the image itself.
    """
    config = analysis.image.config.get("config")
    labels = config.get("Labels") if isinstance(config, dict) else None
    named = labels.get(NAME_LABEL) if isinstance(labels, dict) else None
    digest = labels.get(DIGEST_LABEL) if isinstance(labels, dict) else None
    name = named if isinstance(named, str) and named else None
    digest = digest if isinstance(digest, str) and digest else None
    shared = _shared(analysis, others)
    if shared is not None:
        known = digest if shared[0] == name else None
        return Base(shared[0], known, shared[1], "its layers are this image's", "certain")
    count, how, sure = _by_history(analysis)
    if not 0 < count < len(analysis.layers):
        return Base(name, digest, 0, "none found", "possible")
    return Base(name, digest, count, how, "likely" if sure else "possible")


def _shared(analysis: Analysis, others: Iterable[tuple[str, Sequence[str]]]) -> tuple[str, int] | None:
    own = [layer.diff_id for layer in analysis.layers]
    best: tuple[str, int] | None = None
    for name, diff_ids in others:
        count = len(diff_ids)
        if 0 < count < len(own) and own[:count] == list(diff_ids) and (best is None or count > best[1]):
            best = name, count
    return best


def _by_history(analysis: Analysis) -> tuple[int, str, bool]:
    """Return how many layers the history gives to the base, what tells, and whether that is reliable."""
    found, how, sure = 0, "", False
    seen = 0
    for step in analysis.image.history:
        if step.layer is not None:
            seen = step.layer + 1
            if step.layer == 0 and _ROOT.match(step.instruction):
                found, how, sure = 1, "its first layer is a whole root filesystem", False
        elif _ENDS.match(step.instruction) and 0 < seen < len(analysis.layers):
            found, how, sure = seen, f"its history goes on after {step.instruction.partition(' ')[0]}", True
    return found, how, sure
