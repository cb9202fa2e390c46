"""Reads Dockerfiles: BuildKit's grammar by a library, and what imgscope adds to it.

That is the stages, and comments that switch rules off::

    # imgscope: ignore=IS012,IS003

before an instruction or between its lines for that instruction; above the first instruction for the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..escape import escape
from ..steps import KEYWORDS
from .model import Dockerfile, Heredoc, Instruction, Stage

if TYPE_CHECKING:
    from e2b_dockerfile_utils import DockerfileInstruction

MAX_BYTES = 1 << 20
# The library's pattern for directives needs time in the square of a leading comment's length.
_MAX_COMMENT = 1000
_IGNORE = re.compile(r"^\s*#\s*imgscope:\s*ignore\s*=\s*([\w-]+(?:\s*,\s*[\w-]+)*)", re.IGNORECASE)
_FLAG = re.compile(r"--[a-zA-Z]")


def read(path: str | Path) -> Dockerfile:
    """Read the Dockerfile ``path``; bytes that are no UTF-8 are kept. Raises ``UsageError``."""
    shown = escape(str(path))
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{shown} can't be read: {error.strerror or error}") from None
    return parse(data.decode("utf-8", "surrogateescape"), str(path))


def parse(text: str, path: str = "Dockerfile", arguments: Mapping[str, str] | None = None) -> Dockerfile:
    """Read a Dockerfile's text; ``path`` is what to call it, ``arguments`` are values of ``--build-arg``.

    Raises ``UsageError`` that names the line for what no builder would take.
    """
    from e2b_dockerfile_utils import DockerfileSyntaxError, parse_dockerfile_ast

    shown = escape(path)
    if len(text) > MAX_BYTES:
        raise UsageError(f"{shown} is larger than {MAX_BYTES >> 20} MiB: no Dockerfile is")
    if "\0" in text:
        raise UsageError(f"{shown} is not a Dockerfile: it has NUL bytes")
    try:
        tree = parse_dockerfile_ast(_guarded(text))
    except DockerfileSyntaxError as error:
        message = str(error).partition(": ")[2] or str(error)
        raise UsageError(f"{shown}:{error.line or 1}: {escape(message[:200])}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{shown} can't be read: it is not a Dockerfile") from None
    lines = text.split("\n")
    globally, ignores = _ignores(lines, tree.instructions)
    instructions: list[Instruction] = []
    stage = -1
    for index, found in enumerate(tree.instructions):
        stage += found.name == "FROM"
        if stage < 0 and found.name != "ARG":
            raise UsageError(f"{shown}:{found.start_line}: {escape(found.name)} stands before the first FROM")
        made = _instruction(found, index, stage, tree.escape_token, ignores[index], found.start_line, shown)
        instructions.append(made)
    if stage < 0:
        raise UsageError(f"{shown} has no FROM: it is not a Dockerfile")
    stages = _stages(instructions, tree.escape_token, arguments or {}, shown)
    warnings = tuple((warning.line, warning.message) for warning in tree.warnings)
    return Dockerfile(path, text, tree.escape_token, tuple(instructions), stages, globally, warnings)


def _guarded(text: str) -> str:
    """Shorten long comments above the first instruction; the number of lines stays."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        stripped = line.lstrip("\ufeff \t")
        if stripped[:1] not in ("#", "\r", ""):
            break
        if len(line) > _MAX_COMMENT:
            lines[number] = "#"
    return "\n".join(lines)


def _ignores(
    lines: Sequence[str], found: Sequence[DockerfileInstruction]
) -> tuple[frozenset[str], list[frozenset[str]]]:
    """Return the rules that comments switch off, for the file and for each instruction."""
    globally: frozenset[str] = frozenset()
    ignores: list[frozenset[str]] = []
    end = 0
    for number, instruction in enumerate(found):
        above = _words(lines[end : instruction.start_line - 1])
        if number == 0:
            globally, above = above, frozenset()
        bodies = sum(heredoc.content.count("\n") + 1 for heredoc in instruction.heredocs)
        within = _words(lines[instruction.start_line : instruction.end_line - bodies])
        ignores.append(above | within)
        end = instruction.end_line
    return globally, ignores


def _words(lines: Sequence[str]) -> frozenset[str]:
    found: set[str] = set()
    for line in lines:
        match = _IGNORE.match(line)
        if match:
            found.update(word.strip().upper() for word in match[1].split(","))
    return frozenset(found)


def _instruction(
    found: DockerfileInstruction,
    index: int,
    stage: int,
    escaper: str,
    ignores: frozenset[str],
    line: int,
    shown: str,
) -> Instruction:
    rest = _rest(found.original, len(found.flags))
    arguments = tuple(found.args)
    if found.name in ("ENV", "LABEL"):
        arguments = tuple(word for number, word in enumerate(found.args) if number % 3 != 2)
    elif found.name in ("COPY", "ADD") and not found.json:
        arguments = tuple(found.args)
    trigger = None
    if found.name == "ONBUILD":
        trigger = _trigger(rest, index, stage, escaper, ignores, line, shown)
    return Instruction(
        index=index,
        keyword=found.name,
        text=found.original.strip(),
        rest=rest,
        flags=tuple(found.flags),
        arguments=arguments,
        exec_form=found.json,
        heredocs=tuple(Heredoc(part.name, part.content, part.chomp, part.expand) for part in found.heredocs),
        first=line,
        last=line + found.end_line - found.start_line,
        stage=stage,
        ignores=ignores,
        trigger=trigger,
    )


def _trigger(
    rest: str, index: int, stage: int, escaper: str, ignores: frozenset[str], line: int, shown: str
) -> Instruction | None:
    """Read what an ONBUILD will do; ``None`` for an instruction that there isn't: builders keep that as it stands."""
    from e2b_dockerfile_utils import parse_dockerfile_ast

    keyword = rest.partition("\n")[0].split(None, 1)[:1]
    if keyword and keyword[0].upper() not in KEYWORDS:
        return None
    directive = f"# escape={escaper}\n"
    try:
        inner = parse_dockerfile_ast(directive + rest).instructions
    except (ValueError, RecursionError):
        raise UsageError(f"{shown}:{line}: ONBUILD needs an instruction") from None
    if len(inner) != 1 or inner[0].name in ("ONBUILD", "FROM", "MAINTAINER"):
        raise UsageError(f"{shown}:{line}: ONBUILD can't do this: {escape(rest[:60])}")
    return _instruction(inner[0], index, stage, escaper, ignores, line, shown)


def _rest(line: str, flags: int) -> str:
    """Return what follows keyword and flags, untouched but for spaces around it."""
    rest = line.strip().partition(" ")[2] if "\t" not in line else re.sub(r"^\S+\s*", "", line.strip())
    rest = rest.strip()
    for _ in range(flags):
        if not _FLAG.match(rest):
            break
        rest = rest[_word_end(rest) :].strip()
    return rest


def _word_end(text: str) -> int:
    """Return where a flag's word ends; quoted spaces belong to it."""
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char.isspace():
            return at
        at += 1
    return len(text)


def _stages(
    instructions: Sequence[Instruction], escaper: str, given: Mapping[str, str], shown: str
) -> tuple[Stage, ...]:
    from .expansion import expand

    values: dict[str, str] = {}
    groups: list[list[Instruction]] = []
    for instruction in instructions:
        if instruction.keyword == "FROM":
            groups.append([instruction])
        elif groups:
            groups[-1].append(instruction)
        else:
            values.update({key: given.get(key, expand(value, values, escaper)) for key, value in instruction.pairs})
            values.update({key: given[key] for key in instruction.arguments if key in given})
    stages: list[Stage] = []
    names: dict[str, int] = {}
    for number, group in enumerate(groups):
        words = group[0].arguments
        if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
            raise UsageError(f"{shown}:{group[0].first}: FROM needs an image, and AS with a name if any")
        base = expand(words[0], values, escaper)
        name = words[2] if len(words) == 3 else None
        stages.append(Stage(number, name, base, words[0], names.get(base.lower()), tuple(group)))
        if name is not None:
            names[name.lower()] = number
    return tuple(stages)
