"""Packages in node_modules that only development needs, by the project's own manifest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...documents import parse_small
from ...errors import LimitError
from ...layer.index import DIRECTORY
from ...paths import join, public, split
from ...report.sizes import quantity
from ...settings import environment
from ..context import Context
from ..fixers import Fixer, tried
from ..model import Claim, Draft, Rule
from ..own_lines import mended, quoted, with_option
from ..program import program
from . import words

if TYPE_CHECKING:
    from ...rootfs.start import Start
    from ..fix.model import Step
    from ..fix.plan import Plan
    from ..model import Finding

_MODULES = b"node_modules"
_MANIFEST = b"package.json"
# Programs that were installed for the whole system, by somebody else's manifest.
_GLOBAL = (b"usr/share/", b"usr/lib/", b"usr/local/lib/", b"opt/yarn")
# More projects in one image are not looked at.
_MAX_PROJECTS = 200
# Nor more names of packages than that in all.
_MAX_FINDS = 300_000
_WORD = re.compile(r"[\w.@/-]+")
_SCRIPT_RUNNERS = {"npm", "yarn", "pnpm", "npx", "bun"}


def _check(context: Context) -> Iterator[Draft]:
    homes = [
        home
        for directory in context.overlay.tree
        if split(directory)[1] == _MODULES
        and _MODULES not in (home := split(directory)[0]).split(b"/")
        and not home.startswith(_GLOBAL)
        and _MANIFEST in context.overlay.tree.get(home, {})
    ][:_MAX_PROJECTS]
    if not homes:
        return
    tree = context.overlay.tree
    entries = {tree[home][_MANIFEST]: home for home in homes if tree[home][_MANIFEST] >= 0}
    for entry, data in context.read(entries):
        manifest = _json(data)
        if _names(manifest, "devDependencies"):
            yield from _project(context, entries[entry], manifest)


def _project(context: Context, home: bytes, manifest: Mapping[str, Any]) -> Iterator[Draft]:
    records = context.packages.records
    modules = _Modules(context, home, records)
    kept = modules.reached(
        [found for name in _wanted(manifest) if (found := modules.find(home, name)) is not None]
        + _started(context, modules, home, manifest, program(context))
    )
    unneeded = modules.reached(
        [found for name in _names(manifest, "devDependencies") if (found := modules.find(home, name)) is not None]
    )
    inside = join(home, _MODULES) + b"/"
    gone = sorted(folder for folder in unneeded - kept if folder.startswith(inside))
    claims = [claim for folder in gone for claim in _files(context, folder)]
    if claims:
        layers = tuple(context.by_layer(claims))
        yield Draft(
            f"{quantity(len(gone), 'package')} in {public(join(home, _MODULES))} that only development needs, "
            f"in {words.layers(layers)}",
            "Install without development's packages; a build that needs them belongs in a stage of its own.",
            claims,
            layers,
            _lines(context, home, claims),
            certainty=None if _for_production(context) else "possible",
        )


def _for_production(context: Context) -> bool:
    """Tell whether the image runs a program, and not a shell or a development server for whoever works on one."""
    mode = environment(context.analysis.image.config).get("NODE_ENV", "")
    return program(context).known and mode not in ("development", "test")


# How each manager installs, and its option for what production needs.
_INSTALLS = (
    (r"\bnpm(?: --?\S+){0,9} (?:ci|install|i)\b(?! +(?:-g|--global)\b)", "--omit=dev"),
    (r"\byarn(?: install\b|(?= *(?:$|[&;|])))", "--production"),
    (r"\bpnpm(?: --?\S+){0,9} (?:install|i)\b", "--prod"),
)


def _lines(context: Context, home: bytes, claims: Sequence[Claim]) -> tuple[str, ...]:
    """Return the RUN that installs, mended; where that is not known, one for this project's manager and place."""

    def mend(text: str, _: Sequence[Claim]) -> str:
        return next((changed for call, option in _INSTALLS if (changed := with_option(text, call, option))), "")

    return mended(context, claims, mend, _line(context, home))


def _line(context: Context, home: bytes) -> str:
    names = context.overlay.tree.get(home, {})
    place = quoted([public(home)])
    if not place:
        return ""
    if b"pnpm-lock.yaml" in names:
        return f"RUN cd {place} && pnpm install --prod --frozen-lockfile"
    if b"yarn.lock" in names:
        return f"RUN cd {place} && yarn install --production --frozen-lockfile && yarn cache clean"
    return f"RUN cd {place} && npm {'ci' if b'package-lock.json' in names else 'install'} --omit=dev"


def _json(data: bytes | None) -> Mapping[str, Any]:
    try:
        found = parse_small(data or b"null")
    except (ValueError, RecursionError, LimitError):
        return {}
    return found if isinstance(found, dict) else {}


def _names(manifest: Mapping[str, Any], *fields: str) -> list[bytes]:
    found: list[bytes] = []
    for field in fields:
        value = manifest.get(field)
        if isinstance(value, dict):
            found += [name.encode("utf-8", "surrogatepass") for name in value if name and ".." not in name]
    return found


def _wanted(manifest: Mapping[str, Any]) -> list[bytes]:
    return _names(manifest, "dependencies", "optionalDependencies", "peerDependencies")


def _started(context: Context, modules: _Modules, home: bytes, manifest: Mapping[str, Any], run: Start) -> list[bytes]:
    """Return the packages whose programs the container, or a script of the manifest that it starts, calls."""
    called = set(run.words)
    scripts = manifest.get("scripts")
    if called & _SCRIPT_RUNNERS and isinstance(scripts, dict):
        for _ in range(3):
            # One script may start another.
            texts = [text for name, text in scripts.items() if name in called | {"start"} and isinstance(text, str)]
            called |= {word.rpartition("/")[2] for text in texts for word in _WORD.findall(text)}
    found: list[bytes] = []
    programs = join(home, b"node_modules/.bin")
    for name in context.overlay.tree.get(programs, {}):
        if name.decode("utf-8", "replace") in called:
            target = context.root.file(join(programs, name))
            folder = None if target is None else modules.package_of(target.path)
            if folder is not None:
                found.append(folder)
    found += [folder for path in sorted(run.mentioned) if (folder := modules.package_of(path)) is not None]
    # Run as they are named too: node -r ts-node/register.
    found += [
        folder for word in sorted(called) if (folder := modules.find(home, word.encode("utf-8", "replace"))) is not None
    ]
    return found


class _Modules:
    """Finds packages as Node's module resolution does."""

    def __init__(self, context: Context, home: bytes, records: Mapping[bytes, bytes]) -> None:
        self._context = context
        self._home = home
        self._records = records
        self._finds = 0

    def find(self, start: bytes, name: bytes) -> bytes | None:
        """Return the folder of the package that ``name`` means in a folder, symlinks followed."""
        self._finds += 1
        if not name.strip(b"./") or self._finds > _MAX_FINDS:
            return None
        here = start
        while True:
            if split(here)[1] != _MODULES:
                manifest = self._context.root.file(join(join(here, _MODULES), name + b"/package.json"))
                if manifest is not None:
                    return split(manifest.path)[0]
            if not here:
                return None
            here = split(here)[0]

    def reached(self, start: Iterable[bytes]) -> set[bytes]:
        """Return the folders of packages, and of all that they need."""
        found: set[bytes] = set()
        pending = list(start)
        while pending:
            folder = pending.pop()
            if folder in found:
                continue
            found.add(folder)
            manifest = _json(self._records.get(join(folder, _MANIFEST)))
            pending += [inner for name in _wanted(manifest) if (inner := self.find(folder, name)) is not None]
        return found

    def package_of(self, path: bytes) -> bytes | None:
        """Return the folder of the package that a file is in."""
        parts = path.split(b"/")
        if _MODULES not in parts:
            return None
        at = len(parts) - 1 - parts[::-1].index(_MODULES)
        scoped = parts[at + 1 : at + 2] and parts[at + 1].startswith(b"@")
        return b"/".join(parts[: at + (3 if scoped else 2)])


def _files(context: Context, folder: bytes) -> Iterator[Claim]:
    """Yield a package's files that own layers hold, without packages inside of it."""
    overlay = context.overlay
    pending = [folder]
    while pending:
        here = pending.pop()
        for name, entry in overlay.tree.get(here, {}).items():
            path = join(here, name)
            if overlay.kind(entry) == DIRECTORY:
                if name != _MODULES:
                    pending.append(path)
            elif overlay.layer_of(entry) in context.own_layers:
                yield Claim(path, entry)


def _production_only(plan: Plan, finding: Finding) -> Iterator[Step]:
    from .node_dev_fixes import dev_dependencies

    yield from tried(finding, partial(dev_dependencies, plan, finding))


RULES = (
    Rule(
        "IS206",
        "node-dev-dependencies",
        "Packages of node_modules that only development needs.",
        "likely",
        _check,
        why="A project's devDependencies test and build it: compilers, bundlers, linters, with all that they need "
        "themselves. What the program requires at run time is in its dependencies.",
        before="COPY package.json yarn.lock /app/\nRUN cd /app && yarn install",
        after="COPY package.json yarn.lock /app/\nRUN cd /app && yarn install --production --frozen-lockfile && "
        "yarn cache clean",
        final_stage="either",
        fixer=Fixer(_production_only, "tried"),
    ),
)
