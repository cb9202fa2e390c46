"""Runs an engine's build, and tells which image came of it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..ending import tidied
from ..errors import EngineError, ImageNotFoundError
from ..escape import escape
from ..processes import end

_ENGINES = ("docker", "podman")


@dataclass(frozen=True, slots=True)
class BuildOutcome:
    """What a build left: its exit code, and a reference to the image, ``None`` where the build failed.

    ``dockerfile`` is the file that was built from, where that lies here.
    """

    exit_code: int
    reference: str | None = None
    dockerfile: str | None = None


def build(arguments: Sequence[str], engine: str | None = None) -> BuildOutcome:
    """Run ``docker build`` with ``arguments`` (or Podman's), its input and output being ours.

    Raises ``EngineError`` when there is no engine's client, ``ImageNotFoundError`` when the build ends well and leaves
    no image in the engine.
    """
    client = engine or next((name for name in _ENGINES if shutil.which(name)), None)
    if client is None or shutil.which(client) is None:
        missing = f"{client} is not" if client else "neither docker nor podman is"
        raise EngineError(f"{missing} on this machine's PATH: nothing can build")
    given = next(option_values(arguments, "--iidfile"), None)
    with tempfile.TemporaryDirectory(prefix="imgscope-build-") as folder:
        iidfile = Path(given) if given is not None else Path(folder) / "iid"
        words = [client, "build", *([] if given is not None else ["--iidfile", str(iidfile)]), *arguments]
        code = _run(words)
        if code != 0:
            return BuildOutcome(code)
        identity = _identity(iidfile)
    if identity is None:
        raise ImageNotFoundError(
            f"{client} build left no image in the engine, so there is nothing to look at (does it need --load?)"
        )
    # By its name it is found with its name, which patterns in the configuration ask for.
    name = next(option_values(arguments, "--tag", "-t"), identity)
    return BuildOutcome(0, f"{client}:{name}", _dockerfile(arguments))


def _run(words: Sequence[str]) -> int:
    process = subprocess.Popen(words)
    try:
        with tidied(process.kill):
            code = process.wait()
    finally:
        # Whoever ends this program means the build: a key reaches the builder too, but no signal does.
        end(process)
    return code if code >= 0 else 128 - code


def _identity(iidfile: Path) -> str | None:
    try:
        text = iidfile.read_text("ascii", "replace").strip()
    except OSError:
        return None
    return text if text and escape(text) == text else None


def option_values(arguments: Sequence[str], *names: str) -> Iterator[str]:
    """Yield the values of an option, in all ways of writing it: ``--tag x``, ``--tag=x``, ``-t x``, ``-tx``."""
    words = iter(arguments)
    for word in words:
        for name in names:
            if word == name:
                value = next(words, None)
                if value is not None:
                    yield value
            elif name.startswith("--") and word.startswith(name + "="):
                yield word[len(name) + 1 :]
            elif not name.startswith("--") and word.startswith(name) and not word.startswith("--"):
                yield word[len(name) :].removeprefix("=")


def _dockerfile(arguments: Sequence[str]) -> str | None:
    """Return the Dockerfile of a build whose file is named, or whose context is a folder here."""
    named = next(option_values(arguments, "--file", "-f"), None)
    if named is not None:
        return named if Path(named).is_file() else None
    beside = Path(arguments[-1]) / "Dockerfile"
    return str(beside) if beside.is_file() else None
