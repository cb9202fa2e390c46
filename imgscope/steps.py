"""Reads how builders write one step of an image's history (``created_by``), each in a way of its own.

=================== =========================================================================================
the classic builder ``SHELL #(nop)  CMD ["x"]``, ``SHELL command``, ``|N A=1 B=2 SHELL command``; a COPY names a
                    hash instead of its source: ``COPY --chown=web:webdir:HASH in /app``
BuildKit            ``CMD ["x"]``, ``RUN |N A=1 SHELL command # buildkit``, ``COPY . /app # buildkit``
buildah             as the classic builder, with ``|force-mtime=…`` and the like at the end, and digests of mounts
kaniko              the Dockerfile's own line
docker-squash       ``/bin/sh -c #(squash) from ID``
commits             the program that ran in the container
others              their name, and in the comment what the layer holds
=================== =========================================================================================

What the history holds is a stranger's text of any length: all is found by walking forward over words, never by a
pattern that could try the same characters twice.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .documents import loads

# A program's prefix is at the beginning; longer ones (PowerShell's with preferences) are a few hundred characters.
_MAX_PREFIX = 2000
_MAX_OPTIONS = 12
KEYWORDS = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
    "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip
_KEYWORD = re.compile(rf"({'|'.join(KEYWORDS)})(?=\s|$)")
_WORD = re.compile(r"\S+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*=")
_COUNT = re.compile(r"\|(\d{1,4}) ")
_UNIX_SHELL = re.compile(r"(?:[^\s/]*/)*(?:ba|da|a|z|k|mk|c|tc|fi|rba|ya)?sh(?:\.exe)?")
_CMD = re.compile(r"(?:\S*[\\/])?cmd(?:\.exe)?", re.IGNORECASE)
_POWERSHELL = re.compile(r"(?:\S*[\\/])?(?:powershell|pwsh)(?:\.exe)?", re.IGNORECASE)
_WRAPPERS = ("env", "/usr/bin/env", "busybox", "/bin/busybox")
# -c, -ec, -lc, -exc …
_UNIX_COMMAND = re.compile(r"-[A-Za-z]*c[A-Za-z]*")
# People put these before every command, in the SHELL itself.
_PREFERENCE = re.compile(r"\s*\$\w+Preference\s*=\s*(?:'[^'\n]*'|\"[^\"\n]*\")\s*;")
_MARK = "#(nop)"
_SQUASH = "#(squash)"
_BUILDKIT = "# buildkit"
# New annotations follow, with a blank or none.
_BUILDAH = re.compile(
    r"(?:(?:force|clamp)-mtime=\d{1,12}|inherit(?:Labels|Annotations)=(?:false|true))\s*(?:[A-Za-z][\w./-]*=.*)?"
    r"|unset(?:Label|Annotation)=\S*\s*",
    re.DOTALL,
)
_MOUNT = re.compile(r":sha256:[0-9a-f]{64}")
_MOUNT_LENGTH = 72
_HASHED = re.compile(r"((?:file|dir|multi):[0-9a-f]{8})[0-9a-f]{24,120}(?= +in )")
_COPIED = re.compile(r"(?:file|dir|multi):[0-9a-f]{32,128} +in ")
_COPY = re.compile(r"(COPY|ADD)(?: --\S+)* (file|dir|multi):([0-9a-f]{8}) +in (.*)", re.DOTALL)
_FLAGS = re.compile(r"(?<!\S)(?:--(?:mount|network|security|device)=\S+ +)+")
# These are for long instructions alone, and to compile them takes 2 ms: ``re`` does it when they are first asked.
# A command up to what ends it; quotes are passed over, so that what they hold ends nothing.
_ENDED = r"""((?:[^;&|'"\\]++|'[^']*+'|"(?:[^"\\]++|\\.)*+"|\\.)*+)(?:&&|;)"""
# What a script does before it comes to the point, and how many commands of that are passed over.
_PREPARES = (
    r"(?:set [-+]|export |cd |mkdir |echo |umask |ulimit |shopt |source |\. |true$|:$)"
    r"|[A-Za-z_]\w*=(?:\"[^\"]*+\"|'[^']*+'|\$\([^()]*+\)|[^\s\"'()])*+$"
    r"|(?:sudo )?(?:apt|apt-get|aptitude|apk|dnf|yum|microdnf|zypper|opkg) (?:-\S+ )*+"
    r"(?:update|makecache|refresh)(?: -\S+)*+$"
)
_MOST_PREPARATIONS = 20
_VARIABLES = r"^(… )?(?:[A-Za-z_]\w*=[^\s;&|()$'\"`]* )+(?=\S)"
# Options that everybody gives to package managers.
_USUAL = (
    r" (?:-y|-yq|-yqq|-qy|-qqy|-q|-qq|--yes|--assume-yes|--quiet|--no-install-recommends|--no-cache|--no-cache-dir"
    r"|--disable-pip-version-check|--no-audit|--no-fund)(?= )"
)
_BUILDKIT_COMMENTS = ("buildkit.dockerfile.", "buildkit.exporter.")


class Undecorated(NamedTuple):
    """A step without its builder's marks. ``shell`` is what stood before ``#(nop)``; ``None`` without that mark."""

    text: str
    buildkit: bool
    shell: str | None


def undecorated(created_by: str) -> Undecorated:
    """Take away what a builder adds around an instruction, or around a command with its shell and arguments."""
    text = created_by.strip()
    if text.endswith(_BUILDKIT) and text[: -len(_BUILDKIT)][-1:].isspace():
        return Undecorated(text[: -len(_BUILDKIT)].rstrip(), True, None)
    text = _without_metadata(text)
    at = text.find(_MARK, 0, _MAX_PREFIX)
    if at >= 0:
        shell = text[arguments_end(text) : at].strip()
        if not shell or _is_shell(shell):
            return Undecorated(_with_blank(text[at + len(_MARK) :].strip()), False, shell)
    return Undecorated(text, False, None)


def _is_shell(prefix: str) -> bool:
    """Tell whether what stands before ``#(nop)`` is a shell, and no command that only speaks of the mark."""
    end = shell_end(prefix + " ")
    if end:
        return end >= len(prefix) or prefix[-1] in ";}"
    # Any program may be the SHELL: python3 -c, perl -e.
    words = prefix.split()
    return len(words) <= 4 and words[-1][0] == "-"


def _without_metadata(text: str) -> str:
    """Drop what buildah writes behind a step for its own cache, and the digests of bind mounts."""
    end = len(text)
    while (at := text.rfind("|", 0, end)) > 0 and _BUILDAH.fullmatch(text, at + 1, end):
        end = at
    text = text[:end].rstrip()
    end = len(text)
    if text.startswith(("/bin/sh -c ", "|")):
        while end > _MOUNT_LENGTH and _MOUNT.fullmatch(text, end - _MOUNT_LENGTH, end):
            end -= _MOUNT_LENGTH
    return text[:end]


def _with_blank(text: str) -> str:
    """Put back the blank that the classic builder loses between an option and the hash of what is copied."""
    found = _COPIED.search(text) if text.startswith(("COPY --", "ADD --")) else None
    if found is None or not text.startswith("--", text.rfind(" ", 0, found.start()) + 1):
        return text
    return f"{text[: found.start()]} {text[found.start() :]}"


def arguments_end(text: str, shell: str = "") -> int:
    """Return where the command begins behind build arguments, ``|N A=1 B=two words``; 0 without any.

    Values are not quoted, so a value of several words ends where a shell begins: ``shell`` where that is known. A
    command without a shell is taken to begin behind the last argument's first word.
    """
    found = _COUNT.match(text)
    if found is None:
        return 0
    left = int(found[1])
    end = found.end()
    for word in _WORD.finditer(text, end):
        if left > 0 and _NAME.match(word[0]):
            left -= 1
            end = word.end()
            continue
        if left <= 0 and (_starts(text, word.start(), shell) or shell_end(text, word.start())):
            return word.start()
    while end < len(text) and text[end].isspace():
        end += 1
    return end


def _starts(text: str, at: int, shell: str) -> bool:
    return bool(shell) and text.startswith(shell + " ", at)


def shell_end(text: str, start: int = 0) -> int:
    """Return where the command behind a shell begins: ``/bin/bash -o pipefail -c``, ``cmd /S /C``; 0 without one."""
    words = _WORD.finditer(text, start)
    first = next(words, None)
    if first is None or first.start() != start:
        return 0
    program = first[0]
    if program in _WRAPPERS:
        inner = next(words, None)
        if inner is None:
            return 0
        program = inner[0]
    windows = _CMD.fullmatch(program) is not None
    power = not windows and _POWERSHELL.fullmatch(program) is not None
    if not (windows or power or (len(program) < 200 and _UNIX_SHELL.fullmatch(program))):
        return 0
    before = ""
    for _, word in zip(range(_MAX_OPTIONS), words, strict=False):
        option = word[0]
        if windows:
            if option.lower() in ("/c", "/k"):
                return _behind(text, word.end())
            if option[:1] != "/":
                return 0
        elif power:
            if option.lower() in ("-command", "-c"):
                return _preferences(text, _behind(text, word.end()))
            if option[:1] != "-" and before[:1] != "-":
                return 0
        elif _UNIX_COMMAND.fullmatch(option):
            return _behind(text, word.end())
        elif option[:1] not in ("-", "+") and before[-1:] not in ("o", "O"):
            return 0
        before = option
    return 0


def _behind(text: str, end: int) -> int:
    while end < len(text) and text[end] in " \t":
        end += 1
    return end


def _preferences(text: str, start: int) -> int:
    """Pass over PowerShell's preferences, which belong to the SHELL."""
    while found := _PREFERENCE.match(text, start):
        start = _behind(text, found.end())
    return start


def shell_of(created_by: str) -> str:
    """Return the shell that a step tells of: a SHELL, or the one before ``#(nop)``; empty where it tells of none."""
    step = undecorated(created_by)
    if step.text.startswith("SHELL "):
        words = step.text[6:].strip()
        try:
            parsed = loads(words)
        except (ValueError, RecursionError):
            return words.removeprefix("[").removesuffix("]").strip()
        return " ".join(word for word in parsed if isinstance(word, str)) if isinstance(parsed, list) else ""
    return step.shell or ""


def command(text: str, shell: str = "", *, any_shell: bool = True) -> tuple[str, bool]:
    """Return a RUN's command without build arguments and its shell, and whether it had either.

    ``shell`` is the one that holds at the step; without ``any_shell`` only that and the default one are taken away.
    """
    start = arguments_end(text, shell)
    if _starts(text, start, shell):
        return text[start + len(shell) :].strip(), True
    end = shell_end(text, start) if any_shell or start or text.startswith(("/bin/sh -c ", "cmd /S /C ")) else 0
    return text[end or start :].strip(), bool(end or start)


def clean_instruction(created_by: str, comment: str = "", shell: str = "") -> str:
    """Return a Dockerfile instruction from a history step's ``created_by``.

    Builders' marks, the shell that RUN adds (``shell`` is the one that holds there) and build arguments' values are
    dropped, and hashes of what was copied shortened. A step without a command shows its comment; one of a tool that
    knows no instructions, what the tool says.
    """
    text, buildkit, nop = undecorated(created_by)
    comment = comment.strip()
    if not text:
        return comment
    if nop is not None:
        return with_short_hash(text)
    found = _KEYWORD.match(text)
    if found is not None:
        if found[1] != "RUN":
            return with_short_hash(text)
        # What is not BuildKit's is the Dockerfile's own line.
        return f"RUN {command(text[3:].lstrip(), shell, any_shell=buildkit)[0]}".rstrip()
    if _SQUASH in text[:_MAX_PREFIX] and shell_end(text) == text.find(_SQUASH):
        return "squashed" + text[text.find(_SQUASH) + len(_SQUASH) :]
    words, shelled = command(text, shell)
    if shelled and words:
        return "RUN " + words
    if _is_session(text):
        return f"commit ({text})" + (f": {comment}" if comment and not comment.startswith("FROM ") else "")
    if text.startswith("/") and not comment:
        return "RUN " + text
    return f"{text} ({comment})" if comment and not comment.startswith((*_BUILDKIT_COMMENTS, "FROM ")) else text


def with_short_hash(instruction: str) -> str:
    """Shorten the hash that stands for what a COPY takes, so that where it goes to is seen."""
    return _HASHED.sub(r"\1", instruction, count=1)


def fitted(instruction: str, width: int) -> str:
    """Leave out of an instruction (in one line) what says least, as far as it does not fit in ``width`` characters.

    Of a COPY that is the flags first, then the hash of the classic builder: where it went is what is left. Of a RUN it
    is the mounts, what the script does before its first real command (``set -eux``, ``apt-get update``, ``cd``), for
    which an ellipsis stands, then the options that everybody gives. What still does not fit is for the caller to cut.
    """
    if len(instruction) <= width:
        return instruction
    if instruction.startswith("RUN "):
        return _point(instruction[4:], width - 4)
    found = _COPY.fullmatch(instruction)
    if found is not None:
        keyword, kind, short_hash, place = found.groups()
        shorter = [f"{keyword} {kind}:{short_hash} in {place}", f"{keyword} {kind} in {place}", f"{keyword} … {place}"]
    elif instruction.startswith(("COPY ", "ADD ")) and "[" not in instruction and "<<" not in instruction:
        keyword, *words = instruction.split(" ")
        plain = [word for word in words if not word.startswith("--")]
        place = plain[-1] if len(plain) > 1 else ""
        shorter = [" ".join((keyword, *plain))]
        shorter += [f"{keyword} {plain[0]} … {place}", f"{keyword} … {place}"] if place else []
    else:
        return instruction
    return next((text for text in shorter if len(text) <= width), shorter[-1])


def short(instruction: str, limit: int = 160) -> str:
    """Return an instruction in one line of at most ``limit`` characters: what says least goes first, then the end."""
    line = fitted(" ".join(instruction.split()), limit)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _point(script: str, width: int) -> str:
    """Return a RUN's script from its first real command on."""
    rest = _FLAGS.sub("", script, count=1)
    shown = rest
    for _ in range(_MOST_PREPARATIONS):
        found = re.match(_ENDED, rest) if len(shown) > width else None
        if found is None or not re.match(_PREPARES, found[1].strip()):
            break
        rest = rest[found.end() :].lstrip()
        shown = f"… {rest}"
    if len(shown) > width:
        shown = re.sub(_USUAL, "", re.sub(_VARIABLES, r"\1", shown))
    return f"RUN {shown}"


def _is_session(text: str) -> bool:
    """Tell whether a step is a shell without a command: someone worked in a container, and committed it."""
    program, _, options = text[:_MAX_PREFIX].partition(" ")
    shell = any(kind.fullmatch(program) for kind in (_CMD, _POWERSHELL)) or (
        len(program) < 200 and _UNIX_SHELL.fullmatch(program)
    )
    return bool(shell) and all(word[0] in "-/+" for word in options.split())
