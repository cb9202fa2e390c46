"""Goes the whole way: builds what is there, plans, builds what is planned, proves it, and tells what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..analyzer import analyze
from ..dockerfile import match
from ..errors import EngineError, UsageError
from ..escape import escape
from ..progress import working
from ..report.sizes import quantity
from ..suggestions import Options as Wanted
from ..suggestions import suggest
from ..suggestions.staging import Extra
from .builders import Engine, Outcome, choose
from .comparing import Gone, config_differences, lacking
from .containers import Containers
from .edits import STAGES, Choice, State
from .model import Edit, Left, Made, Options, Record, Weight
from .proving import Proof, learn
from .repair import repair
from .search import bound, search
from .trial import Try

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..progress import Progress
    from ..suggestions.model import Suggestions
    from .recipe import Recipe

# A file is written in stages for no less than this share of the image, beyond what edits save.
_MORE = 0.03
# Further bad edits that are looked for, each at the cost of halving once more.
_BAD = 4


@dataclass
class Run:
    """One run: an engine, what it builds, and what was tried by now."""

    engine: Engine
    recipe: Recipe
    options: Options
    progress: Progress | None
    cache: bool
    stack: ExitStack
    builds: int = 0
    count: int = 0
    """How many edits there are."""
    tried: dict[tuple[str, str | None], Try] = field(default_factory=dict)
    choice: Choice = field(init=False)
    proof: Proof = field(init=False)

    def record(self, image: str | None) -> Record:
        """Do it all; ``image`` is what the Dockerfile has built already."""
        began = time.monotonic()
        old, reference, own = self._old(image)
        report = self._report(old)
        self.choice = Choice(report, self.recipe, self.options.level, self.options.min_size)
        record = Record(self.recipe.dockerfile, _weight(old, reference), options=self.options)
        record.builder, record.builds = self.engine.title, self.builds
        edits, stages = self.choice.edits, self.choice.stages()
        if isinstance(stages, State) and not self._worth(stages, 0, old):
            stages = ""
        if not edits and isinstance(stages, str) and stages:
            self.choice.left.append(Left(STAGES, (), 0, stages))
        self.count = record.candidates = len(edits) + isinstance(stages, State)
        record.left = tuple(self.choice.left)
        record.bound = bound(self.count)
        if self.count:
            self._learn(own, old)
            record.notes = self.proof.notes
            self._try_all(record, edits, stages)
        record.builds = self.builds
        record.seconds = time.monotonic() - began
        return record

    # -- the old image -----------------------------------------------------------------------------------

    def _old(self, image: str | None) -> tuple[Analysis, str, str]:
        """Return the analysis of what is there, what it is called, and what the engine knows it by."""
        if image is None:
            outcome = self._build("building what is there", State(self.recipe.dockerfile, None, ()))
            if outcome.image is None:
                from .failing import BuildFailedError

                raise BuildFailedError(self.recipe.dockerfile.path, outcome)
            return self._analyse(outcome.image), self.recipe.dockerfile.path, outcome.image
        own = image.partition(":")[2] if image.startswith(("docker:", "podman:")) else image
        analysis = self.stack.enter_context(
            analyze(image, contents=True, raw=True, cache=self.cache, progress=self.progress)
        )
        return analysis, image, own

    def _analyse(self, image: str) -> Analysis:
        return self.stack.enter_context(
            analyze(self.engine.reference(image), contents=True, raw=True, cache=self.cache, progress=self.progress)
        )

    def _report(self, old: Analysis) -> Suggestions:
        matched = match(self.recipe.dockerfile, old)
        if not matched.belongs:
            raise UsageError(matched.note)
        with working(self.progress, "looking for what the image could do without"):
            return suggest(old, Wanted(min_size=min(self.options.min_size, 10_000)), dockerfile=matched)

    def _learn(self, image: str, old: Analysis) -> None:
        try:
            containers = Containers(self.engine, network=self.recipe.network, timeout=self.options.timeout)
        except EngineError:
            containers = None
        if containers is not None and self.engine.runs is not None:
            there = self.engine.call("image", "inspect", image) if self.engine.client != "buildah" else None
            if there is not None and there.returncode:
                raise UsageError(f"{escape(image)} is not in {self.engine.client}: its containers can't be compared")
        with working(self.progress, "seeing how the image does as it is"):
            base = self.choice.report.base.layers
            self.proof = learn(self.engine, containers, image, old, self.options, base)

    # -- trying ------------------------------------------------------------------------------------------

    def _build(self, what: str, state: State) -> Outcome:
        self.builds += 1
        with working(self.progress, f"{what} (build {self.builds})"):
            return self.engine.build(self.recipe, state.dockerfile, state.ignore)

    def _more(self, bad: int, spared: int = 0) -> bool:
        """Tell whether another build is allowed once so many edits were found bad, some being spared."""
        further = min(max(bad - 1, 0), _BAD) * (bound(self.count) - 2)
        return self.builds + spared < bound(self.count) + further

    def attempt(self, keys: Sequence[str]) -> Try:
        """Build and prove some edits; what makes the same files as before is not built again."""
        state = self.choice.state(keys)
        return self.attempt_state(state, f"trying {quantity(len(state.edits), 'edit')}")

    def attempt_state(self, state: State, what: str) -> Try:
        """Build and prove a state of the files."""
        key = state.dockerfile.text, state.ignore
        if key not in self.tried:
            self.tried[key] = self._try(state, what)
        return self.tried[key]

    def _try(self, state: State, what: str) -> Try:
        began = time.monotonic()
        if state.dockerfile.text == self.recipe.dockerfile.text and state.ignore is None:
            return Try(state, Outcome("unchanged"))
        outcome = self._build(what, state)
        if outcome.image is None:
            return Try(state, outcome, suspects=_suspects(state, outcome))
        new = self._analyse(outcome.image)
        with working(self.progress, f"proving it (build {self.builds})"):
            checks = self.proof.check(outcome.image, new, state.allowed)
        if not all(check.passed for check in checks):
            # Its tree is looked at again; a copy of its contents would only take room.
            new.close()
        return Try(state, outcome, tuple(checks), new, time.monotonic() - began)

    def _try_all(self, record: Record, edits: Sequence[Edit], stages: State | str) -> None:
        """Try the rewrite in stages where it promises most, else the edits; what saves more is adopted."""
        old = self.proof.old
        predicted = sum(edit.bytes for edit in edits)
        best: Try | None = None
        first = isinstance(stages, State) and self._worth(stages, predicted, old)
        if isinstance(stages, State) and first:
            best = self._stage(record, stages)
        if edits and (best is None or self._saved(best) < predicted - self.options.min_size):
            other = self._search(record, edits)
            best = max((one for one in (best, other) if one is not None), key=self._saved, default=None)
        saved = 0 if best is None else self._saved(best)
        if isinstance(stages, State) and not first and self._worth(stages, saved, old) and self._more(0):
            # The edits have not kept what they promised.
            best = self._stage(record, stages) or best
        if best is not None:
            self._adopt(record, best)

    def _worth(self, stages: State, alone: int, old: Analysis) -> bool:
        """Tell whether stages save so much more than edits do that the file is to be written anew for it."""
        more = stages.edits[0].bytes - alone - self.choice.beyond()
        return more >= max(self.options.min_size, _MORE * _content(old))

    def _saved(self, tried: Try) -> int:
        return 0 if tried.analysis is None else _content(self.proof.old) - _content(tried.analysis)

    def _stage(self, record: Record, state: State) -> Try | None:
        """Try the rewrite in stages; what it lacks by the proof's words is brought along, as often as builds allow."""
        extra, bold = Extra(), True
        what = "trying a build stage"
        while True:
            tried = self.attempt_state(state, what)
            if tried.ok:
                return tried
            more = repair(self.choice.report, tried, extra)
            if more is not None:
                extra, what = more, "trying a build stage with what it lacked"
            else:
                bold = False
            again = self.choice.stages(extra, bold=bold)
            # One build is left for the edits without stages.
            if not isinstance(again, State) or again.dockerfile.text == state.dockerfile.text or not self._more(0, 1):
                edit = state.edits[0]
                record.left += (Left(edit.code, edit.lines, edit.bytes, tried.why, tried=True),)
                return None
            state = again

    def _search(self, record: Record, edits: Sequence[Edit]) -> Try | None:
        found = search([edit.key for edit in edits], self.attempt, self._more)
        by_key = {edit.key: edit for edit in edits}
        for key, why in found.left.items():
            edit = by_key[key]
            record.left += (Left(edit.code, edit.lines, edit.bytes, why, tried=True),)
        # Edits that change nothing without another are no try that could be adopted.
        return found.best if found.best is not None and found.best.analysis is not None else None

    # -- writing down ------------------------------------------------------------------------------------

    def _adopt(self, record: Record, best: Try) -> None:
        """Put what was proven into the record, if the image has become smaller by it."""
        from ..differences import compare

        old, new = self.proof.old, best.analysis
        assert new is not None
        if new.image.content_bytes >= old.image.content_bytes:
            record.left += tuple(
                Left(edit.code, edit.lines, edit.bytes, "it builds and runs, and saves nothing", tried=True)
                for edit in best.state.edits
            )
            return
        if any(edit.key == STAGES for edit in best.state.edits):
            # What the findings ask for is answered by it.
            record.left = tuple(left for left in record.left if left.tried)
        gone = Gone(old, new)
        proof = tuple(check.name for check in best.checks)
        record.made = tuple(
            Made(edit, gone.take(self.choice.claims(edit)) if edit.key != STAGES else
                 _content(old) - _content(new), proof, best.seconds)
            for edit in best.state.edits
        )  # fmt: skip
        record.after = _weight(new, "")
        record.changed, record.ignore_after = best.state.dockerfile, best.state.ignore
        record.ignore_before = self.recipe.ignore
        record.ignore_path = self.recipe.ignore.path or str(self.recipe.context / ".dockerignore")
        record.checks = best.checks
        record.config = tuple(config_differences(old, new))
        with working(self.progress, "comparing both images"):
            record.lacking = tuple(lacking(compare(old, new)))


def _content(analysis: Analysis) -> int:
    return analysis.image.content_bytes


def _weight(analysis: Analysis, reference: str) -> Weight:
    image = analysis.image
    return Weight(reference, image.content_bytes, image.merged_bytes, len(analysis.layers))


def _suspects(state: State, outcome: Outcome) -> frozenset[str]:
    """Return the edits that are about the instruction that failed."""
    failed = next((item for item in state.dockerfile.instructions if item.first == outcome.line), None)
    if failed is None:
        return frozenset()
    return frozenset(edit.key for edit in state.edits if set(edit.lines) & set(range(failed.first, failed.last + 1)))


def run(
    recipe: Recipe,
    image: str | None,
    options: Options,
    *,
    client: str | None = None,
    cache: bool = True,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> Record:
    """Fix a recipe's Dockerfile; see ``imgscope.fixes.fix``."""
    if client is None and image is not None:
        client = next((name for name in ("docker", "podman") if image.startswith(f"{name}:")), None)
    engine = engine or choose(client)
    with engine.clearing(), ExitStack() as stack:
        how: dict[str, Any] = {"progress": progress, "cache": cache, "stack": stack}
        return Run(engine, recipe, options, **how).record(image)
