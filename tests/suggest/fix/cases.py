"""Cases as text: a Dockerfile, what the image that it built shows, and what becomes of it.

A file of ``data/`` holds several. ``==== name`` begins one, with the Dockerfile; then come sections:

``## image``   what each RUN, COPY and ADD of the image's stage left, a line each, in their order. ``path`` is a file of
               some kB, ``path=text`` one with that text (``\\n``, ``\\t``), ``path:7`` one of uid 7, ``-path`` a
               removed one, ``path>target`` a link; ``WORDS`` stand for usual ones, ``.`` for nothing to speak of.
``## config``  settings of the image as JSON.
``## level``   how far edits go, where that is further than ``safe``: ``likely`` or ``possible``.
``## least``   the bytes below which a finding is not told; 1 without it.
``## after``   the Dockerfile as it has to be; without it, it has to stay as it is.
``## left``    what is left, and why, a line each.

``python -m tests.suggest.fix.cases`` writes the last two anew; look at what changed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from imgscope import analyze
from imgscope.dockerfile import Dockerfile, match, parse
from imgscope.fixes.model import LEVELS, Level
from imgscope.suggestions import Options, suggest
from imgscope.suggestions.fix import Fixed, fix
from tests.oracle.maketar import directory, file, layer, symlink, whiteout

from ...archive.images import Image, docker_archive, write_tar

DATA = Path(__file__).parent / "data"
BASE = layer(
    file("etc/os-release", b"ID=none\n"),
    file("bin/sh", b"\x7fELF" + b"s" * 5000, mode=0o755),
    file("var/lib/dpkg/status", b"base"),
    file("lib/apk/db/installed", b"base"),
)
WORDS = {
    "lists": "var/lib/apt/lists/deb_main_Packages",
    "-lists": "-var/lib/apt/lists/deb_main_Packages",
    "bin": "var/cache/apt/pkgcache.bin",
    "dpkg": "var/lib/dpkg/status",
    "apkindex": "var/cache/apk/APKINDEX.1.tar.gz",
    "apkdb": "lib/apk/db/installed",
    "npm": "root/.npm/_cacache/index",
    "pip": "root/.cache/pip/http/a",
}
LAYERED = ("RUN", "COPY", "ADD")


@dataclass
class Case:
    """One case; see the module."""

    name: str
    before: str
    image: list[str] = field(default_factory=list)
    config: dict = field(default_factory=dict)
    level: Level = "safe"
    least: int = 1
    after: str | None = None
    left: list[str] = field(default_factory=list)


def read_cases() -> list[Case]:
    """Read all cases."""
    found = []
    for path in sorted(DATA.glob("*.txt")):
        parts = re.split(r"^==== (.+)\n", path.read_text(), flags=re.MULTILINE)[1:]
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            sections = re.split(r"^## (image|config|level|least|after|left)\n", body, flags=re.MULTILINE)
            case = Case(f"{path.stem}: {name}", sections[0].rstrip("\n") + "\n")
            for kind, text in zip(sections[1::2], sections[2::2], strict=True):
                lines = [line for line in text.split("\n") if line.strip()]
                if kind == "config":
                    case.config = json.loads(text)
                elif kind == "level":
                    case.level = lines[0]
                elif kind == "least":
                    case.least = int(text)
                elif kind == "after":
                    case.after = text.rstrip("\n") + "\n"
                else:
                    setattr(case, kind, lines)
            found.append(case)
    return found


def _members(number: int, line: str) -> bytes:
    made = []
    for word in re.findall(r"(?:\\ |\S)+", line):
        # A database of packages is not the same after two installations.
        change = b"%d" % number if word in ("dpkg", "apkdb") else b""
        word = WORDS.get(word, word).replace("\\ ", " ")
        if word == ".":
            made.append(directory("app"))
        elif word.startswith("-"):
            made.append(whiteout(word[1:]))
        elif ">" in word and "=" not in word:
            made.append(symlink(*word.split(">")))
        elif "=" in word:
            path, _, text = word.partition("=")
            made.append(file(path, text.replace("\\n", "\n").replace("\\t", "\t").encode(), mode=0o755))
        else:
            path, _, uid = word.partition(":")
            made.append(file(path, b"\x7fELF" + path.encode() * 500 + change, mode=0o755, uid=int(uid or 0)))
    return layer(*made)


def _steps(dockerfile: Dockerfile, stage: int) -> list[dict]:
    """Write the history as builders do."""
    shell = "/bin/sh -c"
    steps = []
    for instruction in dockerfile.chain(stage):
        if instruction.keyword == "SHELL":
            shell = " ".join(instruction.arguments)
        if instruction.keyword == "RUN":
            said = " ".join(instruction.arguments) if instruction.exec_form else f"{shell} {instruction.script}"
            steps.append({"created_by": f"RUN {said} # buildkit"})
        elif instruction.keyword in LAYERED:
            steps.append({"created_by": f"{instruction.keyword} {' '.join(instruction.arguments)} # buildkit"})
        else:
            steps.append({"created_by": f"{instruction.keyword} {instruction.rest}", "empty_layer": True})
    return steps


def mended(case: Case, folder: Path) -> Fixed:
    """Fix a case's Dockerfile."""
    return mend(case.before, case.image, folder, case.config, level=case.level, least=case.least)


def mend(
    text: str,
    image: list[str],
    folder: Path,
    config: dict | None = None,
    stage: int = -1,
    level: Level = "safe",
    least: int = 1,
) -> Fixed:
    """Fix a Dockerfile whose image has these layers."""
    dockerfile = parse(text, "Dockerfile")
    stage %= len(dockerfile.stages)
    steps = _steps(dockerfile, stage)
    wanted = sum("empty_layer" not in step for step in steps)
    assert len(image) <= wanted, "more layers than instructions"
    layers = (BASE, *(_members(*row) for row in enumerate([*image, *["."] * (wanted - len(image))])))
    user = next((i.rest for i in reversed(dockerfile.chain(stage)) if i.keyword == "USER"), "")
    history = [{"created_by": "/bin/sh -c #(nop) ADD file:0 in / "}, *steps]
    extra = {"history": history, "config": {"Cmd": ["sh"], "User": user, **(config or {})}}
    path = write_tar(folder / "image.tar", docker_archive(Image(layers, extra=extra)))
    with analyze(path, cache=False, contents=True) as analysis:
        matched = match(dockerfile, analysis)
        assert matched.belongs, matched.note
        return fix(
            suggest(analysis, Options(min_size=least), dockerfile=matched),
            unsafe=LEVELS[1 : LEVELS.index(level) + 1],
        )


def _write_anew() -> None:
    """Put what comes out now into the files."""
    import tempfile

    of: dict[str, list[str]] = {}
    for case in read_cases():
        with tempfile.TemporaryDirectory() as folder:
            fixed = mended(case, Path(folder))
        stem, _, name = case.name.partition(": ")
        parts = [f"==== {name}\n{case.before}## image\n" + "".join(line + "\n" for line in case.image)]
        if case.config:
            parts.append(f"## config\n{json.dumps(case.config)}\n")
        if case.level != "safe":
            parts.append(f"## level\n{case.level}\n")
        if case.least != 1:
            parts.append(f"## least\n{case.least}\n")
        if fixed.after.text != case.before:
            parts.append(f"## after\n{fixed.after.text}")
        if fixed.left:
            parts.append("## left\n" + "".join(f"{left.code} {left.why}\n" for left in fixed.left))
        of.setdefault(stem, []).append("".join(parts))
    for stem, texts in of.items():
        (DATA / f"{stem}.txt").write_text("".join(texts))


if __name__ == "__main__":
    _write_anew()
