"""``imgscope build``."""

from __future__ import annotations

import click

# What `docker build` calls these in short is not ours: every option here is long, all others are the builder's.
_SETTINGS = {"ignore_unknown_options": True, "help_option_names": ["--help"]}


@click.command(context_settings=_SETTINGS)
@click.argument("arguments", metavar="ARGS...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--check", "checked", is_flag=True, help="Check the image instead of analysing it.")
@click.option("--config", metavar="FILE", help="With --check: read this one.")
@click.option("--baseline", metavar="IMAGE|FILE", help="With --check: what growth is measured against.")
@click.option("--format", "format_", metavar="FORMAT", help="What to print, as for analyze or check.")
@click.option("--report", "reports", metavar="FORMAT=FILE", multiple=True, help="Write a format to a file; repeatable.")
@click.option("--engine", type=click.Choice(["docker", "podman"]), help="What builds; by default docker, else podman.")
@click.pass_context
def command(
    context: click.Context,
    arguments: tuple[str, ...],
    checked: bool,
    config: str | None,
    baseline: str | None,
    format_: str | None,
    reports: tuple[str, ...],
    engine: str | None,
) -> object:
    """Run `docker build ARGS...`, then analyse the image, or check it.

    ARGS are the builder's own, in its own order; what follows -- is never taken for an option of imgscope. A build
    that fails ends with the builder's exit code. BuildKit's own --check is --call=check here.

    \b
    Examples:
      imgscope build -t myapp:1.0 .
      imgscope build --check -t myapp:1.0 --report junit=report.xml .
      imgscope build --engine podman -f Containerfile .
    """
    from ..checks.build import build
    from ..errors import UsageError
    from .analyze import command as analyze
    from .check import command as check

    if not checked and (config or baseline):
        raise UsageError("--config and --baseline go with --check")
    built = build(arguments, engine)
    if built.reference is None:
        return built.exit_code
    following = check if checked else analyze
    options = {"--config": config, "--baseline": baseline, "--format": format_}
    words = [word for name, value in options.items() if value is not None for word in (name, value)]
    words += [word for report in reports for word in ("-o", report)]
    # Where the Dockerfile lies is known here: it is what annotations point at, and what suggestions look into.
    if checked and built.dockerfile is not None:
        words += ["--dockerfile", built.dockerfile]
    with following.make_context(following.name, [*words, "--", built.reference], parent=context.parent) as inner:
        return following.invoke(inner)
