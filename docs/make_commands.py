"""Writes docs/commands.md from the commands' own help: python docs/make_commands.py"""

from pathlib import Path

import click

from imgscope.cli import COMMANDS, cli

HERE = Path(__file__).parent

_INTRODUCTION = """# The commands

Made from the commands' own help by `python docs/make_commands.py`; a test keeps it true.

Everywhere, IMAGE is a [reference](references.md): a name in an engine, an archive, a layout, a saved analysis, or `-`.

Exit codes: 0 fine, 1 a budget or check failed, 2 usage error, 3 the image could not be found or read. What is wrong is
one line on standard error. Ctrl-C and SIGTERM end the program at once, tidied up: 130 and 143. Results go to standard
output, progress to standard error (on a terminal, for work of more than a second).

Environment: `NO_COLOR` and `TERM=dumb` switch colour off, `IMGSCOPE_CACHE_DIR` moves the cache, `TMPDIR` is where
temporary files go, `DOCKER_HOST`, `DOCKER_CONTEXT` and their kin choose the engine. `IMGSCOPE_TIMEOUT` is for how many
seconds an engine's export or a pipe may be silent before it counts as stalled (300; ten times that before the first
byte, which an engine prepares; 0: forever).
"""


def _help(chain: list[tuple[str, click.Command]]) -> str:
    context: click.Context | None = None
    for name, command in chain:
        context = command.context_class(
            command,
            info_name=name,
            parent=context,
            terminal_width=88,
            **{**command.context_settings, "max_content_width": 88},
        )
    assert context is not None
    return chain[-1][1].get_help(context)


def text() -> str:
    """Return the page."""
    parts = [_INTRODUCTION]
    root: list[tuple[str, click.Command]] = [("imgscope", cli)]
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        parts.append(f"## imgscope {name}\n\n```text\n{_help([*root, (name, command)])}\n```\n")
        if isinstance(command, click.Group):
            context = click.Context(command)
            for below in sorted(command.list_commands(context)):
                found = command.get_command(context, below)
                assert found is not None
                shown = _help([*root, (name, command), (below, found)])
                parts.append(f"### imgscope {name} {below}\n\n```text\n{shown}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    (HERE / "commands.md").write_text(text())
