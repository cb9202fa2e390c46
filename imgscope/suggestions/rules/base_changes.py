"""What an image's own layers do to its base's files: the base's bytes stay, whatever is done above them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...layer.index import HARDLINK
from ...overlay.changes import COVERED, GONE, METADATA_ONLY, MODIFIED, REWRITTEN
from ...overlay.merge import NO_ENTRY
from ..context import Context, WasteRow
from ..model import Claim, Draft, Rule
from ..system_files import system_owners
from . import words
from .layer_waste import claims

if TYPE_CHECKING:
    from ...packages import Package

# Package managers write their books anew, and keep the old ones beside them: nobody asked for it.
_BOOKKEEPING = (b"var/lib/dpkg/", b"var/lib/apt/", b"lib/apk/", b"usr/lib/apk/", b"var/lib/rpm/", b"etc/ld.so.cache")
_DPKG = re.compile(r"\b(?:apt|apt-get|aptitude|dpkg)\b")


def _of_base(context: Context, *kinds: int) -> dict[int, list[WasteRow]]:
    """Return what own layers hide of the base, by the layer that hides."""
    found: dict[int, list[WasteRow]] = {}
    for kind in kinds:
        for row in context.waste.get(kind, ()):
            if row.stored_in not in context.own_layers and row.by in context.own_layers:
                found.setdefault(row.by, []).append(row)
    return dict(sorted(found.items()))


def _removed(context: Context) -> Iterator[Draft]:
    for by, rows in _of_base(context, GONE, COVERED).items():
        yield Draft(
            f"{words.files(len(rows))} of the base image removed in layer {by}: their bytes are pulled all the same",
            "Removing what a base brings saves nothing. Take a base that does not have it, or copy what is wanted from "
            "this one into a smaller base (COPY --from).",
            claims(rows),
            (by,),
        )


def _unpacked(context: Context, by: int, new: list[Claim]) -> set[bytes]:
    """Return the paths whose package dpkg unpacked anew there: a dependency asked for a newer one of the base's.

    Those of ``new``, and further names of their packages' files. Raises ``ContentUnavailableError``.
    """
    if not new or not _DPKG.search(context.instruction(by)):
        return set()
    owners = system_owners(context)
    overlay = context.overlay
    found: set[bytes] = set()
    packages: dict[int, Package] = {}
    for path in (claim.path for claim in new):
        package = owners.get(path)
        if package is None or package.ecosystem != "dpkg":
            continue
        for name in (package.name, f"{package.name}:{package.architecture}"):
            entry = overlay.lookup(b"var/lib/dpkg/info/" + name.encode(errors="surrogateescape") + b".list")
            if entry is not None and entry >= 0 and overlay.layer_of(entry) >= by:
                found.add(path)
                packages[id(package)] = package
    for package in packages.values():
        for path in package.paths:
            entry = overlay.lookup(path)
            if entry is not None and entry >= 0 and overlay.kind(entry) == HARDLINK and overlay.layer_of(entry) == by:
                found.add(path)
    return found


def _copied(context: Context) -> Iterator[Draft]:
    for by, rows in _of_base(context, METADATA_ONLY, REWRITTEN).items():
        new = [
            Claim(row.path, row.replaced_by)
            for row in rows
            if row.replaced_by != NO_ENTRY and not row.path.startswith(_BOOKKEEPING)
        ]
        unpacked = _unpacked(context, by, new)
        new = [claim for claim in new if claim.path not in unpacked]
        yield Draft(
            f"{words.files(len(new))} of the base image stored again in layer {by}, with the same content",
            "Change owner and mode only of what this image adds, not of whole directories that the base brings.",
            new,
            (by,),
        )


def _upgraded(context: Context) -> Iterator[Draft]:
    changed, same = _of_base(context, MODIFIED), _of_base(context, METADATA_ONLY, REWRITTEN)
    for by in sorted({*changed, *same}):
        words_of_instruction = context.instruction(by).lower().split()
        asked = "upgrade" in words_of_instruction or "dist-upgrade" in words_of_instruction
        first, second = (
            [
                Claim(row.path, row.replaced_by)
                for row in rows.get(by, ())
                if row.replaced_by != NO_ENTRY and row.path.startswith((b"usr/", b"lib", b"bin/", b"sbin/"))
            ]
            for rows in (changed, same)
        )
        unpacked = _unpacked(context, by, first + second)
        new = [claim for claim in first if asked or claim.path in unpacked]
        new += [claim for claim in second if claim.path in unpacked]
        # The content of a file with several names goes with all of them.
        known = {claim.path for claim in new}
        links = ((path, context.overlay.lookup(path)) for path in sorted(unpacked - known))
        new += [Claim(path, entry) for path, entry in links if entry is not None]
        yield Draft(
            f"{words.files(len(new))} of the base image replaced by newer ones in layer {by}: both are pulled",
            "Take a newer build of the base image in place of upgrading it: docker build --pull.",
            new,
            (by,),
        )


RULES = (
    Rule(
        "IS007",
        "base-copied-again",
        "Files of the base image stored again, their content the same.",
        "certain",
        _copied,
        why="chown -R or chmod -R of a directory of the base stores every file in it a second time.",
        before="RUN chown -R app /usr/local",
        after="RUN install -d -o app /usr/local/app",
    ),
    Rule(
        "IS008",
        "base-upgraded",
        "Packages of the base image replaced by newer ones.",
        "likely",
        _upgraded,
        why="An upgrade stores the new files beside the old ones. A newer build of the base has them once.",
        before="FROM debian:12\nRUN apt-get update && apt-get upgrade -y",
        after="# docker build --pull\nFROM debian:12",
    ),
    Rule(
        "IS009",
        "base-removed",
        "Files of the base image removed.",
        "possible",
        _removed,
        why="What a base brings is pulled, whether it is removed later or not.",
        before="FROM debian:12\nRUN rm -rf /usr/share/doc",
        after="FROM debian:12-slim",
    ),
)
