"""What every SARIF 2.1.0 log (OASIS) of imgscope's has: the tool, one run, places in the repository."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .. import __version__
from ..escape import escape
from .portable import dumps

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

Node = dict[str, Any]
"""An object of the log."""


def log(rules: Sequence[Node], invocation: Mapping[str, Any], results: Sequence[Node]) -> bytes:
    """Return the log of one run; ``invocation`` says how it ended."""
    driver = {
        "name": "imgscope",
        "version": __version__,
        "semanticVersion": _semantic(__version__),
        "rules": list(rules),
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [dict(invocation)],
        "columnKind": "unicodeCodePoints",
        "results": list(results),
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, base64=False) + b"\n"


def rule(code: str, name: str, summary: str, explained: str, **more: Any) -> Node:
    """Return what a log says of a rule; ``name`` is written with dashes."""
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in name.split("-")) if "-" in name else name[:1].upper() + name[1:],
        "shortDescription": {"text": summary},
        "fullDescription": {"text": explained},
        **more,
        "properties": {"tags": ["container", "image-size"]},
    }


def message(text: str) -> Node:
    """Return a message of plain text: what would be a link in it is none (SARIF 2.1.0, 3.11.6, *Embedded links*)."""
    shown = escape(text)
    return {"text": shown.replace("[", r"\[") if "](" in shown else shown}


def notice(text: str, level: str) -> Node:
    """Return a word about the run itself, ``note`` or ``warning``."""
    return {"message": message(text), "level": level}


def place(path: str, first: int, last: int | None = None) -> Node:
    """Return lines of a file of the repository."""
    region = {"startLine": first} if last is None else {"startLine": first, "endLine": last}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(os.fsencode(path)), "uriBaseId": "%SRCROOT%"},
            "region": region,
        }
    }


def fingerprints(fingerprint: str) -> Node:
    """Return what hosts know a finding again by, from run to run.

    GitHub goes by the second, and would make it of the line: one alert for all that it holds.
    """
    return {"imgscope/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint[:16]}:1"}


def stable_name(reference: str) -> str:
    """Return a reference without what changes from build to build: tag and digest; an archive's path stays."""
    if reference.endswith((".tar", ".json", ".gz", ".zst", ".tgz")):
        return reference
    return re.sub(r":[^/:]*$", "", reference.partition("@")[0]) or reference


def _semantic(version: str) -> str:
    """Write a version of Python's as SARIF wants it (semver.org)."""
    release = version.split("+", maxsplit=1)[0].split(".dev", maxsplit=1)[0]
    return ".".join([*release.split("."), "0", "0"][:3])
