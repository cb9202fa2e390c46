"""The difference between two images: layers, files, packages, config, and what it costs to pull."""

from __future__ import annotations

from collections.abc import Set
from contextlib import ExitStack
from typing import TYPE_CHECKING

from .config import compare_configs, uncompared
from .model import (
    KINDS,
    SECTIONS,
    Break,
    ConfigDifference,
    Difference,
    DirectoryDifference,
    FileDifference,
    Files,
    Filter,
    LayerPair,
    PackageDifference,
    Pull,
)

if TYPE_CHECKING:
    from typing import Unpack

    from ..analysis import Analysis
    from ..analyzer import AnyImage
    from ..layer.index import LayerIndex
    from ..packages import Packages
    from ..reading import ReadKeywords, ReadOptions

__all__ = [
    "KINDS",
    "SECTIONS",
    "Break",
    "ConfigDifference",
    "Difference",
    "DirectoryDifference",
    "FileDifference",
    "Files",
    "Filter",
    "LayerPair",
    "PackageDifference",
    "Pull",
    "compare",
    "diff",
]

_EVERYTHING = Filter()


def diff(
    old: AnyImage,
    new: AnyImage,
    *,
    wanted: Filter = _EVERYTHING,
    secrets: bool = False,
    options: ReadOptions | None = None,
    **how: Unpack[ReadKeywords],
) -> Difference:
    """Analyse two images and compare them; layers that both have are read once.

    Both are references, as for ``analyze``, or analyses, in any mix; what is opened here is open until the result
    is closed. ``wanted`` leaves out what is not asked for. ``secrets`` shows those of the configs as they are, which
    else are compared and not shown. How images are read is said as for ``analyze``. Raises ``UsageError`` and
    ``ImageError``.
    """
    from ..analyzer import name_of, opened
    from ..errors import UsageError
    from ..escape import escape
    from ..progress import working
    from ..reading import ReadOptions
    from ..shared import SharedLayers

    if name_of(old) == "-" == name_of(new) and isinstance(old, str) and isinstance(new, str):
        raise UsageError("only one image can come from standard input")
    chosen = ReadOptions.of(options, how)
    chosen = chosen.but(shared=chosen.shared or SharedLayers(), raw=True)
    with ExitStack() as stack:
        before, after = (stack.enter_context(opened(image, chosen)) for image in (old, new))
        if secrets:
            before, after = before.with_secrets(), after.with_secrets()
        with working(chosen.progress, f"comparing {escape(name_of(old))} with {escape(name_of(new))}"):
            return compare(before, after, wanted).hold(stack)


def _same(before: LayerIndex, one: int, after: LayerIndex, two: int) -> bool:
    """Tell whether two entries are the same but for what is in them."""
    return (
        before.kinds[one] == after.kinds[two]
        and before.sizes[one] == after.sizes[two]
        and before.mtimes[one] == after.mtimes[two]
        and before.meta_table[before.metas[one]] == after.meta_table[after.metas[two]]
    )


def _differs(old: Analysis, new: Analysis, pair: LayerPair, changed: Set[bytes]) -> str:
    """Return the path that makes two layers of one instruction differ: the largest whose content has changed.

    Where none has, the first that only one of them has, or that has another owner, mode, time or target.
    """
    from ..paths import join, public

    assert pair.old is not None and pair.new is not None
    before, after = (one.body.overlay.layers[layer.index] for one, layer in ((old, pair.old), (new, pair.new)))
    best: tuple[int, bytes] | None = None
    other: bytes | None = None
    for directory in sorted({*before.children, *after.children}):
        was, now = before.children.get(directory, {}), after.children.get(directory, {})
        for name in sorted({*was, *now}):
            one, two = was.get(name), now.get(name)
            path = join(directory, name)
            if one is not None and two is not None:
                if max(one, two) < 0:
                    continue
                if min(one, two) >= 0 and path not in changed and _same(before, one, after, two):
                    continue
            if path in changed:
                size = after.sizes[two] if two is not None and two >= 0 else 0
                best = min(best, (-size, path)) if best is not None else (-size, path)
            other = path if other is None or path < other else other
    found = best[1] if best is not None else other
    return "" if found is None else public(found)


def compare(old: Analysis, new: Analysis, wanted: Filter = _EVERYTHING) -> Difference:
    """Compare two analyses. Raises ``ImageError`` where contents have to be read and can't be."""
    from .claims import believed
    from .files import Comparison
    from .layers import first_break, lacking, pairings, pull
    from .rows import FileDifferences

    claims = believed(old, new)
    notes = list(claims.notes)
    comparison = Comparison(old, new, claims.shared)
    changed_bytes, by_layer = comparison.really_new()
    before, after = comparison.touched()
    missing = lacking(claims.old, claims.new)
    pairs = tuple(
        LayerPair(
            status,
            None if before_number is None else old.layers[before_number],
            None if number is None else new.layers[number],
            0 if number is None else by_layer.get(number, 0),
            number is not None and missing[number],
        )
        for status, before_number, number in pairings(claims.old, claims.new)
    )
    first = first_break(pairs, timestamps=False)
    if first is not None and first.pair.old and first.pair.new:
        untouched = first.pair.old.index not in before and first.pair.new.index not in after
        first = first_break(pairs, untouched, _differs(old, new, first.pair, comparison.content_paths()))
    files = FileDifferences(comparison, wanted)
    unread_count, unread_bytes = comparison.unread()
    if unread_count:
        notes.append(
            f"contents of {unread_count:,} files of equal size could not be compared: "
            "save analyses with --fingerprints to have them compared"
        )
    packages: tuple[PackageDifference, ...] = ()
    owners: tuple[Packages | None, Packages | None] = (None, None)
    unpackaged: int | None = None
    if wanted.wants("packages"):
        from .packages import compare_packages, read_both

        was, now, words = read_both(old, new, comparison)
        notes += words
        owners = was, now
        if was is not None and now is not None:
            packages = tuple(compare_packages(was, now, comparison.content_paths()))
            whole = not was.unread and not now.unread
            unpackaged = (new.image.merged_bytes - now.total_bytes) - (old.image.merged_bytes - was.total_bytes)
            unpackaged = unpackaged if whole else None
    if wanted.wants("config") and (unsaid := uncompared(old, new)):
        notes.append(unsaid)
    return Difference(
        old=old,
        new=new,
        filter=wanted,
        layers=pairs,
        broken=first,
        pull=pull(claims.old, claims.new, changed_bytes, unread_bytes),
        files=files,
        packages=packages,
        unpackaged_bytes=unpackaged,
        owners=owners,
        config=tuple(compare_configs(old, new)) if wanted.wants("config") else (),
        notes=tuple(notes),
    )
