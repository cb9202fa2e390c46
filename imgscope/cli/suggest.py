"""``imgscope suggest``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..report.formats import SUGGESTIONS
from .common import Results, image_options, look_options, report_options, result_options, size_options, write_stdout

if TYPE_CHECKING:
    from ..suggestions.fix import Fixed


def _list_rules(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from ..suggestions.rules import all_rules

    rules = sorted(all_rules(), key=lambda rule: rule.code)
    width = max(len(rule.name) for rule in rules)
    lines = "".join(f"{rule.code}  {rule.name:{width}}  {rule.summary}\n" for rule in rules)
    write_stdout([lines.encode()])
    context.exit()


def _fix(fixed: Fixed, write: bool, show_diff: bool, show_secrets: bool) -> None:
    """Write the safe fixes: the patch goes to standard output, what was done and what was not to standard error."""
    from ..dockerfile.edits import patch_place
    from ..dockerfile.edits import write as write_file
    from ..dockerfile.redacted import redacted_diff
    from ..escape import escape
    from ..secrets import redact

    if write and fixed.made:
        write_file(fixed.before, fixed.after)
    if show_diff:
        patch, hidden = fixed.diff, False
        if not show_secrets:
            patch, hidden = redacted_diff(fixed.before, fixed.after, patch)
        write_stdout([patch.encode("utf-8", "surrogateescape")])
        folder = patch_place(fixed.before.path)[1]
        if folder is not None and patch:
            click.echo(f"The patch applies in {escape(str(folder))}, where the Dockerfile lies.", err=True)
        if hidden:
            click.echo(
                "The patch is shown without the secrets in its lines and does not apply as it stands: "
                "--fix makes the changes, --show-secrets shows them.",
                err=True,
            )
    for line in fixed.lines():
        click.echo(line if show_secrets else redact(line), err=show_diff)
    if not fixed.made:
        click.echo("Nothing in the Dockerfile can be fixed safely.", err=True)


@click.command()
@click.argument("reference", metavar="IMAGE")
@image_options
@click.option(
    "--dockerfile", metavar="FILE", help="What the image was built from; by default ./Dockerfile, if it fits."
)
@click.option("--fix", "write", is_flag=True, help="Make the safe fixes in the Dockerfile; the rest is left to you.")
@click.option("--diff", "show_diff", is_flag=True, help="Show what --fix would change, as a patch; nothing is written.")
@click.option("--show-secrets", is_flag=True, help="Show the secrets that the Dockerfile holds in what --diff prints.")
@click.option("--previous", metavar="OLD", help="An earlier image of the same program: what changed between the two.")
@click.option("--base", metavar="REF", help="The image that this one is built on; by default what its history tells.")
@click.option(
    "--select", "selected", metavar="RULE", multiple=True, help="Only these rules (IS012, IS1, a name); repeatable."
)
@click.option("--ignore", "ignored", metavar="RULE", multiple=True, help="Leave out these rules; repeatable.")
@click.option("--min-size", metavar="SIZE", help="Leave out findings that save less.  [default: 100kB]")
@click.option("--gpu", metavar="ARCH", multiple=True, help="The GPUs that there are (sm_80,sm_90, gfx90a); repeatable.")
@click.option(
    "--list", is_flag=True, is_eager=True, expose_value=False, callback=_list_rules, help="Print all rules and exit."
)
@result_options(SUGGESTIONS)
@size_options("Rows of evidence of each finding.", 3)
@click.option("--no-files", is_flag=True, help="JSON without the evidence.")
@look_options
def command(
    reference: str,
    platform: str | None,
    image: str | None,
    no_cache: bool,
    dockerfile: str | None,
    write: bool,
    show_diff: bool,
    show_secrets: bool,
    previous: str | None,
    base: str | None,
    selected: tuple[str, ...],
    ignored: tuple[str, ...],
    min_size: str | None,
    gpu: tuple[str, ...],
    format_: str | None,
    outputs: tuple[str, ...],
    top: int,
    exact_bytes: bool,
    no_files: bool,
    no_color: bool,
    width: int | None,
) -> None:
    """Find what an image does not need, what each fix saves, and how to make it.

    No byte is counted twice: the total is what all fixes together save. [suggest] in imgscope.toml, or in
    [tool.imgscope] of pyproject.toml, sets select, ignore, min-size, gpu, dockerfile and base; options win.

    \b
    Examples:
      imgscope suggest myapp:1.0
      imgscope suggest app.tar --dockerfile Dockerfile
      imgscope suggest app.tar --dockerfile Dockerfile --diff
      imgscope suggest myapp:1.1 --previous myapp:1.0 --select IS4
      imgscope suggest myapp:1.0 --gpu sm_80,sm_90
      imgscope suggest myapp:1.0 --ignore IS9 -o sarif=suggestions.sarif
    """
    from ..progress import terminal_progress

    progress = terminal_progress(reference)
    from ..suggestions.config import load
    from ..suggestions.image import suggest
    from ..suggestions.outputs import renderer
    from ..units import parse_size

    options = report_options(no_color=no_color, width=width, top=top, exact_bytes=exact_bytes, files=not no_files)
    results = Results(SUGGESTIONS, outputs, format_, options, [reference])
    if write and show_diff:
        raise click.UsageError("--diff writes nothing and --fix does: give one of them")
    if format_ is not None and (write or show_diff):
        raise click.UsageError(f"--fix and --diff print what they do; the report goes to a file: -o {format_}=FILE")
    settings = load(Path.cwd())
    with suggest(
        reference,
        select=selected or settings.selected,
        ignore=ignored or settings.ignored,
        min_size=parse_size(min_size, "--min-size") if min_size is not None else settings.min_size,
        gpu=gpu or settings.gpu,
        dockerfile=dockerfile or settings.dockerfile,
        previous=previous,
        base=base or settings.base,
        fix=write or show_diff,
        here=True,
        platform=platform,
        image=image,
        cache=not no_cache,
        progress=progress,
    ) as report:
        if report.fixed is not None:
            _fix(report.fixed, write, show_diff, show_secrets)
        results.write(lambda name, chosen: renderer(name)(report, chosen), printed=not (write or show_diff))
