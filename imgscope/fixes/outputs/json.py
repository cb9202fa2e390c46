"""A record as JSON, for programs; its fields are in docs/fix.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...report.portable import dumps
from ...secrets import redact
from .words import patch

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Record, Weight

SCHEMA_VERSION = 1


def render(record: Record, options: Options, *, secrets: bool = False) -> Iterator[bytes]:
    """Yield the JSON; see ``outputs.Render``."""
    yield dumps(document(record, secrets=secrets)) + b"\n"


def document(record: Record, *, secrets: bool = False) -> dict[str, Any]:
    """Return a record as plain values."""
    text, hidden = patch(record, secrets)
    clean = (lambda words: words) if secrets else redact
    return {
        "schema_version": SCHEMA_VERSION,
        "dockerfile": record.dockerfile.path,
        "before": _weight(record.before),
        "after": None if record.after is None else _weight(record.after),
        "saved_bytes": record.saved,
        "predicted_bytes": record.predicted,
        "level": record.options.level,
        "edits": [
            {
                "code": made.edit.code,
                "grade": made.edit.grade,
                "lines": list(made.edit.lines),
                "what": clean(made.edit.what),
                "predicted_bytes": made.edit.bytes,
                "saved_bytes": made.saved,
                "proof": [clean(word) for word in made.proof],
                "seconds": round(made.seconds, 1),
            }
            for made in record.made
        ],
        "left": [
            {
                "code": left.code,
                "lines": list(left.lines),
                "bytes": left.bytes,
                "why": clean(left.why),
                "tried": left.tried,
            }
            for left in record.left
        ],
        "checks": [
            {"name": clean(check.name), "passed": check.passed, "detail": clean(check.detail)}
            for check in record.checks
        ],
        "config": [_config(row) for row in record.config],
        "lacking": [row._asdict() for row in record.lacking],
        "builder": record.builder,
        "builds": record.builds,
        "builds_allowed": record.bound,
        "seconds": round(record.seconds, 1),
        "notes": [clean(note) for note in record.notes],
        "patch": text,
        "patch_without_secrets": hidden,
        "written": [{"path": path, "kept": kept} for path, kept in record.written.items()],
    }


def _config(row: Any) -> dict[str, Any]:
    return {"field": row.field, "key": row.key, "before": row.before, "after": row.after}


def _weight(weight: Weight) -> dict[str, Any]:
    return {
        "reference": weight.reference,
        "content_bytes": weight.content_bytes,
        "merged_bytes": weight.merged_bytes,
        "layers": weight.layers,
    }
