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
@click.option("--what-if", is_flag=True, help="Tell what other compressions and other layers would change.")
@click.option(
    "--layers",
    "plan_layers",
    metavar="N",
    type=click.IntRange(2, 100),
    default=12,
    show_default=True,
    help="Layers that --what-if plans, at most.",
)
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
    what_if: bool,
    plan_layers: int,
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
      imgscope pull-cost myapp:1.2 --from myapp:1.1 --from myapp:1.0 --what-if -o plan=plan.toml
    """
    from ..errors import UsageError
    from ..progress import terminal_progress
    from ..pulls import pull_cost
    from ..pulls.outputs import renderer

    options = report_options(no_color=no_color, width=width, exact_bytes=exact_bytes)
    results = Results(PULL, outputs, format_, options, [reference, *present])
    if results.writes("plan") and not what_if:
        raise UsageError("a plan is what --what-if makes: give that too")
    cost = pull_cost(
        reference,
        present,
        rate=rate,
        unpack_rate=unpack_rate,
        parallel=parallel,
        what_if=what_if,
        plan_layers=plan_layers,
        layers=read,
        platform=platform,
        image=image,
        cache=not no_cache,
        progress=terminal_progress(reference),
    )
    results.write(lambda name, chosen: renderer(name)(cost, chosen))
