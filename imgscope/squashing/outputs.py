"""What was written, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..escape import escape
from ..report.sizes import percent, quantity, size

if TYPE_CHECKING:
    from .run import Squashed

SCHEMA_VERSION = 1


def lines(found: Squashed, exact: bool) -> Iterator[str]:
    """Yield the lines for people."""
    share = f" ({percent(found.saved, found.before)} less)" if found.saved * 2000 >= max(found.before, 1) else ""
    sizes = f"{size(found.after, exact)} of {size(found.before, exact)} content{share}"
    yield f"{escape(found.path)}: {sizes}, {found.id[:19]}"
    for number, layer in enumerate(found.layers):
        first, last = layer.made_of
        what = f"layer {first}" if first == last else f"layers {first} to {last}"
        told = f"{what}{', as it was' if layer.kept else ''}" if layer.name is None else escape(layer.name)
        yield f"  {number:>3}  {size(layer.content_bytes, exact):>8}  {told}"
    yield from found.notes
    loads = f"docker load -i {escape(found.path)}"
    yield f"the same for a container, as checked; {quantity(len(found.layers), 'layer')}; load it: {loads}"


def document(found: Squashed) -> dict[str, Any]:
    """Return the result as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "path": found.path,
        "id": found.id,
        "names": list(found.names),
        "content_bytes_before": found.before,
        "content_bytes_after": found.after,
        "layers": [{**asdict(layer), "made_of": list(layer.made_of)} for layer in found.layers],
    }
