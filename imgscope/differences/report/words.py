"""What the formats for people say alike: signed sizes, names of kinds, sentences on sharing and pulling."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from ...escape import escape
from ...report.sizes import quantity, size
from ...steps import with_short_hash
from ..model import DirectoryDifference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...rows import Layer
    from ..model import Break, Difference, LayerPair, Pull

KIND_NAMES = {
    "added": "added",
    "removed": "removed",
    "changed": "changed",
    "type_changed": "type changed",
    "moved": "moved",
    "metadata_only": "metadata only",
    "unread": "not compared",
}
# One sign for each kind, for where colour can't be.
MARKS = {
    "added": "+",
    "removed": "-",
    "changed": "~",
    "type_changed": "!",
    "moved": ">",
    "metadata_only": "m",
    "unread": "?",
}
# Where less is pulled than this for each byte that changed, the order of the layers is fine.
_AS_MUCH = 1.25
_CAUSES = {
    "changed": "has the same instruction, but other bytes",
    "edited": "has another instruction",
    "replaced": "is another instruction altogether",
    "inserted": "is new there",
    "removed": "is gone",
    "reordered": "stands at another place",
}

# Differences of the configs that people are shown: an image may set a hundred thousand variables. JSON has all.
MAX_CONFIG = 1000


def signed(count: int, exact: bool = False) -> str:
    """Write a difference of bytes with its sign."""
    return ("+" if count > 0 else "") + size(count, exact) if count else "0 B"


def percent_change(before: int, after: int) -> str:
    """Write how much more, or less, ``after`` is."""
    share = (after - before) / before if before else 0.0
    return f"{share:+.1%}".replace("%", " %") if abs(share) >= 0.0005 else ""


def sharing(difference: Difference) -> list[str]:
    """Say which layers are shared, and what first broke the sharing."""
    pairs = difference.layers
    shared = sum(pair.status == "shared" for pair in pairs)
    total = len(difference.new.layers)
    lines = [f"{shared} of {quantity(total, 'layer')} shared"]
    broken = difference.broken
    if broken is not None:
        lines[0] += f"; {where(broken.pair)} {_CAUSES[broken.cause]}"
        if broken.timestamps:
            lines.append("no file of it differs in more than its time: the build is not reproducible")
        if broken.file:
            name = escape(broken.file)
            lines.append(f"the first file that differs in it is {name}")
    elif shared == total == len(difference.old.layers):
        lines = [f"all {quantity(total, 'layer')} shared"] if total else ["no layers"]
    elif shared == len(difference.old.layers):
        lines[0] += "; NEW adds to OLD"
    elif shared == total:
        lines[0] += "; NEW is what OLD was built on"
    return lines


def where(pair: LayerPair) -> str:
    """Name the layers of a pair by their numbers."""
    if pair.new is None:
        assert pair.old is not None
        return f"layer {pair.old.index} of OLD"
    return f"layer {pair.new.index}"


def instruction(layer: Layer) -> str:
    """Write an instruction as one line; digests that older builders put into it are cut short."""
    return with_short_hash(" ".join(layer.instruction.split())) or "(no history)"


def culprit(broken: Break) -> list[tuple[str, str]]:
    """Return the instructions of a break: (mark, instruction)."""
    old, new = broken.pair.old, broken.pair.new
    if old and new and broken.pair.same_instruction:
        return [("", instruction(new))]
    found = [("-", instruction(old))] if old else []
    return [*found, ("+", instruction(new))] if new else found


def pulling(pull: Pull, exact: bool) -> list[str]:
    """Say what a machine that has OLD must fetch, and how much of it is new."""
    if not pull.layers:
        return ["nothing to pull: OLD has every blob of NEW"]
    content = size(pull.content_bytes, exact)
    stored = f"{size(pull.bytes, exact)} in {quantity(pull.layers, 'layer')}"
    if pull.compressed:
        lines = [f"to pull: {stored}, compressed ({content} of files)"]
    elif pull.bytes is None:
        lines = [f"to pull: {quantity(pull.layers, 'layer')} ({content} of files); the stored size is not known"]
    else:
        lines = [f"to pull: {stored}, not compressed ({content} of files)"]
    line = f"really changed: {size(pull.changed_bytes, exact)} of files"
    if pull.unread_bytes:
        most = size(pull.changed_bytes + pull.unread_bytes, exact)
        line = f"really changed: between {size(pull.changed_bytes, exact)} and {most} of files"
    elif pull.ratio is None:
        line = "really changed: no file's content"
    elif pull.ratio < _AS_MUCH:
        line += ", about as much as is pulled"
    else:
        line += f"; {ratio(pull.ratio)} times as much is pulled"
    lines.append(line)
    if pull.chain_bytes is not None and pull.bytes is not None and pull.chain_bytes > pull.bytes:
        lines.append(f"{size(pull.chain_bytes, exact)} for engines that know layers by their chain only")
    return lines


def why(difference: Difference) -> str:
    """Say in one sentence why NEW is larger, or smaller: by how much, where, and which package or layer above all."""
    old, new = difference.old.image, difference.new.image
    growth = difference.growth
    if not growth:
        return "NEW is as large as OLD" + ("" if difference.equal else ", though not the same")
    up = growth > 0
    # Of an image of nearly nothing a share says nothing.
    share = percent_change(old.content_bytes, new.content_bytes) if new.content_bytes < 10 * old.content_bytes else ""
    text = f"NEW is {size(abs(growth))} {'larger' if up else 'smaller'}" + (f" ({share})" if share else "")
    parts: list[str] = []
    merged = new.merged_bytes - old.merged_bytes
    wasted = new.wasted_bytes - old.wasted_bytes
    if wasted * growth > 0 and abs(wasted) * 2 > abs(growth):
        parts.append(f"{signed(wasted)} of waste")
    place = _place(difference) if merged * growth > 0 else None
    if place is not None:
        parts.append(f"{signed(place.delta)} in {escape(place.path)}")
    packages = [row for row in difference.packages if row.delta * growth > 0]
    if packages:
        first = max(packages, key=lambda row: (abs(row.delta), row.ecosystem, row.name))
        if abs(first.delta) * 4 >= abs(growth):
            parts.append(f"{signed(first.delta)} by {first.ecosystem}'s {escape(first.name)}, {first.kind}")
    return f"{text}: {', '.join(parts)}" if parts else text


def _place(difference: Difference) -> DirectoryDifference | None:
    """Return the deepest directory that still has four fifths of what the files have gained, or lost."""
    directories = difference.files.directories()
    whole = directories.get("/")
    if whole is None or not whole.delta:
        return None
    best = whole
    for path in sorted(directories, key=lambda path: (len(path), path)):
        row = directories[path]
        inside = path.startswith("/" if best.path == "/" else best.path + "/")
        if inside and row.delta * whole.delta > 0 and abs(row.delta) * 5 >= abs(whole.delta) * 4:
            best = row
    return best


def ratio(value: float) -> str:
    """Write a ratio with as many digits as tell something."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def status(pair: LayerPair) -> str:
    """Name what became of a layer."""
    if pair.status == "changed" and not pair.same_instruction:
        return "edited"
    return pair.status


def outline(directories: Mapping[str, DirectoryDifference], limit: int) -> list[tuple[int, str, DirectoryDifference]]:
    """Choose the directories that tell most: as (depth, label, difference), in the order of a tree.

    The one with most bytes come and gone is opened first, then the next, until ``limit`` lines are there. A chain of
    directories with nothing beside is one line, labelled by all their names.
    """
    children: dict[str, list[str]] = {}
    for path in directories:
        if path != "/":
            children.setdefault(path.rpartition("/")[0] or "/", []).append(path)

    def weight(path: str) -> int:
        return directories[path].came + directories[path].gone

    def chain(path: str) -> str:
        """Follow a directory down as long as one directory below it has all the bytes that it has."""
        while below := [child for child in children.get(path, ()) if weight(child) == weight(path)]:
            path = below[0]
        return path

    if "/" not in directories or not weight("/"):
        return []
    top = chain("/")
    shown: dict[str, str] = {top: ""}
    waiting: list[tuple[int, str]] = [(-weight(top), top)]
    while waiting and len(shown) < limit:
        _, parent = heappop(waiting)
        ranked = sorted(children.get(parent, ()), key=lambda path: (-weight(path), path))
        for child in ranked[: limit - len(shown)]:
            if not weight(child):
                break
            last = chain(child)
            shown[last] = parent
            heappush(waiting, (-weight(last), last))
    lines: list[tuple[int, str, DirectoryDifference]] = []

    def draw(path: str, depth: int, above: str) -> None:
        label = path if not depth else path[len(above.rstrip("/")) + 1 :]
        lines.append((depth, label, directories[path]))
        inner = [child for child, parent in shown.items() if parent == path and child != top]
        for child in sorted(inner, key=lambda child: (-abs(directories[child].delta), -weight(child), child)):
            draw(child, depth + 1, path)

    draw(top, 0, "")
    return lines
