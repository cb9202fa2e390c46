"""``imgscope fleet sql``."""

from __future__ import annotations

import click

from ...report.formats import FLEET_ROWS
from ..common import Results, look_options, report_options, result_options
from .common import asked, rows_range, store_option


@click.command()
@click.argument("statement", metavar="SELECT")
@store_option
@click.option("--limit", metavar="N", type=rows_range, default=1000, show_default=True, help="Rows to show.")
@click.option(
    "--timeout", metavar="SECONDS", type=click.IntRange(1, 86_400), default=60, show_default=True, help="Give up then."
)
@result_options(FLEET_ROWS)
@look_options
def command(
    statement: str,
    path: str,
    limit: int,
    timeout: int,
    format_: str | None,
    outputs: tuple[str, ...],
    no_color: bool,
    width: int | None,
) -> int:
    """Answer a SELECT over the store's tables (DuckDB's SQL). It reads these and nothing else, and changes nothing.

    The tables are tags, images, layers, files, waste, packages, findings and bases; DESCRIBE TABLE says what is in one.

    \b
    Examples:
      imgscope fleet sql 'DESCRIBE images' --store fleet
      imgscope fleet sql 'SELECT rule, count(*) FROM findings GROUP BY rule' --store fleet
    """
    from ...fleet.outputs import renderer
    from ...fleet.outputs.answers import table
    from ...fleet.questions.sql import query

    options = report_options(no_color=no_color, width=width)
    results = Results(FLEET_ROWS, outputs, format_, options, [])
    with asked(path) as connection:
        answer = query(connection, statement, limit=limit, seconds=timeout)
    told = table(answer)
    results.write(lambda name, chosen: renderer(name)(told, chosen))
    return 0
