"""Toolchains that no package manager knows, unpacked into the image and left there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...knowledge.toolchains import JDK_HOMES, TOOLCHAINS, Toolchain
from ...paths import join, split
from ..context import Context
from ..elf import elf_files
from ..model import Certainty, Claim, Draft, Rule
from ..places import Places
from ..program import program
from ..system_files import system_owners
from . import words
from .build_leftovers import shown

if TYPE_CHECKING:
    from ...rootfs.start import Start

_CODE = "IS213"
_JDK = "JDK"
_FIX = "Build in a stage of its own and copy what it makes into a final stage without the toolchain."
# What a JDK has beyond what a Java runtime needs. Tools to look into a running program stay.
_JDK_TOOLS = frozenset(
    b"javac javadoc javap jar jarsigner jdeprscan jdeps jimage jlink jmod jpackage jshell rmic serialver".split()
)
_JDK_FOLDERS = (b"jmods", b"include", b"demo", b"sample", b"man")
_JDK_FILES = {b"src.zip", b"ct.sym"}


def _check(context: Context) -> Iterator[Draft]:
    claims = shown(context, _CODE)
    # What a package manager knows is for the rule about packages.
    owners = system_owners(context) if claims else {}
    claims = [claim for claim in claims if claim.path not in owners]
    if not claims:
        return
    run = program(context)
    sure: Certainty = "likely" if run.known else "possible"
    which = Places({_JDK: JDK_HOMES, **{one.what: one.places for one in TOOLCHAINS}})
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        directory, name = split(claim.path)
        for what in [*which.of_directory(directory), *which.of_file(directory, name)]:
            found.setdefault(what, []).append(claim)
    for one in TOOLCHAINS:
        part = _proved(one, found.get(one.what, []))
        if part and not one.used.search(run.text):
            layers = tuple(context.by_layer(part))
            title = f"{one.what} in {words.layers(layers)}"
            certainty = "possible" if one.vague or _linked(context, part) else sure
            yield Draft(title[:1].upper() + title[1:], _FIX, part, layers, certainty=certainty)
    yield from _java(context, found.get(_JDK, []), run)


def _linked(context: Context, part: list[Claim]) -> bool:
    """Tell whether a program elsewhere names a library that lies among these files, or one of them is started."""
    paths = {claim.path for claim in part}
    libraries = {split(path)[1] for path in paths if b".so" in split(path)[1]}
    if not paths.isdisjoint(program(context).mentioned):
        return True
    return bool(libraries) and any(
        path not in paths and not libraries.isdisjoint(elf.needed) for path, elf in elf_files(context).values()
    )


def _proved(one: Toolchain, claims: list[Claim]) -> list[Claim]:
    """Return what lies in directories that have the toolchain's programs, and programs that are named themselves."""
    if not one.proof:
        return claims
    homes = {split(claim.path)[0] for claim in claims if split(claim.path)[1] in one.proof}
    roots = tuple({home.removesuffix(b"/bin") + b"/" for home in homes})
    files = Places({one.what: [glob for glob in one.places if not glob.endswith("/**")]})
    return [claim for claim in claims if claim.path.startswith(roots) or files.of_file(*split(claim.path))]


def _java(context: Context, claims: list[Claim], run: Start) -> Iterator[Draft]:
    """Find Java development kits: where the image runs Java, what they have beyond a runtime."""
    tree = context.overlay.tree
    homes = {split(claim.path)[0] for claim in claims}
    homes = {split(home)[0] for home in homes if home.endswith(b"/bin") and b"javac" in tree.get(home, {})}
    for home in sorted(homes):
        inside = [claim for claim in claims if claim.path.startswith(home + b"/")]
        if run.known and not _runs_java(context, run):
            part, what = inside, "A Java development kit"
        else:
            part, what = (
                [claim for claim in inside if _beyond(claim.path[len(home) + 1 :])],
                "A JDK where a JRE would do",
            )
        layers = tuple(context.by_layer(part))
        if part:
            yield Draft(
                f"{what} in {words.layers(layers)}",
                "Compile in a stage of its own; the final stage needs a Java runtime only, or one that jlink makes.",
                part,
                layers,
                certainty="possible",
            )


def _beyond(path: bytes) -> bool:
    folder, _, rest = path.partition(b"/")
    return (
        folder in _JDK_FOLDERS
        or (folder == b"bin" and rest in _JDK_TOOLS)
        or split(path)[1] in _JDK_FILES
        or (b"/" not in rest and folder == b"src.zip")
    )


def _runs_java(context: Context, run: Start) -> bool:
    if any(word.startswith("java") or word.endswith((".jar", ".war")) for word in run.words):
        return True
    return any(
        name.endswith((b".jar", b".war"))
        for layer in context.own_layers
        for directory, name, entry in context.overlay.entries(layer)
        if b"/.m2/" not in directory and b"/.gradle/" not in directory and b"maven" not in directory
        if context.visible(Claim(join(directory, name), entry))
    )


RULES = (
    Rule(
        _CODE,
        "toolchains",
        "Whole toolchains: Go, Rust, a JDK, Maven, an SDK.",
        "likely",
        _check,
        why="What compiles a program is many times larger than the program, and is not run again once it is built.",
        before="FROM debian:12\nADD go1.23.linux-amd64.tar.gz /usr/local\nCOPY . /src\n"
        'RUN cd /src && /usr/local/go/bin/go build -o /app .\nCMD ["/app"]',
        after="FROM golang:1.23 AS build\nCOPY . /src\nRUN cd /src && CGO_ENABLED=0 go build -o /app .\n\n"
        'FROM gcr.io/distroless/static\nCOPY --from=build /app /app\nCMD ["/app"]',
        places=(*(glob for one in TOOLCHAINS for glob in one.places), *JDK_HOMES),
        needs_stage=True,
        final_stage="left out",
    ),
)
