"""Makes the manual pages from the commands' own help; the wheel's build calls it (see hatch_build.py).

By hand: python docs/make_man.py FOLDER
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from imgscope import __version__
from imgscope.cli import COMMANDS, cli

_EXIT_STATUS = (
    ("0", "All is well."),
    ("1", "A budget or a check failed."),
    ("2", "Wrong use."),
    ("3", "The image could not be found or read."),
)
_ENVIRONMENT = (
    ("DOCKER_HOST, DOCKER_CONTEXT, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH, DOCKER_CONFIG", "The engine, as for docker."),
    ("CONTAINER_HOST", "Podman's socket, as for podman(1)."),
    ("IMGSCOPE_CACHE_DIR", "The folder of the cache; by default imgscope in the user's cache folder."),
    ("TMPDIR", "Where temporary files go."),
    ("NO_COLOR", "No colour, when it is set and not empty."),
)


def pages() -> dict[str, str]:
    """Return the file names and texts of all pages: one of the program and one of each command."""
    found = {"imgscope.1": _page([("imgscope", cli)])}
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        found[f"imgscope-{name}.1"] = _page([("imgscope", cli), (name, command)])
    return found


def _page(chain: list[tuple[str, click.Command]]) -> str:
    return "\n".join(_lines(chain)) + "\n"


def _lines(chain: list[tuple[str, click.Command]]) -> Iterator[str]:
    title = "-".join(name for name, _ in chain)
    command = chain[-1][1]
    context = _context(chain)
    paragraphs = _paragraphs(command)
    summary = COMMANDS[chain[1][0]] if len(chain) > 1 else paragraphs[0][1]
    yield f'.TH {title.upper()} 1 "" "imgscope {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"{_text(title)} \\- {_text(summary[0].lower() + summary[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield from _synopsis(chain, context)
    yield ".SH DESCRIPTION"
    yield from _description(paragraphs)
    yield from _options(command, context)
    if isinstance(command, click.Group):
        yield ".SH COMMANDS"
        if len(chain) == 1:
            for name, summary in COMMANDS.items():
                yield from (".TP", f".BR {_text(f'imgscope-{name}')} (1)", _text(summary))
        else:
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                assert below is not None
                yield ".SS " + _text(" ".join([*(part for part, _ in chain), name]))
                yield from _description([part for part in _paragraphs(below) if not _is_examples(part)])
                yield from _options(below, _context([*chain, (name, below)]), heading=False)
    for literal, text in paragraphs:
        if literal and _is_examples((literal, text)):
            yield from (".SH EXAMPLES", ".nf", *(_text(line.strip()) for line in text.splitlines()[1:]), ".fi")
    if len(chain) == 1:
        yield ".SH EXIT STATUS"
        for value, meaning in _EXIT_STATUS:
            yield from (".TP", f".B {value}", _text(meaning))
        yield ".SH ENVIRONMENT"
        for names, meaning in _ENVIRONMENT:
            yield from (".TP", f".B {_text(names)}", _text(meaning))
        yield from (".SH SEE ALSO", ".BR docker (1),", ".BR podman (1),", ".BR skopeo (1)")
    else:
        yield from (".SH SEE ALSO", ".BR imgscope (1)")


def _context(chain: list[tuple[str, click.Command]]) -> click.Context:
    context: click.Context | None = None
    for name, command in chain:
        context = click.Context(command, info_name=name, parent=context, **command.context_settings)
    assert context is not None
    return context


def _synopsis(chain: list[tuple[str, click.Command]], context: click.Context) -> Iterator[str]:
    pieces = " ".join(chain[-1][1].collect_usage_pieces(context))
    yield f".B {_text(' '.join(name for name, _ in chain))}"
    yield _text(pieces)


def _paragraphs(command: click.Command) -> list[tuple[bool, str]]:
    """Return the help's paragraphs; the first of each pair tells that lines stay as they are."""
    found = []
    for paragraph in re.split(r"\n\s*\n", (command.help or "").strip()):
        literal = paragraph.lstrip().startswith("\b")
        text = paragraph.replace("\b", "").strip("\n") if literal else " ".join(paragraph.split())
        found.append((literal, text))
    return found


def _is_examples(paragraph: tuple[bool, str]) -> bool:
    return paragraph[1].lstrip().startswith(("Example:", "Examples:"))


def _description(paragraphs: list[tuple[bool, str]]) -> Iterator[str]:
    for place, (literal, text) in enumerate(part for part in paragraphs if not _is_examples(part)):
        if place:
            yield ".PP"
        if literal:
            yield from (".nf", *(_text(line.strip()) for line in text.splitlines()), ".fi")
        else:
            yield _text(text)


def _options(command: click.Command, context: click.Context, *, heading: bool = True) -> Iterator[str]:
    records = [record for parameter in command.get_params(context) if (record := parameter.get_help_record(context))]
    if records and heading:
        yield ".SH OPTIONS"
    for names, meaning in records:
        yield from (".TP", f".B {_text(names)}", _text(" ".join(meaning.split())))


def _text(text: str) -> str:
    """Write text so that roff takes nothing in it for a request, and hyphens stay what can be typed."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "\\[u2026]")
    return "\\&" + text if text.startswith((".", "'")) else text


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for page, text in pages().items():
        (folder / page).write_text(text)
