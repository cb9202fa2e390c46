"""``imgscope doctor``."""

from __future__ import annotations

import sys
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from .common import colour_wanted, write_stdout

if TYPE_CHECKING:
    from ..doctor import Part, Remark

_COLOURS = {"ok": "green", "note": "yellow", "problem": "red"}


@click.command()
@click.option("--format", "format_", type=click.Choice(("text", "json")), help="What to print on standard output.")
@click.option("--no-color", is_flag=True, help="No colour.")
def command(format_: str | None, no_color: bool) -> int:
    """Show what imgscope finds here: engines and contexts, cache, temporary files, terminal, versions.

    Exits with 1 when something is broken for use, and says what to do. No credentials are shown.

    \b
    Examples:
      imgscope doctor
      imgscope doctor --format json > doctor.json
    """
    from ..doctor import PROBLEM, examine

    parts = examine()
    broken = any(finding.state == PROBLEM for part in parts for finding in part.findings)
    if format_ == "json":
        write_stdout([_json(parts, broken)])
    else:
        colour = colour_wanted(no_color)
        # In a file or a pipe a finding is a line, whatever its length.
        columns = get_terminal_size().columns if sys.stdout.isatty() else 100_000
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        lines = [line for part in parts for line in _lines(part, colour, columns)]
        write_stdout(["\n".join([*lines, ""]).encode(encoding, "replace")])
    return 1 if broken else 0


def _lines(part: Part, colour: bool, columns: int) -> list[str]:
    from ..escape import escape

    def styled(text: str, **style: Any) -> str:
        return click.style(text, **style) if colour else text

    lines = [styled(part.title, bold=True)]
    width = max((len(finding.name) for finding in part.findings), default=0)
    for finding in part.findings:
        mark = styled(f"{finding.state:<7}", fg=_COLOURS[finding.state])
        value, *more = _wrapped(finding.value, columns - width - 13)
        lines.append(f"  {mark}  {escape(finding.name):<{width}}  {value}".rstrip())
        hint = [styled(line, dim=True) for line in _wrapped(finding.hint, columns - width - 13)] if finding.hint else []
        lines.extend(f"  {'':7}  {'':{width}}  {line}" for line in (*more, *hint))
    lines.append("")
    return lines


def _wrapped(text: str, columns: int) -> list[str]:
    from textwrap import wrap

    from ..escape import escape

    return wrap(escape(text), max(columns, 20), break_long_words=False, break_on_hyphens=False) or [""]


def _json(parts: list[Part], broken: bool) -> bytes:
    from .. import __version__
    from ..report.portable import dumps

    def entry(finding: Remark) -> dict[str, str]:
        found = {"value": finding.value, "state": finding.state}
        return {**found, "hint": finding.hint} if finding.hint else found

    whole = {
        "schema_version": 1,
        "tool": {"name": "imgscope", "version": __version__},
        "ok": not broken,
        **{part.name: {finding.name: entry(finding) for finding in part.findings} for part in parts},
    }
    return dumps(whole, indent=2) + b"\n"
