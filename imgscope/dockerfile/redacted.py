"""Dockerfiles without their secrets: for comparing with a history that has none either, and for showing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ..secrets import REDACTED, Secret, find, in_pair, redact, redact_list, redact_pair, replaced
from ..secrets.config import longest, worth_repeating
from .edits import split_lines
from .model import Dockerfile, Instruction

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def redacted_chain(chain: Sequence[Instruction]) -> list[Instruction]:
    """Return instructions without the values of their secrets, fit to be compared with a redacted history."""
    values = known_values(instruction.text for instruction in chain)
    return [_repeated(redacted(instruction), values) for instruction in chain]


def known_values(texts: Iterable[str]) -> list[str]:
    """Return the secrets in some instructions that may be repeated in others."""
    found = (text[secret.start : secret.end] for text in texts for secret in find(text))
    return longest(value for value in found if worth_repeating(value))


def _repeated(instruction: Instruction, values: Sequence[str]) -> Instruction:
    if not any(value in instruction.text for value in values):
        return instruction

    def without(text: str) -> str:
        for value in values:
            text = text.replace(value, REDACTED)
        return text

    arguments = tuple(map(without, instruction.arguments))
    return replace(instruction, text=without(instruction.text), rest=without(instruction.rest), arguments=arguments)


def redacted(instruction: Instruction) -> Instruction:
    """Return an instruction without the values of its own secrets."""
    keyword = instruction.keyword
    text = redact(instruction.text)
    if text == instruction.text and not instruction.heredocs:
        return instruction
    rest = redact(f"{keyword} {instruction.rest}")[len(keyword) + 1 :]
    arguments: list[str] = list(instruction.arguments)
    if keyword in ("ENV", "LABEL"):
        arguments[1::2] = map(redact_pair, arguments[::2], arguments[1::2])
    elif keyword == "ARG":
        arguments = [redact(f"ARG {word}")[4:] for word in arguments]
    elif instruction.exec_form:
        arguments = redact_list(arguments)
    else:
        arguments = rest.split() if keyword in ("RUN", "CMD", "ENTRYPOINT") else [redact(word) for word in arguments]
    heredocs = tuple(replace(item, content=redact(item.content)) for item in instruction.heredocs)
    return replace(instruction, text=text, rest=rest, arguments=tuple(arguments), heredocs=heredocs)


def redacted_text(dockerfile: Dockerfile) -> str:
    """Return a Dockerfile's text, line for line, without the values of its secrets."""
    lines = dockerfile.text.split("\n")
    done = 0
    shown: list[str] = []
    for instruction in sorted(dockerfile.instructions, key=lambda item: item.first):
        if instruction.first <= done:
            continue
        shown += _part(lines[done : instruction.first - 1])
        part = "\n".join(lines[instruction.first - 1 : instruction.last])
        shown.append(replaced(part, _of_instruction(instruction, part), lines=True))
        done = instruction.last
    shown += _part(lines[done:])
    text = "\n".join(shown)
    for value in known_values(instruction.text for instruction in dockerfile.instructions):
        text = text.replace(value, REDACTED)
    return text


def _part(lines: list[str]) -> list[str]:
    """Redact comments and whatever else stands between instructions, each line by itself."""
    return [redact(line) for line in lines]


def _of_instruction(instruction: Instruction, part: str) -> list[Secret]:
    """Find the secrets in an instruction as it is written, on all its lines."""
    found = find(part)
    if instruction.keyword in ("ENV", "LABEL"):
        # Values with quotes and blanks are known from the parsed words; they stand in the text as they are.
        for name, value in instruction.pairs:
            for secret in in_pair(name.strip("\"'"), value.strip("\"'")):
                inner = value.strip("\"'")[secret.start : secret.end]
                at = part.find(inner) if len(inner) >= 4 else -1
                if at >= 0:
                    found.append(Secret(secret.kind, at, at + len(inner)))
    return _apart(found)


def _apart(found: Iterable[Secret]) -> list[Secret]:
    """Return secrets in order, those that overlap as one."""
    kept: list[Secret] = []
    for secret in sorted(found, key=lambda item: (item.start, -item.end)):
        if kept and secret.start < kept[-1].end:
            kept[-1] = kept[-1]._replace(end=max(secret.end, kept[-1].end))
        else:
            kept.append(secret)
    return kept


def redacted_diff(old: Dockerfile, new: Dockerfile, diff: str) -> tuple[str, bool]:
    """Return a unified diff of two states of a Dockerfile without their secrets, and whether it had any.

    A line is shown as it is redacted where it stands in its file; one that was changed is not one that was not.
    """
    shown: dict[str, str] = {}
    for dockerfile in (old, new):
        for line, clean in zip(split_lines(dockerfile.text), split_lines(redacted_text(dockerfile)), strict=False):
            if line != clean or line not in shown:
                shown[line] = clean
    lines = []
    hidden = False
    for line, inside in _marked(diff):
        if inside:
            clean = shown.get(line[1:], line[1:])
            hidden = hidden or clean != line[1:]
            line = line[0] + clean
        lines.append(line)
    return "".join(lines), hidden


def _marked(diff: str) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a unified diff, and whether each is one of a file: not a header or what is said between."""
    left = right = 0
    for line in split_lines(diff):
        hunk = _HUNK.match(line) if not (left or right) else None
        if hunk is not None:
            left, right = (int(count) if count is not None else 1 for count in hunk.group(2, 4))
        inside = bool(left or right) and hunk is None and line[:1] in ("+", "-", " ")
        left -= inside and line[0] != "+"
        right -= inside and line[0] != "-"
        yield line, inside


def secret_lines(dockerfile: Dockerfile) -> dict[int, str]:
    """Return what kind of secret each line of a Dockerfile holds that ``redacted_text`` shows without one."""
    kinds: dict[int, str] = {}
    lines = dockerfile.text.split("\n")
    for instruction in dockerfile.instructions:
        part = "\n".join(lines[instruction.first - 1 : instruction.last])
        for secret in _of_instruction(instruction, part):
            first = instruction.first + part.count("\n", 0, secret.start)
            for number in range(first, first + part.count("\n", secret.start, secret.end) + 1):
                kinds.setdefault(number, secret.kind)
    clean = redacted_text(dockerfile).split("\n")
    found: dict[int, str] = {}
    for number, (line, other) in enumerate(zip(lines, clean, strict=False), 1):
        if line != other:
            own = next((secret.kind for secret in find(line)), "the value of one that stands elsewhere too")
            found[number] = kinds.get(number, own)
    return found


def secrets_shown(old: Dockerfile, new: Dockerfile, diff: str) -> list[tuple[int, str]]:
    """Return the lines with a secret that a unified diff shows: the number and the kind.

    Numbers are those of ``old``, where a line is in both; only what is written anew has that of ``new``.
    """
    found: dict[int, str] = {}
    for dockerfile in (new, old):
        text, held = split_lines(dockerfile.text), secret_lines(dockerfile)
        shown = {line[1:].rstrip("\r\n") for line, inside in _marked(diff) if inside}
        known = {line.rstrip("\r\n") for line in split_lines(old.text)} if dockerfile is new else set()
        for number, kind in held.items():
            line = text[number - 1].rstrip("\r\n")
            if line in shown and line not in known:
                found[number] = kind
    return sorted(found.items())
