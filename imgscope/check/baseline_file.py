"""A saved baseline: a small JSON, a row a line, so that its changes can be read where it is committed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..escape import escape
from ..layer.names import internal, public
from ..secrets import redact
from .baseline import BaseLayer, Baseline

VERSION = 1
_MOST_BYTES = 64 << 20
_MARK = "imgscope_baseline"


def dump(base: Baseline) -> bytes:
    """Write a baseline as JSON: the same for the same image, a row a line, so that its changes can be read."""
    head = {
        _MARK: VERSION,
        "reference": base.reference,
        "id": base.id,
        "platform": base.platform,
        "content_bytes": base.content_bytes,
        "merged_bytes": base.merged_bytes,
        "wasted_bytes": base.wasted_bytes,
        "blob_bytes": base.blob_bytes,
        "compressed": base.compressed,
        "file_count": base.file_count,
        "files_above": base.files_above,
        "waste_above": base.waste_above,
    }
    lists: dict[str, list[Any]] = {
        "layers": [
            {
                "diff_id": layer.diff_id,
                "instruction": layer.instruction,
                "content_bytes": layer.content_bytes,
                "blob_bytes": layer.blob_bytes,
                "wasted_bytes": layer.wasted_bytes,
            }
            for layer in base.layers
        ],
        "files": [[public(path), layer, count] for path, layer, count in base.files],
        "directories": [[public(path), layer, count, number] for path, layer, count, number in base.directories],
        "waste": [[public(path), count] for path, count in base.waste.items()],
    }
    # ASCII alone: a path that is no UTF-8 has half surrogates, which JSON can only write escaped.
    parts = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    for key, rows in lists.items():
        lines = ",\n".join(f"    {json.dumps(row)}" for row in rows)
        parts.append(f"  {json.dumps(key)}: [\n{lines}\n  ]" if rows else f"  {json.dumps(key)}: []")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode("ascii")


def is_baseline(path: Path) -> bool:
    """Tell whether a file looks like a saved baseline."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return False
        with path.open("rb") as file:
            if file.read(64).lstrip()[:1] != b"{":
                return False
            file.seek(0)
            # Whoever reformats the JSON may sort its keys, so the mark may stand anywhere.
            return f'"{_MARK}"'.encode() in file.read()
    except OSError:
        return False


def load(path: Path) -> Baseline:
    """Read a saved baseline. Raises ``ConfigError``."""
    import msgspec

    shown = escape(str(path))
    try:
        raw = json.loads(path.read_bytes())
        if not isinstance(raw, dict) or _MARK not in raw:
            raise ConfigError(f"{shown} is no baseline; make one with: imgscope baseline save IMAGE -o {shown}")
        if raw[_MARK] != VERSION:
            raise ConfigError(f"{shown} is a baseline of version {raw[_MARK]}, this imgscope reads {VERSION}")
        saved = msgspec.convert(raw, type=_saved_type())
    except OSError as error:
        raise ConfigError(f"{shown} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{shown} is no readable baseline: {escape(str(error))}") from None
    return Baseline(
        reference=saved.reference,
        id=saved.id,
        platform=saved.platform,
        content_bytes=saved.content_bytes,
        merged_bytes=saved.merged_bytes,
        wasted_bytes=saved.wasted_bytes,
        blob_bytes=saved.blob_bytes,
        compressed=saved.compressed,
        file_count=saved.file_count,
        # Those that were saved before instructions were held without their secrets may have some.
        layers=tuple(replace(layer, instruction=redact(layer.instruction)) for layer in saved.layers),
        files=tuple((internal(path), layer, count) for path, layer, count in saved.files),
        files_above=saved.files_above,
        directories=tuple((internal(path), layer, count, number) for path, layer, count, number in saved.directories),
        waste={internal(path): count for path, count in saved.waste},
        waste_above=saved.waste_above,
        origin=str(path),
    )


def _saved_type() -> Any:
    """Return the shape of the file; made when it is wanted, since msgspec is not needed before."""
    from typing import Annotated

    import msgspec

    count = Annotated[int, msgspec.Meta(ge=0)]
    return msgspec.defstruct(
        "SavedBaseline",
        [
            ("reference", str),
            ("id", str),
            ("platform", str),
            ("content_bytes", count),
            ("merged_bytes", count),
            ("wasted_bytes", count),
            ("blob_bytes", count | None),
            ("compressed", bool),
            ("file_count", count),
            ("files_above", count),
            ("waste_above", count),
            ("layers", list[BaseLayer]),
            ("files", list[tuple[str, count, count]]),
            ("directories", list[tuple[str, count, count, count]]),
            ("waste", list[tuple[str, count]]),
        ],
    )
