"""A saved baseline: a small JSON, a row a line, so that its changes can be read where it is committed."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ...escape import escape
from ...layer.estimate import Estimate
from ...paths import internal, public
from ...report.portable import dumps
from ...secrets import redact
from .model import BaseLayer, Baseline

VERSION = 1
_MOST_BYTES = 64 << 20
_MARK = "imgscope_baseline"
# The fields of ``Baseline`` that are written as they are, in the order of the file.
_FIGURES = {
    "reference": "text",
    "id": "text",
    "platform": "text",
    "content_bytes": "count",
    "merged_bytes": "count",
    "wasted_bytes": "count",
    "blob_bytes": "count or null",
    "compressed": "flag",
    "file_count": "count",
    "files_above": "count",
    "waste_above": "count",
}


def dump(base: Baseline) -> bytes:
    """Write a baseline as JSON: the same for the same image, a row a line, so that its changes can be read."""
    head: dict[str, Any] = {_MARK: VERSION, **{name: getattr(base, name) for name in _FIGURES}}
    if base.compressed_estimate is not None:
        about = base.compressed_estimate
        head["compressed_estimate"] = {"bytes": about.bytes, "error": about.error, "method": about.method}
    lists: dict[str, list[Any]] = {
        "layers": [asdict(layer) for layer in base.layers],
        "files": [[public(path), layer, count] for path, layer, count in base.files],
        "directories": [[public(path), layer, count, number] for path, layer, count, number in base.directories],
        "waste": [[public(path), count] for path, count in base.waste.items()],
    }
    parts = [_field(key, value) for key, value in head.items()]
    for key, rows in lists.items():
        lines = b",\n".join(b"    " + dumps(row, indent=None) for row in rows)
        parts.append(_field(key, []) if not rows else _field(key, []).replace(b"[]", b"[\n" + lines + b"\n  ]"))
    for key, paths in (
        ("files_base64", [path for path, *_ in base.files]),
        ("directories_base64", [path for path, *_ in base.directories]),
        ("waste_base64", list(base.waste)),
    ):
        # The bytes of paths that are not UTF-8, by the row's number.
        odd = {str(row): b64encode(path).decode("ascii") for row, path in enumerate(paths) if not _is_utf8(path)}
        if odd:
            parts.append(_field(key, odd))
    return b"{\n" + b",\n".join(parts) + b"\n}\n"


def _field(key: str, value: Any) -> bytes:
    return b"  " + dumps(key) + b": " + dumps(value, indent=None)


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


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
            raise ConfigError(f"{shown} is not a baseline; make one with: imgscope baseline save IMAGE -o {shown}")
        if raw[_MARK] != VERSION:
            raise ConfigError(f"{shown} is a baseline of version {raw[_MARK]}, this imgscope reads {VERSION}")
        saved = msgspec.convert(raw, type=_saved_type())
        files, directories, waste = (
            _paths(rows, encoded)
            for rows, encoded in (
                (saved.files, saved.files_base64),
                (saved.directories, saved.directories_base64),
                (saved.waste, saved.waste_base64),
            )
        )
    except OSError as error:
        raise ConfigError(f"{shown} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{shown} is not a readable baseline: {escape(str(error))}") from None
    return Baseline(
        **{name: getattr(saved, name) for name in _FIGURES},
        # Those that were saved before instructions were held without their secrets may have some.
        layers=tuple(replace(layer, instruction=redact(layer.instruction)) for layer in saved.layers),
        files=tuple((files[row], layer, count) for row, (_, layer, count) in enumerate(saved.files)),
        directories=tuple((directories[row], *numbers) for row, (_, *numbers) in enumerate(saved.directories)),
        waste={waste[row]: count for row, (_, count) in enumerate(saved.waste)},
        origin=str(path),
        compressed_estimate=saved.compressed_estimate,
    )


def _paths(rows: Sequence[tuple[Any, ...]], encoded: Mapping[str, str]) -> list[bytes]:
    """Return the paths that rows begin with. Raises ``ValueError`` where their bytes can't be read."""
    return [
        b64decode(encoded[str(row)]) if str(row) in encoded else internal(path) for row, (path, *_) in enumerate(rows)
    ]


def _saved_type() -> Any:
    """Return the shape of the file; made when it is wanted, since msgspec is not needed before."""
    from typing import Annotated

    import msgspec

    count = Annotated[int, msgspec.Meta(ge=0)]
    kinds = {"text": str, "count": count, "count or null": count | None, "flag": bool}
    return msgspec.defstruct(
        "SavedBaseline",
        [
            *((name, kinds[kind]) for name, kind in _FIGURES.items()),
            ("layers", list[BaseLayer]),
            ("files", list[tuple[str, count, count]]),
            ("directories", list[tuple[str, count, count, count]]),
            ("waste", list[tuple[str, count]]),
            ("compressed_estimate", Estimate | None, None),
            ("files_base64", dict[str, str], {}),
            ("directories_base64", dict[str, str], {}),
            ("waste_base64", dict[str, str], {}),
        ],
    )
