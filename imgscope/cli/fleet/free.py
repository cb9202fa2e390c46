"""``imgscope fleet free``."""

from __future__ import annotations

import click

from ...report.formats import FLEET
from ..common import Results, look_options, report_options, result_options, size_options
from .common import asked, price_option, store_option


@click.command()
@click.argument("globs", metavar="GLOB...", nargs=-1, required=True)
@store_option
@price_option
@result_options(FLEET)
@size_options("Rows of the list of tags.", least=1)
@look_options
def command(
    globs: tuple[str, ...],
    path: str,
    price_per_gb: float | None,
    format_: str | None,
    outputs: tuple[str, ...],
    top: int,
    exact_bytes: bool,
    no_color: bool,
    width: int | None,
) -> int:
    """Show what deleting tags would really free, once the registry has collected its garbage. Deletes nothing.

    GLOB is a name pattern: * takes slashes and colons too, one without a tag fits every tag, and the host may be left
    out.

    \b
    Examples:
      imgscope fleet free 'team/app:old-*' --store fleet
      imgscope fleet free 'registry.example.com/*:nightly-*' --store fleet --format json
    """
    from ...fleet.outputs import renderer
    from ...fleet.outputs.answers import freed
    from ...fleet.questions.free import free
    from ...fleet.questions.stored import checked_price

    checked_price(price_per_gb)
    options = report_options(no_color=no_color, width=width, top=top, exact_bytes=exact_bytes)
    results = Results(FLEET, outputs, format_, options, [])
    with asked(path) as connection:
        found = free(connection, globs)
    told = freed(found, price_per_gb, top, exact_bytes)
    results.write(lambda name, chosen: renderer(name)(told, chosen))
    return 0
