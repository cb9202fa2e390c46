"""``imgscope fleet``: one file per subcommand, imported when it is called."""

from __future__ import annotations

import click

from ..lazy import LazyGroup

COMMANDS = {
    "check": "Pass or fail all images by the budgets of imgscope.toml.",
    "find": "Show which images have a package, a path or a digest.",
    "free": "Show what deleting tags would really free.",
    "open": "Open the interactive view of a store.",
    "report": "Show what all images take, waste, share and stand on, and how that grew.",
    "scan": "Read the images of registries, engines and archives into a store.",
    "sql": "Answer a SELECT over the store's tables.",
}


class _Commands(LazyGroup):
    summaries = COMMANDS
    package = __name__


@click.group(cls=_Commands)
def command() -> None:
    """Read many images into a store, each layer once, and ask questions of all of them together.

    It needs imgscope[fleet]: pip install 'imgscope[fleet]'.

    \b
    Examples:
      imgscope fleet scan registry:registry.example.com --store fleet
      imgscope fleet report --store fleet
    """
