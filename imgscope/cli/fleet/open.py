"""``imgscope fleet open``."""

from __future__ import annotations

import click

from .common import store_option


@click.command()
@store_option
@click.option("--no-color", is_flag=True, help="No colour.")
def command(path: str, no_color: bool) -> None:
    """Open the interactive view of a store: repositories, their images, their layers.

    Enter on an image opens it in the view of imgscope analyze: from what the store has of its layers, else from where
    it was read.

    \b
    Example:
      imgscope fleet open --store fleet
    """
    from ... import tui
    from ...errors import UsageError

    reason = tui.unusable()
    if reason is not None:
        raise UsageError(f"{reason or 'fleet open needs a terminal'}; imgscope fleet report writes a report")
    tui.run_fleet(path, colour=not no_color)
