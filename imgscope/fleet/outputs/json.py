"""An answer as JSON, for programs; its fields are in docs/fleet-questions.md."""

from __future__ import annotations

from collections.abc import Iterator

from ...report.interface import Options
from ...report.portable import dumps
from .document import Document

SCHEMA_VERSION = 1


def render(document: Document, options: Options) -> Iterator[bytes]:
    """Yield the JSON; see ``report.interface.Render``."""
    yield dumps({"schema_version": SCHEMA_VERSION, **document.values}) + b"\n"
