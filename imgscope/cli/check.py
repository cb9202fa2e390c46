"""``imgscope check``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from .common import Results, image_options, look_options, report_options, result_options, size_options, write_stdout

if TYPE_CHECKING:
    from ..checks.model import CheckReport
    from ..progress import Progress
    from ..report.interface import Options

_DIVE_RULES = {
    "lowest-efficiency": "lowestEfficiency",
    "highest-wasted-bytes": "highestWastedBytes",
    "highest-user-wasted-percent": "highestUserWastedPercent",
}
# Besides the verdict's own formats: the analysis that it rests on.
_OF_ANALYSIS = {"analysis": "json", "dive": "dive"}


def rule_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each rule."""
    from ..checks.rules import RULES
    from ..checks.values import AMOUNT, CODES, GLOBS, SWITCH

    for rule in reversed(RULES.values()):
        several = rule.by_subject or rule.kind in (GLOBS, CODES, AMOUNT)
        metavar = f"PATH={rule.kind.metavar}" if rule.by_subject else rule.kind.metavar
        name = "rule_" + rule.name.replace("-", "_")
        if rule.kind is SWITCH:
            option = click.option(f"--{rule.name}", name, is_flag=True, default=None, help=rule.summary)
        else:
            option = click.option(f"--{rule.name}", name, metavar=metavar, multiple=several, help=rule.summary)
        function = option(function)
    return function


def dive_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add dive's options, in both of its spellings."""
    for kebab, camel in reversed(_DIVE_RULES.items()):
        function = click.option(
            f"--{camel}", f"--{kebab}", f"dive_{camel}", metavar="VALUE", help="One of dive's rules."
        )(function)
    function = click.option(
        "--ci-config", metavar="FILE", help="Rules of dive's; by default those of .dive-ci, if it is there."
    )(function)
    return click.option("--ci", is_flag=True, hidden=True, help="As in dive: nothing needs it.")(function)


def config_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where rules come from, and how strict they are."""
    for option in (
        click.option("--strict", is_flag=True, help="Treat warnings as failures."),
        click.option("--allow-skipped", is_flag=True, default=None, help="Let rules pass that could not be evaluated."),
        click.option("--ignored-paths", metavar="GLOB", multiple=True, help="Leave paths out of rules about paths."),
        click.option("--dockerfile", metavar="FILE", help="The file that annotations point at; by default Dockerfile."),
        click.option("--baseline", metavar="IMAGE|FILE", help="What growth is measured against."),
        click.option("--no-config", is_flag=True, help="Read no imgscope.toml and no pyproject.toml."),
        click.option(
            "--config", metavar="FILE", help="Configuration file; by default the nearest imgscope.toml, upward."
        ),
    ):
        function = option(function)
    return function


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is written, and where."""
    from ..report.formats import VERDICT

    formats = "Formats: those above, and analysis and dive, the JSON of analyze."
    for option in (
        look_options,
        click.option("--no-github", is_flag=True, help="No annotations and summary under GitHub Actions."),
        size_options("Rows of causes.", least=1),
        result_options(VERDICT, f"Write a format to a file as well; repeatable. {formats}"),
    ):
        function = option(function)
    return function


def _print_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from ..checks.schema import schema_text

    write_stdout([schema_text().encode()])
    context.exit()


@click.command()
@click.argument("references", metavar="IMAGE...", nargs=-1, required=True)
@image_options
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of imgscope.toml and exit.",
)
@config_options
@rule_options
@dive_options
@output_options
def command(references: tuple[str, ...], **given: Any) -> int:
    """Pass or fail images by their size, waste, contents and properties.

    Rules come from imgscope.toml, [tool.imgscope] in pyproject.toml, .dive-ci and options. A rule that can't be
    evaluated counts as failed. Exit code: 0 all passed, 1 a rule failed, 2 usage error, 3 no image.

    \b
    Examples:
      imgscope check myapp:1.0
      imgscope check app.tar --max-size 250MB --max-path-size /app=40MB --forbidden-paths secrets
      imgscope check app.tar --baseline ci/baseline.json --max-growth 5% -o junit=report.xml
    """
    return check(references, given)


def checked(
    references: tuple[str, ...], given: dict[str, Any], progress: Progress | None = None, whole: bool = False
) -> CheckReport:
    """Check images as options say."""
    from ..checks.run import check as check_images
    from ..errors import UsageError

    if given["config"] and given["no_config"]:
        raise UsageError("give --config or --no-config, not both")
    rules = {
        name.removeprefix("rule_").replace("_", "-"): value
        for name, value in given.items()
        if name.startswith("rule_") and value not in (None, ())
    }
    return check_images(
        references,
        rules,
        config=False if given["no_config"] else given["config"],
        baseline=given["baseline"],
        dockerfile=given["dockerfile"],
        ignored_paths=given["ignored_paths"],
        allow_skipped=given["allow_skipped"],
        strict=given["strict"],
        ci_config=given["ci_config"],
        dive_rules={name: given[f"dive_{name}"] for name in _DIVE_RULES.values() if given[f"dive_{name}"] is not None},
        here=True,
        whole=whole,
        platform=given["platform"],
        image=given["image"],
        cache=not given["no_cache"],
        progress=progress,
    )


def check(references: tuple[str, ...], given: dict[str, Any]) -> int:
    """Check images, write what is wanted, and return the exit code."""
    from ..progress import terminal_progress

    progress = terminal_progress(references[0])
    from ..checks.outputs import FORMATS, renderer
    from ..errors import UsageError
    from ..report import renderer as analysis_renderer

    options = report_options(
        no_color=given["no_color"], width=given["width"], top=given["top"], exact_bytes=given["exact_bytes"]
    )
    results = Results([*FORMATS, *_OF_ANALYSIS], given["outputs"], given["format_"], options, references)
    if len(references) > 1 and any(name in _OF_ANALYSIS for name, _ in results.pairs):
        raise UsageError("an analysis is of one image: give one, or no -o analysis= and -o dive=")

    whole = any(name == "html" or name in _OF_ANALYSIS for name, _ in results.pairs)
    with checked(references, given, progress, whole) as report:

        def render(name: str, chosen: Options) -> Iterable[bytes]:
            if name not in _OF_ANALYSIS:
                return renderer(name)(report, chosen)
            analysis = report.images[0].analysis
            return () if analysis is None else analysis_renderer(_OF_ANALYSIS[name])(analysis, chosen)

        if not _there(report):
            results.pairs = [pair for pair in results.pairs if pair[0] not in _OF_ANALYSIS]
        results.write(render)
        if os.environ.get("GITHUB_ACTIONS") == "true" and not given["no_github"]:
            _tell_github(report, own_lines=results.printed == "text")
        for image in report.images:
            if image.error:
                click.echo(f"imgscope: {image.error}", err=True)
        return report.exit_code


def _there(report: CheckReport) -> bool:
    return report.images[0].analysis is not None


def _tell_github(report: CheckReport, *, own_lines: bool) -> None:
    """Annotate, beside text on standard output; the runner reads standard error too, where that is a format's."""
    from ..checks.outputs import github

    for line in github.workflow_commands(report):
        click.echo(line, err=not own_lines)
    if not github.write_summary(report):
        click.echo(github.summary_full(report), err=not own_lines)
    github.write_outputs(report)
