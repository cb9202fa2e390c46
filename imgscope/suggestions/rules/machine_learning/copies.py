"""The same shared object in several places: which of them is loaded, and which are there for nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ....paths import public, split
from ...model import Claim, Draft, Rule
from .conda import in_conda
from .libraries import large_libraries
from .loading import PACKAGES, TOOLKIT, loading

if TYPE_CHECKING:
    from ...context import Context

# A shared object's name and the major version, which is what programs ask for (ld.so(8), *soname*).
_NAME = re.compile(rb"(lib[A-Za-z0-9_+.-]+?)\.so(?:\.(\d+))?(?:\.[\d.]+)?")
# What wheels bring is named with eight characters of a hash: each wheel asks for its own.
_HASHED = re.compile(rb"-[0-9a-f]{8}(?=\.so)")
# Variants of one library for other processors, or other uses: beside each other on purpose.
_VARIANTS = re.compile(rb"(?:^|/)(?:glibc-hwcaps|stubs|debug|tls|haswell|i686|sse2)(?:/|$)")
# So many libraries are named, and of each so many of those that load it.
_NAMED = 3


class Copy(NamedTuple):
    """A library at a place; ``askers`` load it."""

    path: bytes
    entry: int
    askers: frozenset[bytes]


def _groups(context: Context) -> dict[bytes, list[tuple[bytes, int]]]:
    """Return the libraries that are there in several places, by what programs ask for: (path, entry).

    By the name that the file itself has for it (DT_SONAME) where it can be read, else by its own.
    """
    by_name: dict[bytes, list[tuple[bytes, int]]] = {}
    for entry, path in large_libraries(context).items():
        directory, name = split(path)
        match = _NAME.fullmatch(_HASHED.sub(b"", name))
        if match is not None and not _VARIANTS.search(directory):
            key = match[1] + b".so" + (b"." + match[2] if match[2] else b"")
            by_name.setdefault(key, []).append((path, entry))
    some = {name: copies for name, copies in by_name.items() if len({split(path)[0] for path, _ in copies}) > 1}
    if some and context.has_contents:
        context.root.look(entry for copies in some.values() for _, entry in copies)
    found: dict[bytes, list[tuple[bytes, int]]] = {}
    for name, copies in some.items():
        by_machine: dict[str, list[tuple[bytes, int]]] = {}
        for path, entry in copies:
            elf = context.root.elf(entry) if context.has_contents else None
            by_machine.setdefault(elf.machine if elf is not None else "", []).append((path, entry))
        for machine, alike in by_machine.items():
            if len({split(path)[0] for path, _ in alike}) > 1 and not _siblings(alike):
                found[name + (b" " + machine.encode() if machine and len(by_machine) > 1 else b"")] = alike
    return found


def _siblings(copies: Sequence[tuple[bytes, int]]) -> bool:
    """Tell whether all lie in folders beside each other, outside of packages: a program's own variants."""
    above = {split(split(path)[0])[0] for path, _ in copies}
    return len(above) == 1 and not any(PACKAGES.search(path) or TOOLKIT.match(path) for path, _ in copies)


def _copies(context: Context) -> dict[bytes, list[Copy]]:
    groups = _groups(context)
    if not groups:
        return {}
    paths = {path for copies in groups.values() for path, _ in copies}
    found = loading(context, paths)
    # Who asks for a name in vain finds it where only a running container knows: nothing is known of its copies.
    groups = {name: copies for name, copies in groups.items() if name.partition(b" ")[0] not in found.missing}
    return {
        name: [
            Copy(path, entry, frozenset(found.askers.get(path, ()) if found.known else ())) for path, entry in copies
        ]
        for name, copies in groups.items()
    }


def _twice(context: Context) -> Iterator[Draft]:
    groups = _copies(context)
    dead: dict[bytes, list[Copy]] = {}
    spare: dict[bytes, list[Copy]] = {}
    loaded: dict[bytes, Copy] = {}
    for name, copies in sorted(groups.items()):
        alive = [copy for copy in copies if copy.askers]
        unused = [copy for copy in copies if not copy.askers]
        plain = [copy for copy in alive if not _HASHED.search(copy.path)]
        if plain and unused:
            dead[name] = unused
            loaded[name] = plain[0]
        elif unused:
            spare[name] = _spare(context, copies)
    if dead:
        yield _draft(context, dead, loaded)
    if any(spare.values()):
        yield _draft(context, {name: copies for name, copies in spare.items() if copies}, {})


def _spare(context: Context, copies: Sequence[Copy]) -> list[Copy]:
    """Return the copies to do without where nothing tells which is loaded: packages load their own.

    What a base brings can't be removed, so that of two its copy stays.
    """
    ranked = sorted(copies, key=lambda copy: (not (PACKAGES.search(copy.path) or in_conda(copy.path)), copy.path))
    if any(copy.askers for copy in copies):
        ranked = [ranked[0], *(copy for copy in ranked if not copy.askers)]
    own = [copy for copy in ranked[1:] if context.overlay.layer_of(copy.entry) in context.own_layers]
    if not own and not ranked[0].askers and context.overlay.layer_of(ranked[0].entry) in context.own_layers:
        return [ranked[0]]
    return own


def _draft(context: Context, groups: Mapping[bytes, Sequence[Copy]], loaded: Mapping[bytes, Copy]) -> Draft:
    claims = [Claim(copy.path, copy.entry) for copies in groups.values() for copy in copies]
    layers = tuple(context.by_layer(claims))
    names = [name.partition(b" ")[0].decode("utf-8", "replace") for name in groups]
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    if not loaded:
        return Draft(
            f"The same libraries in different places: {shown}",
            "Bring them once: from the base image with a build that uses the system's, or with the packages on a base "
            "without them. Which one is loaded is told by: ldd, or LD_DEBUG=libs.",
            claims,
            layers,
        )
    how = [
        f"{name.partition(b' ')[0].decode('utf-8', 'replace')}: {public(min(copy.askers))} loads {public(copy.path)}"
        for name, copy in list(loaded.items())[:_NAMED]
    ]
    base = [layer for layer in layers if layer not in context.own_layers]
    return Draft(
        f"Copies of libraries that nothing loads: {shown}",
        f"{_remedy(context, claims, bool(base))} What asks for them gets another copy: {'; '.join(how)}.",
        claims,
        layers,
        certainty="likely",
    )


def _remedy(context: Context, claims: Sequence[Claim], base: bool) -> str:
    if base and any(TOOLKIT.match(claim.path) for claim in claims):
        return "Take a base without CUDA's libraries (nvidia/cuda:…-base-…, python:…-slim): the packages bring theirs."
    if base:
        return "Take a base without them: the packages bring theirs."
    if all(PACKAGES.search(claim.path) for claim in claims):
        return "Install the packages without them (pip install --no-deps), or leave out what brings the others."
    return "Leave out what installs them: the packages bring theirs."


RULES = (
    Rule(
        "IS502",
        "libraries-twice",
        "The same shared library in different places.",
        "possible",
        _twice,
        why="A base image or the distribution has CUDA, cuDNN, MKL or OpenBLAS, and wheels bring their own beside it. "
        "A process loads one of them, that which RPATH, LD_LIBRARY_PATH, RUNPATH and the loader's cache lead to. Where "
        "all that ask for a library get another copy, this one is *likely* not needed. What a program loads by a name "
        "of its own making can't be seen: where nothing in the image asks for a library, it is *possible*. Wheels' "
        "libraries with a hash in their names are each asked for by their own wheel, and not told.",
        before="FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04\nRUN pip install torch",
        after="FROM python:3.13-slim\nRUN pip install torch",
    ),
)
