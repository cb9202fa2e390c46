"""``imgscope fleet``: one file per subcommand, imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
    "check": "Pass or fail all images by the budgets of imgscope.toml.",
    "find": "Show which images have a package, a path or a digest.",
    "free": "Show what deleting tags would really free.",
    "report": "Show what all images take, waste, share and stand on, and how that grew.",
    "scan": "Read the images of registries, engines and archives into a store.",
    "sql": "Answer a SELECT over the store's tables.",
}


class _Commands(click.Group):
    """A group that knows its commands' names without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f".{cmd_name}", __name__).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands)
def command() -> None:
    """Read many images into a store, each layer once, and ask questions of all of them together.

    It needs imgscope[fleet]: pip install 'imgscope[fleet]'.

    \b
    Examples:
      imgscope fleet scan registry:registry.example.com --store fleet
      imgscope fleet report --store fleet
    """
