"""The verdict as JSON, with the image's figures and layers: described in docs/check.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ... import __version__
from ...outline import IMAGE_FIGURES, LAYER_FIGURES
from ...report.portable import dumps
from ..model import CheckReport, ImageCheck, RuleResult

if TYPE_CHECKING:
    from ...report.interface import Options

SCHEMA_VERSION = 1


def render(report: CheckReport, options: Options) -> Iterator[bytes]:
    """Yield the JSON; see ``outputs.Render``."""
    yield dumps(document(report)) + b"\n"


def document(report: CheckReport) -> dict[str, Any]:
    """Return the verdict as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "imgscope", "version": __version__},
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "images": [_image(image) for image in report.images],
    }


def _image(check: ImageCheck) -> dict[str, Any]:
    found: dict[str, Any] = {"reference": check.reference, "verdict": check.verdict}
    if check.error:
        return {**found, "error": check.error}
    assert check.analysis is not None
    image = check.analysis.image
    found |= {
        "names": list(image.names),
        "id": image.id,
        "platform": image.platform,
        "content_bytes": image.content_bytes,
        "merged_bytes": image.merged_bytes,
        "wasted_bytes": image.wasted_bytes,
        "blob_bytes": image.blob_bytes,
        "file_count": image.file_count,
        "efficiency": image.efficiency,
        "dive": {
            "efficiency": image.dive.efficiency,
            "wastedBytes": image.dive.wasted_bytes,
            "userWastedPercent": image.dive.user_wasted_percent,
        },
    }
    layers = [asdict(layer) for layer in check.analysis.layers]
    if not image.layers_read:
        found.update((name, None) for name in IMAGE_FIGURES if name in found)
        for layer in layers:
            layer.update(dict.fromkeys(LAYER_FIGURES))
    if check.baseline is not None:
        base = check.baseline
        found["baseline"] = {
            "origin": base.origin,
            "reference": base.reference,
            "id": base.id,
            "content_bytes": base.content_bytes,
            "wasted_bytes": base.wasted_bytes,
            "blob_bytes": base.blob_bytes,
            "growth_bytes": image.content_bytes - base.content_bytes,
        }
    found["rules"] = [_result(result) for result in check.results]
    found["layers"] = layers
    found["notes"] = list(check.notes)
    return found


def _result(result: RuleResult) -> dict[str, Any]:
    limit = result.limit
    value = limit.value if limit is not None else None
    excess = result.excess
    return {
        "rule": result.rule,
        "subject": result.setting.subject,
        "status": result.status,
        "blocking": result.blocking,
        "message": result.message,
        "note": result.note or None,
        "unit": limit.unit if limit is not None else None,
        "limit": list(value) if isinstance(value, tuple) else value,
        "floor": limit.floor if limit is not None else None,
        "actual": result.actual,
        "excess": excess,
        "origin": result.setting.origin,
        "causes": [asdict(cause) for cause in result.causes.rows],
        "cause_count": result.causes.total,
    }
