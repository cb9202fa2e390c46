"""``imgscope cache``."""

from __future__ import annotations

import click


@click.group()
def command() -> None:
    """Show or clear what was kept of earlier runs: indexes of layers and results of images, no file contents.

    \b
    Examples:
      imgscope cache info
      imgscope cache clear
    """


@command.command()
def info() -> None:
    """Show where the cache is and what it holds.

    \b
    Example:
      imgscope cache info
    """
    from ..cache import Cache
    from ..escape import escape
    from ..report.sizes import size

    found = Cache().info()
    click.echo(f"folder  {escape(str(found.directory)) if found.directory else 'none'}")
    click.echo(f"images  {found.images:,}")
    click.echo(f"layers  {found.layers:,}")
    click.echo(f"size    {size(found.bytes)} of at most {size(found.limit)}")
    if found.problem:
        click.echo(f"note    {escape(found.problem)}")


@command.command()
def clear() -> None:
    """Remove all that is kept.

    \b
    Example:
      imgscope cache clear
    """
    from ..cache import Cache
    from ..escape import escape
    from ..report.sizes import quantity, size

    found = Cache().clear()
    click.echo(f"{quantity(found.images + found.layers, 'record')}, {size(found.bytes)} removed")
    if found.problem:
        click.echo(f"note    {escape(found.problem)}")
