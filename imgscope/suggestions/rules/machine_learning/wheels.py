"""Wheels installed over wheels: what a later installation replaced stays in the layer that stored it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from typing import TYPE_CHECKING

from ....errors import ContentUnavailableError, ImageError
from ....overlay.changes import COVERED, GONE, MODIFIED, REWRITTEN
from ....packages.lines import lines
from ....paths import join, split
from ....report.sizes import size as size_text
from ...context import WasteRow
from ...fixers import JOIN_OR_MOVE
from ...model import Claim, Draft, Rule
from .. import words

if TYPE_CHECKING:
    from ...context import Context

_SITE = re.compile(rb"(.*/(?:site|dist)-packages)/(.+)")
_FOLDER = re.compile(rb"([^/-]+)-([^/-]+)\.dist-info")
_INFO = re.compile(rb"([^/-]+)-([^/-]+)\.dist-info/RECORD")
# So many distributions are named.
_NAMED = 3
# Folders that several distributions share.
_SHARED = (b"nvidia", b"google", b"azure", b"nvidia_cutlass_dsl", b"__pycache__")


def _shadowed(context: Context) -> Iterator[Draft]:
    """Find what pip replaced of distributions that an earlier layer, or the base, had installed.

    What a layer removes and does not install anew is no business of this rule: an uninstallation was meant.
    """
    groups: dict[tuple[int, int], list[WasteRow]] = {}
    for kind in (GONE, COVERED, MODIFIED, REWRITTEN):
        for row in context.waste.get(kind, ()):
            if row.by in context.own_layers and _SITE.fullmatch(row.path):
                groups.setdefault((row.stored_in, row.by), []).append(row)
    installed = {by: _installed(context, by) for by in {by for _, by in groups}}
    for (stored, by), rows in sorted(groups.items()):
        owners = _owners(context, rows, installed[by])
        part = [row for row in rows if _top(*_inside(row.path)) in owners]
        if part:
            yield _draft(context, stored, by, part, owners)


def _draft(context: Context, stored: int, by: int, rows: Sequence[WasteRow], owners: dict[bytes, str]) -> Draft:
    sizes: Counter[str] = Counter()
    for row in rows:
        sizes[owners[_top(*_inside(row.path))]] += row.bytes
    ranked = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{name} {size_text(count)}" for name, count in ranked[:_NAMED])
    more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    base = stored not in context.own_layers
    where = f"the base image's layer {stored}" if base else f"layer {stored}"
    runs = context.is_run(stored) and context.is_run(by) and not base
    return Draft(
        f"{words.files(len(rows))} of packages in {where} replaced in layer {by}: {told}{more}",
        "Keep the base's versions (leave out the upgrade, or pip freeze > constraints.txt and pip install -c "
        "constraints.txt), or take a base without them."
        if base
        else "Install everything in one RUN with one resolution, so that each package is downloaded once: what a later "
        "one replaces stays in the image.",
        [Claim(row.path, row.entry) for row in rows],
        (by,) if base else (stored, by),
        words.joined(context, (stored, by)) if runs else (),
        certainty="likely" if base else None,
    )


def _owners(context: Context, rows: Sequence[WasteRow], new: Container[tuple[bytes, bytes]]) -> dict[bytes, str]:
    """Return the distributions that hidden records tell of (``torch 2.1.0``), by the folders that they list: those of
    which another version is among the ``new``.
    """
    records: dict[int, tuple[bytes, str]] = {}
    found: dict[bytes, str] = {}
    for row in rows:
        site, inside = _inside(row.path)
        info = _INFO.fullmatch(inside)
        if info is not None and (site, _name(info[1])) in new:
            name = f"{info[1].decode('utf-8', 'replace')} {info[2].decode('utf-8', 'replace')}"
            records[row.entry] = site, name
            found[_top(site, inside)] = name
    try:
        for entry, data in context.read(records):
            site, name = records[entry]
            for line in lines(data):
                found.setdefault(_top(site, line.partition(b",")[0]), name)
    except (ContentUnavailableError, ImageError):
        found |= {join(site, name.partition(" ")[0].encode()): name for site, name in records.values()}
    return found


def _installed(context: Context, layer: int) -> set[tuple[bytes, bytes]]:
    """Return (folder of packages, name) of the distributions whose records a layer adds."""
    return {
        (site, _name(match[1]))
        for directory, names in context.overlay.layers[layer].children.items()
        if directory.endswith(b".dist-info") and b"RECORD" in names
        for site, folder in [split(directory)]
        if (match := _FOLDER.fullmatch(folder)) is not None
    }


def _name(text: bytes) -> bytes:
    return re.sub(rb"[-_.]+", b"-", text).lower()


def _inside(path: bytes) -> tuple[bytes, bytes]:
    """Return the folder of packages that a path lies in, and the rest."""
    match = _SITE.fullmatch(path)
    assert match is not None
    return match[1], match[2]


def _top(site: bytes, path: bytes) -> bytes:
    parts = path.split(b"/", 2)
    return b"/".join([site, *parts[: 2 if parts[0] in _SHARED else 1]])


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
