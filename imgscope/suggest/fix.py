"""Writes into a Dockerfile the fixes that are mechanical and safe; all else it leaves to people, and says why.

Safe is what makes the same container with fewer bytes: a RUN that cleans up after itself, several that are one, owners
set by COPY. What would have to be known of the program (``--no-install-recommends``, ``--omit=dev``) is not touched.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ..dockerfile.edits import Edit, EditError, Places, apply, diff
from ..dockerfile.shell import Script, plain_words, read_script
from ..errors import UsageError
from ..escape import escape
from ..layer.index import DIRECTORY
from ..layer.names import internal
from ..overlay.changes import METADATA_ONLY
from ..overlay.merge import join
from ..settings import settings

if TYPE_CHECKING:
    from ..dockerfile import Dockerfile, Instruction, Matched
    from .model import Finding, Report

_SHELLS = ("sh", "bash", "dash", "ash", "zsh")
# These don't change what a RUN sees or writes: one may move over them.
_INERT = ("LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER")
_APT_UPDATE = re.compile(r"\b(?:apt-get|apt|aptitude)\b[^&|;]*\bupdate\b")
_APT_USES = re.compile(
    r"\b(?:apt-get|apt|aptitude)\b[^&|;]*\b(?:install|upgrade|dist-upgrade|build-dep|download|source)\b"
)
_APK_UPDATE = re.compile(r"\bapk\b[^&|;]*\bupdate\b")
_APK_USES = re.compile(r"\bapk\b(?![^&|;]*(?:--no-cache|--update|-U\b))[^&|;]*\b(?:add|upgrade)\b")
_PIP = re.compile(r"(?:\bpip3?(?:\.\d+)?|\bpython3?(?:\.\d+)? -m pip)(?: -\S+)* (?P<verb>install|wheel)(?=\s)")


class Fix(NamedTuple):
    """One change: the finding's code, the line (of the file as it was) and what was done there."""

    code: str
    line: int
    what: str


class Left(NamedTuple):
    """A finding that was left to people, and why."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """A Dockerfile before and after; ``made`` in the order of its lines, ``left`` in the report's."""

    before: Dockerfile
    after: Dockerfile
    made: tuple[Fix, ...]
    left: tuple[Left, ...]

    @property
    def diff(self) -> str:
        """What changed, as a unified diff; empty where nothing did."""
        return diff(self.before, self.after)

    def lines(self) -> Iterator[str]:
        """Yield what was done and what was left, a line each."""
        path = escape(self.before.path)
        for made in self.made:
            yield f"{path}:{made.line}: {made.code} {escape(made.what)}"
        for left in self.left:
            yield f"{left.code} is left to you: {escape(left.why)}"


class _NotSafe(Exception):
    """A fix that can't be made for sure; the text says why."""


@dataclass(frozen=True, slots=True)
class _Append:
    """A command that a RUN is to end with: several are run together where they can."""

    command: str
    removes: tuple[str, ...] = ()


def fix(report: Report) -> Fixed:
    """Make the safe fixes of a report's findings in the Dockerfile that the image was built from.

    The file itself is not written (see ``edits.write``). A fix that turns out not to fit with another is left out.
    Raises ``UsageError`` where the report was made without a Dockerfile, or with another image's.
    """
    matched = report.dockerfile
    if matched is None:
        raise UsageError("to mend a Dockerfile, give it: --dockerfile FILE")
    if not matched.belongs:
        raise UsageError(matched.note)
    plan = _Plan(report, matched)
    for finding in report.findings:
        plan.consider(finding)
    return plan.done()


class _Plan:
    """What is to be done to each instruction; edits are made of it at the end."""

    def __init__(self, report: Report, matched: Matched) -> None:
        self.report = report
        self.matched = matched
        self.dockerfile = matched.dockerfile
        self.places = Places(matched.dockerfile)
        self.appends: dict[int, list[_Append]] = {}
        self.edits: list[Edit] = []
        self.joins: dict[int, int] = {}
        self.removed: set[int] = set()
        self.after = matched.dockerfile
        self.made: list[Fix] = []
        self.left: list[Left] = []
        self.overlay = report.analysis.body.overlay

    def consider(self, finding: Finding) -> None:
        """Plan what a finding asks for, if that is safe."""
        fixer = _FIXERS.get(finding.code)
        if fixer is None:
            return
        state = dict(self.appends), list(self.edits), dict(self.joins), set(self.removed), list(self.made)
        try:
            fixer(self, finding)
            self.after = apply(self.dockerfile, [*self.edits, *self._run_edits()])
        except (_NotSafe, EditError) as error:
            self.appends, self.edits, self.joins, self.removed, self.made = state
            self.left.append(Left(finding.code, str(error)))

    # -- what may be touched -----------------------------------------------------------------------------

    def instruction(self, layer: int) -> Instruction:
        """Return the instruction that made a layer for sure."""
        found = self.matched.by_layer.get(layer)
        if found is None or found.certainty == "possible":
            raise _NotSafe(f"the instruction of layer {layer} is not in the Dockerfile for sure")
        if self.dockerfile.instructions[found.instruction.index] != found.instruction:
            raise _NotSafe(f"layer {layer} comes of an ONBUILD")
        if found.instruction.index in self.removed:
            raise _NotSafe(f"line {found.instruction.first} is removed by another fix")
        return found.instruction

    def run(self, layer: int) -> tuple[Instruction, Script]:
        """Return a layer's RUN and its script, both fit to be edited."""
        instruction = self.instruction(layer)
        return instruction, self.script(instruction)

    def script(self, instruction: Instruction) -> Script:
        where = f"line {instruction.first}"
        if instruction.keyword != "RUN":
            raise _NotSafe(f"{where} is no RUN")
        if instruction.exec_form or instruction.heredocs or self.dockerfile.escape != "\\":
            raise _NotSafe(f"{where} is not a line of plain shell")
        shell = self.shell(instruction)
        if posixpath.basename(shell[0]) not in _SHELLS or not shell[-1].endswith("c"):
            raise _NotSafe(f"{where} is run by {shell[0]}")
        script = read_script(instruction.rest)
        if script is None:
            raise _NotSafe(f"the script in {where} is not one that can be added to")
        return script

    def shell(self, instruction: Instruction) -> tuple[str, ...]:
        """Return the shell that holds for an instruction."""
        found: tuple[str, ...] = ("/bin/sh", "-c")
        for other in self.dockerfile.chain(instruction.stage):
            if other.index >= instruction.index:
                break
            if other.keyword == "SHELL" and other.arguments:
                found = other.arguments
        return found

    def offset(self, instruction: Instruction) -> int:
        """Return where an instruction's ``rest`` begins in its ``text``."""
        return len(instruction.text) - len(instruction.rest)

    # -- plans -------------------------------------------------------------------------------------------

    def append(self, code: str, instruction: Instruction, command: _Append, what: str) -> None:
        planned = self.appends.setdefault(instruction.index, [])
        self.appends[instruction.index] = [*planned, command] if command not in planned else planned
        self.note(code, instruction, what)

    def note(self, code: str, instruction: Instruction, what: str) -> None:
        made = Fix(code, instruction.first, what)
        if made not in self.made:
            self.made.append(made)

    def join(self, code: str, first: Instruction, last: Instruction) -> None:
        """Plan to make one RUN of those from ``first`` to ``last``."""
        if first.stage != last.stage:
            raise _NotSafe(f"lines {first.first} and {last.first} are in different stages")
        between = self.dockerfile.instructions[first.index : last.index + 1]
        for instruction in between:
            if instruction.index in self.removed:
                raise _NotSafe(f"line {instruction.first} is removed by another fix")
            if instruction.keyword != "RUN":
                raise _NotSafe(f"line {instruction.first} ({instruction.keyword}) stands between the two RUN")
        for one, other in pairwise(between):
            script, next_ = self.script(one), self.script(other)
            if one.flags != other.flags:
                raise _NotSafe(f"lines {one.first} and {other.first} have other flags")
            if script.keeps_state and not _nowhere(next_):
                raise _NotSafe(f"line {one.first} changes what a shell keeps (folder, variables or options)")
            self.joins[one.index] = other.index
        self.note(code, first, f"joined with the RUN in line {_listed([i.first for i in between[1:]])}")

    def joined(self, instruction: Instruction) -> bool:
        """Tell whether an instruction is to be joined with another."""
        return instruction.index in self.joins or instruction.index in self.joins.values()

    def together(self, first: Instruction, last: Instruction) -> bool:
        """Tell whether two instructions are one by now."""
        at: int | None = first.index
        while at is not None and at != last.index:
            at = self.joins.get(at)
        return at is not None

    # -- edits -------------------------------------------------------------------------------------------

    def done(self) -> Fixed:
        """Return what has come of it."""
        made = tuple(sorted(self.made, key=lambda item: (item.line, item.code)))
        return Fixed(self.dockerfile, self.after, made, tuple(dict.fromkeys(self.left)))

    def _run_edits(self) -> Iterator[Edit]:
        """Make the edits of what is appended and joined."""
        instructions = self.dockerfile.instructions
        places = self.places
        # What cleans up comes last, once, however many instructions are one now.
        appends: dict[int, list[_Append]] = {}
        for index, items in sorted(self.appends.items()):
            while (after := self.joins.get(index)) is not None:
                index = after
            appends[index] = [*appends.get(index, ()), *items]
        for index in sorted({*appends, *self.joins, *self.joins.values()}):
            instruction = instructions[index]
            indent = self._indent(index)
            following = self.joins.get(index)
            extra = "".join(f" \\{places.newline}{indent}&& {command}" for command in _commands(appends.get(index, ())))
            joined = index in self.joins.values()
            if joined:
                braces = self.script(instruction).loose
                yield from self._without_keyword(instruction, "{ " if braces else "")
                extra = ("; }" if braces else "") + extra
            if following is not None:
                extra += " && \\"
                yield from self._without_blank_lines(instruction.last + 1, instructions[following].first - 1)
            if extra:
                end = places.append(instruction, [""]).start
                yield Edit(end, end, extra)

    def _indent(self, index: int) -> str:
        """Return how the continuation lines are indented of the RUN that an instruction becomes a part of."""
        above = {after: before for before, after in self.joins.items()}
        while index in above:
            index = above[index]
        return self.places.indent(self.dockerfile.instructions[index])

    def _without_keyword(self, instruction: Instruction, brace: str) -> Iterator[Edit]:
        """Make an instruction's first line one that continues another."""
        start, _ = self.places.line(instruction.first)
        script = self.places.offset(instruction, self.offset(instruction))
        if self.places.line_of(script) != instruction.first:
            raise EditError(f"line {instruction.first} has its keyword alone")
        yield Edit(start, script, self._indent(instruction.index) + brace)

    def _without_blank_lines(self, first: int, last: int) -> Iterator[Edit]:
        """Remove empty lines within an instruction: builders warn of them. Comments stay."""
        for number in range(first, last + 1):
            start, end = self.places.line(number)
            if not self.dockerfile.text[start:end].strip():
                yield self.places.lines(number, number, ())


def _nowhere(script: Script) -> bool:
    """Tell whether a script does the same in any folder and whatever variables are set: ``rm`` of absolute paths."""
    words = [script.words(number) for number in range(len(script.commands))]
    return not script.loose and all(
        found is not None and found[:1] == ["rm"] and all(word.startswith(("/", "-")) for word in found[1:])
        for found in words
    )


def _commands(appends: Sequence[_Append]) -> list[str]:
    """Return the commands to append, all removals as one ``rm``."""
    removes = list(dict.fromkeys(path for item in appends for path in item.removes))
    found = list(dict.fromkeys(item.command for item in appends if item.command))
    return [*found, *([f"rm -rf {' '.join(removes)}"] if removes else [])]


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


# -- leftovers of package managers -----------------------------------------------------------------------


def _apt(plan: _Plan, finding: Finding) -> None:
    """Remove apt's lists, or its archives, in the RUN that leaves them."""
    paths = (
        ("/var/lib/apt/lists/*",)
        if finding.code == "IS101"
        else ("/var/cache/apt/archives/*.deb", "/var/cache/apt/*.bin")
    )
    done = 0
    for layer in finding.layers:
        instruction, script = plan.run(layer)
        if not (_APT_UPDATE.search(script.text) or _APT_USES.search(script.text)):
            raise _NotSafe(f"line {instruction.first} does not call apt")
        last = instruction
        if finding.code == "IS101":
            last = _with_users(plan, finding.code, instruction, _APT_USES, _APT_UPDATE)
        plan.append(finding.code, last, _Append("", paths), f"removes {' '.join(paths)} in the same RUN")
        done += 1
    if not done:
        raise _NotSafe("no RUN is known to have made them")


def _with_users(
    plan: _Plan, code: str, instruction: Instruction, uses: re.Pattern[str], updates: re.Pattern[str]
) -> Instruction:
    """Join an instruction with those after it that use what it fetched, and return the last of them."""
    users = [
        other
        for other in plan.dockerfile.instructions[instruction.index + 1 :]
        if other.keyword in ("RUN", "ONBUILD")
        and uses.search(other.text + " " + other.script)
        and not _updates_first(other.rest, uses, updates)
    ]
    if not users:
        return instruction
    above = [other for other in users if other.stage == instruction.stage]
    if len(above) != len(users):
        raise _NotSafe(f"another stage (line {users[-1].first}) uses the lists that line {instruction.first} fetches")
    plan.join(code, instruction, users[-1])
    return users[-1]


def _updates_first(text: str, uses: re.Pattern[str], updates: re.Pattern[str]) -> bool:
    update, use = updates.search(text), uses.search(text)
    return update is not None and use is not None and update.start() < use.start()


def _apk(plan: _Plan, finding: Finding) -> None:
    for layer in finding.layers:
        instruction, script = plan.run(layer)
        if not re.search(r"\bapk\b", script.text):
            raise _NotSafe(f"line {instruction.first} does not call apk")
        last = _with_users(plan, finding.code, instruction, _APK_USES, _APK_UPDATE)
        plan.append(finding.code, last, _Append("", ("/var/cache/apk/*",)), "removes apk's index in the same RUN")


def _pip(plan: _Plan, finding: Finding) -> None:
    for layer in finding.layers:
        instruction, script = plan.run(layer)
        offset = plan.offset(instruction)
        calls = [
            (start + call.end("verb"))
            for start, end in script.commands
            for call in _PIP.finditer(script.text[start:end])
            if "--no-cache-dir" not in script.text[start:end] and not _quoted(script.text[start:end], call.start())
        ]
        if not calls:
            raise _NotSafe(f"line {instruction.first} does not call pip in so many words")
        for at in calls:
            plan.edits.append(plan.places.insert_after(instruction, offset + at, " --no-cache-dir"))
        plan.note(finding.code, instruction, "pip install --no-cache-dir")


def _quoted(text: str, at: int) -> bool:
    before = text[:at]
    return before.count("'") % 2 == 1 or before.count('"') % 2 == 1


def _appended(pattern: str, command: str) -> Callable[[_Plan, Finding], None]:
    """Return what appends a tool's own command to each RUN that calls the tool."""
    calls = re.compile(pattern)

    def append(plan: _Plan, finding: Finding) -> None:
        for layer in finding.layers:
            instruction, script = plan.run(layer)
            found = calls.search(script.text)
            if found is None:
                raise _NotSafe(f"line {instruction.first} does not call the tool")
            wanted = command.replace("TOOL", found[0].strip())
            plan.append(finding.code, instruction, _Append(wanted), f"{wanted} in the same RUN")

    return append


# -- what one layer stores and another hides -------------------------------------------------------------


def _joined(plan: _Plan, finding: Finding) -> None:
    """Join the RUN that store with those that hide, where nothing stands between them."""
    found = [plan.instruction(layer) for layer in sorted(finding.layers)]
    first, last = found[0], found[-1]
    if finding.code in ("IS002", "IS402"):
        _join_neighbours(plan, finding, found)
        return
    if any(instruction.keyword != "RUN" for instruction in found):
        raise _NotSafe("not all of it is done by RUN")
    if plan.together(first, last):
        plan.note(finding.code, first, f"joined with the RUN in line {last.first}")
        return
    between = plan.dockerfile.instructions[first.index + 1 : last.index]
    movers = [item for item in found[1:] if _nowhere_safe(plan, item)]
    inert = all(item.keyword in _INERT or item.keyword == "RUN" for item in between)
    if (
        finding.code == "IS001"
        and len(found) == 2
        and movers
        and inert
        and not _runs(between)
        and not plan.joined(last)
    ):
        # A RUN that only removes may go up over what concerns no RUN.
        script = plan.script(last)
        plan.script(first)
        for number in range(len(script.commands)):
            start, end = script.commands[number]
            words = script.words(number) or []
            recursive = all(not word.startswith("-") or word in ("-rf", "-fr") for word in words[1:])
            paths = tuple(word for word in script.text[start:end].split()[1:] if not word.startswith("-"))
            plan.append(
                finding.code,
                first,
                _Append("", paths) if recursive and paths else _Append(script.text[start:end]),
                f"what line {last.first} removes is removed in the same RUN",
            )
        plan.edits.append(plan.places.remove(last))
        plan.removed.add(last.index)
        return
    plan.join(finding.code, first, last)


def _join_neighbours(plan: _Plan, finding: Finding, found: Sequence[Instruction]) -> None:
    """Join those of some RUN that stand together; raise ``_NotSafe`` if there are none."""
    why = _NotSafe("no two of the RUN stand together")
    done = False
    for one, other in pairwise(found):
        joins = dict(plan.joins)
        try:
            plan.join(finding.code, one, other)
            done = True
        except _NotSafe as error:
            plan.joins, why = joins, error
    if not done:
        raise why


def _nowhere_safe(plan: _Plan, instruction: Instruction) -> bool:
    try:
        return _nowhere(plan.script(instruction)) and not instruction.flags
    except _NotSafe:
        return False


def _runs(instructions: Iterable[Instruction]) -> bool:
    return any(item.keyword == "RUN" for item in instructions)


# -- COPY --chown ----------------------------------------------------------------------------------------


def _chown(plan: _Plan, finding: Finding) -> None:
    """Set the owner by COPY, and let the chown that follows change directories only."""
    stored, by = min(finding.layers), max(finding.layers)
    run, script = plan.run(by)
    number, owner, paths = _chown_command(plan, run, script)
    copies = _copies(plan, by, [internal(path) for path in paths])
    if plan.instruction(stored).keyword not in ("COPY", "ADD"):
        raise _NotSafe(f"layer {stored} is not made by COPY")
    ids = _ids(plan, by, list(copies))
    for copy in copies.values():
        if copy.flag("chown") is not None:
            raise _NotSafe(f"line {copy.first} has a --chown by now")
        flag = f" --chown={ids}"
        at = len(copy.keyword)
        edit = plan.places.insert_after(copy, at, flag)
        if edit not in plan.edits:
            plan.edits.append(edit)
        plan.note(finding.code, copy, f"--chown={ids}, as line {run.first} has it ({owner})")
    start, end = script.commands[number]
    text = script.text[start:end]
    option = re.search(r"\s(?:-R|--recursive)(?=\s)", text)
    if option is None:
        raise _NotSafe(f"line {run.first} has a chown with other options")
    begin = plan.offset(run) + start + option.start()
    edit = plan.places.replace(run, begin, begin + len(option[0]), "")
    if edit not in plan.edits:
        plan.edits.append(edit)
        plan.note(finding.code, run, "chown of the folder itself only")


def _chown_command(plan: _Plan, run: Instruction, script: Script) -> tuple[int, str, list[str]]:
    """Return the chown -R in a script: its number, the owner and the absolute paths."""
    found: tuple[int, str, list[str]] | None = None
    if script.loose:
        raise _NotSafe(f"line {run.first} is more than commands joined by &&")
    for number in range(len(script.commands)):
        start, end = script.commands[number]
        text = script.text[start:end]
        if re.search(r"\bch(?:own|grp|mod)\b", text):
            words = plain_words(text)
            if found is not None or words is None or words[0] != "chown" or len(words) < 4:
                raise _NotSafe(f"line {run.first} changes owners or modes in more than one plain chown -R")
            if words[1] not in ("-R", "--recursive") or any(word.startswith("-") for word in words[2:]):
                raise _NotSafe(f"line {run.first} has a chown with other options")
            folder = _folder(plan, run)
            found = number, words[2], [posixpath.normpath(posixpath.join(folder, word)) for word in words[3:]]
    if found is None or any(set("*?[") & set(path) for path in found[2]):
        raise _NotSafe(f"line {run.first} has no plain chown -R")
    return found


def _folder(plan: _Plan, run: Instruction) -> str:
    """Return the working folder of a RUN, if no variable is needed to know it."""
    folder = "/"
    for other in plan.dockerfile.chain(run.stage):
        if other.index >= run.index:
            break
        if other.keyword == "WORKDIR":
            if "$" in other.rest:
                raise _NotSafe(f"the folder of line {run.first} has a variable in it")
            folder = posixpath.join(folder, other.rest.strip("\"'"))
    return folder


def _copies(plan: _Plan, by: int, roots: Sequence[bytes]) -> Mapping[int, Instruction]:
    """Return the COPY instructions, by layer, that all of what is chowned comes from."""
    overlay = plan.overlay
    found: dict[int, Instruction] = {}
    kinds = plan.report.analysis.body.comparison.kinds
    hidden = overlay.hidden
    for row in range(len(hidden)):
        if hidden.by[row] != by or not _within(hidden.path(row), roots):
            continue
        if kinds[row] != METADATA_ONLY:
            raise _NotSafe(f"layer {by} does more than change owners there")
        layer = overlay.layer_of(hidden.entries[row])
        if layer not in found and overlay.kind(hidden.entries[row]) != DIRECTORY:
            found[layer] = plan.instruction(layer)
    copied = {path for layer in found for path in _paths(plan, layer)}
    for path in _paths(plan, by):
        if _within(path, roots) and path not in copied and path not in roots:
            raise _NotSafe("some of what is chowned is not made by COPY")
    for layer, instruction in found.items():
        if instruction.keyword not in ("COPY", "ADD"):
            raise _NotSafe(f"line {instruction.first} is no COPY")
        if not all(
            _within(path, roots) or any(root.startswith(path + b"/") for root in roots) for path in _paths(plan, layer)
        ):
            raise _NotSafe(f"line {instruction.first} copies to other places too")
    return found


def _paths(plan: _Plan, layer: int) -> Iterator[bytes]:
    for directory, names in plan.overlay.layers[layer].children.items():
        for name, own in names.items():
            if own >= 0:
                yield join(directory, name)


def _within(path: bytes, roots: Iterable[bytes]) -> bool:
    return any(path == root or path.startswith(root + b"/") for root in roots)


def _ids(plan: _Plan, by: int, layers: Sequence[int]) -> str:
    """Return the one owner (``uid:gid``) that a layer gives to what others copied."""
    index = plan.overlay.layers[by]
    wanted = {path for layer in layers for path in _paths(plan, layer)}
    owners = {
        index.meta_table[index.metas[own]][1:]
        for directory, names in index.children.items()
        for name, own in names.items()
        if own >= 0 and join(directory, name) in wanted
    }
    if len(owners) != 1:
        raise _NotSafe(f"layer {by} gives several owners")
    uid, gid = owners.pop()
    return f"{uid}:{gid}"


# -- good practice ---------------------------------------------------------------------------------------


def _add_to_copy(plan: _Plan, finding: Finding) -> None:
    for layer in finding.layers:
        instruction = plan.instruction(layer)
        if instruction.keyword != "ADD" or any(
            flag.startswith(("--checksum", "--keep-git", "--unpack")) for flag in instruction.flags
        ):
            raise _NotSafe(f"line {instruction.first} is not a plain ADD")
        word = instruction.text[:3]
        plan.edits.append(plan.places.replace(instruction, 0, 3, "copy" if word.islower() else "COPY"))
        plan.note(finding.code, instruction, "COPY in place of ADD")


def _exec_form(plan: _Plan, finding: Finding) -> None:
    from .rules.practice import exec_form

    config = settings(plan.report.analysis.image.config)
    keyword = "CMD" if finding.title.startswith("CMD") else "ENTRYPOINT"
    if keyword == "CMD" and config.get("Entrypoint"):
        raise _NotSafe("ENTRYPOINT gets CMD's words: whether it takes others is for its author to say")
    if keyword == "ENTRYPOINT" and config.get("Cmd"):
        raise _NotSafe("the words of CMD, which a shell-form ENTRYPOINT leaves out, would be added")
    found = [item for item in plan.matched.chain if item.keyword == keyword]
    if not found or found[-1].exec_form:
        raise _NotSafe(f"the Dockerfile has no shell-form {keyword}")
    instruction = found[-1]
    words = exec_form(instruction.rest)
    if words is None:
        raise _NotSafe(f"line {instruction.first} needs a shell, or exec before it")
    program = (plain_words(instruction.rest) or [""])[0]
    if not _exists(plan, program, config):
        raise _NotSafe(f"{program} is no file of the image: the shell itself may do it")
    start = plan.offset(instruction)
    plan.edits.append(plan.places.replace(instruction, start, len(instruction.text), words))
    plan.note(finding.code, instruction, f"{keyword} as a list of words")


def _exists(plan: _Plan, program: str, config: Mapping[str, object]) -> bool:
    """Tell whether a program is a file of the merged tree, on the image's PATH if it is a bare name."""
    if "/" in program:
        return program.startswith("/") and plan.overlay.lookup(internal(program)) is not None
    variables = config.get("Env")
    values = [item for item in variables if isinstance(item, str)] if isinstance(variables, list) else []
    path = next((item[5:] for item in values if item.startswith("PATH=")), "/usr/local/bin:/usr/bin:/bin")
    places = [folder for folder in path.split(":") if folder.startswith("/")]
    # A merged /usr has its programs behind a link.
    places += [f"/usr{folder}" for folder in places if folder in ("/bin", "/sbin")]
    return any(plan.overlay.lookup(internal(posixpath.join(folder, program))) is not None for folder in places)


_FIXERS: Mapping[str, Callable[[_Plan, Finding], None]] = {
    "IS001": _joined,
    "IS002": _joined,
    "IS003": _chown,
    "IS005": _joined,
    "IS101": _apt,
    "IS102": _apt,
    "IS103": _apk,
    "IS104": _appended(r"\b(?:microdnf|dnf|yum)(?= )", "TOOL clean all"),
    "IS105": _appended(r"\bzypper(?= )", "TOOL clean --all"),
    "IS106": _pip,
    "IS109": _appended(r"\b(?:conda|mamba)(?= )", "TOOL clean --all --yes"),
    "IS110": _appended(r"\bnpm(?= )", "TOOL cache clean --force"),
    "IS111": _appended(r"\byarn\b", "TOOL cache clean"),
    "IS117": _appended(r"\bcomposer(?= )", "TOOL clear-cache"),
    "IS402": _joined,
    "IS902": _exec_form,
    "IS906": _add_to_copy,
}
