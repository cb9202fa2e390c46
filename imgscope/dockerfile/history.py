"""Compares an instruction with a step of an image's history, in the words of the builder that wrote it.

The classic builder writes ``/bin/sh -c #(nop) COPY dir:<hash> in /app``, BuildKit ``COPY . /app # buildkit``, both
with the values of variables and both ``|1 K=V /bin/sh -c …`` for a RUN with build arguments; buildah writes as the
classic builder, kaniko the Dockerfile's line.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..documents import loads
from ..steps import KEYWORDS, arguments_end, shell_end, undecorated
from .expansion import expand, fits
from .model import Instruction

# How well an instruction and a step agree.
DIFFERENT, ALIKE, FITS, EQUAL = range(4)
# Steps longer than this are compared by their beginnings: a config may hold anything.
_MAX_TEXT = 1 << 16
_ALIKE = 0.6
_KEYWORD = re.compile(rf"({'|'.join(word for word in KEYWORDS if word != 'FROM')})(?=\s|$)")
_HASHED = re.compile(r"(?:file|dir|multi):[0-9a-f]{32,128}\s+in\s+(.*)", re.DOTALL)
_FLAGS = re.compile(r"^(?:--[a-z]+(?:=\S*)?\s+)+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PORTS = re.compile(r"\d+(?:-\d+)?(?:/\w+)?")
DEFAULT_SHELL = ("/bin/sh", "-c")


class _Words:
    """What has a text that is compared by its words."""

    @cached_property
    def plain(self) -> str:
        """The text, with single spaces."""
        raise NotImplementedError

    @cached_property
    def words(self) -> Counter[str]:
        """How often each word stands in it."""
        return Counter(self.plain.split())

    @cached_property
    def count(self) -> int:
        """How many words it has."""
        return sum(self.words.values())


@dataclass
class Step(_Words):
    """One step of the history: its keyword, and what follows it."""

    keyword: str
    rest: str

    @cached_property
    def plain(self) -> str:
        """What follows the keyword, with single spaces."""
        return " ".join(self.rest.split())

    @cached_property
    def strings(self) -> list[str]:
        """The quoted strings in it."""
        return _go_strings(self.rest)

    @cached_property
    def place(self) -> str | None:
        """Where a COPY put what is told by its digest; ``None`` where it is told by name."""
        hashed = _HASHED.search(self.rest)
        return hashed[1].strip() if hashed and (hashed.start() == 0 or self.rest.startswith("--")) else None

    @cached_property
    def copied(self) -> list[str]:
        """The words of a COPY, without flags."""
        text = _FLAGS.sub("", self.rest)
        return (text.startswith("[") and self.strings) or text.split()


def read_step(created_by: str) -> Step:
    """Read what a builder wrote of one instruction."""
    text, _, nop = undecorated(created_by[:_MAX_TEXT])
    keyword = _KEYWORD.match(text)
    if keyword:
        return Step(keyword[1], text[keyword.end() :].strip())
    return Step("RUN" if nop is None else "", text)


def _only_shell(prefix: str) -> bool:
    """Tell whether what stands before a command is nothing but build arguments and a shell."""
    start = arguments_end(prefix + " ")
    return start == len(prefix) + 1 or shell_end(prefix + " ", start) == len(prefix) + 1


@dataclass
class Wanted(_Words):
    """An instruction as a builder sees it: with the shell, the folder and the variables that hold where it stands."""

    instruction: Instruction
    shell: tuple[str, ...]
    shell_known: bool
    folder: str
    values: Mapping[str, str]
    escaper: str

    @cached_property
    def plain(self) -> str:
        """What a RUN executes, or the rest of any other instruction, with single spaces."""
        instruction = self.instruction
        if instruction.keyword == "RUN":
            text = " ".join(instruction.arguments) if instruction.exec_form else instruction.script
        else:
            text = instruction.rest
        return " ".join(text[:_MAX_TEXT].split())

    @cached_property
    def written(self) -> str:
        """All that follows the keyword, flags too, with single spaces."""
        return " ".join(self.instruction.text[len(self.instruction.keyword) :][:_MAX_TEXT].split())

    @cached_property
    def expanded(self) -> list[str]:
        """The arguments with the values of their variables."""
        return [self.expand(word) for word in self.instruction.arguments]

    def expand(self, word: str) -> str:
        """Put in the values of a word's variables."""
        return expand(word, self.values, self.escaper)

    def agrees(self, step: Step) -> int:
        """Tell how well it agrees with a step: ``DIFFERENT`` to ``EQUAL``."""
        keyword = self.instruction.keyword
        if keyword != step.keyword:
            pair = {keyword, step.keyword} == {"ADD", "COPY"}
            return ALIKE if pair and self._copy(step) > ALIKE else DIFFERENT
        if step.plain in (self.plain, self.written):
            return EQUAL
        compare = getattr(self, f"_{keyword.lower()}", None)
        if compare is None:
            return self._one_word(step)
        found: int = compare(step)
        return found

    def _run(self, step: Step) -> int:
        want, have = self.plain, step.plain
        if self.instruction.exec_form:
            # buildah writes the JSON, and a shell that it doesn't use.
            written = " ".join(self.instruction.rest.split())
            if (have.endswith(" " + want) and have.startswith("|")) or have.endswith(" " + written):
                return EQUAL
        elif have.endswith(" " + want):
            prefix = have[: -len(want) - 1]
            shell = " ".join(self.shell)
            if prefix == shell or (prefix.startswith("|") and prefix.endswith(" " + shell)):
                return EQUAL
            if _only_shell(prefix):
                return FITS if self.shell_known else EQUAL
        # A here-document that begins with #! is a file of its own for BuildKit.
        if any(have.endswith("/dev/pipes/" + heredoc.name) for heredoc in self.instruction.heredocs):
            return FITS
        return self._overlap(step)

    def _overlap(self, step: Step) -> int:
        most = max(self.count, step.count)
        if min(self.count, step.count) < _ALIKE * most:
            return DIFFERENT
        shared = sum((self.words & step.words).values())
        # The shell's own words are in every step.
        return ALIKE if most and shared >= _ALIKE * most and shared > 1 else DIFFERENT

    def _copy(self, step: Step) -> int:
        words, expanded = self.instruction.arguments, self.expanded
        if not words:
            return DIFFERENT
        if step.place is not None:
            return FITS if self._same_place(expanded[-1], words[-1], step.place) else DIFFERENT
        have = step.copied
        if have == expanded or " ".join(have) == " ".join(expanded):
            return EQUAL
        if len(have) == len(words) and all(map(fits, words, have)):
            return FITS
        if not have or not self._same_place(expanded[-1], words[-1], have[-1]):
            return DIFFERENT
        # BuildKit writes the names of here-documents, other builders what they please.
        return FITS if self.instruction.heredocs else ALIKE

    _add = _copy

    def _same_place(self, wanted: str, written: str, have: str) -> bool:
        absolute = posixpath.join(self.folder, wanted)
        return (
            have in (wanted, absolute)
            or posixpath.normpath(have) in (posixpath.normpath(wanted), posixpath.normpath(absolute))
            or (len(written) > 1 and "$" in written and fits(written, have))
        )

    def _env(self, step: Step) -> int:
        pairs = self.instruction.pairs
        for value in (self.expand, lambda word: expand(word, {}, self.escaper)):
            if " ".join(f"{key}={value(word)}" for key, word in pairs) == step.rest:
                return EQUAL
        if fits(" ".join(f"{key}={expand(word, {}, self.escaper)}" for key, word in pairs), step.rest):
            return FITS
        keys = {word.partition("=")[0] for word in step.rest.split() if "=" in word}
        return ALIKE if keys & {key for key, _ in pairs} else DIFFERENT

    def _label(self, step: Step) -> int:
        found = self._env(step)
        if found == ALIKE:
            text = f" {step.rest}"
            if all(f" {self.expand(key)}={self.expand(value)}" in text for key, value in self.instruction.pairs):
                return FITS
        return found

    def _arg(self, step: Step) -> int:
        have = {word.partition("=")[0] for word in step.rest.split()}
        want = {word.partition("=")[0] for word in self.instruction.arguments}
        if " ".join(map(self.expand, self.instruction.arguments)) == step.rest:
            return EQUAL
        return FITS if want <= have else DIFFERENT

    def _cmd(self, step: Step) -> int:
        instruction = self.instruction
        want = list(instruction.arguments) if instruction.exec_form else [*self.shell, instruction.rest]
        have = step.strings
        if have == want or (not self.shell_known and not instruction.exec_form and have[-1:] == want[-1:]):
            return EQUAL
        return ALIKE if have[:1] == want[:1] or self._overlap(step) else DIFFERENT

    _entrypoint = _cmd

    def _healthcheck(self, step: Step) -> int:
        words = list(self.instruction.arguments)
        if words and words[0].upper() == "CMD":
            words[0] = "CMD" if self.instruction.exec_form else "CMD-SHELL"
        have = step.strings
        return EQUAL if words and have[: len(words)] == words else ALIKE

    def _expose(self, step: Step) -> int:
        want, have = (
            {port if "/" in port else f"{port}/tcp" for port in _PORTS.findall(text)}
            for text in (" ".join(map(self.expand, self.instruction.arguments)), step.rest)
        )
        if want == have:
            return EQUAL
        unknown = any("$" in self.expand(word) for word in self.instruction.arguments)
        return FITS if unknown and want <= have else ALIKE if want & have else DIFFERENT

    def _volume(self, step: Step) -> int:
        want = sorted(map(self.expand, self.instruction.arguments))
        have = sorted(step.rest.strip("[]").replace('"', "").replace(",", " ").split())
        return EQUAL if want == have else ALIKE if set(want) & set(have) else DIFFERENT

    def _shell(self, step: Step) -> int:
        return EQUAL if " ".join(self.instruction.arguments) == step.rest.strip("[]") else ALIKE

    def _workdir(self, step: Step) -> int:
        wanted = self.expand(self.instruction.rest)
        have = step.rest.rstrip("/") or "/"
        if have in (wanted.rstrip("/") or "/", posixpath.normpath(posixpath.join(self.folder, wanted))):
            return EQUAL
        return FITS if fits(self.instruction.rest, step.rest) else DIFFERENT

    def _one_word(self, step: Step) -> int:
        if self.expand(self.instruction.rest) == step.rest:
            return EQUAL
        return FITS if fits(self.instruction.rest, step.rest) else DIFFERENT


def _go_strings(text: str) -> list[str]:
    """Return the quoted strings in a list as Go's ``%q`` or JSON writes it."""
    found: list[str] = []
    for inner in _QUOTED.findall(text):
        try:
            found.append(loads(f'"{inner}"', strict=False))
        except ValueError:
            found.append(inner)
    return found


def wanted(
    chain: Sequence[Instruction], environment: Mapping[str, str], arguments: Mapping[str, str], escaper: str
) -> list[Wanted]:
    """Go through the instructions that make an image and tell what holds at each.

    ``environment`` is that of the image, ``arguments`` are the global ARGs' values, which an ARG without one takes.
    """
    values = dict(environment)
    folder = "/"
    shell: tuple[str, ...] = DEFAULT_SHELL
    known = False
    found: list[Wanted] = []
    for instruction in chain:
        found.append(Wanted(instruction, shell, known, folder, dict(values), escaper))
        keyword = instruction.keyword
        if keyword == "ENV":
            before = dict(values)
            values.update({key: expand(value, before, escaper) for key, value in instruction.pairs})
        elif keyword == "ARG":
            for word in instruction.arguments:
                key, sep, value = word.partition("=")
                if sep:
                    values.setdefault(key, expand(value, values, escaper))
                elif key in arguments:
                    values.setdefault(key, arguments[key])
        elif keyword == "WORKDIR":
            folder = posixpath.normpath(posixpath.join(folder, expand(instruction.rest, values, escaper)))
        elif keyword == "SHELL" and instruction.arguments:
            shell, known = tuple(instruction.arguments), True
    return found
