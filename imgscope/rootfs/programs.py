"""How a container finds programs: the directories of PATH, the first line of a script, what ``env`` is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..paths import clean

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What engines set where an image sets no PATH."""

# Of a PATH with more than anybody writes only so many directories are looked at.
_MAX_DIRECTORIES = 100
_SHEBANG = re.compile(rb"^#![ \t]*(\S+)(?:[ \t]+([^\r\n]*))?")


def directories(path: str) -> tuple[bytes, ...]:
    """Split a PATH as a config has it into directories of the image."""
    parts = [part for part in path.split(":") if part][:_MAX_DIRECTORIES]
    return tuple(clean(part.encode("utf-8", "surrogateescape"))[0] for part in parts)


def search_path(variables: Mapping[str, str]) -> tuple[bytes, ...]:
    """Return the directories that programs are looked for in, with such an environment."""
    return directories(variables.get("PATH") or DEFAULT_PATH)


def shebang(head: bytes) -> tuple[bytes, bytes] | None:
    """Read a script's first line: its interpreter and the argument, ``None`` for what is not a script."""
    match = _SHEBANG.match(head)
    return (match[1], (match[2] or b"").strip()) if match else None


def interpreters(program: bytes, argument: bytes) -> list[bytes]:
    """Return what a ``#!`` line needs: its program, and what ``env`` is to find by PATH."""
    found = [program]
    if program.rpartition(b"/")[2] == b"env":
        words = [word for word in argument.split() if not word.startswith(b"-") and b"=" not in word]
        found += words[:1]
    return found
