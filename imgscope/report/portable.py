"""JSON as every command writes it: ASCII alone, no number that JSON lacks, and one form for what is not UTF-8.

Whoever prints such JSON prints no control character and nothing that turns text around (``\\u202e``), and any program
reads it. A text that is not UTF-8 has U+FFFD for what can't be read, and its bytes stand beside it: those of ``path``
in ``path_base64``; of a list of texts, a list with ``null`` for those that are whole.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64encode
from typing import Any

from ..escape import unsteered

_SURROGATE = re.compile("[\ud800-\udfff]")


def dumps(value: Any, *, indent: int | None = 1, base64: bool = True) -> bytes:
    """Write a document; without ``base64`` for formats of others, which have no place for further fields."""
    return _text(portable(value, base64=base64), indent)


def dumps_row(row: dict[str, Any]) -> bytes:
    """Write a row of a long list in one line."""
    from msgspec.json import encode

    # A tenth of the time, for the rows that hold nothing unusual; it escapes nothing but what JSON has to.
    try:
        plain = encode(row)
    except ValueError:
        plain = b""
    if plain and plain.isascii() and b"\x7f" not in plain and b"##" not in plain:
        return plain
    return _text(portable(row), separators=(",", ":"))


def _text(value: Any, indent: int | None = None, separators: tuple[str, str] | None = None) -> bytes:
    # JSON takes DEL as it stands.
    text = json.dumps(value, indent=indent, separators=separators).replace("\x7f", "\\u007f")
    return unsteered(text).encode("ascii")


def portable(value: Any, *, base64: bool = True) -> Any:
    """Return a value with only what JSON can say to everybody; see the module's words."""
    if isinstance(value, str):
        return _clean(value)[0]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        found: dict[Any, Any] = {}
        for key, item in value.items():
            name = _clean(key)[0] if isinstance(key, str) else key
            found[name] = portable(item, base64=base64)
            known = _bytes(item) if base64 else None
            if known is not None:
                found[f"{name}_base64"] = known
        return found
    if isinstance(value, list | tuple):
        return [portable(item, base64=base64) for item in value]
    return value


def _bytes(value: Any) -> str | list[str | None] | None:
    """Return the bytes of a text that is not UTF-8, or of such texts in a list; ``None`` where there is none."""
    if isinstance(value, str):
        raw = _clean(value)[1]
        return None if raw is None else b64encode(raw).decode("ascii")
    if isinstance(value, list | tuple) and value and all(isinstance(item, str) for item in value):
        found = [_bytes(item) for item in value]
        return [item if isinstance(item, str) else None for item in found] if any(found) else None
    return None


def _clean(text: str) -> tuple[str, bytes | None]:
    """Return a text as UTF-8 has it, and the bytes that it stands for where that is not the same."""
    if text.isascii() or not _SURROGATE.search(text):
        return text, None
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # Half of a pair of surrogates, out of somebody's JSON: it stands for no bytes.
        return _SURROGATE.sub("\ufffd", text), None
    return raw.decode("utf-8", "replace"), raw
