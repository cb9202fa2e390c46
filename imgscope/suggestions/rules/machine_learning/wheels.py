"""Wheels installed over wheels: what a later installation replaced stays in the layer that stored it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ....errors import ContentUnavailableError, ImageError
from ....overlay.changes import COVERED, GONE, MODIFIED, REWRITTEN
from ....packages.lines import lines
from ....paths import join
from ....report.sizes import size as size_text
from ...context import WasteRow
from ...fixers import JOIN_OR_MOVE
from ...model import Claim, Draft, Rule
from .. import words

if TYPE_CHECKING:
    from ...context import Context

_SITE = re.compile(rb"(.*/(?:site|dist)-packages)/(.+)")
_INFO = re.compile(rb"([^/]+)-([^-/]+)\.dist-info/RECORD")
# So many distributions are named.
_NAMED = 3
# Folders that several distributions share.
_SHARED = (b"nvidia", b"google", b"azure", b"nvidia_cutlass_dsl")


def _shadowed(context: Context) -> Iterator[Draft]:
    """Find what pip replaced or removed of distributions that an earlier layer, or the base, had installed."""
    groups: dict[tuple[int, int], list[WasteRow]] = {}
    for kind in (GONE, COVERED, MODIFIED, REWRITTEN):
        for row in context.waste.get(kind, ()):
            if row.by in context.own_layers and _SITE.fullmatch(row.path):
                groups.setdefault((row.stored_in, row.by), []).append(row)
    for (stored, by), rows in sorted(groups.items()):
        owners = _owners(context, rows)
        if not owners:
            continue
        yield _draft(context, stored, by, rows, owners)


def _draft(context: Context, stored: int, by: int, rows: Sequence[WasteRow], owners: dict[bytes, str]) -> Draft:
    sizes: Counter[str] = Counter()
    for row in rows:
        sizes[_owner(row.path, owners)] += row.bytes
    ranked = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{name} {size_text(count)}" for name, count in ranked[:_NAMED])
    more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    base = stored not in context.own_layers
    where = f"the base image's layer {stored}" if base else f"layer {stored}"
    runs = context.is_run(stored) and context.is_run(by) and not base
    return Draft(
        f"{words.files(len(rows))} of packages in {where} replaced in layer {by}: {told}{more}",
        "Keep the base's versions (pip freeze > constraints.txt, then pip install -c constraints.txt), or take a base "
        "without them."
        if base
        else "Install everything in one RUN with one resolution, so that each package is downloaded once: what a later "
        "one replaces stays in the image.",
        [Claim(row.path, row.entry) for row in rows],
        (by,) if base else (stored, by),
        words.joined(context, (stored, by)) if runs else (),
        certainty="likely" if base else None,
    )


def _owners(context: Context, rows: Sequence[WasteRow]) -> dict[bytes, str]:
    """Return the distributions that hidden records tell of (``torch 2.1.0``), by the folders that they list."""
    records: dict[int, tuple[bytes, str]] = {}
    for row in rows:
        match = _SITE.fullmatch(row.path)
        info = _INFO.fullmatch(match[2]) if match is not None else None
        if match is not None and info is not None:
            name = f"{info[1].decode('utf-8', 'replace')} {info[2].decode('utf-8', 'replace')}"
            records[row.entry] = match[1], name
    found: dict[bytes, str] = {}
    try:
        for entry, data in context.read(records):
            site, name = records[entry]
            for line in lines(data):
                found.setdefault(_top(site, line.partition(b",")[0]), name)
    except (ContentUnavailableError, ImageError):
        return {join(site, name.partition(" ")[0].encode()): name for site, name in records.values()}
    return found


def _top(site: bytes, path: bytes) -> bytes:
    parts = path.split(b"/", 2)
    return b"/".join([site, *parts[: 2 if parts[0] in _SHARED else 1]])


def _owner(path: bytes, owners: dict[bytes, str]) -> str:
    match = _SITE.fullmatch(path)
    assert match is not None
    top = _top(match[1], match[2])
    return owners.get(top) or top.rpartition(b"/")[2].decode("utf-8", "replace")


RULES = (
    Rule(
        code="IS509",
        name="wheels-over-wheels",
        summary="Python packages that a later layer installs in another version.",
        certainty="certain",
        check=_shadowed,
        why="Each RUN that calls pip resolves anew. What a later one replaces, gigabytes of torch and CUDA for "
        "instance, stays in the layer that stored it. The distributions are those of the records (RECORD) that were "
        "replaced with them.",
        before="RUN pip install torch\nRUN pip install -r requirements.txt",
        after="RUN pip install torch -r requirements.txt",
        fixer=JOIN_OR_MOVE,
    ),
)
