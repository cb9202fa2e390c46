"""Python's bytecode that is there twice, for other Pythons, or whose source is gone; and that which is there at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from ...paths import join, split
from ..context import Context
from ..model import Certainty, Claim, Draft, Rule
from ..origin import CONTEXT
from ..own_lines import homes, mended, quoted, then, with_option
from . import words
from .build_leftovers import shown
from .ignore_lines import covering

_CODE = "IS208"
_CACHE = b"__pycache__"
# PEP 3147 and 488: module.cpython-312.opt-1.pyc
_NAME = re.compile(rb"(.+?)\.((?:cpython|pypy|graalpy)-?\d+)(?:\.opt-(\d))?(?:-pytest-[\d.]+)?\.pyc")
_PROGRAM = re.compile(rb"python(\d)\.(\d+)$|pypy(\d)\.(\d+)$")
_LIBRARY = re.compile(rb"libpython(\d)\.(\d+)|libpypy(\d)\.(\d+)")

_KINDS: dict[str, tuple[str, str, Certainty]] = {
    "orphan": (
        "bytecode whose source is gone",
        "Python does not look into __pycache__ for a module without a source: remove it with the source, or copy "
        "without it.",
        "certain",
    ),
    "foreign": (
        "bytecode for a Python that the image does not have",
        "Remove the caches when another Python takes over, or where they were copied from.",
        "certain",
    ),
    "twice": (
        "bytecode that is there twice, for the same sources",
        "Compile once, for the level of optimisation that the program is started with.",
        "likely",
    ),
    "cached": (
        "Python's bytecode, made from sources that are there too",
        "Install without it (pip install --no-compile, PYTHONDONTWRITEBYTECODE=1). It saves as many bytes as the "
        "sources take and costs time when the program starts: keep it where containers start often.",
        "possible",
    ),
}


def _check(context: Context) -> Iterator[Draft]:
    claims = shown(context, _CODE)
    if not claims:
        return
    tags = _tags(context)
    found: dict[str, list[Claim]] = {}
    cached: dict[bytes, set[bytes]] = {}
    for claim in claims:
        kind = _kind(context, claim.path, tags, cached)
        if kind:
            found.setdefault(kind, []).append(claim)
    for kind, (what, fix, certainty) in _KINDS.items():
        if kind in found:
            layers = tuple(context.by_layer(found[kind]))
            ignored: tuple[str, ...] = ()
            if all(context.origin(layer).where == CONTEXT.where for layer in layers):
                ignored = covering(context, found[kind], {"**/__pycache__": ("/**/__pycache__/**",)}, layers)
            yield Draft(
                f"{what[:1].upper()}{what[1:]}, in {words.layers(layers)}",
                fix,
                found[kind],
                layers,
                mended(context, found[kind], partial(_mend, kind)),
                ignored,
                certainty=certainty,
            )


def _mend(kind: str, text: str, claims: Sequence[Claim]) -> str:
    """Return a RUN so that it leaves no such bytecode."""
    if kind == "cached":
        changed = with_option(text, r"\bpip[\d.]*(?: -\S+){0,9} install\b", "--no-compile")
        if changed:
            return changed
    where = quoted(homes(claims))
    if not where:
        return ""
    matches = [match for claim in claims if (match := _NAME.fullmatch(split(claim.path)[1])) is not None]
    if kind == "foreign" and matches:
        tags = sorted({match[2].decode() for match in matches})
        named = " -o ".join(f"-name '*.{tag}*.pyc'" for tag in tags)
        return then(text, f"find {where} -type f \\( {named} \\) -delete")
    if kind == "twice" and any(match[3] for match in matches):
        return then(text, f"find {where} -type f -name '*.opt-*.pyc' -delete")
    return then(text, f"find {where} -type d -name __pycache__ -prune -exec rm -rf {{}} +")


def _kind(context: Context, path: bytes, tags: set[bytes], cached: dict[bytes, set[bytes]]) -> str | None:
    """Say what is the matter with a file; ``cached`` remembers which modules a directory's cache has."""
    tree = context.overlay.tree
    directory, name = split(path)
    home, folder = split(directory)
    if folder != _CACHE:
        # Beside its source, as Python 2 has it, it is not read once there is a cache.
        beside = name[:-1] in tree.get(directory, {})
        if directory not in cached:
            matches = map(_NAME.fullmatch, tree.get(join(directory, _CACHE), {}))
            cached[directory] = {match[1] for match in matches if match is not None}
        return "twice" if beside and name[:-4] in cached[directory] else None
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    module, tag, level = match.groups()
    if module + b".py" not in tree.get(home, {}):
        return "orphan"
    if tags and tag not in tags:
        return "foreign"
    if level is not None and module + b"." + tag + b".pyc" in tree.get(directory, {}):
        return "twice"
    return "cached"


def _tags(context: Context) -> set[bytes]:
    """Return the tags of the Pythons whose programs or libraries the image has; empty where none is found."""
    found: set[bytes] = set()
    for directory, names in context.overlay.tree.items():
        programs = directory.endswith((b"bin", b"lib", b"libexec"))
        for name in names:
            # A program may bring its own Python as a library, wherever that lies.
            match = (_PROGRAM if programs else _LIBRARY).match(name) if name[:2] in (b"py", b"li") else None
            match = match or (_LIBRARY.match(name) if name[:9] == b"libpython" else None)
            if match is not None:
                one, two, other, minor = match.groups()
                found.add(b"cpython-" + one + two if one else b"pypy" + other + minor)
    if any(tag.startswith(b"pypy") for tag in found):
        # PyPy names its cache after its own version in some releases.
        return set()
    return found


RULES = (
    Rule(
        _CODE,
        "bytecode",
        "Python's bytecode: twice, for other Pythons, without a source, or at all.",
        "possible",
        _check,
        why="Python keeps what it compiled in __pycache__, a file for each version and level of optimisation, and "
        "removes none. What has no source any more, or is for another Python, is not read again.",
        before="COPY . /app\nRUN python -m compileall /app && python -O -m compileall /app",
        after="# .dockerignore has **/__pycache__\nCOPY . /app\nRUN python -m compileall -q /app",
        places=("/**/*.pyc",),
        final_stage="either",
    ),
)
