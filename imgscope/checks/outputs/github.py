"""What GitHub Actions reads: annotations as workflow commands, the step's summary, and its outputs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...escape import escape
from ...report.limits import GITHUB_ANNOTATIONS, GITHUB_SUMMARY_BYTES
from ..model import SKIPPED, CheckReport
from .findings import findings
from .markdown import markdown

if TYPE_CHECKING:
    from ...report.interface import Options


def render(report: CheckReport, options: Options) -> Iterator[bytes]:
    """Yield the workflow commands; see ``outputs.Render``."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in workflow_commands(report))


def workflow_commands(report: CheckReport) -> Iterator[str]:
    """Yield a workflow command for each annotation that GitHub shows; the last of a kind says what was cut."""
    for level in ("error", "warning"):
        rows = [row for row in findings(report) if row.level == level]
        room = GITHUB_ANNOTATIONS if len(rows) <= GITHUB_ANNOTATIONS else GITHUB_ANNOTATIONS - 1
        for row in rows[:room]:
            yield _command(level, f"imgscope {row.result.name}", row.message, row.image.place.path, row.line)
        if len(rows) > room:
            text = f"and {len(rows) - room:,} more; the step's summary and the log have them"
            yield _command(level, "imgscope", text, rows[0].image.place.path, 1)
    skipped = [
        result.name
        for image in report.images
        for result in image.results
        if result.status == SKIPPED and not result.blocking and not result.setting.off
    ]
    if skipped:
        text = f"not evaluated: {', '.join(skipped[:20])}"
        yield _command("notice", "imgscope", text, _place(report), 1)


def summary_full(report: CheckReport) -> str:
    """Return the workflow command that says that the step's summary has no room for the report."""
    return _command("notice", "imgscope", "the step's summary is full, so the report is not in it", _place(report), 1)


def _place(report: CheckReport) -> str:
    return report.images[0].place.path


def _command(level: str, title: str, message: str, place: str, line: int) -> str:
    properties = {"file": escape(place), "line": str(line), "title": escape(title)}
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level} {written}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# -- files that the runner names ------------------------------------------------------------------------------


def write_summary(report: CheckReport, environment: Mapping[str, str] = os.environ) -> bool:
    """Append the report to the step's summary, within what is left of its size. Raises ``OSError``.

    Returns ``False`` where what others wrote there leaves no room.
    """
    target = environment.get("GITHUB_STEP_SUMMARY")
    if not target:
        return True
    path = Path(target)
    used = path.stat().st_size if path.exists() else 0
    room = GITHUB_SUMMARY_BYTES - used - 1024
    if room < 2048:
        return False
    with path.open("a", encoding="utf-8", errors="replace") as file:
        file.writelines(markdown(report, room))
        file.write("\n")
    return True


def write_outputs(report: CheckReport, environment: Mapping[str, str] = os.environ) -> None:
    """Append the verdict and the first image's figures to the step's outputs. Raises ``OSError``."""
    target = environment.get("GITHUB_OUTPUT")
    if not target:
        return
    rows = {"verdict": report.verdict, "passed": str(report.exit_code == 0).lower()}
    first = next((image for image in report.images if image.analysis is not None), None)
    if first is not None and first.analysis is not None:
        image = first.analysis.image
        if image.layers_read:
            rows |= {"content-bytes": str(image.content_bytes), "wasted-bytes": str(image.wasted_bytes)}
        if first.baseline is not None:
            rows["growth-bytes"] = str(image.content_bytes - first.baseline.content_bytes)
    with Path(target).open("a", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in rows.items())
