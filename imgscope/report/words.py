"""What the report says, whatever it is set in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..escape import escape
from .interface import Options
from .sizes import quantity

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..history import HistoryStep
    from ..largest import PackageSizes
    from ..layer.estimate import Estimate
    from ..rollup import WasteGroup
    from ..rows import Layer

REASONS = {
    "overwritten": "overwritten",
    "rewritten": "rewritten",
    "metadata_only": "metadata only",
    "removed": "removed",
    "shadowed": "shadowed",
    "repeated": "repeated",
}


def content(analysis: Analysis) -> str:
    """Say what the content is: paths, layers, and what Docker calls it."""
    files = f"{quantity(analysis.image.file_count, 'path')} in {quantity(len(analysis.layers), 'layer')}"
    return f"{files}; the SIZE of docker images"


def stored(analysis: Analysis, size: Callable[[int | None], str]) -> Iterator[tuple[str, str, str]]:
    """Yield what the image takes as it is stored, and what is pulled: (name, size, words)."""
    image = analysis.image
    compressed = [layer.compression is not None for layer in analysis.layers if layer.missing is None]
    if compressed and all(compressed):
        yield "to pull", size(image.blob_bytes), "compressed, as stored"
        return
    yield "as tar", size(image.blob_bytes), "some layers compressed" if any(compressed) else "not compressed"
    if image.compressed_estimate is not None:
        yield "to pull", f"about {size(image.compressed_estimate.bytes)}", estimated(image.compressed_estimate, size)


def estimated(estimate: Estimate, size: Callable[[int | None], str]) -> str:
    """Say how sure an estimate is, and how it was made."""
    return f"give or take {size(estimate.error)}; {estimate.method}, from a sample of each layer"


def instruction(layer: Layer) -> str:
    """Return what made a layer, in one line that is safe to print; or why it is not analysed."""
    if layer.missing:
        return escape(layer.missing)
    return escape(" ".join(layer.instruction.split())) or "(no history)"


def step(step: HistoryStep) -> str:
    """Return a step that made no layer, in one line that is safe to print, without what looks like a secret."""
    from ..secrets import redact

    return escape(" ".join(redact(step.instruction).split())) or "(no instruction)"


def rows(analysis: Analysis, history: bool) -> Iterator[tuple[HistoryStep | None, Layer | None]]:
    """Yield the layers in order; with ``history``, among them the steps that made none."""
    layers = list(analysis.layers)
    told = 0
    for found in analysis.image.history if history else ():
        if found.layer is not None and found.layer < len(layers):
            yield found, layers[found.layer]
            told = found.layer + 1
        elif found.empty:
            yield found, None
    for layer in layers[told:]:
        yield None, layer


def groups(analysis: Analysis, limit: int) -> tuple[Sequence[WasteGroup], tuple[int, int] | None]:
    """Return the first rows of the waste, and of those that are left out how many they are, and their bytes."""
    shown = analysis.waste_groups(limit)
    left = analysis.highlights.group_count - len(shown)
    rest = analysis.image.wasted_bytes - sum(group.bytes for group in shown)
    return shown, (left, rest) if left > 0 else None


def group(group: WasteGroup) -> str:
    """Return where wasted copies lie, and how many they are."""
    return group.path if group.copies == 1 else f"{group.path} ({quantity(group.copies, 'file')})"


def unread(packages: PackageSizes) -> Iterator[str]:
    """Say of which kinds of packages not all is known."""
    for kind, why in sorted(packages.unread.items()):
        yield f"{kind}: {why}"


def following(analysis: Analysis, options: Options) -> str:
    """Return what to do next: nothing that is not known is promised, and nothing where there is no use in it."""
    if not options.again or not analysis.image.wasted_bytes:
        return ""
    return f"next: imgscope suggest {escape(options.again)}"
