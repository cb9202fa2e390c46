"""Matches a Dockerfile's instructions to the steps of an image's history, and so to its layers.

The chain of instructions that makes a stage (those of the stages that it builds on first) is aligned with the end of
the history; what stands before it in the history is the base image's. A file that most of it is not in the history of
does not belong to the image, and then nothing is matched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ..escape import escape
from ..settings import environment
from .expansion import expand
from .history import ALIKE, EQUAL, FITS, Step, Wanted, read_step, wanted
from .model import ALL, Dockerfile, Instruction, Location
from .redacted import redacted_chain

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..history import HistoryStep

Certainty = Literal["certain", "likely", "possible"]

_CERTAINTY: Mapping[int, Certainty] = {EQUAL: "certain", FITS: "likely", ALIKE: "possible"}
_WORTH = {EQUAL: 10.0, FITS: 8.0, ALIKE: 3.0}
# What it costs to leave a step, and an instruction, without a partner.
_STEP_LEFT, _INSTRUCTION_LEFT = 0.5, 2.0
# Of longer chains and histories the ends are compared; engines stop at 127 layers.
_MAX_ROWS = 1000
_MAX_STAGES = 50
_LAYERED = ("RUN", "COPY", "ADD")
# Some builders don't write these into the history.
_OPTIONAL = ("ARG", "ONBUILD", "SHELL", "MAINTAINER")


@dataclass(frozen=True, slots=True)
class Match:
    """An instruction, the step of the history (an index) and the layer that it made (``None``: no layer)."""

    instruction: Instruction
    step: int | None
    layer: int | None
    certainty: Certainty


@dataclass(frozen=True)
class DockerfileMatch:
    """A Dockerfile matched to an image.

    ``belongs`` is false, ``matches`` then empty and ``note`` says why, where the image was not built from it.
    ``stage`` is the index of the stage that the image is of. ``certainty`` is that of the whole: *certain* where every
    instruction has its step, one after the other; else ``note`` says what differs.
    """

    dockerfile: Dockerfile
    stage: int
    belongs: bool
    certainty: Certainty
    matches: tuple[Match, ...]
    note: str = ""

    @cached_property
    def by_layer(self) -> Mapping[int, Match]:
        """Matches by the layer that the instruction made."""
        return {found.layer: found for found in self.matches if found.layer is not None}

    @cached_property
    def by_step(self) -> Mapping[int, Match]:
        """Matches by the step of the history."""
        return {found.step: found for found in self.matches if found.step is not None}

    @property
    def chain(self) -> tuple[Instruction, ...]:
        """The instructions that make the image, those of the stages below first; empty for one that belongs not."""
        return self.dockerfile.chain(self.stage) if self.belongs else ()

    @property
    def base_layers(self) -> int | None:
        """How many of the lowest layers are the base image's: those below the file's first; ``None`` if not known."""
        if not self.belongs or not self.by_layer:
            return None
        first = min(self.by_layer)
        above = [made for made in self.chain if made.keyword in _LAYERED]
        # The file's first RUN, COPY or ADD has to be the one that is known: else its layer is one of those below.
        known = {found.instruction.first for found in self.by_layer.values()}
        return first if above and above[0].first in known else None

    def instruction(self, layer: int) -> Instruction | None:
        """Return the instruction that made a layer; ``None`` for a base image's, or one that is not known."""
        found = self.by_layer.get(layer)
        return None if found is None else found.instruction

    def layer(self, instruction: Instruction) -> int | None:
        """Return the layer that an instruction made; ``None`` where it made none, or that is not known."""
        return next((found.layer for found in self.matches if found.instruction.index == instruction.index), None)

    def at(self, instruction: Instruction) -> Location:
        """Return the lines of an instruction."""
        return Location(self.dockerfile.path, instruction.first, instruction.last)

    def location(self, layers: Iterable[int]) -> Location | None:
        """Return the lines of the first of some layers' instructions that is known."""
        for layer in layers:
            found = self.instruction(layer)
            if found is not None:
                return self.at(found)
        return None

    def ignores(self, code: str, layers: Iterable[int] = (), location: Location | None = None) -> bool:
        """Tell whether a comment switches a rule off: for the file, or for an instruction that made the layers or
        stands at the location.
        """
        words = {code.upper(), ALL}
        if words & self.dockerfile.ignores:
            return True
        if any(found is not None and words & found.ignores for found in map(self.instruction, layers)):
            return True
        return location is not None and any(
            words & instruction.ignores
            for instruction in self.dockerfile.instructions
            if instruction.first <= location.last and location.first <= instruction.last
        )


def match(dockerfile: Dockerfile, analysis: Analysis, provenance: Mapping[str, Any] | None = None) -> DockerfileMatch:
    """Match a Dockerfile to the image that it may have made.

    ``provenance`` is BuildKit's SLSA statement of the image, by default the one that lies beside it: where it holds
    this Dockerfile's text it tells each layer's lines.
    """
    from .provenance import layer_lines, read_provenance

    image = analysis.image
    found = match_history(dockerfile, image.history, image.config)
    if provenance is None:
        provenance = read_provenance(analysis)
    if provenance is None:
        return found
    digests = [layer.digest or "" for layer in analysis.layers]
    return _with_lines(found, layer_lines(provenance, dockerfile.text, digests))


def match_history(dockerfile: Dockerfile, history: Sequence[HistoryStep], config: Mapping[str, Any]) -> DockerfileMatch:
    """Match a Dockerfile to an image's history; ``config`` is the image config."""
    first = max(len(history) - _MAX_ROWS, 0)
    steps = [read_step(step.created_by) for step in history[first:]]
    variables = environment(config)
    best: _Alignment | None = None
    for stage in reversed(dockerfile.stages[-_MAX_STAGES:]):
        found = _Alignment(dockerfile, stage.index, steps, variables)
        if best is None or found.rank > best.rank:
            best = found
        if best.complete:
            break
    if best is None:
        raise ValueError("a Dockerfile has a stage")
    return best.matched(history, first)


class _Alignment:
    """One stage's chain of instructions, aligned with the history."""

    def __init__(
        self, dockerfile: Dockerfile, stage: int, steps: Sequence[Step], environment: Mapping[str, str]
    ) -> None:
        self.dockerfile = dockerfile
        self.stage = stage
        self.steps = steps
        arguments: dict[str, str] = {}
        for instruction in dockerfile.instructions:
            if instruction.stage < 0:
                for key, value in instruction.pairs:
                    arguments[key] = expand(value, arguments, dockerfile.escape)
        # The history that an analysis has is without secrets: so are the instructions that it is compared with.
        self.written = dockerfile.chain(stage)[-_MAX_ROWS:]
        chain = redacted_chain(dockerfile.chain(stage))
        self.chain = wanted(chain, environment, arguments, dockerfile.escape)[-_MAX_ROWS:]
        self.pairs = _align(self.chain, steps)
        good = {row for row, (_, worth) in self.pairs.items() if worth >= FITS}
        self.needed = [row for row, item in enumerate(self.chain) if item.instruction.keyword not in _OPTIONAL]
        self.found = [row for row in self.needed if row in good]
        layered = [row for row in self.needed if self.chain[row].instruction.keyword in _LAYERED]
        self.layered = [row for row in layered if row in good]
        self.belongs = 2 * len(self.found) >= len(self.needed) and 2 * len(self.layered) >= len(layered)
        if not self.found and self.needed:
            self.belongs = False
        columns = sorted(column for column, _ in self.pairs.values())
        unbroken = bool(columns) and columns == list(range(columns[0], len(steps)))
        self.complete = len(good) == len(self.chain) and unbroken
        # A stage that only builds on another fits whatever that one fits: of equals the last counts.
        self.rank = (
            self.belongs,
            self.complete,
            len(self.found) - 2 * (len(self.needed) - len(self.found)),
            -abs(len(steps) - 1 - columns[-1]) if columns else -len(steps),
        )

    def matched(self, history: Sequence[HistoryStep], first: int) -> DockerfileMatch:
        if not self.belongs:
            return DockerfileMatch(self.dockerfile, self.stage, False, "possible", (), self._why_not())
        matches = []
        for row, (column, worth) in sorted(self.pairs.items()):
            step = history[first + column]
            certainty = "certain" if self.complete else _CERTAINTY[worth]
            matches.append(Match(self.written[row], first + column, step.layer, certainty))
        overall: Certainty = "certain" if self.complete else "likely"
        if not self.needed:
            overall = "possible"
        return DockerfileMatch(self.dockerfile, self.stage, True, overall, tuple(matches), self._differs())

    def _why_not(self) -> str:
        path = escape(self.dockerfile.path)
        if not self.steps:
            return f"the image has no history: {path} can't be matched to its layers"
        missing = next((row for row in self.needed if row not in self.found), None)
        shown = "" if missing is None else f"; the first that is not is line {self._line(missing)}"
        return (
            f"{path} is not what this image was built from: {len(self.found)} of its {len(self.needed)} instructions "
            f"are in the image's history{shown}"
        )

    def _differs(self) -> str:
        good = {row for row, (_, worth) in self.pairs.items() if worth >= FITS}
        missing = [row for row in self.needed if row not in good]
        path = escape(self.dockerfile.path)
        if missing:
            word = "differs" if missing[0] in self.pairs else "is missing"
            more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
            return f"{path} has changed since the image was built: line {self._line(missing[0])} {word} there{more}"
        stages = self.dockerfile.stages
        if self.stage != len(stages) - 1:
            name = stages[self.stage].name
            shown = escape(name) if name else str(self.stage)
            return f"the image is stage {shown} of {path}, not the last"
        return ""

    def _line(self, row: int) -> str:
        instruction = self.chain[row].instruction
        text = " ".join(instruction.text.split())
        shown = text if len(text) <= 40 else text[:39] + "…"
        return f"{instruction.first} ({escape(shown)})"


def _align(chain: Sequence[Wanted], steps: Sequence[Step]) -> dict[int, tuple[int, int]]:
    """Return for rows of the chain the step that each made, and how well they agree; order is kept.

    The best sum of agreements, as sequences are aligned; steps before the first partner cost nothing.
    """
    width = len(steps) + 1
    scores = [[0.0] * width]
    agreement: list[list[int]] = []
    for item in chain:
        above = scores[-1]
        line = [above[0] - _INSTRUCTION_LEFT] * width
        agrees = [item.agrees(step) for step in steps]
        for column, worth in enumerate(agrees, 1):
            best = max(line[column - 1] - _STEP_LEFT, above[column] - _INSTRUCTION_LEFT)
            if worth:
                best = max(best, above[column - 1] + _WORTH[worth])
            line[column] = best
        scores.append(line)
        agreement.append(agrees)
    found: dict[int, tuple[int, int]] = {}
    row, column = len(chain), len(steps)
    while row and column:
        worth = agreement[row - 1][column - 1]
        here = scores[row][column]
        if worth and here == scores[row - 1][column - 1] + _WORTH[worth]:
            row, column = row - 1, column - 1
            found[row] = column, worth
        elif here == scores[row][column - 1] - _STEP_LEFT:
            column -= 1
        else:
            row -= 1
    return found


def _with_lines(found: DockerfileMatch, lines: Mapping[int, int]) -> DockerfileMatch:
    """Put in what provenance says: ``lines`` are the first lines of the instructions that made layers."""
    if not lines:
        return found
    dockerfile = found.dockerfile
    at: dict[int, Instruction] = {
        line: instruction
        for instruction in dockerfile.instructions
        for line in range(instruction.first, instruction.last + 1)
    }
    exact = {layer: at[line] for layer, line in lines.items() if line in at and at[line].keyword != "FROM"}
    if not exact:
        return found
    steps = {match.layer: match.step for match in found.matches}
    matches = [
        match
        for match in found.matches
        if match.layer not in exact and all(match.instruction.index != made.index for made in exact.values())
    ]
    matches += [Match(made, steps.get(layer), layer, "certain") for layer, made in exact.items()]
    matches.sort(key=lambda match: match.instruction.index)
    stage = found.stage if found.belongs else exact[max(exact)].stage
    return DockerfileMatch(dockerfile, stage, True, "certain", tuple(matches), found.note if found.belongs else "")
