"""Goes through the rules and makes findings of what they draft."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..contents import NO_CONTENTS
from ..errors import ContentUnavailableError
from ..paths import public
from ..secrets import redact
from .context import Context
from .ledger import Ledger
from .model import CERTAINTIES, Certainty, Claim, Draft, Evidence, Finding, Rule, Suggestions
from .rules import all_rules
from .selection import select

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..base_images.find import Base
    from ..dockerfile import DockerfileMatch

# Findings that save less are not told, unless asked for.
MIN_SIZE = 100_000
# Rows of evidence that a finding keeps.
MAX_EVIDENCE = 1000


@dataclass(frozen=True, slots=True)
class Options:
    """What to look for: rules as ``selection.select`` reads them, the fewest bytes that are worth a finding, and the
    architectures of the GPUs that there are (``sm_80``, ``gfx90a``).
    """

    selected: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    min_size: int = MIN_SIZE
    gpu: tuple[str, ...] = ()


def suggest(
    analysis: Analysis,
    options: Options | None = None,
    *,
    base: Base | None = None,
    dockerfile: DockerfileMatch | None = None,
    previous: Analysis | None = None,
) -> Suggestions:
    """Find what an image does not need, and how.

    ``base`` says which layers are the base image's (found by the image's own words where it is not given),
    ``dockerfile`` the instructions that made the layers, ``previous`` an earlier image of the same program. Raises
    ``UsageError`` for a rule that there is not, ``ImageError`` where the image can't be read.
    """
    from ..base_images.find import find_base

    options = options or Options()
    rules = select(all_rules(), options.selected, options.ignored)
    if base is None:
        base = find_base(analysis)
        if dockerfile is not None and dockerfile.base_layers is not None:
            name = base.name or dockerfile.dockerfile.base(dockerfile.stage)
            how = "what is below the Dockerfile's first layer"
            base = replace(base, name=name, layers=dockerfile.base_layers, how=how, certainty=dockerfile.certainty)
    context = Context(
        analysis, base, rules, min_size=options.min_size, gpu=options.gpu, dockerfile=dockerfile, previous=previous
    )
    run = _Run(context)
    for rule in rules:
        run.add(rule)
    findings = run.ranked()
    report = Suggestions(analysis, findings, base, tuple(run.skipped), run.ignored, dockerfile=dockerfile)
    report.context = context
    from .stages import proposal

    report.proposal = tuple(map(redact, proposal(context, report)))
    return report


class _Run:
    """Findings under way."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ledger = Ledger(context.overlay)
        self.findings: list[Finding] = []
        self.skipped: list[tuple[str, str]] = []
        self.ignored = 0

    def add(self, rule: Rule) -> None:
        """Ask one rule."""
        try:
            drafts = self.context.drafts(rule)
        except ContentUnavailableError as error:
            self.skipped.append((rule.code, str(error) if self.context.has_contents else NO_CONTENTS))
            return
        for draft in drafts:
            finding = self._finding(rule, draft)
            if finding is not None:
                self.findings.append(finding)

    def _finding(self, rule: Rule, draft: Draft) -> Finding | None:
        claims = list(dict.fromkeys(draft.claims))
        by_itself = self.ledger.alone(claims)
        alone = sum(by_itself.values())
        if claims and alone < max(self.context.min_size, 1):
            return None
        if not claims and not draft.evidence and not rule.note:
            return None
        layers = draft.layers or tuple(self.context.by_layer(claims))
        matched = self.context.dockerfile
        if matched is not None and matched.ignores(rule.code, layers, draft.location):
            self.ignored += 1
            return None
        got = self.ledger.take(claims)
        total = sum(got.values())
        if claims and total < max(self.context.min_size, 1):
            # Other findings' fixes save nearly all of it.
            return None
        # What other findings' fixes save already shows this one to be true all the same: it stands last, without bytes.
        shown = {**dict.fromkeys(by_itself, 0), **got}
        evidence = [*draft.evidence, *self._evidence(shown)]
        count = len(draft.evidence) + len(shown)
        ranked = self._by_bytes(layers, got)
        location = draft.location
        if location is None and matched is not None:
            location = matched.location(ranked)
        return Finding(
            rule.code,
            rule.name,
            redact(draft.title),
            total,
            alone,
            draft.certainty or rule.certainty,
            layers,
            tuple(evidence[:MAX_EVIDENCE]),
            count,
            redact(draft.fix),
            tuple(map(redact, draft.lines)),
            draft.ignore_lines,
            location,
            rule.note,
            rule.url,
            ranked[0] if ranked else None,
            tuple(claims),
            tuple(got.items()),
            draft.subject,
        )

    def _by_bytes(self, layers: Sequence[int], got: dict[Claim, int]) -> list[int]:
        """Return layers, that which holds most of the claimed bytes first."""
        held: dict[int, int] = {}
        for claim, size in got.items():
            layer = self.context.layer_of(claim)
            held[layer] = held.get(layer, 0) + size
        return sorted(layers, key=lambda layer: -held.get(layer, 0))

    def _evidence(self, got: dict[Claim, int]) -> Iterable[Evidence]:
        # There may be as many as the image has files, of which only the largest are kept.
        ranked = sorted(got.items(), key=lambda item: (-item[1], item[0].path, item[0].entry))[:MAX_EVIDENCE]
        return [Evidence(public(claim.path), size, self.context.layer_of(claim)) for claim, size in ranked]

    def ranked(self) -> tuple[Finding, ...]:
        """Return the findings, notes last, the rest by what they save."""

        def rank(finding: Finding) -> tuple[bool, int, int, str]:
            return finding.note, -finding.bytes, CERTAINTIES.index(finding.certainty), finding.code

        return tuple(sorted(self.findings, key=rank))


def by_certainty(findings: Sequence[Finding]) -> dict[Certainty, int]:
    """Return the bytes that findings save, by how sure they are."""
    return {word: sum(finding.bytes for finding in findings if finding.certainty == word) for word in CERTAINTIES}
