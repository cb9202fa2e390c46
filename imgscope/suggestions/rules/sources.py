"""Sources and intermediate files of what was compiled in the image, beside what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...layer.index import DIRECTORY
from ...paths import internal, join, public, split
from ...settings import settings
from ..context import Context
from ..elf import elf_files
from ..model import Claim, Draft, Rule
from ..program import program
from . import words
from .build_leftovers import COMPILERS, shown, unowned

_CODE = "IS205"
_NATIVE = (
    *(
        "c",
        "cc",
        "cpp",
        "cxx",
        "c++",
        "h",
        "hh",
        "hpp",
        "hxx",
        "rs",
        "go",
        "zig",
        "swift",
        "f90",
        "S",
        "o",
        "obj",
        "lo",
    ),
    *("hs", "nim", "pyx"),
)
_JAVA = ("java", "kt", "kts", "scala", "groovy")
_NATIVE_FOLDERS = (
    *("target/debug", "target/release/deps", "target/release/build", "target/release/incremental"),
    *("target/release/.fingerprint", "target/release/examples", "CMakeFiles", "build/Release/obj.target", ".deps"),
)
_JAVA_FOLDERS = ("target/classes", "target/test-classes", "target/generated-sources", "target/maven-status")
_JAVA_ENDINGS = tuple(f".{ending}".encode() for ending in _JAVA)
_JAVA_PARTS = tuple(f"/{folder}/".encode() for folder in _JAVA_FOLDERS)
# Files that say: here begins something that is built.
_MARKS = frozenset(
    (
        *(b"Makefile", b"CMakeLists.txt", b"configure", b"configure.ac", b"meson.build", b"go.mod", b"Cargo.toml"),
        *(
            b"pom.xml",
            b"build.gradle",
            b"build.gradle.kts",
            b"build.zig",
            b"Package.swift",
            b"binding.gyp",
            b"build.xml",
        ),
    )
)
# Sources there belong to languages' packages, which bring them along to be read, or to the system.
_ELSEWHERE = {b"site-packages", b"dist-packages", b".m2", b".gradle", b"node_modules", b"gems"}
_SYSTEM = (
    *(b"usr/include/", b"usr/share/", b"usr/lib/", b"usr/local/include/", b"usr/local/lib/", b"lib/", b"etc/"),
    b"var/lib/",
)


def _check(context: Context) -> Iterator[Draft]:
    run = program(context)
    if run.words & COMPILERS:
        return
    claims = unowned(context, _here(shown(context, _CODE)))
    if not claims:
        return
    java: list[Claim] = []
    native: list[Claim] = []
    for claim in claims:
        (java if _of_java(claim.path) else native).append(claim)
    found: list[Claim] = []
    built = [entry for entry, (path, _) in elf_files(context).items() if not _elsewhere(path)] if native else []
    built = [entry for entry in built if context.is_run(context.overlay.layer_of(entry))]
    if built:
        found += _built_before(context, native, built)
    if java:
        found += _built_before(context, java, _archives(context))
    if not found:
        return
    trees = _whole_trees(context, found)
    whole = {claim.entry: claim for claim in found}
    for tree in trees:
        whole.update((claim.entry, claim) for claim in _below(context, tree))
    layers = tuple(context.by_layer(whole.values()))
    where = ", ".join(public(tree) for tree in trees[:3]) + (", …" if len(trees) > 3 else "")
    built_here = {path for path, _ in elf_files(context).values()}
    sure = not built_here.isdisjoint(run.mentioned) or (run.known and bool(java and found))
    yield Draft(
        f"Sources and intermediate files of what was built{' in ' + where if where else ''}, in {words.layers(layers)}",
        "Build in a stage of its own, and copy only what is run into the final stage.",
        list(whole.values()),
        layers,
        certainty="likely" if sure else "possible",
    )


def _here(claims: Sequence[Claim]) -> list[Claim]:
    """Return those that are not of a place where sources are for reading."""
    known: dict[bytes, bool] = {}
    found: list[Claim] = []
    for claim in claims:
        folder = claim.path[: claim.path.rfind(b"/") + 1]
        if folder not in known:
            known[folder] = _elsewhere(folder)
        if not known[folder]:
            found.append(claim)
    return found


def _elsewhere(path: bytes) -> bool:
    return not _ELSEWHERE.isdisjoint(path.split(b"/")) or path.startswith(_SYSTEM)


def _of_java(path: bytes) -> bool:
    return path.endswith(_JAVA_ENDINGS) or (b"/target/" in path and any(folder in path for folder in _JAVA_PARTS))


def _archives(context: Context) -> list[int]:
    """Return Java's programs that own layers built."""
    overlay = context.overlay
    return [
        entry
        for layer in context.own_layers
        if context.is_run(layer)
        for directory, name, entry in overlay.entries(layer)
        if name.endswith((b".jar", b".war", b".class")) and not _elsewhere(directory + b"/")
    ]


def _built_before(context: Context, claims: Sequence[Claim], built: Sequence[int]) -> list[Claim]:
    """Return the sources that were there when the last of what was built was."""
    last = max((context.overlay.layer_of(entry) for entry in built), default=-1)
    return [claim for claim in claims if context.layer_of(claim) <= last]


def _whole_trees(context: Context, claims: Sequence[Claim]) -> list[bytes]:
    """Return the folders that were there to be built only: neither the program nor its folder lies in one."""
    known: dict[bytes, bytes] = {b"": b""}
    roots = {_root(context, split(claim.path)[0], known) for claim in claims} - {b""}
    config = settings(context.analysis.image.config)
    home = config.get("WorkingDir")
    run = program(context)
    needed = {*run.mentioned, internal(home) if isinstance(home, str) and home else b""}
    said = run.text + str(config.get("Env", ""))
    found: list[bytes] = []
    for root in sorted(roots):
        if public(root) in said:
            continue
        if not any(path == root or path.startswith(root + b"/") for path in needed) and run.known:
            found.append(root)
    return found


def _root(context: Context, folder: bytes, known: dict[bytes, bytes]) -> bytes:
    """Return the outermost folder, from this one up, that is one to be built, or the empty path.

    ``known`` are the answers for folders that were asked for before.
    """
    pending: list[bytes] = []
    while folder not in known:
        pending.append(folder)
        folder = split(folder)[0]
    found = known[folder]
    for inner in reversed(pending):
        names = context.overlay.tree.get(inner, {})
        if not found and any(mark in names for mark in _MARKS):
            found = inner
        known[inner] = found
    return found


def _below(context: Context, folder: bytes) -> Iterator[Claim]:
    """Yield what own layers have below a folder of the merged tree, toolchains and packages' files left out."""
    overlay = context.overlay
    pending, claims = [folder], []
    while pending:
        here = pending.pop()
        for name, entry in overlay.tree.get(here, {}).items():
            path = join(here, name)
            if overlay.kind(entry) == DIRECTORY:
                pending.append(path)
            elif overlay.layer_of(entry) in context.own_layers:
                claims.append(Claim(path, entry))
    yield from unowned(context, claims)


RULES = (
    Rule(
        _CODE,
        "sources",
        "Sources and intermediate files of what was compiled in the image.",
        "likely",
        _check,
        why="A compiled program does not read what it was made from. The sources, and the object files on the way, are "
        "often larger than the program, and whoever gets the image gets them too.",
        before="FROM rust:1\nCOPY . /src\n"
        "RUN cd /src && cargo build --release && cp target/release/app /usr/local/bin\n"
        'CMD ["app"]',
        after="FROM rust:1 AS build\nCOPY . /src\nRUN cd /src && cargo build --release\n\n"
        'FROM debian:12-slim\nCOPY --from=build /src/target/release/app /usr/local/bin/\nCMD ["app"]',
        places=(
            *(f"/**/*.{ending}" for ending in (*_NATIVE, *_JAVA)),
            *(f"/**/{folder}/**" for folder in (*_NATIVE_FOLDERS, *_JAVA_FOLDERS)),
        ),
        needs_stage=True,
        final_stage="left out",
    ),
)
