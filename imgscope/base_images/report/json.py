"""Bases as JSON, for programs. Described by ``bases.schema.json`` and in docs/bases.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...report.portable import dumps
from ...secrets import redact

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..compare import Bases, Candidate

SCHEMA_VERSION = 1


def render(comparison: Bases, options: Options) -> Iterator[bytes]:
    """Yield the JSON."""
    yield dumps(document(comparison)) + b"\n"


def document(comparison: Bases) -> dict[str, Any]:
    """Return the comparison as plain values."""
    from ... import __version__

    image, app = comparison.analysis.image, comparison.app
    return {
        "schema_version": SCHEMA_VERSION,
        # Its name before all commands had one.
        "bases_schema_version": SCHEMA_VERSION,
        "tool": {"name": "imgscope", "version": __version__},
        "image": {
            "reference": image.reference,
            "id": image.id,
            "platform": image.platform,
            "content_bytes": image.content_bytes,
            "merged_bytes": image.merged_bytes,
        },
        "base": {**asdict(comparison.base), "facts": asdict(comparison.facts), "brings": asdict(comparison.brings)},
        "app": {
            **asdict(comparison.adds),
            "start": [redact(word) for word in app.command.start],
            "user": app.user,
            "elf_files": len(app.elves),
            "libcs": app.libcs,
            "glibc": app.newest(b"GLIBC_"),
            "python": [{"path": "/" + home.path, "paths": count} for home, count in app.python_homes.items()],
            "python_modules": [
                {"version": version, "platform": platform, "count": len(paths)}
                for (version, platform), paths in app.python_tags.items()
            ],
            "node_abis": sorted(app.node_modules),
            "package_managers": sorted(app.managers),
            "packages_added": [
                {"ecosystem": item.ecosystem, "name": item.name, "version": item.version, "bytes": item.size}
                for item in comparison.added
            ],
        },
        "candidates": [_candidate(one) for one in comparison.candidates],
        "known_bases": [{**asdict(row.known), "unfit": row.unfit} for row in comparison.known],
        "notes": list(comparison.notes),
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    return {
        "name": one.name,
        "verdict": one.fit.verdict,
        "content_bytes": one.content_bytes,
        "merged_bytes": one.merged_bytes,
        "facts": asdict(one.facts),
        "unread": one.fit.unread,
        "resolved": one.fit.resolved,
        "missing": [asdict(lack) for lack in one.fit.lacks],
        "package_manager_missing": one.manager_missing,
    }
