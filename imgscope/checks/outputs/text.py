"""The verdict for people: what failed first, with what brought it there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...escape import escape
from ...report.limits import shorten
from ...report.sizes import quantity, size
from ...steps import fitted
from ..model import FAIL, PASS, SKIPPED, WARN, Cause, CheckReport, ImageCheck, RuleResult

if TYPE_CHECKING:
    from ...report.interface import Options

_STYLES = {"bold": "1", "dim": "2", "red": "1;31", "green": "32", "yellow": "33", "cyan": "1;36"}
_WORDS = {FAIL: ("FAIL", "red"), WARN: ("WARN", "yellow"), PASS: ("pass", "green"), SKIPPED: ("skip", "dim")}
GROWTH = ("max-growth", "max-compressed-growth", "max-new-waste")
_LAYERS, _PATHS = 3, 5


def render(report: CheckReport, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``outputs.Render``."""
    lines = _Text(report, options).lines()
    encoding = "utf-8" if options.unicode else "ascii"
    yield from (line.rstrip().encode(encoding, "replace") + b"\n" for line in lines)


class _Text:
    def __init__(self, report: CheckReport, options: Options) -> None:
        self.report = report
        self.options = options
        self.prose = max(options.width, 40)
        # Where nobody looks at it on a screen, nothing is cut.
        self.width = 10_000 if options.whole else self.prose
        self.ellipsis = "…" if options.unicode else "..."

    def paint(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.options.colour and text else text

    def size(self, count: int) -> str:
        return size(count, self.options.exact_bytes)

    def cut(self, text: str, room: int) -> str:
        room = max(room, 8)
        return text if len(text) <= room else text[: room - len(self.ellipsis)] + self.ellipsis

    def lines(self) -> Iterator[str]:
        shown = [image for image in self.report.images if not image.error]
        for number, image in enumerate(shown):
            if number:
                yield ""
            yield from self.image(image)
        if len(self.report.images) > 1:
            yield ""
            yield from self.together()

    def image(self, image: ImageCheck) -> Iterator[str]:
        self.told: dict[tuple[Cause, ...], RuleResult] = {}
        assert image.analysis is not None
        facts = image.analysis.image
        yield self.paint(self.cut(escape(facts.title), self.width), "cyan")
        others = [escape(name) for name in facts.names if name != image.reference]
        digest = facts.id[:19] if facts.id.startswith("sha256:") else facts.id
        yield self.paint(
            "  " + self.cut("  ".join([*others[:2], escape(digest), escape(facts.platform)]), self.width - 2), "dim"
        )
        if image.baseline is not None:
            yield from self.wrapped("  " + self.against(image), 4, "dim")
        yield ""
        results = sorted(image.results, key=lambda result: result.order)
        name_width = max((min(len(escape(result.name)), 34) for result in results), default=0)
        for result in results:
            yield from self.result(result, name_width)
        if image.notes:
            yield ""
            for note in image.notes:
                yield from self.wrapped(f"  note: {escape(note)}", 8, "dim")
        yield ""
        yield from self.verdict(image)

    def against(self, image: ImageCheck) -> str:
        assert image.baseline is not None and image.analysis is not None
        base = image.baseline
        grown = image.analysis.image.content_bytes - base.content_bytes
        share = f" ({grown / base.content_bytes:+.1%})".replace("%", " %") if base.content_bytes else ""
        name = escape(base.origin)
        if base.origin != base.reference:
            name += f" ({escape(base.reference)})"
        return f"against {name}: {'+' if grown >= 0 else '-'}{self.size(abs(grown))}{share}"

    def result(self, result: RuleResult, name_width: int) -> Iterator[str]:
        word, style = _WORDS[result.status]
        if result.blocking:
            word, style = "SKIP", "red"
        name = escape(result.name)
        head = f"  {self.paint(word, style)}  "
        if len(name) > name_width:
            yield head + name
            head, name = " " * 8, ""
        indent = 8 + name_width + 2
        message = escape(result.message)
        if result.blocking:
            message = f"could not be evaluated: {message}"
        if indent > self.width // 2:
            yield (head + name).rstrip() if name else head.rstrip()
            head, name, indent = " " * 8, "", 10
            name_width = 0
        first, *others = self.fold(message, self.width - indent)
        yield f"{head}{name:<{name_width}}  {first}"
        for line in others:
            yield " " * indent + line
        if result.note:
            for line in self.fold(result.note, self.width - indent):
                yield " " * indent + self.paint(line, "dim")
        if result.status in (FAIL, WARN) and result.causes.rows:
            # Several rules about one matter have the same causes, which are told once.
            before = self.told.setdefault(result.causes.rows, result)
            if before is result:
                yield from self.causes(result)
            else:
                same = self.cut(f"the causes are those of {escape(before.name)}", self.width - 10)
                yield " " * 10 + self.paint(same, "dim")

    def fold(self, text: str, room: int) -> list[str]:
        from textwrap import wrap

        return wrap(text, max(min(room, self.prose), 20), break_on_hyphens=False) or [""]

    def wrapped(self, text: str, indent: int, style: str) -> Iterator[str]:
        from textwrap import wrap

        for line in wrap(
            text, self.prose, subsequent_indent=" " * indent, break_on_hyphens=False, drop_whitespace=True
        ):
            yield self.paint(line, style)

    def causes(self, result: RuleResult) -> Iterator[str]:
        layers = [cause for cause in result.causes.rows if cause.kind == "layer"][:_LAYERS]
        top = max(_PATHS, self.options.top) if self.options.top != 10 else _PATHS
        paths = [cause for cause in result.causes.rows if cause.kind != "layer"][:top]
        if not layers and not paths:
            return
        sign = "+" if result.rule in GROWTH else ""
        sizes = [sign + self.size(cause.bytes) if cause.bytes else "" for cause in [*paths, *layers]]
        width = max(map(len, sizes))
        indent = 10 + width + 2
        # What it is comes first, then what made it.
        for cause, written in zip([*paths, *layers], sizes, strict=True):
            lead = f"{' ' * 10}{written:>{width}}  "
            if cause.kind == "layer":
                yield lead + self.cut(self.layer(cause), self.width - indent)
            else:
                yield from self.path(cause, lead, indent)
        # The layers of the paths above, once each.
        named = {cause.layer for cause in layers}
        for cause in paths:
            if cause.layer is not None and cause.layer not in named and cause.instruction:
                named.add(cause.layer)
                head = f"layer {cause.layer}: "
                text = head + self.point(cause.instruction, self.width - 10 - len(head))
                yield " " * 10 + self.paint(text, "dim")
        left = result.causes.total - len(layers) - len(paths)
        if left > 0:
            yield " " * 10 + self.paint(f"and {left:,} more", "dim")

    def layer(self, cause: Cause) -> str:
        number = f"layer {cause.layer}"
        detail = f" ({cause.detail})" if cause.detail else ""
        room = self.width - 32 - len(number) - len(detail)
        return f"{number}  {self.point(cause.instruction, room) or '(no history)'}{detail}"

    def point(self, instruction: str, room: int) -> str:
        """Write of an instruction what there is room for: a COPY's destination above all."""
        return self.cut(fitted(escape(instruction), room), room)

    def path(self, cause: Cause, lead: str, indent: int) -> Iterator[str]:
        details = [f"layer {cause.layer}"] if cause.layer is not None else []
        if cause.before:
            details.append(f"was {self.size(cause.before)}")
        details += [escape(cause.detail)] if cause.detail else []
        path = escape(cause.name)
        detail = ", ".join(details)
        room = self.width - indent
        if len(path) + 2 + len(detail) <= room:
            yield f"{lead}{path}  {self.paint(detail, 'dim')}"
            return
        # Of a path the end says most: it goes on in the next line rather than being cut.
        pieces = [path[at : at + room] for at in range(0, len(path), room)]
        yield lead + pieces[0]
        yield from (" " * indent + piece for piece in pieces[1:])
        for line in self.fold(detail, room):
            yield " " * indent + self.paint(line, "dim")

    def verdict(self, image: ImageCheck) -> Iterator[str]:
        verdict = image.verdict
        if verdict == WARN and self.report.strict:
            verdict = FAIL
        style = {FAIL: "red", WARN: "yellow", PASS: "green"}[verdict]
        yield f"{self.paint(verdict.upper(), style)}  {summary(image)}"

    def together(self) -> Iterator[str]:
        for image in self.report.images:
            verdict = image.verdict.upper()
            style = {"FAIL": "red", "ERROR": "red", "WARN": "yellow", "PASS": "green"}[verdict]
            text = shorten(escape(image.error), 200) if image.error else summary(image)
            first, *others = self.fold(f"{escape(image.reference)}: {text}", self.width - 7)
            yield f"{self.paint(f'{verdict:<5}', style)}  {first}"
            yield from (" " * 7 + line for line in others)


def summary(image: ImageCheck) -> str:
    """Count an image's rules in words: ``2 of 6 rules failed, 1 warned``."""
    total = len(image.results)
    blocked = sum(result.blocking for result in image.results)
    skipped = image.count(SKIPPED) - blocked
    parts = []
    if failed := image.count(FAIL):
        parts.append(f"{failed} of {quantity(total, 'rule')} failed")
    if warned := image.count(WARN):
        parts.append(f"{warned} warned" if parts else f"{warned} of {quantity(total, 'rule')} warned")
    if blocked:
        parts.append(f"{blocked} could not be evaluated and so counts as failed (see --allow-skipped)")
    if not parts:
        passed = image.count(PASS)
        parts.append(f"{quantity(passed, 'rule')} passed")
    if skipped:
        parts.append(f"{skipped} skipped")
    return ", ".join(parts)
