"""Good practice that changes nothing in the container: COPY in place of ADD, commands as lists of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...dockerfile.shell import plain_words
from ...rootfs.programs import search_path
from ...rootfs.root import FileFacts, Root
from ...rootfs.start import command_of
from ...settings import environment, settings
from ..fix.model import NotSafe

if TYPE_CHECKING:
    from ..fix.plan import Plan
    from ..model import Finding


def add_to_copy(plan: Plan, finding: Finding) -> None:
    """Write COPY where ADD does no more. Raises ``NotSafe``."""
    for layer in finding.layers:
        instruction = plan.instruction(layer)
        if instruction.keyword != "ADD" or any(
            flag.startswith(("--checksum", "--keep-git", "--unpack")) for flag in instruction.flags
        ):
            raise NotSafe(f"line {instruction.first} is not a plain ADD")
        word = instruction.text[:3]
        plan.edit(plan.places.replace(instruction, 0, 3, "copy" if word.islower() else "COPY"))
        plan.note(finding.code, instruction, "COPY in place of ADD")


def to_exec_form(plan: Plan, finding: Finding) -> None:
    """Write CMD or ENTRYPOINT as a list of words where a shell does nothing else with them. Raises ``NotSafe``."""
    from ..rules.practice import exec_form

    config = settings(plan.report.analysis.image.config)
    if finding.subject is None:
        raise NotSafe("which setting it is about is not told")
    keyword = finding.subject.keyword
    if keyword == "CMD" and config.get("Entrypoint"):
        raise NotSafe("ENTRYPOINT gets CMD's words: whether it takes others is for its author to say")
    if keyword == "ENTRYPOINT" and config.get("Cmd"):
        raise NotSafe("the words of CMD, which a shell-form ENTRYPOINT leaves out, would be added")
    found = [item for item in plan.matched.chain if item.keyword == keyword]
    if not found or found[-1].exec_form:
        raise NotSafe(f"the Dockerfile has no shell-form {keyword}")
    instruction = found[-1]
    words = exec_form(instruction.rest)
    if words is None:
        raise NotSafe(f"line {instruction.first} needs a shell, or exec before it")
    program = (plain_words(instruction.rest) or [""])[0]
    if not _exists(plan, program):
        if "/" in program:
            raise NotSafe(f"{program} is not in the image")
        raise NotSafe(f"{program} is not a file of the image's PATH: the shell itself may do it")
    start = len(instruction.text) - len(instruction.rest)
    plan.edit(plan.places.replace(instruction, start, len(instruction.text), words))
    plan.note(finding.code, instruction, f"{keyword} as a list of words")


def _exists(plan: Plan, program: str) -> bool:
    """Tell whether a program is one of the image, where a container would look for it."""
    analysis = plan.report.analysis
    config = analysis.image.config
    name, path = program.encode("utf-8", "surrogateescape"), search_path(environment(config))
    return Root(analysis, FileFacts()).program(name, path, command_of(config).directory) is not None
