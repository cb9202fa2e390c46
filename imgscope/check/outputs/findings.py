"""The findings of a report one by one: what formats that list problems (SARIF, GitLab, annotations) are made from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...escape import escape
from ...report.sizes import size
from ..model import FAIL, WARN, Cause, ImageCheck, Report, Result
from .limits import shorten

# Rules of which each cause is a finding of its own; of the others the causes only explain.
_EACH = ("forbidden-paths", "max-file-size", "max-new-file-size")


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: ``level`` is ``error`` or ``warning``, ``line`` the line of the report's place (1 when unknown)."""

    image: ImageCheck
    result: Result
    cause: Cause | None
    level: str
    message: str
    line: int = 1

    @property
    def fingerprint(self) -> str:
        """The same for the same problem in the next run: sizes, lines, tags and layers' numbers don't count."""
        path = self.cause.path if self.cause else ""
        text = "\0".join((stable_name(self.image.reference), self.result.name, path or ""))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def stable_name(reference: str) -> str:
    """Return a reference without what changes from build to build: tag and digest; an archive's path stays."""
    if reference.endswith((".tar", ".json", ".gz", ".zst", ".tgz")):
        return reference
    return re.sub(r":[^/:]*$", "", reference.partition("@")[0]) or reference


def findings(report: Report) -> Iterator[Finding]:
    """Yield all findings, the most important first: what failed, what could not be evaluated, what warned."""
    place = Place(report.place)
    several = len(report.images) > 1
    for image in report.images:
        if image.error:
            yield Finding(image, _no_result(image), None, "error", escape(image.error))
    for image, result in report.found():
        level = "warning" if result.status == WARN else "error"
        prefix = f"{escape(image.reference)}: " if several else ""
        if result.rule in _EACH and result.status in (FAIL, WARN) and result.causes.rows:
            for cause in result.causes.rows:
                message = f"{prefix}{_of_cause(result, cause)}"
                yield Finding(image, result, cause, level, shorten(message), place.line_of(cause.instruction))
            left = result.causes.total - len(result.causes.rows)
            if left > 0:
                yield Finding(image, result, None, level, f"{prefix}{result.rule}: and {left:,} more")
            continue
        first = next((cause for cause in result.causes.rows if cause.instruction), None)
        line = place.line_of(first.instruction) if first else 1
        yield Finding(image, result, None, level, shorten(prefix + explained(result)), line)


def _no_result(image: ImageCheck) -> Result:
    from ..model import ERROR, Setting

    return Result(Setting("image"), ERROR, image.error)


def _of_cause(result: Result, cause: Cause) -> str:
    where = f" in layer {cause.layer} ({shorten(escape(cause.instruction), 120)})" if cause.layer is not None else ""
    detail = f", {escape(cause.detail)}" if cause.detail else ""
    return f"{result.rule}: {escape(cause.path or '')}, {size(cause.bytes)}{detail}{where}"


def explained(result: Result) -> str:
    """Put a result in a line: what is wrong, and the largest of what brought it there."""
    text = f"{escape(result.name)}: {escape(result.message)}"
    if result.blocking:
        text = f"{escape(result.name)} could not be evaluated: {escape(result.message)}"
    named = [cause for cause in result.causes.rows if cause.path][:3] or list(result.causes.rows[:1])
    parts = []
    for cause in named:
        sign = "+" if result.rule in ("max-growth", "max-new-waste", "max-compressed-growth") else ""
        where = f"layer {cause.layer}, {shorten(escape(cause.instruction), 100)}" if cause.layer is not None else ""
        what = escape(cause.path) if cause.path else where
        parts.append(f"{what} {sign}{size(cause.bytes)}" + (f" ({where})" if cause.path and where else ""))
    if parts:
        text += "; " + "; ".join(parts)
    if result.note:
        text += f"; {result.note}"
    return text


class Place:
    """The file that findings point at; knows the lines of a Dockerfile's instructions, where they can be told."""

    def __init__(self, path: str) -> None:
        """Read the file if it is a Dockerfile that lies here."""
        self.lines: dict[str, int] = {}
        try:
            file = Path(path)
            if file.suffix not in (".toml", ".json", ".yml", ".yaml") and file.stat().st_size < 1 << 20:
                self._read(file.read_text("utf-8", "replace"))
        except OSError:
            pass

    def _read(self, text: str) -> None:
        began = 0
        parts: list[str] = []
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            if not parts:
                began = number
            parts.append(line.removesuffix("\\"))
            if not line.endswith("\\"):
                # The last stage is the image, so the last of equal instructions is the one.
                self.lines[_plain(" ".join(parts))] = began
                parts = []

    def line_of(self, instruction: str) -> int:
        """Return the line on which an instruction begins; 1 when that can't be told."""
        return self.lines.get(_plain(instruction), 1)


def _plain(instruction: str) -> str:
    word, _, rest = instruction.strip().partition(" ")
    return f"{word.upper()} {' '.join(rest.split())}"
