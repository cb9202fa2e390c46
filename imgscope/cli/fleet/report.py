"""``imgscope fleet report``."""

from __future__ import annotations

import click

from ...report.formats import FLEET
from ..common import Results, look_options, report_options, result_options, size_options
from .common import asked, price_option, store_option


@click.command()
@store_option
@price_option
@result_options(FLEET)
@size_options("Rows of each list.", least=1)
@look_options
def command(
    path: str,
    price_per_gb: float | None,
    format_: str | None,
    outputs: tuple[str, ...],
    top: int,
    exact_bytes: bool,
    no_color: bool,
    width: int | None,
) -> int:
    """Show what all images of a store take, waste, share and stand on, and how that grew.

    \b
    Examples:
      imgscope fleet report --store fleet
      imgscope fleet report --store fleet --price-per-gb 0.10 -o html=fleet.html
    """
    from ...fleet.outputs import renderer
    from ...fleet.outputs.report import document
    from ...fleet.questions.overview import overview

    options = report_options(no_color=no_color, width=width, top=top, exact_bytes=exact_bytes)
    results = Results(FLEET, outputs, format_, options, [])
    with asked(path) as connection:
        found = overview(connection, limit=top, price_per_gb=price_per_gb)
    told = document(found, path, exact_bytes)
    results.write(lambda name, chosen: renderer(name)(told, chosen))
    return 0
