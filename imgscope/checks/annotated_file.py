"""The file that outputs point at: the Dockerfile, and which of its lines made a layer; else the configuration."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError, ImgscopeError
from ..escape import escape

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..dockerfile import Dockerfile, DockerfileMatch


class AnnotatedFile:
    """A file of the repository. ``path`` is its path there; ``matched`` tells what its lines have made of an image."""

    def __init__(self, path: str = "Dockerfile", file: Path | None = None, *, named: bool = True) -> None:
        """Point at ``path``; ``file`` is where it lies here, ``None`` where it does not or is not a Dockerfile.

        One that nobody ``named`` is only believed where it says all that an image's history does.
        """
        self.path = path
        self._file = file
        self._named = named
        self._matched: dict[int, tuple[Analysis, DockerfileMatch | None]] = {}

    @cached_property
    def _dockerfile(self) -> Dockerfile | None:
        from ..dockerfile import read
        from ..dockerfile.nearby import read_nearby

        if self._file is None:
            return None
        if not self._named:
            return read_nearby(self._file.parent)
        try:
            return read(self._file)
        except ImgscopeError:
            # No builder would take it; a check of the image still says all but the line.
            return None

    def matched(self, analysis: Analysis) -> DockerfileMatch | None:
        """Return the Dockerfile matched to an image; ``None`` where there is none, or the image is not made by it."""
        known = self._matched.get(id(analysis))
        if known is None:
            from ..dockerfile import match
            from ..dockerfile.nearby import exactly

            judge = match if self._named else exactly
            found = judge(self._dockerfile, analysis) if self._dockerfile is not None else None
            known = analysis, found if found is not None and found.belongs else None
            self._matched[id(analysis)] = known
        return known[1]

    def note(self, analysis: Analysis) -> str:
        """Say that a Dockerfile was used that nobody named; empty unless one was."""
        known = self._matched.get(id(analysis))
        if self._named or known is None or known[1] is None:
            return ""
        return f"{escape(self.path)} was used: the image was built from it"

    def line_of(self, analysis: Analysis | None, layer: int | None) -> int:
        """Return the line of the instruction that made a layer; 1 when that can't be told."""
        if analysis is None or layer is None or self._file is None:
            return 1
        found = self.matched(analysis)
        instruction = found.instruction(layer) if found is not None else None
        return instruction.first if instruction is not None else 1

    def line_about(self, analysis: Analysis | None, keyword: str) -> int:
        """Return the line of the last instruction of a kind, of the FROM where there is none; 1 if not known."""
        found = self.matched(analysis) if analysis is not None else None
        if found is None:
            return 1
        stage = found.dockerfile.stages[found.stage]
        return next((made.first for made in reversed(found.chain) if made.keyword == keyword), stage.from_.first)


def annotated_file(dockerfile: str | None, config: Path | None, *, here: bool = True) -> AnnotatedFile:
    """Return the place to point at: the Dockerfile that is named, that which lies ``here``, or ``config``.

    Raises ``ConfigError`` when there is no such Dockerfile.
    """
    named = Path(dockerfile or "Dockerfile")
    if (here or dockerfile is not None) and named.is_file():
        return AnnotatedFile(_in_repository(named), named, named=dockerfile is not None)
    if dockerfile is not None:
        raise ConfigError(f"there is no Dockerfile {escape(dockerfile)}")
    return AnnotatedFile(_in_repository(config) if config is not None else "Dockerfile")


def _in_repository(named: Path) -> str:
    path = named.absolute()
    for root in (os.environ.get("GITHUB_WORKSPACE"), os.environ.get("CI_PROJECT_DIR"), _repository(path)):
        if root and path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.name


def _repository(path: Path) -> str | None:
    return next((str(folder) for folder in path.parents if (folder / ".git").exists()), None)
