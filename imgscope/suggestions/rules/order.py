"""The order of instructions: what is installed again with every change of the source, and RUN that belong together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ...layer.index import FILE
from ...overlay.changes import MODIFIED
from ...overlay.merge import NO_ENTRY
from ...paths import join, public
from ...report.sizes import size
from ..context import Context
from ..fixers import JOIN_PAIRS
from ..model import Certainty, Draft, Evidence, Rule
from ..origin import CONTEXT, STAGE
from ..own_lines import own
from . import words
from .layer_waste import grouped

if TYPE_CHECKING:
    from ...analysis import Analysis

# What installs dependencies, and the files that say which: nothing else of the source is needed for it.
_INSTALLS = (
    (
        re.compile(r"\bpip3?(?:\.\d+)? install\b(?=.*(?:-r|--requirement)[ =]?\S)"),
        ("requirements.txt", "requirements.in", "constraints.txt"),
    ),
    (re.compile(r"\bpipenv (?:install|sync)\b"), ("Pipfile", "Pipfile.lock")),
    (re.compile(r"\bpoetry install\b"), ("pyproject.toml", "poetry.lock")),
    (re.compile(r"\buv sync\b"), ("pyproject.toml", "uv.lock")),
    (
        re.compile(r"\bnpm (?:ci|install|i)\b(?! +(?:-g|--global)\b)"),
        ("package.json", "package-lock.json", "npm-shrinkwrap.json"),
    ),
    (re.compile(r"\byarn(?: install\b|(?:\s+--\S+){0,20}\s*(?:$|[&;]))"), ("package.json", "yarn.lock")),
    (re.compile(r"\bpnpm (?:install|i)\b"), ("package.json", "pnpm-lock.yaml")),
    (re.compile(r"\bbundle install\b"), ("Gemfile", "Gemfile.lock")),
    (re.compile(r"\bcomposer install\b"), ("composer.json", "composer.lock")),
    (re.compile(r"\bgo mod download\b"), ("go.mod", "go.sum")),
    (re.compile(r"\bcargo fetch\b"), ("Cargo.toml", "Cargo.lock")),
    (re.compile(r"\bdotnet restore\b"), ()),
)
_SYSTEM = re.compile(r"\b(?:apt-get|apt|aptitude|apk|dnf|yum|microdnf|zypper) (?:-\S+ ){0,20}(?:install|add)\b")
_SOURCE = re.compile(
    rb"\.(?:py|js|mjs|cjs|jsx|ts|tsx|vue|svelte|go|rs|rb|php|java|kt|scala|cs|fs|c|cc|cpp|h|hpp|html|css|scss|swift|ex|exs)$"
)
# Files of the source that are shown as evidence.
_SHOWN = 20


def _order(context: Context) -> Iterator[Draft]:
    copied: dict[int, tuple[list[bytes], set[str]]] = {}
    for layer in context.own_layers:
        if context.is_copy(layer):
            # What a stage has made is not a source, and how that stage is built is not seen here.
            if context.origin(layer) != STAGE:
                copied[layer] = _sources(context, layer)
        elif context.is_run(layer):
            text = context.instruction(layer)
            found = _needs(text)
            if found is None:
                continue
            what, manifests = found
            for below, (sources, names) in copied.items():
                if sources and (not manifests or names & set(manifests)):
                    yield _draft(context, below, layer, what, manifests, sources)
                    break


def _needs(instruction: str) -> tuple[str, tuple[str, ...]] | None:
    """Return what an instruction installs and from which files; ``None`` for one that installs nothing."""
    for pattern, manifests in _INSTALLS:
        if pattern.search(instruction):
            return "dependencies", manifests
    if _SYSTEM.search(instruction) and not re.search(r"\./|\.deb\b|\.rpm\b|\.apk\b", instruction):
        return "system packages", ()
    return None


def _sources(context: Context, layer: int) -> tuple[list[bytes], set[str]]:
    """Return the paths of source files that a layer brings, and the names of all its files."""
    overlay = context.overlay
    sources: list[bytes] = []
    names: set[str] = set()
    for directory, name, entry in overlay.entries(layer):
        if overlay.kind(entry) != FILE or b"node_modules" in directory or b"/." in b"/" + directory:
            continue
        names.add(name.decode("utf-8", "replace"))
        if _SOURCE.search(name) and name != b"setup.py":
            sources.append(join(directory, name))
    return sorted(sources), names


def _draft(
    context: Context, below: int, layer: int, what: str, manifests: tuple[str, ...], sources: list[bytes]
) -> Draft:
    content = context.analysis.layers[layer].content_bytes
    origin = context.origin(below)
    known = origin.where == CONTEXT.where
    title = (
        f"{what} installed in layer {layer} ({size(content)}) after {'the' if known else 'files of a'} source "
        f"{'was' if known else 'were'} copied in layer {below}: each change of {'the source' if known else 'these'} "
        "installs them again"
    )
    fix = f"Put the RUN that installs {what} before the COPY of the source."
    install, copy = own(context, layer), own(context, below)
    lines: tuple[str, ...] = (*install.split("\n"), *copy.split("\n")) if known and install and copy else ()
    if manifests:
        fix = "Copy only the files that name the dependencies, install, and then copy the rest of the source."
        here = _sources(context, below)[1]
        lines = _reordered(context, below, layer, [name for name in manifests if name in here])
    certainty: Certainty | None = None if known else "possible"
    cost = _cost(context, below, layer, manifests)
    if cost:
        title += f"; that has cost {size(cost)} since the image before"
        certainty = "certain" if manifests and known else certainty
    rows = [Evidence(public(path), 0, below, "source") for path in sources[:_SHOWN]]
    return Draft(title, fix, layers=(layer, below), lines=lines, evidence=rows, certainty=certainty)


def _reordered(context: Context, below: int, layer: int, manifests: list[str]) -> tuple[str, ...]:
    """Return three instructions: the manifests copied, the user's RUN, and the user's COPY after it."""
    copy, install = own(context, below), own(context, layer)
    words = [word for word in copy.split() if word != "\\"]
    flags = [word for word in words[1:] if word.startswith("--")]
    sources = words[1 + len(flags) : -1]
    if len(words) < 3 or any("[" in word or "<<" in word for word in words) or sources[:-1][:1] == ["in"]:
        return ()
    if sources[-1:] == ["in"]:
        # The history of a classic builder: the folder's name is not in it, its destination is.
        sources = ["."]
        copy = " ".join([words[0], *flags, ".", words[-1]])
    folder = sources[0].rstrip("/") if len(sources) == 1 else "."
    prefix = "" if folder in (".", "./", "") else f"{folder}/"
    target = words[-1] if words[-1].endswith("/") else f"{words[-1]}/"
    first = " ".join(["COPY", *flags, *(f"{prefix}{name}" for name in manifests), target])
    return (first, *install.split("\n"), *copy.split("\n")) if manifests and install else ()


def _cost(context: Context, below: int, layer: int, manifests: tuple[str, ...]) -> int:
    """Return the bytes that were installed again since the previous image though nothing asked for it."""
    if context.previous is None:
        return 0
    from ...differences.layers import align

    pairs = {
        pair.new.index: pair for pair in align(context.previous.layers, context.analysis.layers) if pair.new is not None
    }
    source, install = pairs.get(below), pairs.get(layer)
    if source is None or install is None or source.status != "changed" or install.status != "changed":
        return 0
    if not install.same_instruction or not _same_manifests(context.previous, context.analysis, manifests, below):
        return 0
    new = install.new
    return 0 if new is None else (new.blob_bytes if new.compression and new.blob_bytes else new.content_bytes)


def _same_manifests(old: Analysis, new: Analysis, manifests: tuple[str, ...], layer: int) -> bool:
    """Tell whether the files that name the dependencies are the same in both images."""
    from ...errors import ImgscopeError

    overlay = new.body.overlay
    wanted = {name.encode() for name in manifests}
    paths = [
        public(join(directory, name))
        for directory, name, _ in overlay.entries(layer)
        if name in wanted and b"node_modules" not in directory
    ]
    try:
        return all(_content(old, path) == _content(new, path) for path in paths)
    except ImgscopeError:
        return False


def _content(analysis: Analysis, path: str) -> bytes:
    with analysis.open(path) as file:
        return file.read(8 << 20)


def _together(context: Context) -> Iterator[Draft]:
    """Find RUN instructions, one after the other, of which each writes what the one before has written."""
    pairs: dict[tuple[int, int], list[bytes]] = {}
    for (stored, by), rows in grouped(context, MODIFIED).items():
        if not all(context.is_run(layer) for layer in range(stored, by + 1)):
            continue
        if sum(row.bytes for row in rows) * 8 >= context.min_size:
            # Those are findings with bytes: see IS002.
            continue
        paths = [row.path for row in rows if row.replaced_by != NO_ENTRY]
        if paths:
            pairs[stored, by] = paths
    for chain in _chains(pairs):
        rows_of = [path for pair, paths in pairs.items() if pair[0] in chain for path in paths]
        lines = words.joined(context, chain)
        yield Draft(
            f"{len(chain)} RUN instructions write the same files ({words.layers(chain)})",
            "Join them to one RUN: one layer in place of several, and each file stored once.",
            layers=tuple(chain),
            lines=lines,
            evidence=[Evidence(public(path), 0, chain[0]) for path in dict.fromkeys(rows_of)],
        )


def _chains(pairs: Mapping[tuple[int, int], object]) -> list[list[int]]:
    from .layer_waste import chains

    return [layers for layers in chains(pairs) if len(layers) > 1]


RULES = (
    Rule(
        "IS401",
        "instruction-order",
        "Dependencies installed after the whole source was copied.",
        "likely",
        _order,
        why="A builder takes a layer from its cache only while nothing before it has changed. What changes with every "
        "commit belongs after what changes once a month. With --previous the finding tells what the order has cost "
        "between two builds.",
        before="COPY . .\nRUN pip install --no-cache-dir -r requirements.txt",
        after="COPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY . .",
    ),
    Rule(
        "IS402",
        "runs-to-join",
        "Several RUN that write the same files.",
        "likely",
        _together,
        why="Each RUN makes a layer, and each layer that changes a file stores all of it again. Instructions that go "
        "on with what the one before began belong together.",
        before="RUN apt-get update\nRUN apt-get install -y curl\nRUN apt-get install -y git",
        after="RUN apt-get update && apt-get install -y curl git && rm -rf /var/lib/apt/lists/*",
        note=True,
        fixer=JOIN_PAIRS,
    ),
)
