"""Answers to the mistakes that people make on the command line: each names the form that works.

Only imported when a usage error is about to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

import click

# dive's options, for whoever comes from there.
_OPTIONS = {
    "--json": "write -o dive=FILE for dive's JSON, --format json for imgscope's",
    "-j": "write -o dive=FILE for dive's JSON, --format json for imgscope's",
    "--ci": "a gate is a command here: imgscope check IMAGE",
    "--ci-config": "a gate is a command here: imgscope check IMAGE, which reads .dive-ci",
    "--lowestEfficiency": "imgscope check IMAGE has dive's limits",
    "--highestWastedBytes": "imgscope check IMAGE has dive's limits",
    "--highestUserWastedPercent": "imgscope check IMAGE has dive's limits",
    "--ignore-errors": "what cannot be read is an error here, and is never left out",
    "--output": "write -o FORMAT=FILE, as in -o json=out.json",
}
_SUFFIXES = {
    ".json": "json",
    ".html": "html",
    ".htm": "html",
    ".svg": "svg",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".xml": "junit",
    ".sarif": "sarif",
}


def hint(error: click.UsageError) -> str:
    """Return what to write instead, for a usage error of a command; empty where nothing better is known."""
    command = error.ctx.info_name if error.ctx is not None else None
    if isinstance(error, click.NoSuchOption):
        return _OPTIONS.get(error.option_name, "")
    if command in ("analyze", "suggest", "bases") and error.message.startswith("Got unexpected extra argument"):
        if command == "bases":
            return "one image at a time; a base to compare with is an option: imgscope bases IMAGE --with BASE"
        return "one image at a time; to compare two: imgscope diff OLD NEW"
    return ""


def format_for(file: str, formats: Sequence[str]) -> str | None:
    """Return the format that a file's ending asks for, if it is one of ``formats``."""
    name = _SUFFIXES.get(PurePath(file).suffix.lower())
    return name if name in formats else None
