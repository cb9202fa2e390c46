"""What is to be done to each instruction; edits are made of it after each step, and taken back where they don't fit."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from ...dockerfile.edits import Edit, EditError, Places, apply
from ...dockerfile.grammar import read_script
from ...dockerfile.shell import Script, ShellError
from ...rootfs.programs import DEFAULT_PATH
from ...settings import environment, settings
from .calls import Call, calls, script_calls
from .cleaning import cleaning
from .facts import Facts
from .joints import check_hazards, joint, movable
from .model import Fix, Fixed, NotSafe, Refusal, Step, Taken
from .writing import Group, Joint, Writer

if TYPE_CHECKING:
    from ...dockerfile import DockerfileMatch, Instruction
    from ..model import Suggestions
    from .managers import Manager

_SHELLS = ("sh", "bash", "dash", "ash")


class Plan:
    """The fixes of one report in one Dockerfile."""

    def __init__(self, report: Suggestions, matched: DockerfileMatch) -> None:
        """Plan for a report's Dockerfile."""
        self.report = report
        self.matched = matched
        self.dockerfile = matched.dockerfile
        self.places = Places(matched.dockerfile)
        self.writer = Writer(matched.dockerfile)
        self.facts = Facts(report.analysis)
        self.after = matched.dockerfile
        self.left: list[Refusal] = []
        self.edits: list[Edit] = []
        self.joins: dict[int, int] = {}
        self.cleans: dict[int, tuple[tuple[str, bool], ...]] = {}
        self.appends: dict[int, tuple[str, ...]] = {}
        self.removed: set[int] = set()
        self.made: list[Fix] = []
        self.taken: list[Step] = []
        self._calls: dict[tuple[int, str], list[Call]] = {}
        self._traces: dict[str, bool] = {}

    def attempt(self, step: Step) -> bool:
        """Take a step, or none of it and write down why."""
        state = self._state()
        before = self._planned()
        try:
            step.take()
            self.after = apply(self.dockerfile, self._edits())
            self._check_scripts()
        except (NotSafe, EditError, ShellError) as error:
            self._restore(state)
            self.left.append(Refusal(step.finding.code, str(error)))
            return False
        if before != self._planned() or step.joins:
            self.taken.append(step)
        return True

    def _state(self) -> tuple[object, ...]:
        planned = list(self.edits), dict(self.joins), dict(self.cleans), dict(self.appends), set(self.removed)
        return (*planned, list(self.made), self.after)

    def _planned(self) -> tuple[int, ...]:
        """Return how much is planned of each kind."""
        cleans = sum(map(len, self.cleans.values()))
        return cleans, sum(map(len, self.appends.values())), len(self.joins), len(self.edits), len(self.made)

    def _restore(self, state: tuple[object, ...]) -> None:
        (self.edits, self.joins, self.cleans, self.appends, self.removed, self.made, self.after) = state  # type: ignore[assignment]

    def tried(self, step: Callable[[], None]) -> str:
        """Take a part of a step if that is safe, or none of it; return why not, empty where it was taken."""
        state = self._state()
        try:
            step()
            for _ in self._group_edits():
                pass
        except (NotSafe, EditError, ShellError) as error:
            self._restore(state)
            return str(error)
        return ""

    # -- what may be touched -----------------------------------------------------------------------------

    def instruction(self, layer: int) -> Instruction:
        """Return the instruction that made a layer for sure. Raises ``NotSafe``."""
        found = self.matched.by_layer.get(layer)
        if found is None or found.certainty == "possible":
            raise NotSafe(f"the instruction of layer {layer} can't be found in the Dockerfile with certainty")
        if self.dockerfile.instructions[found.instruction.index] != found.instruction:
            raise NotSafe(f"layer {layer} comes of an ONBUILD")
        if found.instruction.index in self.removed:
            raise NotSafe(f"line {found.instruction.first} is removed by another fix")
        return found.instruction

    def run(self, layer: int) -> tuple[Instruction, Script]:
        """Return a layer's RUN and its script, both fit to be edited. Raises ``NotSafe``."""
        instruction = self.instruction(layer)
        return instruction, self.script(instruction)

    def script(self, instruction: Instruction) -> Script:
        """Return the script of a RUN that can be edited. Raises ``NotSafe``."""
        where = f"line {instruction.first}"
        if instruction.keyword != "RUN":
            raise NotSafe(f"line {instruction.first} is {instruction.keyword}, not RUN")
        if instruction.exec_form:
            raise NotSafe(f"{where} is a list of words, run without a shell")
        if instruction.heredocs and not self._plain_document(instruction):
            raise NotSafe(f"{where} has a here-document")
        shell = self.shell(instruction)
        if posixpath.basename(shell[0]) not in _SHELLS or not shell[-1].startswith("-") or not shell[-1].endswith("c"):
            raise NotSafe(f"{where} is run by {shell[0]}, which is not a shell that is known here")
        try:
            return read_script(instruction.script, shell)
        except ShellError as error:
            raise NotSafe(f"{where} {error}") from None

    def _plain_document(self, instruction: Instruction) -> bool:
        """Tell whether a RUN's script is a here-document, line by line as it stands."""
        document = instruction.heredocs[0]
        alone = instruction.script == document.content and not document.chomp
        return alone and "\r" not in document.content and not document.content.startswith("#!")

    def shell(self, instruction: Instruction) -> tuple[str, ...]:
        """Return the shell that holds for an instruction."""
        found: tuple[str, ...] | None = None
        any_ = False
        for other in self.dockerfile.chain(instruction.stage):
            if other.keyword == "SHELL" and other.arguments:
                any_ = True
                if other.index < instruction.index:
                    found = tuple(other.arguments)
        if found is None and not any_:
            # The base's own holds, and the image has it from there.
            given = settings(self.report.analysis.image.config).get("Shell")
            if isinstance(given, list) and given and all(isinstance(word, str) for word in given):
                found = tuple(given)
        return found or ("/bin/sh", "-c")

    def calls(self, instruction: Instruction) -> list[Call]:
        """Return what an instruction calls. Raises ``ShellError``."""
        key = instruction.first, instruction.text
        if key not in self._calls:
            self._calls[key] = calls(instruction, self.shell(instruction))
        return self._calls[key]

    def functions(self, instruction: Instruction) -> frozenset[str]:
        """Return the functions that a RUN defines for itself."""
        try:
            return read_script(instruction.script, self.shell(instruction)).functions
        except ShellError:
            return frozenset()

    def user(self, instruction: Instruction) -> str | None:
        """Return who runs an instruction: ``root``, another name, or ``None`` where the base says it, not the file."""
        name: str | None = None
        named = False
        for other in self.dockerfile.chain(instruction.stage):
            if other.keyword == "USER":
                named = True
                if other.index < instruction.index:
                    name = other.rest.strip("\"'").partition(":")[0]
        if name is None and not named:
            given = settings(self.report.analysis.image.config).get("User")
            name = given.partition(":")[0] if isinstance(given, str) else ""
            name = name or "root"
        if name is not None and "$" in name:
            return None
        return "root" if name in ("0", "root") else name

    def folder(self, run: Instruction) -> str:
        """Return the working folder of a RUN. Raises ``NotSafe`` where a variable is needed to know it."""
        folder = "/"
        for other in self.dockerfile.chain(run.stage):
            if other.index >= run.index:
                break
            if other.keyword == "WORKDIR":
                if "$" in other.rest:
                    raise NotSafe(f"the folder of line {run.first} has a variable in it")
                folder = posixpath.join(folder, other.rest.strip("\"'"))
        return folder

    def folder_or_none(self, run: Instruction) -> str | None:
        """Return the working folder of a RUN, or ``None`` where it is not known."""
        try:
            return self.folder(run)
        except NotSafe:
            return None

    def later(self, run: Instruction) -> Iterator[tuple[Instruction, str]]:
        """Yield what is done after a RUN on top of it, and where: ``here`` in its stage, in another ``stage`` that
        builds on it, by ``ONBUILD``, or where another stage takes ``files`` of it.
        """
        stages = {run.stage}
        for stage in self.dockerfile.stages:
            if stage.base_stage in stages:
                stages.add(stage.index)
        names = {str(run.stage), (self.dockerfile.stages[run.stage].name or "").lower()} - {""}
        for other in self.dockerfile.instructions:
            if other.stage == run.stage and other.trigger is not None:
                yield other, "ONBUILD"
            elif other.stage == run.stage and other.index > run.index:
                yield other, "here"
            elif other.stage in stages and other.stage != run.stage:
                yield other, "ONBUILD" if other.trigger is not None else "stage"
            elif other.stage > run.stage and names & _sources(other):
                yield other, "files"

    @cached_property
    def search_path(self) -> tuple[str, ...]:
        """The folders that programs are looked for in."""
        path = environment(self.report.analysis.image.config).get("PATH", DEFAULT_PATH)
        return tuple(folder for folder in path.split(":") if folder.startswith("/"))

    def shows_traces(self, manager: Manager) -> bool:
        """Tell whether the layers of this image show where a package manager ran: all that call it directly do."""
        if manager.name not in self._traces:
            self._traces[manager.name] = self._shows_traces(manager)
        return self._traces[manager.name]

    def _shows_traces(self, manager: Manager) -> bool:
        found = False
        for layer, match in self.matched.by_layer.items():
            if match.instruction.keyword != "RUN":
                continue
            try:
                called = [call.managed for call in self.calls(match.instruction)]
            except ShellError:
                continue
            if any(item is not None and item[0] is manager and item[1] in manager.installs for item in called):
                if not self.facts.touches(layer, manager.traces[:1]):
                    return False
                found = True
        return found

    # -- plans -------------------------------------------------------------------------------------------

    def note(self, code: str, instruction: Instruction, what: str) -> None:
        """Write down what is done."""
        made = Fix(code.partition(" ")[0], instruction.first, what)
        if made not in self.made:
            self.made.append(made)

    def clean(self, code: str, run: Instruction, *, always: bool = False) -> None:
        """Plan that a RUN ends with removing what ``code`` finds; ``always``: even where its layer has none of it."""
        self.script(run)
        planned = self.cleans.get(run.index, ())
        if (code, always) not in planned:
            self.cleans[run.index] = (*planned, (code, always))

    def append(self, run: Instruction, command: str) -> None:
        """Plan that a RUN ends with a command."""
        planned = self.appends.get(run.index, ())
        if command not in planned:
            self.appends[run.index] = (*planned, command)

    def edit(self, edit: Edit) -> None:
        """Plan an edit."""
        if edit not in self.edits:
            self.edits.append(edit)

    def remove(self, instruction: Instruction) -> None:
        """Plan that an instruction goes."""
        self.edit(self.places.remove(instruction))
        self.removed.add(instruction.index)

    def join(self, code: str, first: Instruction, last: Instruction) -> None:
        """Plan to make one RUN of those from ``first`` to ``last``. Raises ``NotSafe``."""
        if first.stage != last.stage:
            raise NotSafe(f"lines {first.first} and {last.first} are in different stages")
        runs: list[Instruction] = []
        for instruction in self.dockerfile.instructions[first.index : last.index + 1]:
            if instruction.index in self.removed:
                continue
            if instruction.keyword == "RUN":
                self.script(instruction)
                if instruction.heredocs:
                    raise NotSafe(f"line {instruction.first} has a here-document: it can't be joined")
                runs.append(instruction)
            elif not movable(self, instruction, runs):
                raise NotSafe(
                    f"line {instruction.first} ({instruction.keyword}) stands between the RUN in lines {first.first} "
                    f"and {last.first}"
                )
        for one, other in pairwise(runs):
            self.joins[one.index] = other.index
        self.group(first)
        self.note(code, first, f"joined with the RUN in line {', '.join(str(run.first) for run in runs[1:])}")

    def joined(self, instruction: Instruction) -> bool:
        """Tell whether an instruction is to be joined with another."""
        return instruction.index in self.joins or instruction.index in self.joins.values()

    def members(self, instruction: Instruction) -> list[Instruction]:
        """Return the RUN that an instruction is one with by now, itself among them, in their order."""
        above = {after: before for before, after in self.joins.items()}
        index = instruction.index
        while index in above:
            index = above[index]
        found = [index]
        while found[-1] in self.joins:
            found.append(self.joins[found[-1]])
        return [self.dockerfile.instructions[index] for index in found]

    def group(self, instruction: Instruction) -> Group:
        """Return the RUN that an instruction becomes a part of. Raises ``NotSafe``, ``ShellError``."""
        runs = self.members(instruction)
        scripts = [self.script(run) for run in runs]
        joints: list[Joint] = []
        for number in range(1, len(runs)):
            joints.append(joint(runs[:number], scripts[:number], joints, runs[number], scripts[number]))
        if len(runs) > 1:
            check_hazards(self, runs, scripts)
        between = self.dockerfile.instructions[runs[0].index : runs[-1].index + 1]
        moved = tuple(item for item in between if item.keyword != "RUN")
        commands = tuple(dict.fromkeys(self._commands(runs)))
        if commands:
            self._can_end(runs, scripts, joints)
        return Group(tuple(runs), tuple(scripts), tuple(joints), moved, commands)

    def _can_end(self, runs: Sequence[Instruction], scripts: Sequence[Script], joints: Sequence[Joint]) -> None:
        try:
            ending = scripts[-1].ending()
            if joints and joints[-1].braces and ending.at != scripts[-1].end:
                raise ShellError("exits at its end")
            if scripts[-1].set_options & {"f", "noglob"}:
                raise ShellError("has a shell that expands no names")
        except ShellError as error:
            raise NotSafe(f"line {runs[-1].first} {error}") from None

    def _commands(self, runs: Sequence[Instruction]) -> Iterator[str]:
        """Yield what is to be run at the end of some RUN that are one, all removals as one ``rm``."""
        codes = dict.fromkeys(item for run in runs for item in self.cleans.get(run.index, ()))
        removes: dict[str, list[str]] = {}
        for code, always in codes:
            for command in cleaning(self, code, runs, always=always):
                head, sep, paths = command.partition("rm -rf ")
                if sep:
                    removes.setdefault(head, []).extend(paths.split())
                else:
                    yield command
        for run in runs:
            for command in self.appends.get(run.index, ()):
                head, sep, paths = command.partition("rm -rf ")
                if sep and not head and "'" not in paths and '"' not in paths:
                    removes.setdefault(head, []).extend(paths.split())
                else:
                    yield command
        for head, words in removes.items():
            yield f"{head}rm -rf {' '.join(dict.fromkeys(words))}"

    # -- edits -------------------------------------------------------------------------------------------

    def done(self) -> Fixed:
        """Return what has come of it."""
        made = list(self.made)
        said: set[tuple[str, int]] = set()
        for index, codes in sorted(self.cleans.items()):
            runs = self.members(self.dockerfile.instructions[index])
            for code, always in codes:
                commands = list(cleaning(self, code, runs, always=always))
                if commands and (code, runs[0].index) not in said:
                    said.add((code, runs[0].index))
                    what = f"{' && '.join(commands)} at the end of the RUN"
                    made.append(Fix(code.partition(" ")[0], self.dockerfile.instructions[index].first, what))
        made = sorted(dict.fromkeys(made), key=lambda item: (item.line, item.code))
        return Fixed(self.dockerfile, self.after, tuple(made), tuple(dict.fromkeys(self.left)), self._taken(made))

    def _taken(self, made: Sequence[Fix]) -> tuple[Taken, ...]:
        """Return the steps that were taken, those of one key as one."""
        overlay = self.facts.overlay
        found: dict[str, Taken] = {}
        for step in self.taken:
            if step.key in found:
                continue
            finding = step.finding
            runs = [run for layer in step.layers if (run := self.matched.instruction(layer)) is not None]
            lines = tuple(dict.fromkeys(run.first for run in runs))
            # Of two layers that write the same, the lower one's bytes are saved; a whole finding saves all.
            some = step.layers[:1] if set(step.layers) < set(finding.layers) or len(step.layers) == 2 else step.layers
            size = sum(bytes_ for claim, bytes_ in finding.saved if overlay.layer_of(claim.entry) in some)
            size += sum(bytes_ for _, bytes_ in step.besides)
            words = [item.what for item in made if item.code == step.finding.code and item.line in lines]
            found[step.key] = Taken(
                step.key,
                finding.code,
                step.grade,
                lines,
                size,
                "; ".join(dict.fromkeys(words)) or finding.fix,
                step.besides,
            )
        return tuple(found.values())

    def _edits(self) -> list[Edit]:
        """Return all edits. What is put into a script comes before what is added at its end, at the same place too."""
        inserted: dict[int, str] = {}
        others: list[Edit] = []
        for edit in dict.fromkeys([*self.edits, *self._group_edits()]):
            if edit.start == edit.end:
                inserted[edit.start] = inserted.get(edit.start, "") + edit.text
            else:
                others.append(edit)
        return [*others, *(Edit(place, place, text) for place, text in inserted.items())]

    def _group_edits(self) -> Iterator[Edit]:
        """Make the edits of what is joined, cleaned and appended."""
        seen: set[int] = set()
        for index in sorted({*self.cleans, *self.appends, *self.joins}):
            run = self.dockerfile.instructions[index]
            first = self.members(run)[0].index
            if first not in seen:
                seen.add(first)
                yield from self.writer.edits(self.group(run))

    def _check_scripts(self) -> None:
        """See that a shell reads every RUN that was changed as before. Raises ``EditError``."""
        before = {instruction.script for instruction in self.dockerfile.instructions}
        for instruction in self.after.instructions:
            if instruction.script not in before and instruction.keyword == "RUN" and not instruction.exec_form:
                try:
                    script_calls(instruction.script, ("/bin/bash", "-c"))
                except ShellError as error:
                    raise EditError(f"the changed line {instruction.first} {error}") from None


def _sources(instruction: Instruction) -> set[str]:
    """Return the stages that an instruction takes files of: ``--from`` and ``--mount=…,from=…``."""
    parts = [part for flag in instruction.flags for part in flag.removeprefix("--mount=").removeprefix("--").split(",")]
    return {part.partition("=")[2].lower() for part in parts if part.startswith("from=")}
