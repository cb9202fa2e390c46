"""Groups of commands that are imported when they are called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar

import click


class LazyGroup(click.Group):
    """A group that knows its commands without importing them: each is ``command`` of the module of its name."""

    summaries: ClassVar[Mapping[str, str]]
    """What each command is for, by its name."""
    package: ClassVar[str]
    """Where the modules are."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; ``None`` where there is none of that name."""
        if cmd_name not in self.summaries:
            return None
        command: click.Command = import_module(f".{cmd_name.replace('-', '_')}", self.package).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each command is for."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))
