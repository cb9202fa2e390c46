"""Reads ``.dockerignore`` and tells, as Docker does, what it keeps out of the build context."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..escape import escape
from .parser import MAX_BYTES

if TYPE_CHECKING:
    from e2b_dockerfile_utils import PatternMatcher

# To match a path takes time in a power of a pattern's stars.
_MAX_STARS = 24


@dataclass(frozen=True)
class Ignore:
    """A ``.dockerignore``: ``path`` is ``None`` where there is no such file. Paths are relative to the context."""

    path: str | None
    text: str

    @cached_property
    def _matcher(self) -> PatternMatcher:
        from e2b_dockerfile_utils import PatternMatcher

        lines = self.text.removeprefix("\ufeff").split("\n")
        for number, line in enumerate(lines, 1):
            if line.count("*") > _MAX_STARS:
                raise UsageError(f"{escape(self.path or '.dockerignore')}:{number}: the pattern has too many stars")
        try:
            return PatternMatcher([line.rstrip("\r") for line in lines])
        except (ValueError, re.error) as error:
            raise UsageError(f"{escape(self.path or '.dockerignore')}: {escape(str(error)[:200])}") from None

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns in their order, without comments, exceptions with their ``!``."""
        return tuple(self._matcher.patterns)

    def ignores(self, path: str) -> bool:
        """Tell whether a path of the context (with slashes, not absolute) is kept out of the build."""
        clean = path.removeprefix("./").strip("/")
        return bool(clean) and self._matcher.matches(clean)

    def with_lines(self, lines: Iterable[str]) -> str:
        """Return the text with lines added at its end, those left out that it has."""
        have = {line.strip() for line in self.text.splitlines()}
        new = [line for line in dict.fromkeys(lines) if line not in have]
        if not new:
            return self.text
        ending = "\r\n" if "\r\n" in self.text else "\n"
        between = ending if self.text and not self.text.endswith("\n") else ""
        return self.text + between + "".join(line + ending for line in new)


def read_ignore(dockerfile: str | os.PathLike[str], context: str | os.PathLike[str] | None = None) -> Ignore:
    """Read what holds for a Dockerfile: ``NAME.dockerignore`` beside it, else ``.dockerignore`` in the context.

    The context is the Dockerfile's folder where it is not given. Raises ``UsageError`` for a file that can't be read.
    """
    path = Path(dockerfile)
    for candidate in (path.with_name(path.name + ".dockerignore"), Path(context or path.parent) / ".dockerignore"):
        try:
            with candidate.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise UsageError(f"{escape(str(candidate))} can't be read: {error.strerror or error}") from None
        if len(data) > MAX_BYTES:
            raise UsageError(f"{escape(str(candidate))} is larger than {MAX_BYTES >> 20} MiB")
        found = Ignore(str(candidate), data.decode("utf-8", "surrogateescape"))
        # What is wrong with it is told here, not when it is first asked.
        assert found.patterns is not None
        return found
    return Ignore(None, "")
