"""Builds a Dockerfile's text by what is there: docker with BuildKit, docker's older builder, podman, buildah.

All of them are programs; what they say is kept to be shown when a build fails, and read for the step that failed and
for the images that they make on the way. Everything carries the run's label, and ``Engine.clear`` takes it away.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..ending import tidied
from ..errors import EngineError, UsageError
from ..processes import end
from ..settings import RUN_LABEL
from ..stopping import stoppable

if TYPE_CHECKING:
    from ..dockerfile import Dockerfile
    from .recipe import Kind, Recipe

CLIENTS = ("docker", "podman", "buildah")
_TITLES = {"buildkit": "docker (BuildKit)", "classic": "docker (its older builder)"}
# Docker's versions that have BuildKit, and that reach it by buildx alone.
_FIRST, _BUILDX = (18, 9), (23, 0)
# Of what a builder says so much is kept: its last lines are what counts.
_LINES, _WIDTH = 400, 2000
# Lines of a failed build that are shown.
SHOWN = 12
COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_STEP = re.compile(r"^(?:\[[^\]]*\] )?(?:Step|STEP) (\d+)/(\d+) ?: (.*)$|^#\d+ \[[^\]]*(?<=\d)\] (.*)$")
_FAILED = re.compile(r"^#(\d+) ERROR: ")
_IMAGE = re.compile(r"^ ?-{2,3}> (?:Pushing cache.*|Using cache )?([0-9a-f]{11,64})$")
_CONTAINER = re.compile(r"^ ---> Running in ([0-9a-f]{12,64})$")
_NOISE = re.compile(
    r"^(?:DEPRECATED: |\s+(?:BuildKit is currently|Install the buildx|environment-variable)|Sending build context"
    r"|#\d+ (?:CACHED|CANCELED|DONE|sha256|transferring|extracting)| ?-{2,3}> |$)"
)


# Removals that go on: whoever started one need not wait for it, nor hear that it still runs.
_removals: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a build ended: the image's id, or the line of the instruction that failed and the last that was said."""

    image: str | None
    line: int | None = None
    step: str = ""
    said: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """Why it failed, in one line."""
        last = next((line for line in reversed(self.said) if line.strip()), "")
        where = f"line {self.line} of the changed Dockerfile" if self.line is not None else "the build"
        return f"{where} fails: {last}" if last else f"{where} fails"


@dataclass
class Engine:
    """One builder and the engine that it builds in, for one run: ``label`` marks all that is made."""

    client: str
    kind: Kind
    label: str = field(default_factory=lambda: f"{RUN_LABEL}={uuid.uuid4().hex[:16]}")
    made: list[str] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    archives: dict[str, str] = field(default_factory=dict)
    folder: str = ""
    buildx: bool = True
    """Whether BuildKit is called by ``buildx``; clients before 23 reach it by ``docker build`` itself."""

    @property
    def title(self) -> str:
        """What it is called."""
        return _TITLES.get(self.kind, self.client)

    @property
    def runs(self) -> str | None:
        """The program that runs containers of its images; ``None`` where there is none."""
        if self.client != "buildah":
            return self.client
        return "podman" if shutil.which("podman") else None

    @cached_property
    def _before(self) -> frozenset[str]:
        """The ids of all images that were there before: none of them is ours."""
        done = self.call("images", "-aq", "--no-trunc")
        return frozenset(word.removeprefix("sha256:") for word in done.stdout.split())

    def call(self, *words: str, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
        """Call the client, and return what it said. Raises ``EngineError`` where it can't be called."""
        try:
            return subprocess.run(
                [self.client, *words], capture_output=True, text=True, errors="replace", check=False, timeout=timeout
            )
        except OSError as error:
            raise EngineError(f"{self.client} can't be called: {error.strerror or error}") from None

    def reference(self, image: str) -> str:
        """Return what ``analyze`` takes an image by."""
        if self.runs is None:
            if image not in self.archives:
                path = str(Path(self.folder) / f"{len(self.archives)}.tar")
                done = self.call("push", image, f"docker-archive:{path}")
                if done.returncode:
                    raise EngineError(f"buildah can't write an image: {_last(done.stderr)}")
                self.archives[image] = path
            return self.archives[image]
        return f"{self.runs}:{image}"

    # -- building ----------------------------------------------------------------------------------------

    def build(self, recipe: Recipe, dockerfile: Dockerfile, ignore: str | None = None) -> Outcome:
        """Build a Dockerfile's text with a recipe's context and arguments; ``ignore`` stands for ``.dockerignore``.

        Nothing is written into the context. Raises ``EngineError`` where the builder can't be called.
        """
        from .sending import prepared

        assert self._before is not None
        with tempfile.TemporaryDirectory(prefix="build-", dir=self.folder or None) as folder:
            iidfile = Path(folder) / "iid"
            with prepared(self.kind, recipe, dockerfile, ignore, Path(folder)) as (words, stdin):
                options = ["--label", self.label, "--iidfile", str(iidfile), *self._options(recipe)]
                command = [self.client, *self._verb(), *options, *words]
                code, said = self._run(command, stdin)
            image = _identity(iidfile) if code == 0 else None
        if image is not None:
            return Outcome(image)
        step, line = _failed(said, dockerfile)
        wanted = tuple(line for line in said if not _NOISE.match(line))[-SHOWN:]
        return Outcome(None, line, step, wanted)

    def _verb(self) -> list[str]:
        if self.kind == "buildkit" and self.buildx:
            return ["buildx", "build", "--load", "--progress=plain", "--provenance=false"]
        if self.kind == "buildkit":
            return ["build", "--progress=plain"]
        if self.kind == "classic":
            return ["build", "--force-rm"]
        verb = ["build", "--force-rm"] if self.kind == "podman" else ["bud"]
        # The other format has no place for HEALTHCHECK, SHELL and ONBUILD.
        return [*verb, "--layers", *([] if os.environ.get("BUILDAH_FORMAT") else ["--format", "docker"])]

    def _options(self, recipe: Recipe) -> Iterator[str]:
        if self.kind == "classic" and (recipe.secrets or recipe.ssh):
            raise UsageError("--secret and --ssh need BuildKit, and docker has none here")
        for name, values in (("--build-arg", recipe.arguments), ("--secret", recipe.secrets), ("--ssh", recipe.ssh)):
            for value in values:
                yield from (name, value)
        for name, value in (("--target", recipe.target), ("--network", recipe.network)):
            if value:
                yield from (name, value)

    def _run(self, command: Sequence[str], stdin: int | None) -> tuple[int, list[str]]:
        environment = {**os.environ, "DOCKER_BUILDKIT": "0" if self.kind == "classic" else "1"}
        said: deque[str] = deque(maxlen=_LINES)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        except OSError as error:
            raise EngineError(f"{self.client} can't be called: {error.strerror or error}") from None
        assert process.stdout is not None
        from_line = False

        def take(raw: bytes) -> None:
            nonlocal from_line
            text = COLOUR.sub("", raw.decode("utf-8", "replace"))
            line = text.rstrip("\r\n").rpartition("\r")[2][:_WIDTH]
            said.append(line)
            from_line = self._note(line, from_line)

        try:
            with tidied(process.kill), stoppable(process.kill):
                for raw in iter(partial(process.stdout.readline, 1 << 16), b""):
                    take(raw)
                code = process.wait()
        finally:
            end(process)
            # What it said last may name what has to be taken away.
            os.set_blocking(process.stdout.fileno(), False)
            for raw in (process.stdout.read() or b"").splitlines():
                take(raw)
            process.stdout.close()
        return code, list(said)

    def _note(self, line: str, from_line: bool) -> bool:
        """Note an image or a container that a builder makes on its way; return whether a FROM's image comes next."""
        step = _STEP.match(line)
        if step:
            return (step[3] or step[4] or "").upper().startswith("FROM ")
        image, container = _IMAGE.match(line), _CONTAINER.match(line)
        if image and not from_line and not any(known.startswith(image[1]) for known in self._before):
            self.made.append(image[1])
        if container:
            self.containers.append(container[1])
        return from_line and not image

    # -- taking away -------------------------------------------------------------------------------------

    @contextmanager
    def clearing(self) -> Iterator[None]:
        """Take away what was made meanwhile, however the block is left, and even if the process ends at once."""
        with tempfile.TemporaryDirectory(prefix="imgscope-fix-") as folder:
            self.folder = folder
            with tidied(self._start_removal):
                try:
                    yield
                except Exception:
                    self._start_removal(patient=False).wait()
                    raise
                except BaseException:
                    # It was ended in the middle: what may come late is taken away without anybody's waiting for it.
                    _first_round(self._start_removal())
                    raise
                self._start_removal(patient=False).wait()

    def _start_removal(self, *, patient: bool = True) -> subprocess.Popen[bytes]:
        """Start the removal in a process that no signal for this one reaches.

        ``patient``: something was ended in the middle, and what it leaves may come late.
        """
        given = {
            "containers": self.containers,
            "images": list(dict.fromkeys(self.made)),
            "folder": self.folder if patient else "",
            "rounds": 8 if patient else 1,
        }
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps(given).encode())
            file.seek(0)
            return subprocess.Popen(
                [sys.executable, "-m", "imgscope.fixes.removal", self.client, self.label, self.runs or ""],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(word for word in sys.path if word)},
            )


def _first_round(removal: subprocess.Popen[bytes]) -> None:
    """Wait until a removal has taken away what there was when it began; it may go on by itself."""
    assert removal.stdout is not None
    removal.stdout.read(1)
    _removals.append(removal)


def choose(client: str | None = None, environment: Callable[[str], str | None] = os.environ.get) -> Engine:
    """Return what builds here: ``client``, or the first of docker, podman and buildah that answers.

    Raises ``EngineError``.
    """
    reasons: list[str] = []
    for name in (client,) if client else CLIENTS:
        if shutil.which(name) is None:
            reasons.append(f"{name} is not on this machine's PATH")
            continue
        if name == "docker":
            done = Engine(name, "classic").call("version", "--format", "{{.Client.Version}}/{{.Server.Version}}")
            if done.returncode:
                reasons.append(f"docker: {_last(done.stderr)}")
                continue
            return _docker(done.stdout, wanted=environment("DOCKER_BUILDKIT") != "0")
        return Engine(name, "podman" if name == "podman" else "buildah")
    raise EngineError(f"nothing can build here: {'; '.join(reasons)}")


def _docker(versions: str, *, wanted: bool) -> Engine:
    """Return how docker builds: by BuildKit if that is wanted and there, else by its older builder.

    ``versions`` are the client's and the engine's. Both have BuildKit from 18.09 on; from 23.0 on the client calls it
    by buildx alone, which may not be installed.
    """
    numbers = [tuple(map(int, found)) for found in re.findall(r"(?:^|/)(\d+)\.(\d+)", versions.strip())]
    if wanted and len(numbers) == 2 and _FIRST <= numbers[0] < _BUILDX and numbers[1] >= _FIRST:
        return Engine("docker", "buildkit", buildx=False)
    found = wanted and Engine("docker", "buildkit").call("buildx", "version").returncode == 0
    return Engine("docker", "buildkit" if found else "classic")


def _last(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it does not answer")


def _identity(iidfile: Path) -> str | None:
    try:
        text = iidfile.read_text("ascii", "replace").strip()
    except OSError:
        return None
    return text if re.fullmatch(r"(?:sha256:)?[0-9a-f]{12,64}", text) else None


def _failed(said: Sequence[str], dockerfile: Dockerfile) -> tuple[str, int | None]:
    """Return the step that a build failed in, and its line in the Dockerfile."""
    for said_line in reversed(said):
        # BuildKit says the line itself, the older builder that of what it can't read.
        told = re.match(r"^(?:(\S*):|.*parse error line )(\d+)(?:$|:)", said_line.strip())
        if told and told[1] is not None and "ockerfile" not in told[1]:
            continue
        if told and any(item.first <= int(told[2]) <= item.last for item in dockerfile.instructions):
            return "", int(told[2])
    # BuildKit runs several steps at once: the last that it names need not be the one that failed.
    failed = next((found[1] for line in reversed(said) if (found := _FAILED.match(line))), None)
    for said_line in reversed(said):
        step = _STEP.match(said_line)
        if step and (failed is None or said_line.startswith(f"#{failed} ")):
            text = " ".join((step[3] or step[4] or "").split())
            for item in dockerfile.instructions:
                written = " ".join(item.text.split())
                if text and (written == text or written.startswith(text.rstrip(".")) or text.startswith(written)):
                    return text, item.first
            return text, None
    return "", None
