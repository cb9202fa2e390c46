"""A builder without an engine: it makes archives, of Dockerfiles in which RUN knows ``put``, ``rm`` and ``fail`` alone.

``put PATH SIZE`` stores a file, ``rm -rf PATH …`` removes some. What breaks is told by ``breaks``: a build is given the
Dockerfile's text and its ``.dockerignore`` and fails with the words that come back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path

from imgscope.dockerfile import Dockerfile
from imgscope.dockerfile.ignore import Ignore
from imgscope.fixes.builders import Engine, Outcome
from imgscope.fixes.recipe import Recipe
from tests.archive.images import Image, docker_archive, write_tar
from tests.oracle.maketar import file, layer, whiteout
from tests.suggest.fix.cases import BASE, _steps


@dataclass
class FakeEngine(Engine):
    """Builds into ``home``; ``texts`` are the Dockerfiles that it was given, in their order."""

    home: Path = Path()
    breaks: Callable[[Dockerfile, str], str] = lambda dockerfile, ignore: ""
    texts: list[str] = field(default_factory=list)
    removals: int = 0
    """How often the removal of what was built was started."""

    @property
    def title(self) -> str:
        return "a fake"

    @property
    def runs(self) -> str | None:
        return None

    def reference(self, image: str) -> str:
        return image

    def _start_removal(self, *, patient: bool = True):
        self.removals += 1

        class Done:
            stdout = BytesIO(b"\n")

            def wait(self) -> int:
                return 0

        return Done()

    def build(self, recipe: Recipe, dockerfile: Dockerfile, ignore: str | None = None) -> Outcome:
        self.texts.append(dockerfile.text)
        rules = recipe.ignore.text if ignore is None else ignore
        why = self.breaks(dockerfile, rules)
        if why:
            line, _, words = why.partition(" ")
            return Outcome(None, int(line) if line.isdigit() else None, "", (words,))
        layers, config = [BASE], {"Cmd": ["sh"]}
        there: set[str] = set()
        for item in dockerfile.chain(len(dockerfile.stages) - 1):
            if item.keyword == "RUN":
                layers.append(_run(item.script, there))
            elif item.keyword == "COPY":
                layers.append(_copy(recipe.context, Ignore(".dockerignore", rules), item.arguments[-1], there))
            elif item.keyword == "CMD":
                config["Cmd"] = list(item.arguments)
        steps = _steps(dockerfile, len(dockerfile.stages) - 1)
        history = [{"created_by": "/bin/sh -c #(nop) ADD file:0 in / "}, *steps]
        path = self.home / f"{len(self.texts)}.tar"
        write_tar(path, docker_archive(Image(tuple(layers), extra={"history": history, "config": config})))
        return Outcome(str(path))


def _run(script: str, there: set[str]) -> bytes:
    made: dict[str, int] = {}
    gone: set[str] = set()
    for command in re.split(r"&&|;|\n", script):
        words = command.split()
        if words[:1] == ["put"]:
            made[words[1].strip("/")] = int(words[2])
        elif words[:2] == ["rm", "-rf"]:
            for pattern in words[2:]:
                made = {path: size for path, size in made.items() if not fnmatchcase(path, pattern.strip("/"))}
                gone |= {path for path in there if fnmatchcase(path, pattern.strip("/"))}
    there.difference_update(gone)
    there.update(made)
    return layer(
        *(file(path, path.encode() * (size // len(path))) for path, size in sorted(made.items())),
        *(whiteout(path) for path in sorted(gone)),
    )


def _copy(context: Path, ignore: Ignore, target: str, there: set[str]) -> bytes:
    found = []
    for path in sorted(context.rglob("*")):
        name = str(path.relative_to(context))
        if path.is_file() and not ignore.ignores(name):
            found.append(file(f"{target.strip('/')}/{name}", path.read_bytes()))
            there.add(f"{target.strip('/')}/{name}")
    return layer(*found)


def pairs(count: int, size: int = 300_000) -> str:
    """Return the lines of so many files that a later RUN removes; the file N stands in lines 2N and 2N + 1."""
    return "".join(f"RUN put /big{n} {size}\nRUN rm -rf /big{n}\n" for n in range(1, count + 1))
