"""``imgscope tags``."""

from __future__ import annotations

import click

from .common import exact_option, source_options, write_stdout

_LONG = 20


@click.command()
@click.argument("repository", metavar="REPOSITORY")
@click.argument("globs", metavar="[GLOB]...", nargs=-1)
@click.option("--platform", metavar="OS/ARCH", help="Tell of this platform's images.")
@click.option("--no-cache", is_flag=True, help="Neither use nor keep results of earlier runs.")
@source_options
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="What to print.")
@click.option("--long", "-l", "long_", is_flag=True, help="Show when each was made, its size to pull, and its digest.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help=f"Only the last N; with --long {_LONG}.")
@exact_option
def command(
    repository: str,
    globs: tuple[str, ...],
    long_: bool,
    limit: int | None,
    platform: str | None,
    format_: str,
    exact_bytes: bool,
    no_cache: bool,
) -> None:
    """List the tags of a repository in a registry, in the order of versions.

    \b
    Examples:
      imgscope tags python '3.12*-slim'
      imgscope tags ghcr.io/org/app --long
      imgscope tags localhost:5000/app --format json
    """
    from ..cache import Cache
    from ..progress import terminal_progress, working
    from ..sources.registry.tags import ask

    many = limit or (_LONG if long_ else None)
    memory = None if no_cache else Cache()
    with working(terminal_progress(), f"asking for the tags of {repository}"):
        found = ask(repository, globs, long=long_, limit=many, platform=platform, memory=memory)
    if format_ == "json":
        from dataclasses import asdict

        from ..report.portable import dumps

        rows = [asdict(tag) if long_ else {"name": tag.name} for tag in found.tags]
        whole = {"schema_version": 1, "repository": found.repository, "count": found.count, "tags": rows}
        write_stdout([dumps(whole), b"\n"])
        return
    from ..escape import escape
    from ..report.sizes import size

    width = max((len(tag.name) for tag in found.tags), default=0)
    for tag in found.tags:
        if not long_:
            click.echo(escape(tag.name))
        elif tag.problem:
            click.echo(f"{tag.name:<{width}}  {escape(tag.problem)}")
        else:
            digest = (tag.digest or "").partition(":")[2][:12]
            stored = size(tag.bytes, exact_bytes)
            system = escape(tag.platform or "")
            click.echo(f"{tag.name:<{width}}  {(tag.created or '')[:10]:<10}  {stored:>8}  {digest}  {system}")
    if len(found.tags) < found.count:
        click.echo(f"imgscope: {found.count - len(found.tags):,} more before these; --limit shows them", err=True)
