"""Good practice from production use: these save no bytes, and are told as notes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

from ...dockerfile.model import Location
from ...layer.index import FILE
from ...paths import join, public
from ...report.sizes import size
from ...rootfs.user import user_of
from ...settings import settings
from ..context import Context
from ..fixers import Fixer, at_once
from ..model import Draft, Evidence, Rule, Setting
from ..origin import TAR

if TYPE_CHECKING:
    from ...dockerfile import Instruction
    from ..fix.model import Step
    from ..fix.plan import Plan
    from ..model import Finding

_URL = re.compile(r"\bhttps?://[^\s\"',\]]+")
_GIT = re.compile(r"\.git(?:[#?]|$)|^git@|^git://")
_SHELL = re.compile(r"^(?:/\S*/)?(?:ba|da|a|z)?sh$")
_LABELS = ("source", "version", "revision", "title", "description", "licenses")


def _last(context: Context, keyword: str) -> Location | None:
    """Return the lines of the Dockerfile's last instruction of a kind, else of its last FROM."""
    matched = context.dockerfile
    if matched is None or not matched.belongs:
        return None
    for instruction in reversed(matched.chain):
        if instruction.keyword == keyword:
            return matched.at(instruction)
    return matched.at(matched.dockerfile.stages[matched.stage].from_)


def _config_evidence(where: str, what: str = "") -> list[Evidence]:
    return [Evidence(f"config: {where}", 0, -1, what)]


# -- ADD -------------------------------------------------------------------------------------------------


def _added(context: Context) -> Iterator[tuple[int, str, Instruction | None]]:
    """Yield the layers that an ADD made, with its words; the Dockerfile's own where they are known."""
    matched = context.dockerfile
    for layer in context.own_layers:
        if context.keyword(layer) == "ADD":
            instruction = matched.instruction(layer) if matched is not None else None
            yield layer, instruction.text if instruction else context.instruction(layer), instruction


def _files(context: Context, layer: int) -> list[tuple[bytes, int]]:
    overlay = context.overlay
    return [
        (join(directory, name), overlay.sizes[entry])
        for directory, name, entry in overlay.entries(layer)
        if overlay.kind(entry) == FILE
    ]


def _add_for_copy(context: Context) -> Iterator[Draft]:
    for layer, text, instruction in _added(context):
        if _URL.search(text) or (instruction is not None and instruction.heredocs):
            continue
        files = _files(context, layer)
        if not files or not copy_serves(text, instruction, [public(path) for path, _ in files]):
            continue
        rows = sorted(files, key=lambda row: (-row[1], row[0]))
        evidence = [Evidence(public(path), 0, layer, "copied as it was") for path, _ in rows[:10]]
        yield Draft(
            f"ADD in layer {layer} unpacks nothing and fetches nothing",
            "Write COPY: ADD does more than its reader expects, as soon as what is added is an archive.",
            layers=(layer,),
            evidence=evidence,
        )


def copy_serves(text: str, instruction: Instruction | None, paths: list[str]) -> bool:
    """Tell whether COPY would have done what an ADD of local files did, which wrote ``paths``.

    ADD unpacks whatever is an archive, by its content and not by its name; so a file counts as copied where one of its
    name stands in its place, and what a builder tells by a digest alone where it stands in the very place of the
    destination. Directories are never unpacked.
    """
    words = text.split()
    if instruction is None and any(word.startswith(("file:", "dir:", "multi:")) for word in words[1:]):
        return words[1].startswith("dir:") or (words[1].startswith("file:") and paths == [words[-1]])
    sources = instruction.arguments if instruction is not None else [w for w in words[1:] if not w.startswith("--")]
    *sources, destination = sources or [""]
    return bool(sources) and all(_stands(word, destination, paths) for word in sources)


def _stands(source: str, destination: str, paths: list[str]) -> bool:
    """Tell whether an ADD's source is a directory, or a file that was copied as it is."""
    if TAR.search(source) or _GIT.search(source) or re.search(r"[$:*?\[\]\\\"',]|^<<", source):
        return False
    name = source.rstrip("/").rpartition("/")[2]
    if name in ("", ".", "..") or source.endswith("/"):
        return True
    place = posixpath.normpath(posixpath.join("/", destination))
    inside = posixpath.join(place, name)
    if destination.startswith("/"):
        return inside in paths or (place in paths and not destination.endswith("/"))
    # It is relative to a folder that is not known here.
    return any(path.endswith(inside) for path in paths)


def _add_url(context: Context) -> Iterator[Draft]:
    for layer, text, _ in _added(context):
        url = _URL.search(text)
        if url is None or _GIT.search(url[0]):
            continue
        files = _files(context, layer)
        total = sum(count for _, count in files)
        evidence = [Evidence(public(path), 0, layer, f"fetched, {size(count)}") for path, count in files[:10]]
        yield Draft(
            f"ADD fetches a URL into layer {layer} ({size(total)})",
            "Fetch, check and unpack it in one RUN, so that only what is wanted of it is stored; or give ADD the "
            "--checksum of what is expected.",
            layers=(layer,),
            lines=_fetched(context, url[0], text.split()[-1]),
            evidence=evidence,
        )


def _has(context: Context, *names: str) -> str:
    """Return the first of some programs that the image has in a folder for programs; empty if none."""
    folders = ("usr/local/bin", "usr/local/sbin", "usr/bin", "usr/sbin", "bin", "sbin")
    for name in names:
        if any(name.encode() in context.overlay.tree.get(folder.encode(), {}) for folder in folders):
            return name
    return ""


def _fetched(context: Context, url: str, destination: str) -> tuple[str, ...]:
    """Write the RUN that fetches and unpacks an archive to where it was added, with what this image has for it."""
    tool = {"curl": "curl -fsSL", "wget": "wget -qO-"}.get(_has(context, "curl", "wget"), "")
    unpack = {"gz": "xz", "tgz": "xz", "bz2": "xj", "xz": "xJ", "tar": "x"}.get(url.rpartition(".")[2].lower(), "")
    if not TAR.search(url) or not tool or not unpack or any(word in url + destination for word in "$'\"\\[]"):
        return ()
    folder = destination if destination.endswith("/") else posixpath.dirname(destination) or "."
    return (f"RUN mkdir -p {folder} && {tool} '{url}' | tar -{unpack} -C {folder}",)


# -- The base --------------------------------------------------------------------------------------------


def _unpinned(context: Context) -> Iterator[Draft]:
    matched = context.dockerfile
    if matched is None or not matched.belongs:
        name = context.base.name
        if name and untagged(name):
            yield _unpinned_draft(context, name, None)
        return
    for stage in matched.dockerfile.stages:
        if stage.base_stage is None and untagged(stage.base):
            yield _unpinned_draft(context, stage.base, matched.at(stage.from_))


def untagged(reference: str) -> bool:
    """Tell whether an image's reference means whatever is newest: no digest, and no tag but ``latest``."""
    if reference == "scratch" or "@" in reference or "$" in reference:
        return False
    _, colon, tag = reference.rpartition("/")[2].partition(":")
    return not colon or tag == "latest"


def _unpinned_draft(context: Context, name: str, location: Location | None) -> Draft:
    count = context.own_layers.start
    total = sum(layer.content_bytes for layer in context.analysis.layers[:count])
    return Draft(
        f"the base {name} is whichever is the newest on the day of the build",
        "Name a version, and its digest where builds have to be the same: FROM name:version@sha256:….",
        location=location,
        evidence=[Evidence(f"layers 0 to {count - 1}", 0, 0, f"from the base, {size(total)}")] if count else [],
    )


# -- The config ------------------------------------------------------------------------------------------


def _root(context: Context) -> Iterator[Draft]:
    if context.analysis.image.platform.startswith("windows"):
        # Its users have no numbers, and which one it is without USER depends on the base.
        return
    user = user_of(context.analysis)
    if user.uid == 0:
        yield Draft(
            "the container runs as root",
            "Create a user and switch to it after the last instruction that needs root; a number is understood by "
            "orchestrators too.",
            lines=_other_user(context),
            location=_last(context, "USER"),
            evidence=_config_evidence(
                "User", f"{user.text or 'not set'}{', uid 0 in /etc/passwd' if user.listed else ''}"
            ),
        )


def _other_user(context: Context) -> tuple[str, ...]:
    """Write how this image gets a user: with the program for it that it has; a number needs none."""
    how = {
        "useradd": "RUN useradd --system --uid 10001 app",
        # Busybox's; Debian's has other options, and comes with useradd.
        "adduser": "RUN adduser -S -H -u 10001 app",
    }.get(_has(context, "useradd", "adduser"))
    return (how, "USER 10001") if how else ("USER 10001",)


# A shell's own commands are no programs.
_OWN_COMMANDS = frozenset(
    {
        *("cd", "exec", "export", "source", ".", "set", "eval", "ulimit", "umask", "trap", ":", "if", "for", "while"),
        *("until", "case", "!", "time", "read", "wait", "unset", "return", "exit", "shift", "local", "alias"),
    }
)
# One command: no list, no pipe, no variable set before it; what it expands may be anything but another command.
_SIMPLE = re.compile(r"(?!\w+=)[^;&|<>(){}`\n\\#]+")


def shell_command(value: object) -> str | None:
    """Return the line of a CMD or ENTRYPOINT that a shell runs and stays for; ``None`` for any other."""
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        return None
    if len(value) < 3 or not _SHELL.match(value[0]) or not re.match(r"-\w*c$", value[-2]):
        return None
    line = value[-1].strip()
    return None if line.startswith("exec ") else line


_COMMANDS: tuple[tuple[str, Literal["ENTRYPOINT", "CMD"]], ...] = (("Entrypoint", "ENTRYPOINT"), ("Cmd", "CMD"))


def _shell_form(context: Context) -> Iterator[Draft]:
    for key, keyword in _COMMANDS:
        line = shell_command(settings(context.analysis.image.config).get(key))
        if line is None or not _own(context, keyword):
            continue
        plain = exec_form(line)
        # What is more than one command, or begins with a variable or a shell's own word, exec would break.
        simple = _SIMPLE.fullmatch(line) is not None and line.split()[0] not in _OWN_COMMANDS
        mended = f"{keyword} {plain or 'exec ' + line}"
        yield Draft(
            f"{keyword} runs in a shell, which does not pass on SIGTERM: the container has to be killed",
            f"Write {keyword} as a list of words."
            if plain
            else "Write a list of words, or begin the line's last command with exec.",
            lines=(mended,) if plain or simple else (),
            location=_last(context, keyword),
            evidence=_config_evidence(key),
            subject=Setting(keyword),
        )


def exec_form(line: str) -> str | None:
    """Return a line as JSON's list of words; ``None`` for one that needs a shell."""
    import json
    import shlex

    if re.search(r"[$`&|;<>()*?\[\]{}~#!\\\n]|^\s*\w+=", line):
        return None
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    if not words or words[0] in _OWN_COMMANDS:
        return None
    return json.dumps(words, ensure_ascii=False)


def _own(context: Context, keyword: str) -> bool:
    """Tell whether this image says it, not its base."""
    matched = context.dockerfile
    if matched is not None and matched.belongs:
        return any(instruction.keyword == keyword for instruction in matched.chain)
    history = context.analysis.image.history
    last = max((n for n, step in enumerate(history) if step.instruction.startswith(keyword + " ")), default=-1)
    first = next((n for n, step in enumerate(history) if step.layer in context.own_layers), len(history))
    return last > first or (last >= 0 and not context.own_layers.start)


def _no_healthcheck(context: Context) -> Iterator[Draft]:
    config = settings(context.analysis.image.config)
    ports = config.get("ExposedPorts")
    # The config of an OCI image has no place for it, so an image that was converted says it in its history alone.
    said = any(step.instruction.startswith("HEALTHCHECK") for step in context.analysis.image.history)
    if said or config.get("Healthcheck") or not isinstance(ports, Mapping) or not ports:
        return
    named = ", ".join(str(port) for port in list(ports)[:5])
    yield Draft(
        f"no HEALTHCHECK, though the image serves {named}",
        "Say how to see that the service answers. (Kubernetes has probes of its own and does not read it.)",
        lines=_health(context, ports),
        location=_last(context, "EXPOSE"),
        evidence=_config_evidence("Healthcheck", "not set"),
    )


def _health(context: Context, ports: Mapping[str, object]) -> tuple[str, ...]:
    """Write a check of the port that the image serves, with a program that it has: that it accepts connections."""
    port = next((str(name).partition("/")[0] for name in ports if not str(name).endswith(("/udp", "/sctp"))), "")
    if not port.isdigit():
        return ()
    node = f"node -e \"require('net').connect({port}, '127.0.0.1').on('connect', () => process.exit(0))"
    commands = {
        "nc": f"nc -z 127.0.0.1 {port}",
        "bash": f"bash -c '</dev/tcp/127.0.0.1/{port}'",
        "python3": f"python3 -c \"import socket; socket.create_connection(('127.0.0.1', {port}), 3)\"",
        "python": f"python -c \"import socket; socket.create_connection(('127.0.0.1', {port}), 3)\"",
        "node": f"{node}.on('error', () => process.exit(1))\"",
        "curl": f"curl -fsS -o /dev/null http://127.0.0.1:{port}/",
        "wget": f"wget -q -O /dev/null http://127.0.0.1:{port}/",
    }
    tool = _has(context, *commands)
    return (f"HEALTHCHECK --interval=30s --timeout=5s CMD {commands[tool]} || exit 1",) if tool else ()


def _named(context: Context) -> tuple[str, ...]:
    """Write the labels that the image's own name tells."""
    for name in (*context.analysis.image.names, context.analysis.image.reference):
        found = re.fullmatch(r"(?:[\w.:-]+/)*([a-z0-9][\w.-]*):([\w][\w.-]{0,127})", name)
        if found is not None and "/" not in found[2]:
            title = f"LABEL org.opencontainers.image.title={found[1]}"
            if found[2] == "latest":
                return (title,)
            return f"{title} \\", f"      org.opencontainers.image.version={found[2]}"
    return ()


def _no_labels(context: Context) -> Iterator[Draft]:
    labels = settings(context.analysis.image.config).get("Labels")
    have = set(labels) if isinstance(labels, Mapping) else set()
    if any(f"org.opencontainers.image.{name}" in have for name in _LABELS):
        return
    yield Draft(
        "no labels tell where the image comes from",
        "Label it with the address of its source (org.opencontainers.image.source) and its version, so that whoever "
        "finds it knows where to look.",
        lines=_named(context),
        location=_last(context, "LABEL"),
        evidence=_config_evidence("Labels", "no org.opencontainers.image.*"),
    )


def _as_words(plan: Plan, finding: Finding) -> Iterator[Step]:
    from .practice_fixes import to_exec_form

    yield from at_once(finding, partial(to_exec_form, plan, finding))


def _copy_for_add(plan: Plan, finding: Finding) -> Iterator[Step]:
    from .practice_fixes import add_to_copy

    yield from at_once(finding, partial(add_to_copy, plan, finding))


RULES = (
    Rule(
        "IS901",
        "root-user",
        "The container runs as root.",
        "certain",
        _root,
        why="Who breaks out of a program that runs as root is root in the container, and closer to being it outside.",
        before='CMD ["app"]',
        after='USER 10001\nCMD ["app"]',
        note=True,
    ),
    Rule(
        "IS902",
        "shell-form",
        "CMD or ENTRYPOINT runs in a shell.",
        "certain",
        _shell_form,
        why="The shell is process 1 and gets the signals; the program does not, and is killed in the end. What CMD "
        "adds to a shell-form ENTRYPOINT is lost as well.",
        before="CMD gunicorn app:app",
        after='CMD ["gunicorn", "app:app"]',
        note=True,
        fixer=Fixer(_as_words),
    ),
    Rule(
        "IS903",
        "no-healthcheck",
        "A service without HEALTHCHECK.",
        "possible",
        _no_healthcheck,
        why="Without one, an engine knows that the process runs, not that it answers.",
        before="EXPOSE 8080",
        after="EXPOSE 8080\nHEALTHCHECK CMD curl -fsS http://localhost:8080/health || exit 1",
        note=True,
    ),
    Rule(
        "IS904",
        "no-labels",
        "No labels tell where the image comes from.",
        "certain",
        _no_labels,
        why="The OCI image spec has names for where an image's source, version and licence stand; scanners and "
        "registries read them.",
        before="FROM debian:12",
        after="FROM debian:12\nLABEL org.opencontainers.image.source=https://example.com/app",
        note=True,
    ),
    Rule(
        "IS905",
        "unpinned-base",
        "A base image without a version, or latest.",
        "certain",
        _unpinned,
        why="The same Dockerfile makes another image tomorrow, and which one cannot be told from it.",
        before="FROM python",
        after="FROM python:3.13-slim",
        note=True,
    ),
    Rule(
        "IS906",
        "add-for-copy",
        "ADD where COPY serves.",
        "certain",
        _add_for_copy,
        why="ADD unpacks archives and fetches URLs. Where it does neither, COPY says what happens.",
        before="ADD app.py /app/",
        after="COPY app.py /app/",
        note=True,
        fixer=Fixer(_copy_for_add),
    ),
    Rule(
        "IS907",
        "add-url",
        "ADD of a URL.",
        "certain",
        _add_url,
        why="What ADD fetches is a layer of its own: what is unpacked from it later is stored beside it, and removing "
        "it saves nothing. Nor is it checked, unless --checksum is given.",
        before="ADD https://example.com/sdk.tar.gz /tmp/\nRUN tar -xf /tmp/sdk.tar.gz -C /opt && rm /tmp/sdk.tar.gz",
        after="RUN curl -fsSL https://example.com/sdk.tar.gz | tar -xz -C /opt",
        note=True,
    ),
)
