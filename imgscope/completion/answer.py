"""Answers a shell that asks what fits: words in, fitting words out, one a line, and never an error.

The scripts beside this file ask by running the program with ``_IMGSCOPE_COMPLETE`` set to the shell's name and the
words up to the cursor as arguments (bash: the line up to the cursor, as one argument, since bash's own words end at
each colon). The answer's lines are ``KIND <tab> WORD <tab> HELP``; kinds are ``word``, ``path``, ``part`` (no space
after it), and ``files`` and ``folders``, which tell the shell to complete these by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

VARIABLE = "_IMGSCOPE_COMPLETE"
# What an argument or an option's value is, by the name it has in the help.
_IMAGES = {"IMAGE", "IMAGE...", "OLD", "NEW", "IMAGE|FILE", "REF"}
_FILES = {"FILE"}
_PLATFORMS = (
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/386",
    "linux/ppc64le",
    "linux/s390x",
    "linux/riscv64",
)

# Directives of the Docker CLI's completion, which is Cobra's.
_NO_SPACE = 2
_NO_FILES = 4


class CommandLine(NamedTuple):
    """What is completed: the command that has all others, and a line on each of these."""

    group: click.Group
    commands: Mapping[str, str]


class _Image(click.ParamType[str]):
    name = "image"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        from .images import fitting

        return [
            CompletionItem(fit.word, "path" if fit.is_path and fit.whole else "word" if fit.whole else "part", fit.help)
            for fit in fitting(incomplete)
        ]


class _Words(click.ParamType[str]):
    """A value that is commonly one of some words."""

    name = "words"

    def __init__(self, words: Iterable[str]) -> None:
        self._words = words

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        if "=" in incomplete:
            return [CompletionItem("", type="file")]
        return [CompletionItem(word) for word in self._words if word.startswith(incomplete)]


def answer(line: CommandLine, shell: str, arguments: list[str]) -> int:
    """Print what fits for one of our own scripts; return the exit code, which is 0."""
    words = split_arg_string(arguments[0])[1:] if shell == "bash" and arguments else arguments
    if shell == "bash" and arguments and (arguments[0][-1:].isspace() or len(split_arg_string(arguments[0])) < 2):
        words = [*words, ""]
    _print(
        f"{kind}\t{word}\t{help}\n"
        for kind, word, help in _fitting(line, words)
        if "\n" not in word and "\t" not in word
    )
    return 0


def answer_docker(line: CommandLine, arguments: list[str]) -> None:
    """Print what fits for the Docker CLI's own completion: ``imgscope WORD…``, in Cobra's form."""
    found = list(_fitting(line, arguments[1:]))
    directive = _NO_FILES
    if any(kind in ("files", "folders") for kind, _, _ in found):
        directive = 0
    elif len(found) == 1 and found[0][0] == "part":
        directive |= _NO_SPACE
    lines = [f"{word}\t{help}\n" if help else f"{word}\n" for kind, word, help in found if word and "\n" not in word]
    _print([*lines, f":{directive}\n"])


def _print(lines: Iterable[str]) -> None:
    sys.stdout.buffer.write("".join(lines).encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _fitting(line: CommandLine, words: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, word and help of what fits; nothing when anything goes wrong."""
    if not words:
        return
    *before, incomplete = words

    if not before and not incomplete.startswith("-"):
        # Click would import every command to ask for its summary.
        yield from (("word", name, summary) for name, summary in line.commands.items() if name.startswith(incomplete))
        return
    # Of --option=value only the value is completed; the shell wants the word whole.
    option, equals, _ = incomplete.partition("=")
    prefix = option + equals if equals and option.startswith("--") else ""
    try:
        _prepare(line, before)
        found = ShellComplete(line.group, {}, "imgscope", VARIABLE).get_completions(before, incomplete)
    except (Exception, SystemExit):
        return
    for item in found:
        kind = {"plain": "word", "file": "files", "dir": "folders"}.get(item.type, item.type)
        yield kind, prefix + str(item.value) if kind not in ("files", "folders") else "", _summary(item.help)


def _summary(text: str | None) -> str:
    return " ".join((text or "").split())


def _prepare(line: CommandLine, before: list[str]) -> None:
    """Tell the command that is meant what its arguments are; its own help has their names."""
    name = next((word for word in before if word in line.commands), None)
    command = line.group.get_command(click.Context(line.group), name) if name else None
    if command is None:
        return
    for parameter in command.params:
        metavar = getattr(parameter, "metavar", None)
        if metavar in _IMAGES:
            parameter.type = _Image()
        elif metavar in _FILES:
            parameter.type = click.Path()
        elif metavar == "OS/ARCH":
            parameter.type = _Words(_PLATFORMS)
        elif metavar == "FORMAT=FILE":
            parameter.type = _Words(_formats(command))


def _formats(command: click.Command) -> list[str]:
    for parameter in command.params:
        if parameter.name == "format_" and isinstance(parameter.type, click.Choice):
            return [f"{choice}=" for choice in parameter.type.choices]
    return []
