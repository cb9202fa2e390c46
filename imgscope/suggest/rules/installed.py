"""Packages that came along, or were wanted for the build only, found in the package managers' own records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...layer.index import FILE
from ...layer.names import split
from ...overlay.merge import join
from ...report.sizes import quantity
from ..context import Context
from ..model import Claim, Draft, Rule
from . import words

_STATUS = b"var/lib/dpkg/status"
_EXTENDED = b"var/lib/apt/extended_states"
_APK = (b"lib/apk/db/installed", b"usr/lib/apk/db/installed")
_APT = re.compile(r"\b(?:apt-get|apt|aptitude)\b[^&|;]*\binstall\b")
_APK_ADD = re.compile(r"\bapk\b[^&|;]*\badd\b")
_NPM = re.compile(r"\bnpm (?:ci|install|i)\b(?! +(?:-g|--global)\b)")
_NPM_WITHOUT = re.compile(r"--omit[= ]dev|--production|--only[= ]prod|NODE_ENV=production")
_NAME = re.compile(rb"[^\s(:|,\[<]+")
_BUILD = re.compile(
    rb"^(?:build-base|gcc|g\+\+|make|cmake|ninja|samurai|autoconf|automake|libtool|bison|flex|patch|clang\d*|llvm\d*"
    rb"|rust|cargo|go|binutils|linux-headers|.*-dev|.*-headers)$"
)
_LOCK = b".package-lock.json"
# How many packages a title names.
_NAMED = 4


def _own_runs(context: Context, pattern: re.Pattern[str]) -> list[int]:
    return [
        layer for layer in context.own_layers if context.is_run(layer) and pattern.search(context.instruction(layer))
    ]


def _claims(context: Context, names: set[str], ecosystem: str) -> list[Claim]:
    """Return the files of some packages that the image's own layers hold."""
    overlay = context.overlay
    first = overlay.first[context.own_layers.start] if context.own_layers else 0
    found: list[Claim] = []
    for path, package in context.packages.owners.items():
        if package.name in names and package.ecosystem == ecosystem:
            entry = overlay.lookup(path)
            if entry is not None and entry >= first and not path.startswith(b"var/lib/dpkg/"):
                found.append(Claim(path, entry))
    return found


def _listed(context: Context, claims: Iterable[Claim]) -> str:
    """Name the packages with the most bytes."""
    sizes: dict[str, int] = {}
    owners, overlay = context.packages.owners, context.overlay
    for claim in claims:
        name = owners[claim.path].name
        sizes[name] = sizes.get(name, 0) + overlay.sizes[claim.entry]
    ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
    more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    return ", ".join(ranked[:_NAMED]) + more


# -- Debian's Recommends ---------------------------------------------------------------------------------


def _recommended(context: Context) -> Iterator[Draft]:
    runs = [
        layer
        for layer in _own_runs(context, _APT)
        if "no-install-recommends" not in context.instruction(layer)
        and "Install-Recommends" not in context.instruction(layer)
    ]
    if not runs:
        return
    packages = context.packages
    status = packages.records.get(_STATUS)
    extended = _file(context, _EXTENDED)
    if not status or not extended:
        return
    names = only_recommended(status, extended)
    claims = [claim for claim in _claims(context, names, "dpkg") if context.layer_of(claim) in runs]
    if not claims:
        return
    layers = tuple(context.by_layer(claims))
    count = len({packages.owners[claim.path].name for claim in claims})
    yield Draft(
        f"{quantity(count, 'package')} in {words.layers(layers)} that nothing depends on, only recommended by others: "
        f"{_listed(context, claims)}",
        "Install with --no-install-recommends, and name those of them that the program uses.",
        claims,
        layers,
        ("RUN apt-get update && apt-get install -y --no-install-recommends … && rm -rf /var/lib/apt/lists/*",),
    )


def only_recommended(status: bytes, extended: bytes) -> set[str]:
    """Return the packages that are installed only because others recommend them.

    ``status`` is dpkg's, ``extended`` apt's ``extended_states``, which marks what nobody asked for by name. A package
    that something depends on, in any alternative, is not one of them.
    """
    automatic = {
        fields.get(b"Package", b"")
        for fields in _paragraphs(extended, (b"Package", b"Auto-Installed"))
        if fields.get(b"Auto-Installed") == b"1"
    }
    needs: dict[bytes, list[bytes]] = {}
    wishes: dict[bytes, list[bytes]] = {}
    providers: dict[bytes, list[bytes]] = {}
    keys = (b"Package", b"Status", b"Depends", b"Pre-Depends", b"Recommends", b"Provides", b"Essential", b"Priority")
    roots: set[bytes] = set()
    for fields in _paragraphs(status, keys):
        if fields.get(b"Status", b"").split()[-1:] != [b"installed"]:
            continue
        name = fields.get(b"Package", b"")
        needs[name] = _relations(fields.get(b"Depends", b"") + b"," + fields.get(b"Pre-Depends", b""))
        wishes[name] = _relations(fields.get(b"Recommends", b""))
        for provided in [name, *_relations(fields.get(b"Provides", b""))]:
            providers.setdefault(provided, []).append(name)
        if name not in automatic or fields.get(b"Essential") == b"yes" or fields.get(b"Priority") == b"required":
            roots.add(name)
    needed = _reached(roots, needs, providers)
    everything = {name: needs[name] + wishes[name] for name in needs}
    wished = _reached(roots, everything, providers) - needed
    return {name.decode("utf-8", "replace") for name in wished}


def _reached(
    roots: set[bytes], edges: Mapping[bytes, list[bytes]], providers: Mapping[bytes, list[bytes]]
) -> set[bytes]:
    found = set(roots)
    left = list(roots)
    while left:
        for target in edges.get(left.pop(), ()):
            for name in providers.get(target, ()):
                if name not in found:
                    found.add(name)
                    left.append(name)
    return found


def _relations(text: bytes) -> list[bytes]:
    """Return the names in a list of relations, those of all alternatives."""
    found = (_NAME.match(part.strip()) for group in text.split(b",") for part in group.split(b"|"))
    return [match[0] for match in found if match]


def _paragraphs(data: bytes, keys: tuple[bytes, ...]) -> Iterator[dict[bytes, bytes]]:
    for text in data.split(b"\n\n"):
        fields: dict[bytes, bytes] = {}
        for line in text.split(b"\n"):
            key, colon, value = line.partition(b":")
            if colon and key in keys:
                fields.setdefault(key, value.strip())
        if fields:
            yield fields


def _file(context: Context, path: bytes) -> bytes | None:
    entry = context.overlay.lookup(path)
    if entry is None or entry < 0:
        return None
    return next((data for _, data in context.read([entry])), None)


# -- Alpine's build packages -----------------------------------------------------------------------------


def _apk(context: Context) -> Iterator[Draft]:
    runs = _own_runs(context, _APK_ADD)
    if not runs:
        return
    packages = context.packages
    database = next((packages.records[path] for path in _APK if packages.records.get(path)), None)
    world = _file(context, b"etc/apk/world")
    if not database or world is None:
        return
    names = only_for_building(database, world)
    claims = [claim for claim in _claims(context, names, "apk") if context.layer_of(claim) in runs]
    if not claims:
        return
    layers = tuple(context.by_layer(claims))
    count = len({packages.owners[claim.path].name for claim in claims})
    yield Draft(
        f"{quantity(count, 'package')} in {words.layers(layers)} that only a build needs: {_listed(context, claims)}",
        "Install what the build needs under a name of its own, and delete it at the end of the same RUN.",
        claims,
        layers,
        ("RUN apk add --no-cache --virtual .build-deps build-base \\", "    && … \\", "    && apk del .build-deps"),
    )


def only_for_building(database: bytes, world: bytes) -> set[str]:
    """Return Alpine's packages that would go if the compilers and headers in ``world`` were not asked for."""
    needs: dict[bytes, list[bytes]] = {}
    providers: dict[bytes, list[bytes]] = {}
    for text in database.split(b"\n\n"):
        fields = {line[:1]: line[2:] for line in text.split(b"\n") if line[1:2] == b":" and line[:1] in b"PDp"}
        name = fields.get(b"P")
        if not name:
            continue
        needs[name] = [re.split(rb"[<>=~]", word)[0] for word in fields.get(b"D", b"").split()]
        for provided in [name, *(re.split(rb"[<>=~]", word)[0] for word in fields.get(b"p", b"").split())]:
            providers.setdefault(provided, []).append(name)
    asked = {re.split(rb"[<>=~@]", word)[0] for word in world.split()}
    building = {name for name in asked if _BUILD.match(name)}
    # Groups that were made with --virtual are what is to be deleted: a name that begins with a full stop.
    building |= {name for name in asked if name.startswith(b".")}
    kept = {owner for name in asked - building for owner in providers.get(name, ())}
    all_asked = {owner for name in asked for owner in providers.get(name, ())}
    only = _reached(all_asked, needs, providers) - _reached(kept, needs, providers)
    return {name.decode("utf-8", "replace") for name in only}


# -- npm's development dependencies ----------------------------------------------------------------------


def _npm(context: Context) -> Iterator[Draft]:
    runs = [layer for layer in _own_runs(context, _NPM) if not _NPM_WITHOUT.search(context.instruction(layer))]
    if not runs or _production(context):
        return
    overlay = context.overlay
    locks = {
        directory: names[_LOCK]
        for directory, names in overlay.tree.items()
        if _LOCK in names and split(directory)[1] == b"node_modules" and names[_LOCK] >= 0
    }
    homes = {entry: directory for directory, entry in locks.items() if overlay.layer_of(entry) in runs}
    for entry, data in context.read(homes) if homes else ():
        home = split(homes[entry])[0]
        development, kept = dev_packages(data)
        claims = [
            Claim(path, own)
            for path, own in _below(context, homes[entry])
            if overlay.layer_of(own) in context.own_layers and _is_dev(path, home, development, kept)
        ]
        if claims:
            layers = tuple(context.by_layer(claims))
            yield Draft(
                f"{quantity(len(development), 'package')} in {words.layers(layers)} that only development needs",
                "Install without them: npm ci --omit=dev. A build that needs them belongs in a stage of its own.",
                claims,
                layers,
                ("RUN npm ci --omit=dev && npm cache clean --force",),
            )


def _production(context: Context) -> bool:
    inner = context.analysis.image.config.get("config")
    variables = inner.get("Env") if isinstance(inner, Mapping) else None
    return isinstance(variables, list) and "NODE_ENV=production" in variables


def dev_packages(lock: bytes) -> tuple[set[bytes], set[bytes]]:
    """Return the folders (``node_modules/x``) of development's packages, and those of all others, by npm's own lock."""
    try:
        document: Any = json.loads(lock)
    except (ValueError, RecursionError):
        return set(), set()
    packages = document.get("packages") if isinstance(document, dict) else None
    development: set[bytes] = set()
    kept: set[bytes] = set()
    for path, fields in packages.items() if isinstance(packages, dict) else ():
        dev = isinstance(fields, dict) and (fields.get("dev") is True or fields.get("devOptional") is True)
        if path:
            (development if dev else kept).add(path.encode("utf-8", "surrogateescape"))
    return development, kept


def _is_dev(path: bytes, home: bytes, development: set[bytes], kept: set[bytes]) -> bool:
    """Tell whether the innermost package that a path is in is one of development's."""
    inner = path[len(home) + 1 :] if home else path
    while inner:
        if inner in development:
            return True
        if inner in kept:
            return False
        inner = split(inner)[0]
    return False


def _below(context: Context, directory: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the regular files below a directory of the merged tree."""
    overlay = context.overlay
    left = [directory]
    while left:
        here = left.pop()
        for name, entry in overlay.tree.get(here, {}).items():
            path = join(here, name)
            if path in overlay.tree:
                left.append(path)
            elif entry >= 0 and overlay.kind(overlay.inode(entry)) == FILE:
                yield path, entry


RULES = (
    Rule(
        "IS403",
        "npm-dev-dependencies",
        "Packages of npm that only development needs.",
        "likely",
        _npm,
        why="npm installs what a project's developers test and build with, unless it is told not to. Which packages "
        "those are stands in npm's own record in node_modules.",
        before="RUN npm ci",
        after="RUN npm ci --omit=dev && npm cache clean --force",
    ),
    Rule(
        "IS404",
        "apk-build-packages",
        "Alpine's compilers and headers that a build left behind.",
        "likely",
        _apk,
        why="What is needed to compile a module is not needed to run it. Installed under a name of its own, it goes "
        "with one word; and only in the same RUN do its bytes go too.",
        before="RUN apk add build-base libffi-dev && pip install cffi",
        after="RUN apk add --no-cache --virtual .build-deps build-base libffi-dev \\\n"
        "    && pip install --no-cache-dir cffi \\\n    && apk del .build-deps",
    ),
    Rule(
        "IS405",
        "recommended-packages",
        "Debian packages that nothing depends on, only recommended by others.",
        "possible",
        _recommended,
        why="apt installs what a package recommends, unless it is told not to. A program may use such a package all "
        "the same: name those that it does.",
        before="RUN apt-get update && apt-get install -y git",
        after="RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates \\\n"
        "    && rm -rf /var/lib/apt/lists/*",
    ),
)
