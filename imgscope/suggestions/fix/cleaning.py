"""The commands by which RUN that are one remove what a package manager leaves in them, with the rights that it had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ...dockerfile.shell import ShellError
from .calls import Call
from .cleans import CLEANS, Clean
from .facts import safe_word
from .model import NotSafe

if TYPE_CHECKING:
    from ...dockerfile import Instruction
    from .plan import Plan


def cleaning(plan: Plan, code: str, runs: Sequence[Instruction], *, always: bool = False) -> Iterator[str]:
    """Yield the commands that remove what ``code`` finds at the end of some RUN that are one.

    Only what the image shows is left there is removed: nothing is yielded where their last state has none of it.
    ``always`` is for those that would have left it had an earlier one not. Raises ``NotSafe``.
    """
    clean = CLEANS[code]
    layers = [layer for run in runs if (layer := plan.matched.layer(run)) is not None]
    found: dict[str, int] = {}
    for layer in layers:
        for shown, _, entry in plan.facts.leftovers(clean, layer):
            if plan.facts.hidden_by(entry) not in layers:
                found.setdefault(shown, entry)
    if not found and always:
        found = {shown: -1 for shown, _ in clean.places if "{" not in shown}
    if not found:
        return
    where = f"line {runs[-1].first}"
    check_places(plan, runs, list(found))
    managed, others = _calls(plan, clean, runs)
    tool = _tool(clean, managed, others, list(found))
    if tool is not None:
        yield tool
        return
    yield _rights(plan, runs[-1], where, managed, found) + "rm -rf " + " ".join(found)


def folder_of(shown: str) -> str:
    """Return the folder that a word of ``rm`` cleans."""
    return shown.partition("*")[0].rpartition("/")[0] if "*" in shown else shown


def check_places(plan: Plan, runs: Sequence[Instruction], shown: Sequence[str]) -> None:
    """Raise ``NotSafe`` where the image's files, or a mount, stand against removing some paths."""
    folders = [folder_of(word) for word in shown]
    for word, folder in zip(shown, folders, strict=True):
        if not safe_word(word):
            raise NotSafe(f"{folder} has a name that has to be quoted")
        for run in runs:
            for flag in run.flags:
                target = next((part.partition("=")[2] for part in flag.split(",")
                               if part.partition("=")[0] in ("target", "dst", "destination")), "")  # fmt: skip
                target = target.rstrip("/")
                if target and (folder == target or folder.startswith(target + "/") or target.startswith(folder + "/")):
                    raise NotSafe(f"line {run.first} has a mount at {target}: what is cleaned there is not the image's")
    link = plan.facts.links_into([folder.lstrip("/").encode("utf-8", "surrogateescape") for folder in folders])
    if link is not None:
        shown_link = "/" + link.decode("utf-8", "surrogateescape")
        raise NotSafe(f"{shown_link} is a link into what would be removed")


def _calls(plan: Plan, clean: Clean, runs: Sequence[Instruction]) -> tuple[list[Call], list[Call]]:
    """Return the calls of the manager that makes the leftovers, and what removes packages or files."""
    managed: list[Call] = []
    others: list[Call] = []
    for run in runs:
        try:
            called = plan.calls(run)
        except ShellError as error:
            raise NotSafe(f"line {run.first} {error}") from None
        for call in called:
            found = call.managed
            if found is not None and found[0].name == clean.manager:
                managed.append(call)
                others += [call] if found[1] in found[0].cleans else []
            elif (found is not None and found[1] in found[0].removes) or call.name in ("rm", "mv"):
                others.append(call)
    return managed, others


def _tool(clean: Clean, managed: Sequence[Call], others: Sequence[Call], shown: Sequence[str]) -> str | None:
    """Return the manager's own way to clean; ``None`` where it may not be there, or does not clean just that."""
    options = clean.tool
    if clean.manager == "go":
        flags = [flag for flag, word in (("-cache", ".cache/go-build"), ("-modcache", "go/pkg/mod"))
                 if any(path.endswith(word) for path in shown)]  # fmt: skip
        options = f"clean {' '.join(flags)}" if len(flags) == len(shown) else ""
    if not options or not managed:
        return None
    calls = [call for call in managed if call.managed is None or call.managed[1] not in call.managed[0].cleans]
    if len(calls) != len(managed) or any(call.managed is None for call in managed):
        return None
    last = calls[-1]
    alike = {(call.rights, call.other, call.assigns) for call in calls}
    elsewhere = any(word and word.startswith(("--cache", "--cache-folder", "--installroot", "--root", "-R", "--prefix"))
                    for call in calls for word in call.words)  # fmt: skip
    removed = any(call.name not in ("rm", "mv") or any(last.written.rpartition("/")[2] in raw for raw in call.raw[1:])
                  for call in others)  # fmt: skip
    if len(alike) != 1 or last.other or last.assigns or elsewhere or removed or not last.sure or "$" in last.written:
        return None
    return " ".join(filter(None, (last.rights, last.written, options)))


def _rights(plan: Plan, run: Instruction, where: str, managed: Sequence[Call], found: dict[str, int]) -> str:
    """Return what has to stand before ``rm`` for it to be let remove what was found. Raises ``NotSafe``."""
    user = plan.user(run)
    layer = plan.matched.layer(run) or 0
    # What else stands there (sudo -E) matters to the manager, not to rm.
    rights = {call.rights.partition(" ")[0] for call in managed}
    if any(call.other for call in managed):
        raise NotSafe(f"{where} calls {managed[0].name} as some other user")
    if len(rights) > 1:
        raise NotSafe(f"{where} calls {managed[0].name} with and without {max(rights)}")
    own = rights.pop() if rights else ""
    if own:
        tool = own.rpartition("/")[2]
        if user != "root" and not plan.facts.allows_all(tool, layer):
            raise NotSafe(f"{where} is run with {tool}: whether that may run rm there too is not known")
        return own + " "
    if user == "root":
        return ""
    if not managed:
        raise NotSafe(f"{where} does not call what left these files itself, and is not known to run as root")
    if user is not None and any(entry >= 0 and plan.facts.owner(entry) == 0 for entry in found.values()):
        raise NotSafe(f"{where} runs as {user}, who may not remove root's files")
    return ""
