"""Help is of one piece: every command has examples, and the same option is called and described the same everywhere."""

import re
import shlex
from collections.abc import Iterator
from inspect import cleandoc

import click
import pytest

from imgscope.cli import COMMANDS, cli


def every() -> Iterator[tuple[str, click.Command]]:
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for below in command.list_commands(context):
                yield f"{name} {below}", command.get_command(context, below)


ALL = dict(every())
# Options in the order in which help shows those of them that a command has; others may stand between.
ORDER = [
    "--platform", "--image", "--no-cache", "--format", "--output", "--top", "--bytes", "--no-files",
    "--no-color", "--width",
]  # fmt: skip
# Options that mean the same wherever they are.
SAME = ["--image", "--no-cache", "--bytes", "--no-color", "--width"]


def options(command: click.Command) -> list[click.Option]:
    return [option for option in command.params if isinstance(option, click.Option) and not option.hidden]


def long_name(option: click.Option) -> str:
    return max(option.opts, key=len)


def examples(text: str) -> list[str]:
    _, _, block = cleandoc(text).partition("\b\nExample")
    return [line.strip() for line in block.splitlines()[1:] if line.strip()]


@pytest.mark.parametrize("name", ALL)
def test_a_command_says_what_it_does_and_shows_how(name):
    text = ALL[name].help
    assert text, "no docstring"
    first = text.split("\n\n")[0]
    assert re.match(r"[A-Z]", first) and first.endswith(".")
    lines = examples(text)
    assert lines, "no block of examples that click leaves as it is"
    heading = "Example:" if len(lines) == 1 else "Examples:"
    assert heading in text
    assert all("imgscope" in line for line in lines)
    assert max(map(len, lines)) <= 92


@pytest.mark.parametrize("name", ALL)
def test_options_are_described_as_sentences(name):
    for option in options(ALL[name]):
        text = re.sub(r"\s*\[default: .*\]$", "", option.help or "")
        assert re.match(r"[A-Z`]", text) and text.endswith("."), f"{option.opts}: {option.help!r}"
        typed = option.type.name
        plain = option.is_flag or isinstance(option.type, click.Choice) or option.metavar
        assert plain, f"{option.opts} shows {typed}: give it a metavar"


@pytest.mark.parametrize("name", ALL)
def test_options_stand_in_the_same_order(name):
    shown = [long_name(option) for option in options(ALL[name]) if long_name(option) in ORDER]
    assert shown == sorted(shown, key=ORDER.index)


@pytest.mark.parametrize("option", SAME)
def test_the_same_option_is_described_the_same(option):
    found = {
        (tuple(known.opts), known.metavar, known.help)
        for name, command in ALL.items()
        for known in options(command)
        # What fix takes is an image itself, not one of several in an archive.
        if long_name(known) == option and (name, option) != ("fix", "--image")
    }
    assert len(found) == 1


def test_the_list_of_commands_says_no_more_than_a_line():
    for name, summary in COMMANDS.items():
        assert re.fullmatch(r"[A-Z].*\.", summary), name
        assert len(summary) <= 75, name
    assert list(COMMANDS) == sorted(COMMANDS)


@pytest.mark.parametrize("name", ALL)
def test_examples_name_the_command_that_they_are_of(name):
    lines = examples(ALL[name].help or "")
    assert any(f"imgscope {name}" in line for line in lines)
    for line in lines:
        assert shlex.split(line)
