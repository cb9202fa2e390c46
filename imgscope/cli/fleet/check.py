"""``imgscope fleet check``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import click

from ...report.formats import FLEET, FLEET_VERDICT
from ..common import Results, look_options, report_options, result_options, size_options
from .common import store_option, with_place

if TYPE_CHECKING:
    from ...report.interface import Options


@click.command()
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@store_option
@click.option("--config", metavar="FILE", help="Configuration file; by default the nearest imgscope.toml, upward.")
@click.option("--no-config", is_flag=True, help="Read no imgscope.toml and no pyproject.toml.")
@click.option("--ci-config", metavar="FILE", help="Rules in dive's format; by default ./.dive-ci.")
@click.option("--allow-skipped", is_flag=True, help="Let rules pass whose figures the store lacks for an image.")
@click.option("--strict", is_flag=True, help="Treat warnings as failures.")
@result_options(FLEET_VERDICT)
@size_options("Rows of what was not kept.", least=1)
@look_options
def command(
    patterns: tuple[str, ...],
    path: str,
    config: str | None,
    no_config: bool,
    ci_config: str | None,
    allow_skipped: bool,
    strict: bool,
    format_: str | None,
    outputs: tuple[str, ...],
    top: int,
    exact_bytes: bool,
    no_color: bool,
    width: int | None,
) -> int:
    """Pass or fail all images of a store by the budgets of imgscope.toml.

    PATTERN is a name pattern: * takes slashes and colons too. Nothing but the store is read: rules that its tables do
    not answer are evaluated on images put together from its indexes, and skipped, which is told, for images whose
    layers are not there. Exit code: 0 all passed, 1 a rule failed, 2 usage error.

    \b
    Examples:
      imgscope fleet check --store fleet
      imgscope fleet check '*app*' --store fleet -o junit=fleet.xml
    """
    from ...checks.outputs import renderer as verdict_renderer
    from ...errors import UsageError
    from ...fleet.outputs import renderer
    from ...fleet.outputs.verdict import document
    from ...fleet.questions.check import check

    if config is not None and no_config:
        raise UsageError("give --config or --no-config, not both")
    chosen: str | Literal[False] | None = False if no_config else config
    options = report_options(no_color=no_color, width=width, top=top, exact_bytes=exact_bytes)
    results = Results(FLEET_VERDICT, outputs, format_, options, [])
    with with_place(path) as (connection, place):
        report = check(
            connection,
            patterns,
            config=chosen,
            ci_config=ci_config,
            allow_skipped=allow_skipped,
            strict=strict,
            place=place,
        )
    told = document(report, top)

    def render(name: str, wanted: Options) -> Iterable[bytes]:
        return renderer(name)(told, wanted) if name in FLEET else verdict_renderer(name)(report, wanted)

    results.write(render)
    return report.exit_code
