"""``imgscope fix``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ..report.formats import REPAIR
from ..units import parse_size
from .common import Results, look_options, report_options, result_options, size_options

if TYPE_CHECKING:
    from ..fixes.model import Level, Record


def _wanted(record: Record, write: bool) -> bool:
    """Tell whether the files are to be written: it was asked for, or somebody at a terminal says so."""
    if record.after is None or write:
        return write
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        click.echo("Nothing was written: --write makes these changes.", err=True)
        return False
    return click.confirm("Make these changes?", default=False, err=True)


@click.command()
@click.argument("context", metavar="[CONTEXT]", default=".")
@click.option("-f", "--file", metavar="FILE", help="The Dockerfile, or a compose file: CONTEXT is a service then.")
@click.option("--image", metavar="IMAGE", help="What the Dockerfile has built already, in the engine.")
@click.option("--test", "tests", metavar="CMD", multiple=True, help="Run by a shell in the container; repeatable.")
@click.option(
    "--test-run",
    "outside",
    metavar="CMD",
    multiple=True,
    help="Run by a shell here, with the image's name in $IMAGE or as its last word; repeatable.",
)
@click.option(
    "--level",
    type=click.Choice(["safe", "likely", "possible"]),
    default="likely",
    show_default=True,
    help="How far edits may go; each is proven all the same.",
)
@click.option("--min-size", metavar="SIZE", help="Leave out edits that save less.  [default: 100kB]")
@click.option("--build-arg", "arguments", metavar="NAME=VALUE", multiple=True, help="For the builder; repeatable.")
@click.option("--secret", "secrets", metavar="SPEC", multiple=True, help="For BuildKit or podman; repeatable.")
@click.option("--ssh", metavar="SPEC", multiple=True, help="For BuildKit or podman; repeatable.")
@click.option("--target", metavar="STAGE", default="", help="The stage to build.")
@click.option("--network", metavar="NAME", default="", help="For builds, containers and tests.")
@click.option(
    "--builder", type=click.Choice(["docker", "podman", "buildah"]), help="By default the first that answers."
)
@click.option("--write", is_flag=True, help="Write the changes; a Dockerfile that is not in git is kept as .orig.")
@click.option("--yes", is_flag=True, help="Answer the question whether to write with yes.")
@click.option("--no-cache", is_flag=True, help="Neither use nor keep results of earlier runs.")
@click.option("--show-secrets", is_flag=True, help="Show the secrets that the Dockerfile holds.")
@result_options(REPAIR)
@size_options("Rows of what the new image lacks.", 12)
@look_options
def command(
    context: str,
    file: str | None,
    image: str | None,
    tests: tuple[str, ...],
    outside: tuple[str, ...],
    level: Level,
    min_size: str | None,
    arguments: tuple[str, ...],
    secrets: tuple[str, ...],
    ssh: tuple[str, ...],
    target: str,
    network: str,
    builder: str | None,
    write: bool,
    yes: bool,
    no_cache: bool,
    show_secrets: bool,
    format_: str | None,
    outputs: tuple[str, ...],
    top: int,
    exact_bytes: bool,
    no_color: bool,
    width: int | None,
) -> None:
    """Change a Dockerfile so that its image is smaller, and prove it.

    What is there is built, the changed Dockerfile is built, and both are run and compared. An edit that breaks the
    build, a test, or anything that can be seen from outside is found out and left, with the reason. Nothing is
    written without --write, or a yes on a terminal; all that was built is removed again.

    \b
    Examples:
      imgscope fix
      imgscope fix --test 'curl -fsS localhost:8000/health' --write
      imgscope fix app -f app/Dockerfile.prod --image app:1.0 --level safe
      imgscope fix -f compose.yaml web --format markdown
      imgscope fix --test-run 'docker run --rm $IMAGE --version' -o patch=fix.patch
    """
    from ..progress import terminal_progress

    progress = terminal_progress(file or context)
    from ..fixes import fix
    from ..fixes.failing import BuildFailedError
    from ..fixes.model import MIN_SIZE, Options
    from ..fixes.outputs import renderer

    shown = report_options(no_color=no_color, width=width, top=top, exact_bytes=exact_bytes)
    results = Results(REPAIR, outputs, format_, shown, [file, image])
    options = Options(
        tests=tests,
        outside=outside,
        level=level,
        min_size=parse_size(min_size, "--min-size") if min_size is not None else MIN_SIZE,
    )
    try:
        record = fix(
            context,
            file,
            image=image,
            options=options,
            arguments=arguments,
            secrets=secrets,
            ssh=ssh,
            target=target,
            network=network,
            client=builder,
            cache=not no_cache,
            progress=progress,
        )
    except BuildFailedError as error:
        _said(error.said)
        raise
    asked = record.after is not None and not (write or yes)
    if asked:
        results.write(lambda name, chosen: renderer(name)(record, chosen, secrets=show_secrets))
    if _wanted(record, write or yes):
        from ..fixes.writing import write as write_files

        write_files(record)
    if not asked:
        results.write(lambda name, chosen: renderer(name)(record, chosen, secrets=show_secrets))
    if results.writes("patch"):
        # A patch that does not hold all of a line would not apply.
        from ..fixes.outputs.words import shown_secrets

        for said in shown_secrets(record):
            click.echo(said, err=True)
    for path, kept in record.written.items():
        click.echo(f"{path} is written{f'; as it was: {kept}' if kept else ''}", err=True)


def _said(lines: tuple[str, ...]) -> None:
    from ..escape import escape
    from ..progress import finish_all
    from ..secrets import redact

    finish_all()
    for line in lines:
        click.echo(f"    {escape(redact(line))}", err=True)
