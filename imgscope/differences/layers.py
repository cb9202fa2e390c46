"""Lines the layers of two images up: what they share, what first broke that, and what it costs to pull."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple, Protocol

from ..rows import Layer
from .model import Break, LayerPair, Pull, words_of

# Instructions at least this alike, at the same place, are one that was edited.
_ALIKE = 0.7
_COMPARED = 2000


class _Known(Protocol):
    """What is known of a layer where layers are only told apart."""

    @property
    def diff_id(self) -> str | None: ...
    @property
    def instruction(self) -> str: ...


class Pairing(NamedTuple):
    """Two layers by their numbers, and what they are to one another: ``status`` as in ``LayerPair``."""

    status: str
    old: int | None
    new: int | None


def align(old: Sequence[Layer], new: Sequence[Layer]) -> list[LayerPair]:
    """Pair the layers of OLD and NEW, as ``pairings`` does."""
    return [
        LayerPair(status, None if i is None else old[i], None if j is None else new[j])
        for status, i, j in pairings(old, new)
    ]


def pairings(old: Sequence[_Known], new: Sequence[_Known]) -> list[Pairing]:
    """Pair the layers of OLD and NEW, in NEW's order; layers that are gone stand where they were.

    By diff_id first, then by instruction, then, between two pairs, by likeness. Pairs whose order differs are
    ``reordered``: as few of them as will do.
    """
    shared = shared_prefix(old, new)
    pairs: dict[int, int] = {}
    _match(pairs, old, new, shared, lambda layer: layer.diff_id)
    _match(pairs, old, new, shared, lambda layer: words_of(layer) or None)
    stays = _in_order(pairs)
    _match_alike(pairs, stays, old, new, shared)

    found = [Pairing("shared", i, i) for i in range(shared)]
    position = shared
    matched_old = set(pairs.values())
    for number in range(shared, len(new)):
        partner = pairs.get(number)
        if partner is None:
            found.append(Pairing("new", None, number))
            continue
        if number not in stays:
            found.append(Pairing("reordered", partner, number))
            continue
        found.extend(_gone(position, partner, matched_old))
        position = partner + 1
        same = old[partner].diff_id is not None and old[partner].diff_id == new[number].diff_id
        found.append(Pairing("same" if same else "changed", partner, number))
    found.extend(_gone(position, len(old), matched_old))
    return found


def _gone(start: int, end: int, matched: set[int]) -> list[Pairing]:
    return [Pairing("gone", i, None) for i in range(start, end) if i not in matched]


def shared_prefix(old: Sequence[_Known], new: Sequence[_Known]) -> int:
    """Return how many of the lowest layers are the same in both."""
    count = 0
    for a, b in zip(old, new, strict=False):
        if a.diff_id is None or a.diff_id != b.diff_id:
            break
        count += 1
    return count


def _match(
    pairs: dict[int, int],
    old: Sequence[_Known],
    new: Sequence[_Known],
    start: int,
    key: Callable[[_Known], str | None],
) -> None:
    """Pair layers with equal keys, from the bottom; ``pairs`` maps the number in NEW to that in OLD."""
    taken = set(pairs.values())
    waiting: dict[str, list[int]] = {}
    for number in range(len(old) - 1, start - 1, -1):
        value = key(old[number])
        if number not in taken and value is not None:
            waiting.setdefault(value, []).append(number)
    for number in range(start, len(new)):
        if number not in pairs and (candidates := waiting.get(key(new[number]) or "")):
            pairs[number] = candidates.pop()


def _in_order(pairs: dict[int, int]) -> set[int]:
    """Return the numbers in NEW of the most pairs whose order is the same in both (longest increasing run)."""
    tails: list[int] = []
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for number in sorted(pairs):
        place = bisect_left(tails, pairs[number])
        before[number] = ends[place - 1] if place else None
        if place == len(tails):
            tails.append(pairs[number])
            ends.append(number)
        else:
            tails[place], ends[place] = pairs[number], number
    kept: set[int] = set()
    here = ends[-1] if ends else None
    while here is not None:
        kept.add(here)
        here = before[here]
    return kept


def _match_alike(
    pairs: dict[int, int], stays: set[int], old: Sequence[_Known], new: Sequence[_Known], start: int
) -> None:
    """Pair what is left over between two pairs that stayed in order: instructions that were edited."""
    taken = set(pairs.values())
    edges = [(start - 1, start - 1), *((number, pairs[number]) for number in sorted(stays)), (len(new), len(old))]
    for (new_low, old_low), (new_high, old_high) in itertools.pairwise(edges):
        left_old = [i for i in range(old_low + 1, old_high) if i not in taken]
        position = 0
        for number in range(new_low + 1, new_high):
            if number in pairs:
                continue
            for place in range(position, len(left_old)):
                if _alike(old[left_old[place]], new[number]):
                    pairs[number] = left_old[place]
                    stays.add(number)
                    position = place + 1
                    break


def _alike(old: _Known, new: _Known) -> bool:
    a, b = words_of(old)[:_COMPARED], words_of(new)[:_COMPARED]
    if not a or not b:
        return not a and not b
    if a.split(None, 1)[0] != b.split(None, 1)[0]:
        return False
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def lacking(old: Sequence[Layer], new: Sequence[Layer]) -> list[bool]:
    """Tell for each layer of NEW whether a machine that has OLD must fetch its blob; a blob is fetched once.

    Blobs are told apart by digest. Where one of the images is stored uncompressed (an export of an engine) while
    the other is not, their digests can't be compared, so diff_ids are.
    """
    had: set[str] = set()
    plain_old = any(_plain(layer) for layer in old)
    for layer in old:
        had.update(_identities(layer))
    answers: list[bool] = []
    for layer in new:
        if layer.digest is None or layer.digest == layer.diff_id or plain_old:
            present = (layer.diff_id is not None and layer.diff_id in had) or layer.digest in had
        else:
            present = layer.digest in had
        answers.append(not present)
        had.update(_identities(layer))
    return answers


def _plain(layer: Layer) -> bool:
    return layer.digest is None or layer.digest == layer.diff_id


def _identities(layer: Layer) -> list[str]:
    return [name for name in (layer.digest, layer.diff_id) if name]


def pull(old: Sequence[Layer], new: Sequence[Layer], changed_bytes: int, unread_bytes: int = 0) -> Pull:
    """Add up what a machine that has OLD must fetch for NEW."""
    wanted = [layer for layer, missing in zip(new, lacking(old, new), strict=True) if missing and not layer.missing]
    chain = [layer for layer in new[shared_prefix(old, new) :] if not layer.missing]
    return Pull(
        layers=len(wanted),
        bytes=_sum(wanted),
        compressed=bool(wanted) and all(layer.compression for layer in wanted),
        content_bytes=sum(layer.content_bytes for layer in wanted),
        chain_bytes=_sum(chain),
        changed_bytes=changed_bytes,
        unread_bytes=unread_bytes,
    )


def _sum(layers: Sequence[Layer]) -> int | None:
    sizes = [layer.blob_bytes for layer in layers]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def first_break(pairs: Sequence[LayerPair], timestamps: bool, file: str = "") -> Break | None:
    """Find what first broke the sharing; ``None`` when all layers of the one image are the lowest of the other.

    ``timestamps`` tells that nothing but times differs in what that layer brings, ``file`` which path does.
    """
    place = next((place for place, pair in enumerate(pairs) if pair.status != "shared"), None)
    rest = {pair.status for pair in pairs} - {"shared"}
    if place is None or rest in ({"new"}, {"gone"}):
        return None
    pair = pairs[place]
    if pair.status == "changed":
        cause = "changed" if pair.same_instruction or _samewords_of(pair) else "edited"
    elif pair.status == "new" and any(p.status == "gone" and p.old and p.old.index == place for p in pairs):
        cause = "replaced"
    else:
        cause = {"new": "inserted", "gone": "removed", "reordered": "reordered", "same": "reordered"}[pair.status]
    return Break(cause, pair, timestamps and cause == "changed", file if cause == "changed" else "")


def _samewords_of(pair: LayerPair) -> bool:
    return bool(pair.old and pair.new and words_of(pair.old) == words_of(pair.new))
