"""Bytes that one layer stores and a later one hides: removed, written anew, or copied to change an owner."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ...layer.index import FILE
from ...overlay.changes import COVERED, GONE, METADATA_ONLY, MODIFIED, REWRITTEN, TWICE
from ...overlay.merge import NO_ENTRY
from ..context import Context, WasteRow
from ..fixers import JOIN, JOIN_OR_MOVE, JOIN_PAIRS, Fixer, at_once
from ..model import Claim, Draft, Rule
from ..origin import CONTEXT
from ..own_lines import own, with_flags
from . import words

if TYPE_CHECKING:
    from ..fix.model import Step
    from ..fix.plan import Plan
    from ..model import Finding

# A builder's word for what was copied: the source's name is not in the history.
_HASHED = re.compile(r"(?:^|\s|:)(?:file|dir|multi):[0-9a-f]+")


def grouped(context: Context, *kinds: int) -> dict[tuple[int, int], list[WasteRow]]:
    """Return what the image's own layers hide of each other: rows by (the layer that stored, the layer that hid)."""
    found: dict[tuple[int, int], list[WasteRow]] = {}
    for kind in kinds:
        for row in context.waste.get(kind, ()):
            if row.stored_in in context.own_layers:
                found.setdefault((row.stored_in, row.by), []).append(row)
    return dict(sorted(found.items()))


def claims(rows: Iterable[WasteRow]) -> list[Claim]:
    """Return the hidden copies as claims."""
    return [Claim(row.path, row.entry) for row in rows]


def _removed_later(context: Context) -> Iterator[Draft]:
    for (stored, by), rows in grouped(context, GONE, COVERED).items():
        title = f"{words.files(len(rows))} of layer {stored} removed in layer {by}: the bytes stay in the image"
        if context.is_copy(stored):
            ignored = context.origin(stored).where == CONTEXT.where
            fix = (
                "What is copied in only to be used by a RUN does not have to be in a layer: mount it "
                f"(RUN --mount=type=bind,target=…), {'' if ignored else 'or '}copy it in a build stage"
                f"{', or keep it out with .dockerignore' if ignored else ''}."
            )
            yield Draft(title, fix, claims(rows), (stored, by))
        else:
            fix = "Remove them at the end of the RUN that makes them: a later one can only hide them."
            yield Draft(title, fix, claims(rows), (stored, by), words.joined(context, (stored, by)))


def _moved(context: Context) -> Iterator[Draft]:
    """Find what a layer removes here and adds there, with the same content."""
    overlay = context.overlay
    for (stored, by), rows in grouped(context, GONE, COVERED).items():
        new = _added(context, by)
        pairs: list[tuple[WasteRow, int]] = []
        for row in rows:
            name = row.path.rpartition(b"/")[2]
            same = new.get((name, overlay.sizes[row.entry]))
            if same is not None and overlay.kind(row.entry) == FILE:
                pairs.append((row, same))
        if not pairs or sum(row.bytes for row, _ in pairs) < context.min_size:
            continue
        context.require_contents()
        alike = context.analysis.contents.same(
            [(overlay.locate(row.entry), overlay.locate(entry)) for row, entry in pairs]
        )
        moved = [row for (row, _), equal in zip(pairs, alike, strict=True) if equal]
        if moved:
            yield Draft(
                f"{words.files(len(moved))} of layer {stored} moved in layer {by}: both copies stay in the image",
                "Write them where they are wanted in the first place: COPY to the final path, or move them in the "
                "RUN that makes them.",
                claims(moved),
                (stored, by),
                () if context.is_copy(stored) else words.joined(context, (stored, by)),
            )


def _added(context: Context, layer: int) -> dict[tuple[bytes, int], int]:
    """Return a layer's regular files by name and size."""
    overlay = context.overlay
    kinds, sizes = overlay.kinds, overlay.sizes
    return {
        (name, sizes[entry]): entry
        for _, name, entry in overlay.entries(layer)
        if kinds[entry] == FILE and sizes[entry]
    }


def chains(groups: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Join pairs of layers that have one in common: [(1, 2), (2, 5), (3, 4)] is [[1, 2, 5], [3, 4]]."""
    of: dict[int, set[int]] = {}
    for pair in groups:
        union = set(pair).union(*(of.get(layer, set()) for layer in pair))
        for layer in union:
            of[layer] = union
    return sorted(sorted(layers) for layers in {id(layers): layers for layers in of.values()}.values())


def _overwritten(context: Context) -> Iterator[Draft]:
    groups = {
        pair: rows
        for pair, rows in grouped(context, MODIFIED).items()
        # A few bytes are no reason to say that two instructions belong together.
        if sum(row.bytes for row in rows) * 8 >= context.min_size
    }
    for layers in chains(groups):
        rows = [row for pair, found in groups.items() if pair[0] in layers for row in found]
        runs = all(context.is_run(layer) for layer in layers)
        yield Draft(
            f"{words.files(len({row.path for row in rows}))} written by {words.layers(layers[:-1])} and overwritten "
            f"later: the old copies stay in the image",
            "Join these instructions to one RUN, so that each file is stored once, as it is in the end."
            if runs
            else "Write each file once, as it is to be in the end: change it in the build context or in a build stage "
            "before it is copied.",
            claims(rows),
            tuple(layers),
            words.joined(context, layers) if runs else (),
        )


def _metadata(context: Context) -> Iterator[Draft]:
    for (stored, by), rows in grouped(context, METADATA_ONLY).items():
        new = [context.overlay.inode(row.replaced_by) for row in rows if row.replaced_by != NO_ENTRY]
        flag = _flag(context, new, [row.entry for row in rows])
        title = f"{words.files(len(rows))} of layer {stored} stored again in layer {by} for owner, mode or time"
        if context.is_copy(stored):
            fix = "Set owner and mode when the files are copied; a RUN that changes them stores them a second time."
            lines: tuple[str, ...] = ()
            text = own(context, stored)
            if flag and not _HASHED.search(text):
                # Flags that are there already are those to be changed.
                text = re.sub(rf"\s--(?:{'|'.join(re.findall(r'--(ch[a-z]+)=', flag))})=\S+", "", text)
                lines = tuple(with_flags(text, flag).split("\n"))
            elif flag:
                fix = f"{fix} COPY takes the flags {flag}."
            yield Draft(title, fix, claims(rows), (stored, by), lines)
        else:
            fix = "Change owner, mode and time in the RUN that writes the files: in a later one they are stored again."
            yield Draft(title, fix, claims(rows), (stored, by), words.joined(context, (stored, by)))


def _flag(context: Context, new: Sequence[int], old: Sequence[int]) -> str:
    """Return the flags that make COPY write the owner and mode that a later instruction sets; empty if mixed."""
    meta = context.overlay.meta
    flags: list[str] = []
    after, before = set(map(meta, new)), set(map(meta, old))
    owners = {meta[1:] for meta in after}
    if len(owners) == 1 and owners != {meta[1:] for meta in before}:
        uid, gid = owners.pop()
        flags.append(f"--chown={uid}:{gid}")
    modes = {meta[0] for meta in after}
    if len(modes) == 1 and modes != {meta[0] for meta in before}:
        flags.append(f"--chmod={modes.pop():03o}")
    return " ".join(flags)


def _rewritten(context: Context) -> Iterator[Draft]:
    for (stored, by), rows in grouped(context, REWRITTEN).items():
        yield Draft(
            f"{words.files(len(rows))} of layer {stored} rewritten in layer {by}, byte for byte the same",
            "Leave out the second writing: nothing comes of it but a second copy.",
            claims(rows),
            (stored, by),
        )


def _repeated(context: Context) -> Iterator[Draft]:
    for (stored, _), rows in grouped(context, TWICE).items():
        yield Draft(
            f"{words.files(len(rows))} stored more than once in layer {stored}",
            "The builder that wrote this layer stored the same path several times: build it with another one.",
            claims(rows),
            (stored,),
        )


def _owner_by_copy(plan: Plan, finding: Finding) -> Iterator[Step]:
    from .layer_waste_fixes import set_by_copy

    yield from at_once(finding, partial(set_by_copy, plan, finding))


RULES = (
    Rule(
        "IS005",
        "moved",
        "Files that a later layer moves.",
        "certain",
        _moved,
        why="A layer can't change what is below it. Moving a directory in a RUN of its own stores all of it again, and "
        "the old place stays in the layer that wrote it.",
        before="COPY dist /tmp/dist\nRUN mv /tmp/dist /srv/www",
        after="COPY dist /srv/www",
        fixer=JOIN,
    ),
    Rule(
        "IS001",
        "removed-later",
        "Files that a later layer removes.",
        "certain",
        _removed_later,
        why="A layer that removes a file only hides it: the bytes stay in the layer below, and every pull brings them.",
        before="COPY sdk.tar.gz /tmp/\nRUN tar -xf /tmp/sdk.tar.gz -C /opt\nRUN rm /tmp/sdk.tar.gz",
        after="RUN --mount=type=bind,source=sdk.tar.gz,target=/tmp/sdk.tar.gz tar -xf /tmp/sdk.tar.gz -C /opt",
        fixer=JOIN_OR_MOVE,
    ),
    Rule(
        "IS003",
        "metadata-only",
        "Files stored again for their metadata only: owner, mode or time.",
        "certain",
        _metadata,
        why="Changing the owner of a file in a later layer stores the whole file again, however small the change.",
        before="COPY app /app\nRUN chown -R 1000:1000 /app",
        after="COPY --chown=1000:1000 app /app",
        fixer=Fixer(_owner_by_copy),
    ),
    Rule(
        "IS004",
        "rewritten",
        "Files rewritten, byte for byte the same.",
        "certain",
        _rewritten,
        why="A file that is written again is stored again, even if nothing about it has changed.",
        before="COPY . /app\nCOPY config /app/config",
        after="COPY . /app",
    ),
    Rule(
        "IS002",
        "overwritten",
        "Files that a later layer overwrites.",
        "certain",
        _overwritten,
        why="Each instruction that changes a file stores the whole file again. Package managers rewrite their database "
        "with each call, so several RUN that install packages store it several times.",
        before="RUN apt-get update && apt-get install -y curl\nRUN apt-get install -y git",
        after="RUN apt-get update && apt-get install -y curl git",
        fixer=JOIN_PAIRS,
    ),
    Rule(
        "IS006",
        "repeated",
        "Paths stored more than once in one layer.",
        "certain",
        _repeated,
        why="A layer's tar may hold a path several times; only the last counts. Builders that append to a tar do that.",
    ),
)
