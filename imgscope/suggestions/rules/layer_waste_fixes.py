"""Lets COPY set the owner that a later ``chown -R`` sets."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ...dockerfile.edits import Edit
from ...dockerfile.shell import Command, Script
from ...layer.index import DIRECTORY
from ...overlay.changes import METADATA_ONLY
from ...paths import internal, join
from ..fix.model import NotSafe

if TYPE_CHECKING:
    from ...dockerfile import Instruction
    from ..fix.plan import Plan
    from ..model import Finding


# chown -R OWNER PATH
_CHOWN_WORDS = 4


def set_by_copy(plan: Plan, finding: Finding) -> None:
    """Set the owner by COPY, and let the chown that follows change directories only."""
    stored, by = min(finding.layers), max(finding.layers)
    run, script = plan.run(by)
    command, owner, paths = _chown_command(plan, run, script)
    copies = _copies(plan, by, [internal(path) for path in paths])
    if plan.instruction(stored).keyword not in ("COPY", "ADD"):
        raise NotSafe(f"layer {stored} is not made by COPY")
    ids = _ids(plan, by, list(copies))
    for copy in copies.values():
        if copy.flag("chown") is not None:
            raise NotSafe(f"line {copy.first} has a --chown by now")
        flag = f" --chown={ids}"
        at = len(copy.keyword)
        plan.edit(plan.places.insert_after(copy, at, flag))
        plan.note(finding.code, copy, f"--chown={ids}, as line {run.first} has it ({owner})")
    option = command.words[1]
    plan.edit(Edit(plan.writer.at(run, command.words[0].end), plan.writer.at(run, option.end), ""))
    plan.note(finding.code, run, "chown of the folder itself only")


def _chown_command(plan: Plan, run: Instruction, script: Script) -> tuple[Command, str, list[str]]:
    """Return the chown -R in a script, the owner and the absolute paths."""
    found: tuple[Command, str, list[str]] | None = None
    if len(script.statements) != 1 or not script.statements[0].plain:
        raise NotSafe(f"line {run.first} is more than commands joined by &&")
    for command in script.commands:
        if re.search(r"\bch(?:own|grp|mod)\b", script.text[command.start : command.end]):
            words = command.values
            if found is not None or words[0] != "chown" or len(words) < _CHOWN_WORDS or not command.sure:
                raise NotSafe(f"line {run.first} changes owners or modes in more than one plain chown -R")
            plain = [word for word in words[2:] if word is not None]
            if (
                words[1] not in ("-R", "--recursive")
                or len(plain) != len(words) - 2
                or any(w[:1] == "-" for w in plain)
            ):
                raise NotSafe(f"line {run.first} has a chown with other options")
            folder = plan.folder(run)
            found = command, plain[0], [posixpath.normpath(posixpath.join(folder, word)) for word in plain[1:]]
    if found is None or any(set("*?[") & set(path) for path in found[2]):
        raise NotSafe(f"line {run.first} has no plain chown -R")
    return found


def _copies(plan: Plan, by: int, roots: Sequence[bytes]) -> Mapping[int, Instruction]:
    """Return the COPY instructions, by layer, that all of what is chowned comes from."""
    overlay = plan.facts.overlay
    found: dict[int, Instruction] = {}
    kinds = plan.report.analysis.body.comparison.kinds
    hidden = overlay.hidden
    for row in range(len(hidden)):
        if hidden.by[row] != by or not _within(hidden.path(row), roots):
            continue
        if kinds[row] != METADATA_ONLY:
            raise NotSafe(f"layer {by} does more than change owners there")
        layer = overlay.layer_of(hidden.entries[row])
        if layer not in found and overlay.kind(hidden.entries[row]) != DIRECTORY:
            found[layer] = plan.instruction(layer)
    copied = {path for layer in found for path in _paths(plan, layer)}
    for path in _paths(plan, by):
        if _within(path, roots) and path not in copied and path not in roots:
            raise NotSafe("some of what is chowned is not made by COPY")
    for layer, instruction in found.items():
        if instruction.keyword not in ("COPY", "ADD"):
            raise NotSafe(f"line {instruction.first} is not a COPY")
        if not all(
            _within(path, roots) or any(root.startswith(path + b"/") for root in roots) for path in _paths(plan, layer)
        ):
            raise NotSafe(f"line {instruction.first} copies to other places too")
    return found


def _paths(plan: Plan, layer: int) -> Iterator[bytes]:
    for directory, names in plan.facts.overlay.layers[layer].children.items():
        for name, own in names.items():
            if own >= 0:
                yield join(directory, name)


def _within(path: bytes, roots: Iterable[bytes]) -> bool:
    return any(path == root or path.startswith(root + b"/") for root in roots)


def _ids(plan: Plan, by: int, layers: Sequence[int]) -> str:
    """Return the one owner (``uid:gid``) that a layer gives to what others copied."""
    index = plan.facts.overlay.layers[by]
    wanted = {path for layer in layers for path in _paths(plan, layer)}
    owners = {
        index.meta_table[index.metas[own]][1:]
        for directory, names in index.children.items()
        for name, own in names.items()
        if own >= 0 and join(directory, name) in wanted
    }
    if len(owners) != 1:
        raise NotSafe(f"layer {by} gives several owners")
    uid, gid = owners.pop()
    return f"{uid}:{gid}"
