"""Finds the base image: which of an image's layers, from the bottom, its author did not write.

Sure is only what the user says, or another image whose layers and whose history are the bottom of this one's. Else
the history tells: an author sets CMD or ENTRYPOINT last, so one that layers follow ends a base; another builder made
what is below; the official images of languages without a CMD of their own end as they always do; and a whole root
filesystem, added or imported as the first layer, is a base.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..brief import brief
from ..history import moment
from ..packages.dependencies import DATABASES
from ..settings import mapping, settings
from ..steps import shell_end
from .candidates import Other, best_match, shared_layers

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..history import HistoryStep

# OCI image spec, annotations.md: builders write these as labels too.
NAME_LABEL = "org.opencontainers.image.base.name"
DIGEST_LABEL = "org.opencontainers.image.base.digest"

_ENDS = re.compile(r"^(CMD|ENTRYPOINT)\b")
_ROOT = re.compile(r"^(ADD|COPY) .*\s/\s*$|^Imported from |^# debian\.sh |^RUN .*debootstrap", re.DOTALL)
# Official images that set no CMD of their own: the ENV that names them, and the step that they end with.
_ENDINGS = (
    (re.compile(r"^ENV GOLANG_VERSION[= ]"), re.compile(r"^WORKDIR /go$")),
    (re.compile(r"^ENV RUSTUP_HOME="), re.compile(r"^RUN .*rustup-init", re.DOTALL)),
)
# What official images say of themselves, and their repository's name.
_OFFICIAL = re.compile(r"^ENV (PYTHON|NODE|RUBY|GOLANG|PHP|NGINX|RUST|JAVA|PG|MYSQL|REDIS)_VERSION[= ](\S+)")
_REPOSITORIES = {"PG": "postgres", "RUST": "rust", "JAVA": "openjdk"}
# Package databases that are folders.
_FOLDERS = (b"var/lib/dpkg/status.d", b"var/lib/pacman/local")
# Steps of one build follow each other within minutes; what is older by more was there before.
_ONE_BUILD = 3600


@brief()
@dataclass(frozen=True, slots=True)
class Base:
    """A base image: ``layers`` of the image from the bottom are its own, 0 where none was found.

    ``name`` and ``digest`` are as the image's builder wrote them, ``None`` where it did not; ``how`` says in a few
    words what tells. ``steps`` of the history, from its start, are the base's.
    """

    name: str | None
    digest: str | None
    layers: int
    how: str
    certainty: Literal["certain", "likely", "possible"]
    steps: int = 0


class _BaseGuess(NamedTuple):
    layers: int
    steps: int
    how: str
    sure: bool


def find_base(analysis: Analysis, others: Iterable[Other] = ()) -> Base:
    """Find the base of an image.

    ``others`` are images that may be it: the one with most layers is that are all at the bottom of this image and whose
    history is the beginning of this one's.
    """
    others = list(others)
    labels = mapping(settings(analysis.image.config).get("Labels"))
    named, digest = labels.get(NAME_LABEL), labels.get(DIGEST_LABEL)
    name = named if isinstance(named, str) and named else None
    digest = digest if isinstance(digest, str) and digest else None
    history = analysis.image.history
    shared = best_match(analysis, others, name)
    if shared is not None:
        known = digest if shared.name == name else None
        if shared.steps is not None:
            how = "its layers and its history are the bottom of this image's"
            return Base(shared.name, known, shared.layers, how, "certain", shared.steps)
        how = "its layers are the bottom of this image's; without a history it may be a sibling"
        return Base(shared.name, known, shared.layers, how, "likely", steps_of(history, shared.layers))
    found = _by_history(history, len(analysis.layers), analysis)
    if found is None:
        # What two images share at the bottom neither of them added.
        count, other = max(((shared_layers(analysis, other), other.name) for other in others), default=(0, ""))
        if count < len(analysis.layers) and any(layer.content_bytes for layer in analysis.layers[:count]):
            layers = "layer is" if count == 1 else f"{count} layers are"
            return Base(name, digest, count, f"its first {layers} {other}'s too", "possible", steps_of(history, count))
        return Base(name, digest, 0, "none found", "possible")
    return Base(name, digest, found.layers, found.how, "likely" if found.sure else "possible", found.steps)


def steps_of(history: Sequence[HistoryStep], layers: int) -> int:
    """Return how many steps belong to a base of so many layers: up to the CMD or ENTRYPOINT that ends it, if any.

    Empty steps between the base's last layer and the next may be of either; a CMD among them is the base's, since
    layers follow it.
    """
    end = 0
    for number, step in enumerate(history):
        if step.layer is not None and step.layer >= layers:
            return end
        if step.layer is not None or _ENDS.match(step.instruction):
            end = number + 1
    return end


def _whole_root(analysis: Analysis) -> bool:
    """Tell whether the first layer is a root filesystem: it names its system, has a shell and its user, or packages."""
    overlay = analysis.body.overlay

    def has(*paths: bytes) -> bool:
        return any(overlay.entry_in(0, path) is not None for path in paths)

    if has(b"etc/os-release", b"usr/lib/os-release") or has(*DATABASES, *_FOLDERS):
        return True
    return has(b"etc/passwd") and has(b"bin/sh", b"usr/bin/sh", b"bin/busybox")


def _by_history(history: Sequence[HistoryStep], layers: int, analysis: Analysis) -> _BaseGuess | None:
    """Return what the history tells of the base: the highest place where one ends."""
    found: _BaseGuess | None = None
    seen, ending, official = 0, None, ""
    for number, step in enumerate(history):
        text = step.instruction
        if step.layer is not None:
            seen = step.layer + 1
        if seen >= layers:
            break
        for begins, ends in _ENDINGS:
            if begins.match(text):
                ending = ends
        match = _OFFICIAL.match(text)
        if match:
            product = match[1]
            official = f", which sets {product}_VERSION: {_REPOSITORIES.get(product, product.lower())} {match[2][:20]}"
        if step.layer == 0 and _ROOT.match(text) and _whole_root(analysis):
            found = _BaseGuess(1, number + 1, "its first layer is a whole root filesystem", False)
        elif step.layer is None and _ENDS.match(text) and seen:
            # CMD and ENTRYPOINT may stand together.
            word = text.partition(" ")[0]
            found = _BaseGuess(seen, number + 1, f"its history goes on after {word}{official}", _rest(history, number))
        elif ending is not None and ending.match(text) and seen:
            found = _BaseGuess(seen, number + 1, f"its history goes on after {text[:20].strip()}{official}", True)
            ending = None
    change = _change_of_builder(history, layers)
    return change if change is not None and (found is None or change.layers > found.layers) else found


def _rest(history: Sequence[HistoryStep], number: int) -> bool:
    """Tell whether the steps after one were not made along with it: an author may well set CMD before the last layer.

    They were, where the next layer's step follows within the hour in the same builder's style.
    """
    this = history[number]
    following = next((step for step in history[number + 1 :] if step.layer is not None), None)
    if following is None or _style(following) != _style(this):
        return True
    before, after = _seconds(this.created), _seconds(following.created)
    return before is None or after is None or not 0 <= after - before < _ONE_BUILD


def _change_of_builder(history: Sequence[HistoryStep], layers: int) -> _BaseGuess | None:
    """Find where the words of one builder give way to another's, for the last time."""
    found, seen = None, 0
    for number, step in enumerate(history):
        before = history[number - 1] if number else None
        if before is not None and 0 < seen < layers and _style(before) != _style(step):
            how = f"its history goes on in the words of {_style(step)}, after those of {_style(before)}"
            found = _BaseGuess(seen, number, how, False)
        if step.layer is not None:
            seen = step.layer + 1
    return found


def _style(step: HistoryStep) -> str:
    """Name the builder that a step's words are like."""
    if "buildkit" in step.comment or step.created_by.endswith("# buildkit"):
        return "BuildKit"
    if "#(nop)" in step.created_by or step.created_by.startswith("|") or shell_end(step.created_by):
        return "the classic builder"
    if step.comment.startswith("Imported from"):
        return "an import"
    return "another tool"


def _seconds(created: str | None) -> float | None:
    found = moment(created)
    return found.timestamp() if found is not None else None
