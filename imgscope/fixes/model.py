"""What a run of ``imgscope fix`` comes to: edits with their proof, what was left and why, both images, the patch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ..differences.model import ConfigDifference
    from ..dockerfile import Dockerfile
    from ..dockerfile.ignore import Ignore

Level = Literal["safe", "likely", "possible"]
LEVELS: tuple[Level, ...] = ("safe", "likely", "possible")
"""How far a fix may go: *safe*, the same container with fewer bytes; *likely* and *possible*, as sure as findings are.
What is more than safe counts only as proven by a build and its tests."""
MIN_SIZE = 100_000


@dataclass(frozen=True, slots=True)
class Options:
    """What to try, and how to tell that it is right.

    ``tests`` are commands for a shell in the container, ``outside`` commands for a shell here that get the image's
    name. ``level`` is the highest grade that is tried, ``min_size`` the bytes below which an edit is not. ``watch``
    are the seconds after which a container counts as one that stays up, ``timeout`` those that a test may take.
    """

    tests: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    level: Level = "likely"
    min_size: int = MIN_SIZE
    watch: float = 4.0
    timeout: float = 300.0


class Check(NamedTuple):
    """One thing that was looked at in the new image: what, whether it is as before, and what was seen."""

    name: str
    passed: bool
    detail: str = ""


class Edit(NamedTuple):
    """One change that can be made or left. ``lines`` are those of the Dockerfile, none for ``.dockerignore``.

    ``key`` is what it is called by, ``bytes`` what it is predicted to save.
    """

    key: str
    code: str
    grade: Level
    lines: tuple[int, ...]
    bytes: int
    what: str


@dataclass(frozen=True, slots=True)
class Made:
    """An edit that was made and proven: ``saved`` are the bytes that the new image really does not store any more."""

    edit: Edit
    saved: int
    proof: tuple[str, ...]
    seconds: float


class Left(NamedTuple):
    """What was not made, and why: of an edit that was tried, what failed."""

    code: str
    lines: tuple[int, ...]
    bytes: int
    why: str
    tried: bool = False


class Weight(NamedTuple):
    """An image, by its content bytes and its layers."""

    reference: str
    content_bytes: int
    merged_bytes: int
    layers: int


class Lacking(NamedTuple):
    """What the new image has no more: a folder with its bytes and paths, or a package."""

    kind: Literal["folder", "package"]
    name: str
    bytes: int
    paths: int = 0


@dataclass(slots=True)
class Record:
    """What came of a run; nothing is written to the user's files by it (see ``writing.write``)."""

    dockerfile: Dockerfile
    before: Weight
    after: Weight | None = None
    """The new image; ``None`` where nothing was changed."""
    changed: Dockerfile | None = None
    ignore_before: Ignore | None = None
    ignore_after: str | None = None
    """The text of ``.dockerignore``; ``None`` where it stays."""
    ignore_path: str = ""
    made: tuple[Made, ...] = ()
    left: tuple[Left, ...] = ()
    checks: tuple[Check, ...] = ()
    config: tuple[ConfigDifference, ...] = ()
    lacking: tuple[Lacking, ...] = ()
    builder: str = ""
    builds: int = 0
    bound: int = 0
    """How many builds were allowed."""
    candidates: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    written: Mapping[str, str | None] = field(default_factory=dict)
    """Files that were written, each with where its old text is kept (``None``: in git)."""

    @property
    def saved(self) -> int:
        """Content bytes that the new image has less."""
        return 0 if self.after is None else self.before.content_bytes - self.after.content_bytes

    @property
    def predicted(self) -> int:
        """What the edits that were made were predicted to save."""
        return sum(made.edit.bytes for made in self.made)

    @property
    def patch(self) -> str:
        """The changes of all files as a unified diff; empty where there are none."""
        import difflib

        from ..dockerfile.edits import diff, split_lines

        parts = [diff(self.dockerfile, self.changed)] if self.changed is not None else []
        if self.ignore_after is not None:
            old = self.ignore_before.text if self.ignore_before is not None else ""
            name = self.ignore_path.lstrip("/")
            before = f"a/{name}" if self.ignore_before is not None and self.ignore_before.path else "/dev/null"
            lines = difflib.unified_diff(split_lines(old), split_lines(self.ignore_after), before, f"b/{name}")
            parts.append(
                "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
            )
        return "".join(parts)
