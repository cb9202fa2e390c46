"""Whether two RUN can be one script that does what they did one after the other, and how the second is joined on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...dockerfile.shell import Script, ShellError
from ...paths import internal
from ...settings import environment
from .calls import script_calls
from .inert import INERT
from .managers import program
from .model import NotSafe
from .writing import Joint

if TYPE_CHECKING:
    from ...dockerfile import Instruction
    from .plan import Plan

# These don't change what a RUN sees or writes: one may move over them.
INERT_INSTRUCTIONS = ("LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER")
# A daemon ends with its RUN; in one that goes on it would go on too.
_DAEMONS = re.compile(
    r"service|systemctl|supervisord|start-stop-daemon|pg_ctl(?:cluster)?|mysqld(?:_safe)?|mariadbd(?:-safe)?|redis-server"
    r"|mongod|dbus-daemon|Xvfb|rabbitmq-server|nginx|apachectl|httpd|dockerd|invoke-rc\.d"
)
# Variables that programs heed without being told of them.
_HEEDED = re.compile(
    r"PATH|HOME|LANG|LANGUAGE|LC_\w+|LD_\w+|\w*_PROXY|\w*_proxy|SHELL|ENV|BASH_ENV|TMPDIR|TZ|IFS|CDPATH|TERM|USER|LOGNAME|"
    r"(?:DEBIAN|DEBCONF|APT|PIP|UV|NPM|npm|NODE|YARN|PNPM|COREPACK|COMPOSER|GEM|BUNDLE|RUBY|CARGO|RUST|GO|CGO|CONDA|MAMBA|"
    r"PYTHON|POETRY|PIPENV|MAKE|CMAKE|PKG_CONFIG|JAVA|MAVEN|GRADLE|GIT|CURL|WGET|SSL|REQUESTS|XDG|PERL|PHP|GNUPG|GPG|"
    r"SOURCE_DATE|POSIXLY)\w*|CC|CXX|\w*FLAGS"
)
_NOT_FOR_UPDATES = re.compile(
    r"PATH|HOME|LD_\w+|\w*_(?:PROXY|proxy)|SHELL|ENV|BASH_ENV|TMPDIR|IFS|APT_\w+|GNUPG\w*|SSL_\w+"
)


def movable(plan: Plan, instruction: Instruction, above: Sequence[Instruction]) -> bool:
    """Tell whether an instruction may go above some RUN that stand before it, and change nothing for them."""
    if instruction.keyword in INERT_INSTRUCTIONS:
        return True
    if instruction.keyword not in ("ENV", "ARG"):
        return False
    names = (
        list(instruction.arguments[::2])
        if instruction.keyword == "ENV"
        else [word.partition("=")[0] for word in instruction.arguments]
    )
    return all(_indifferent(plan, run, name) for run in above for name in names)


def _indifferent(plan: Plan, run: Instruction, name: str) -> bool:
    """Tell whether a variable makes no difference to a RUN."""
    if re.search(rf"\b{re.escape(name)}\b", run.text):
        return False
    try:
        calls = plan.calls(run)
    except ShellError:
        return False
    managed = [call.managed for call in calls]
    if all(item is not None and item[1] in item[0].updates for item in managed):
        return not _NOT_FOR_UPDATES.fullmatch(name)
    known = all(call.managed is not None or call.name in INERT for call in calls)
    return known and not _HEEDED.fullmatch(name)


def joint(
    runs: Sequence[Instruction],
    scripts: Sequence[Script],
    joints: Sequence[Joint],
    run: Instruction,
    script: Script,
) -> Joint:
    """Return how a RUN is joined to those before it, which are one by now. Raises ``NotSafe``."""
    before = runs[-1]
    if before.flags != run.flags:
        raise NotSafe(f"lines {before.first} and {run.first} have other flags")
    for other, earlier in zip(runs, scripts, strict=True):
        _check_state(other, earlier, run, script)
    options = frozenset().union(*(item.set_options for item in scripts))
    last = replace(scripts[-1], options=scripts[-1].options | options)
    try:
        ending = last.ending()
        if joints and joints[-1].braces and "e" in options:
            raise ShellError("is in braces under set -e")
    except ShellError as error:
        raise NotSafe(f"line {before.first} {error}") from None
    if ending.at != last.end or last.comment or last.text[last.end :].strip():
        raise NotSafe(f"line {before.first} ends with something that nothing can follow")
    if script.background:
        raise NotSafe(f"line {run.first} runs a command in the background")
    one = len(script.statements) == 1 and script.statements[0].plain
    strict = "e" in options or last.errexit is not False
    # Where the one before is a member of a list already, only a member can follow: nothing else stops where it failed.
    if ending.operator == ";" and not (joints and joints[-1].operator == "&&"):
        if not (_strict_from_the_start(script) or (one and script.statements[0].simple)):
            raise NotSafe(f"line {before.first} has set -e, which line {run.first} has not")
        return Joint(";")
    if strict and not (one and script.statements[0].simple):
        raise NotSafe(f"line {before.first} has set -e, which would hold in line {run.first}")
    if script.errexit is not False and not (one and script.statements[0].simple):
        raise NotSafe(f"line {run.first} has set -e, which would not hold behind another command")
    if one:
        return Joint("&&")
    if script.comment:
        raise NotSafe(f"line {run.first} ends in a comment")
    return Joint("&&", braces=True)


def _strict_from_the_start(script: Script) -> bool:
    command = script.statements[0].pipelines[0].command
    sets = command is not None and command.values[0] == "set"
    return script.errexit is True and (sets or "e" in script.options)


def _check_state(earlier: Instruction, one: Script, run: Instruction, script: Script) -> None:
    """Raise ``NotSafe`` where a script would see what an earlier one left in the shell."""
    names = {call.name for call in script_calls(script.text, ("/bin/bash", "-c"))}
    where = f"line {earlier.first}"
    if "functions" in one.keeps and (one.functions & names or one.functions & _builtin_like(script)):
        raise NotSafe(f"{where} defines a function that line {run.first} would call")
    options = one.set_options - one.options - {"e"} - script.set_options
    loud = "options" in one.keeps and _other_options(one)
    if loud or (options and not _heedless(script, options)):
        raise NotSafe(f"{where} sets options of the shell, which line {run.first} would have too")
    if "folder" in one.keeps and not _anywhere(script, folders_only=True):
        raise NotSafe(f"{where} changes the folder, in which line {run.first} would run")
    if "variables" in one.keeps and not _anywhere(script, folders_only=False):
        raise NotSafe(f"{where} sets variables, which line {run.first} would have too")


def _builtin_like(script: Script) -> set[str]:
    return {command.values[0] or "" for command in script.commands}


def _other_options(one: Script) -> bool:
    """Tell whether something else than ``set`` changes how the shell works."""
    return any(
        command.here and command.values[0] in ("shopt", "ulimit", "umask", "alias", "unalias", "trap")
        for command in one.commands
    )


def _heedless(script: Script, options: frozenset[str]) -> bool:
    """Tell whether options of the shell make no difference to a script."""
    free = {"u": "$" not in script.text, "pipefail": "|" not in script.text.replace("||", "")}
    return all(free.get(option, False) for option in options)


def _anywhere(script: Script, *, folders_only: bool) -> bool:
    """Tell whether a script does the same in any folder; and if not ``folders_only``, whatever variables are set."""
    if "$" in script.text or "`" in script.text or re.search(r"[<>]\s*[^/&\s]", script.text):
        return False
    for call in script_calls(script.text, ("/bin/bash", "-c")):
        if any(word is None for word in call.words):
            return False
        words = [word or "" for word in call.words[1:]]
        if call.name == "rm":
            if not all(word.startswith(("/", "-")) for word in words):
                return False
            continue
        found = program(call.words)
        system = found is not None and found[0].name in ("apt", "apk", "dnf", "zypper", "pacman")
        if (
            not folders_only
            or not system
            or any(word.startswith(".") or re.search(r"\.(?:deb|rpm|apk|zst|xz)$", word) for word in words)
        ):
            return False
    return True


def check_hazards(plan: Plan, runs: Sequence[Instruction], scripts: Sequence[Script]) -> None:
    """Raise ``NotSafe`` for what goes wrong in one shell though each script is fit for it."""
    shell = plan.shell(runs[0])
    if any(re.fullmatch(r"-[a-z]*[li][a-z]*|--login", word) for word in shell[1:]):
        raise NotSafe(f"line {runs[0].first} is run by a login shell, which reads its files at the beginning only")
    names = {name for other in plan.dockerfile.chain(runs[0].stage) if other.keyword == "ENV"
             for name in other.arguments[::2]} | set(environment(plan.report.analysis.image.config))  # fmt: skip
    if names & {"ENV", "BASH_ENV"} and len(runs) > 1 and shell[0].endswith("bash"):
        raise NotSafe(f"line {runs[0].first} is run by a shell that reads a file of its own first (BASH_ENV)")
    called: list[set[str]] = []
    for run, script in zip(runs, scripts, strict=True):
        found = script_calls(script.text, plan.shell(run))
        names_here = {call.name for call in found if call.name}
        daemon = next((name for name in sorted(names_here) if _DAEMONS.fullmatch(name)), None)
        daemon = daemon or next(
            (c.words[0] for c in found if c.words[0] and c.words[0].startswith("/etc/init.d/")), None
        )
        if daemon is not None and run is not runs[-1]:
            raise NotSafe(f"line {run.first} calls {daemon}, whose program would run on in the lines after it")
        called.append({call.words[0] for call in found if call.words and call.words[0] and "/" not in call.words[0]})
    _check_search(plan, runs, called)


def _check_search(plan: Plan, runs: Sequence[Instruction], called: Sequence[set[str]]) -> None:
    """Raise ``NotSafe`` where a shell that remembers where a program is would miss the one that was installed since."""
    for number in range(1, len(runs)):
        for name in sorted(called[number] & set().union(*called[:number])):
            for earlier in runs[:number]:
                layer = plan.matched.layer(earlier)
                if layer is None:
                    continue
                paths = [internal(f"{folder}/{name}") for folder in plan.search_path]
                new = [path for path in paths if plan.facts.holds(layer, path) is not None]
                old = [path for path in paths for below in range(layer) if plan.facts.holds(below, path) is not None]
                if old and any(path not in old for path in new):
                    raise NotSafe(f"line {earlier.first} installs another {name} than the one that it called")
