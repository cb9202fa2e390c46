"""What suggestions are made of: a rule, what it drafts, the finding that comes of it, and the report of them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..brief import brief
from ..dockerfile.model import Location
from ..escape import escape
from ..reading import Holding
from ..secrets import redact
from .places import Claim as Claim  # noqa: PLC0414 (rules take it from here)

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..base_images.find import Base
    from ..dockerfile.match import DockerfileMatch
    from .context import Context
    from .fix import Fixed
    from .fixers import Fixer

Certainty = Literal["certain", "likely", "possible"]
"""How sure it is that the bytes go and nothing is missed: *certain*, they serve nobody; *likely*, an image like this
does not need them at run time; *possible*, whoever knows the program has to say."""
CERTAINTIES: tuple[Certainty, ...] = ("certain", "likely", "possible")

FinalStage = Literal["copied", "either", "left out", "left out if told"]
"""What becomes of a rule's files in a final stage: *copied* like any other; *either*, copied where that is simpler,
since there is another way to be rid of them; *left out*, small findings' files too, or only where a finding is told."""


class Setting(NamedTuple):
    """A setting of the image that a finding is about."""

    keyword: Literal["CMD", "ENTRYPOINT"]


Subject = Setting | None
"""What a finding is about where its layers and claims do not say it."""


@brief()
class Evidence(NamedTuple):
    """What shows a finding to be true: a path, the bytes that it saves, and the layer that holds them.

    ``kind`` says what was found there, where the path alone does not (``private key``).
    """

    path: str
    bytes: int
    layer: int
    kind: str = ""


@dataclass(slots=True)
class Draft:
    """What a rule found: the bytes that it claims, and how to save them.

    ``layers`` are the layers whose instructions are to be changed, by default those that hold the claimed bytes;
    ``evidence`` stands in for the claims' own where a finding claims none. ``lines`` are Dockerfile lines as they
    should be, ``ignore_lines`` lines for ``.dockerignore``.
    """

    title: str
    fix: str
    claims: Sequence[Claim] = ()
    layers: tuple[int, ...] = ()
    lines: tuple[str, ...] = ()
    ignore_lines: tuple[str, ...] = ()
    certainty: Certainty | None = None
    evidence: Sequence[Evidence] = ()
    location: Location | None = None
    subject: Subject = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for.

    ``why`` and the two examples make its page in the documentation; ``places`` are globs whose stored paths it
    gets from ``Context.claims``, all rules' together in one walk, the base's layers too if it looks ``everywhere``;
    ``note`` marks good practice, which saves no bytes. ``needs_stage``: a build stage of its own answers what it finds;
    ``final_stage`` says what becomes of its files there. ``fixer`` mends its findings where a Dockerfile is at hand.
    """

    code: str
    name: str
    summary: str
    certainty: Certainty
    check: Callable[[Context], Iterable[Draft]]
    why: str = ""
    before: str = ""
    after: str = ""
    places: tuple[str, ...] = ()
    note: bool = False
    everywhere: bool = False
    needs_stage: bool = False
    final_stage: FinalStage = "copied"
    fixer: Fixer | None = None

    @property
    def url(self) -> str:
        """Where the documentation explains it."""
        return f"docs/rules/{self.code}.md"


@brief("code", "title", "bytes", "certainty", "layers")
@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's finding in one image, with the bytes that its fix saves.

    Over all findings of a report no byte is counted twice: ``bytes`` adds up to the total, ``alone_bytes`` is what
    this fix would save by itself. ``evidence`` is largest first, and cut; ``evidence_count`` is not.
    """

    code: str
    name: str
    title: str
    bytes: int
    alone_bytes: int
    certainty: Certainty
    layers: tuple[int, ...]
    evidence: tuple[Evidence, ...]
    evidence_count: int
    fix: str
    lines: tuple[str, ...]
    ignore_lines: tuple[str, ...]
    location: Location | None
    note: bool
    url: str
    main_layer: int | None = None
    """The layer that holds most of its bytes, whose instruction is the first to be changed."""
    claims: tuple[Claim, ...] = field(default=(), repr=False, compare=False)
    """All that the fix saves, for whoever counts what some fixes save together."""
    saved: tuple[tuple[Claim, int], ...] = field(default=(), repr=False, compare=False)
    """The bytes that each claim got; they add up to ``bytes``."""
    subject: Subject = field(default=None, repr=False, compare=False)
    """What it is about beside its layers and paths: a setting of the image."""

    @property
    def secret(self) -> bool:
        """Whether it is about a secret, which matters whatever it saves."""
        return self.code.startswith("IS60")


@brief("total_bytes", "findings", "base", "skipped")
@dataclass(slots=True)
class Suggestions(Holding):
    """All findings of one image: those that save bytes first, largest first, then what saves none."""

    analysis: Analysis
    findings: tuple[Finding, ...]
    base: Base
    skipped: tuple[tuple[str, str], ...] = ()
    """(code, reason) of rules that could not be evaluated."""
    ignored: int = 0
    """Findings that the configuration or the Dockerfile's comments leave out."""
    proposal: tuple[str, ...] = ()
    """Lines of a Dockerfile with the stages that the findings call for; empty where none is called for."""
    dockerfile: DockerfileMatch | None = None
    """The Dockerfile that the image was compared with, and what of it made which layer."""
    fixed: Fixed | None = None
    """The Dockerfile with the safe fixes made, where that was asked for."""
    unfit: str = ""
    """Why the Dockerfile of the current folder was not used, where that was looked for."""
    context: Context | None = None
    """What the rules looked at, for who goes on from their findings."""
    unasked: bool = False
    """Whether nobody named the Dockerfile: it lies in the current folder, and is the image's history."""

    def _repr_html_(self) -> str:
        from .outputs.notebook import html

        return html(self)

    @property
    def with_dockerfile(self) -> str:
        """Words for the Dockerfile that was used; empty where none was, or it is another image's."""
        if self.dockerfile is None or not self.dockerfile.belongs:
            return ""
        how = "found here; the image was built from it" if self.unasked else "as given"
        return f"{escape(self.dockerfile.dockerfile.path)} ({how})"

    def instruction(self, layer: int) -> str:
        """Return a layer's instruction in one line, without what looks like a secret."""
        return redact(" ".join(self.analysis.layers[layer].instruction.split()))

    @property
    def not_evaluated(self) -> list[str]:
        """A sentence for each reason why rules were skipped, with these rules."""
        by_reason: dict[str, list[str]] = {}
        for code, reason in self.skipped:
            by_reason.setdefault(reason, []).append(code)
        return [f"not evaluated: {', '.join(sorted(codes))}: {reason}" for reason, codes in by_reason.items()]

    @property
    def total_bytes(self) -> int:
        """What all fixes together save."""
        return sum(finding.bytes for finding in self.findings)
