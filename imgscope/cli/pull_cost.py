"""``imgscope pull-cost``."""

from __future__ import annotations

import click

from ..report.formats import PULL
from .common import Results, exact_option, image_options, look_options, report_options, result_options


@click.command("pull-cost")
@click.argument("reference", metavar="IMAGE")
@click.option("--from", "present", metavar="OLD", multiple=True, help="An image that is there already; repeatable.")
@click.option("--rate", metavar="RATE", default="1Gbit", show_default=True, help="The line: 1Gbit, 100Mbit, 50MB.")
@click.option(
    "--unpack-rate",
    metavar="RATE",
    default="200MB",
    show_default=True,
    help="How fast layers are unpacked, by their tars.",
)
@click.option(
    "--parallel", metavar="N", type=click.IntRange(1, 64), default=3, show_default=True, help="Downloads at a time."
)
@click.option("--read", is_flag=True, help="Read a registry's layers, to know how large they are unpacked.")
@image_options
@result_options(PULL)
@exact_option
@look_options
def command(
    reference: str,
    present: tuple[str, ...],
    rate: str,
    unpack_rate: str,
    parallel: int,
    read: bool,
    platform: str | None,
    image: str | None,
    no_cache: bool,
    format_: str | None,
    outputs: tuple[str, ...],
    exact_bytes: bool,
    no_color: bool,
    width: int | None,
) -> None:
    """Show what a pull of an image costs: bytes and seconds, and which layer dominates.

    Layers come three at a time over one line, and are unpacked one after the other, as engines do.

    \b
    Examples:
      imgscope pull-cost registry:ghcr.io/org/app:1.0 --rate 100Mbit
      imgscope pull-cost myapp:1.1 --from myapp:1.0
    """
    from ..progress import terminal_progress
    from ..pulls import pull_cost
    from ..pulls.outputs import renderer

    options = report_options(no_color=no_color, width=width, exact_bytes=exact_bytes)
    results = Results(PULL, outputs, format_, options, [reference, *present])
    cost = pull_cost(
        reference,
        present,
        rate=rate,
        unpack_rate=unpack_rate,
        parallel=parallel,
        layers=read,
        platform=platform,
        image=image,
        cache=not no_cache,
        progress=terminal_progress(reference),
    )
    results.write(lambda name, chosen: renderer(name)(cost, chosen))
