"""``imgscope fleet find``."""

from __future__ import annotations

import click

from ...report.formats import FLEET
from ..common import Results, exact_option, look_options, report_options, result_options
from .common import asked, rows_range, store_option


@click.command()
@click.argument("what", metavar="WHAT")
@click.argument("version", metavar="[VERSION]", required=False)
@store_option
@click.option("--as", "kind", type=click.Choice(["package", "path", "digest"]), help="What WHAT is.")
@click.option("--limit", metavar="N", type=rows_range, default=100, show_default=True, help="Rows to show.")
@result_options(FLEET)
@exact_option
@look_options
def command(
    what: str,
    version: str | None,
    path: str,
    kind: str | None,
    limit: int,
    format_: str | None,
    outputs: tuple[str, ...],
    exact_bytes: bool,
    no_color: bool,
    width: int | None,
) -> int:
    """Show which images have a package, a path or a digest, in any of their layers.

    WHAT is a package's name (with the beginning of a VERSION, if only that is wanted), a path or a glob of paths, or a
    digest of a layer, an image or a file.

    \b
    Examples:
      imgscope fleet find openssl 3.0.11 --store fleet
      imgscope fleet find '/usr/lib/**/liblzma.so.5*' --store fleet
      imgscope fleet find log4j-core --store fleet --format csv
    """
    from ...fleet.outputs import renderer
    from ...fleet.outputs.answers import found
    from ...fleet.questions.find import find

    options = report_options(no_color=no_color, width=width, exact_bytes=exact_bytes)
    results = Results(FLEET, outputs, format_, options, [])
    with asked(path) as connection:
        answer = find(connection, what, version, kind=kind, limit=limit)
    told = found(answer)
    results.write(lambda name, chosen: renderer(name)(told, chosen))
    return 0
