"""Compilers and build tools that the operating system's package manager installed, with all that came along."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ...layer.index import DIRECTORY
from ...packages import Package
from ...packages.dependencies import APK, RPM, STATUS, Installed
from ...paths import join, split
from ...report.sizes import quantity
from ..context import Context
from ..model import Claim, Draft, Rule
from ..own_lines import first, mended, then
from ..own_packages import OwnPackages, own_packages
from ..program import program

_INFO = b"var/lib/dpkg/info"
# dpkg keeps the last state of its database beside the current one.
_DATABASES = {"dpkg": (STATUS, STATUS + b"-old"), "apk": APK, "rpm": RPM}
# Packages that are named in a title or a line; more of them say no more.
_NAMED = 4
# A directory above this depth is everybody's.
_PRIVATE = 3


def _check(context: Context) -> Iterator[Draft]:
    found = own_packages(context)
    if found is None or not found.unneeded:
        return
    claims = _claims(context, found)
    if not claims:
        return
    gone = sorted(found.unneeded, key=lambda one: (-one.package.size, one.name, one.package.architecture or ""))
    tools = [one.name for one in gone if one in found.tools and one.manual is not False] or [
        one.name for one in gone if one in found.tools
    ]
    tools = [name for name in tools if not name.startswith(".")] or tools
    named = ", ".join(tools[:_NAMED]) + (", …" if len(tools) > _NAMED else "")
    yield Draft(
        f"{quantity(len(gone), 'package')} that only a build needs: {named}",
        "Build in a stage of its own and copy what it makes into a final stage without them; or install, build and "
        "remove them in one RUN.",
        claims,
        lines=_lines(context, claims, found, tools),
        certainty="likely" if program(context).known else "possible",
    )


def _lines(context: Context, claims: Sequence[Claim], found: OwnPackages, tools: list[str]) -> tuple[str, ...]:
    """Write what a final stage installs: the packages that were asked for and stay. For apk, the RUN itself, mended."""
    names = " ".join(found.wanted)
    if found.ecosystem == "apk":
        virtual = sorted(one.name for one in found.unneeded if one.name.startswith("."))
        if virtual:
            # What was installed under a name of its own only has to be removed under it, in the same RUN.
            lines = mended(context, claims, lambda text, _: then(text, f"apk del {' '.join(virtual)}"))
        else:
            lines = mended(context, claims, lambda text, _: _with_virtual(text, tools)) if tools else ()
        if lines or not names:
            return lines
    if not names:
        return ()
    head = "# What is to be installed in a final stage, beside what is copied from the build stage:"
    if found.ecosystem == "apk":
        return head, f"RUN apk add --no-cache {names}"
    if found.ecosystem == "rpm":
        return head, f"RUN dnf install -y {names} && dnf clean all"
    install = f"    apt-get install -y --no-install-recommends {names} && \\"
    return head, "RUN apt-get update && \\", install, "    rm -rf /var/lib/apt/lists/*"


def _with_virtual(text: str, tools: Sequence[str]) -> str:
    """Install what only the build needs under a name of its own, and remove it in the end."""
    rest = re.sub(rf"(?<=\s)(?:{'|'.join(map(re.escape, tools))})(?=\s|$)[ ]*", "", text)
    return then(first(rest, f"apk add --no-cache --virtual .build-deps {' '.join(tools)}"), "apk del .build-deps")


def _claims(context: Context, found: OwnPackages) -> list[Claim]:
    """Return what is no longer stored when packages are not installed: their files and what was made for them."""
    gone = {id(one.package): one for one in found.unneeded}
    overlay, own = context.overlay, context.own_layers
    claims: dict[int, Claim] = {}
    # Directories with files of these packages (and the layers that stored them), and those with anybody else's.
    private: dict[bytes, set[int]] = {}
    shared: set[bytes] = set()
    for path, package in found.owners.items():
        directory, name = split(path)
        if id(package) not in gone:
            shared.add(directory)
            continue
        entry = overlay.tree.get(directory, {}).get(name)
        if entry is None:
            continue
        layer = overlay.layer_of(entry)
        if layer in own:
            claims[entry] = Claim(path, entry)
            private.setdefault(directory, set()).add(layer)
    for claim in [*_info(context, found.unneeded), *_compiled(context, list(claims.values()))]:
        claims.setdefault(claim.entry, claim)
    for claim in _made_for(context, found.owners, private, shared):
        claims.setdefault(claim.entry, claim)
    return [*claims.values(), *_records(context, found)]


def _info(context: Context, gone: set[Installed]) -> Iterator[Claim]:
    """Yield the files in which dpkg keeps scripts and lists of a package."""
    stems = {one.name for one in gone if one.package.ecosystem == "dpkg"}
    for name, entry in context.overlay.tree.get(_INFO, {}).items():
        stem = name.rpartition(b".")[0].partition(b":")[0].decode("utf-8", "replace")
        if stem in stems and context.overlay.layer_of(entry) in context.own_layers:
            yield Claim(join(_INFO, name), entry)


def _compiled(context: Context, claims: Sequence[Claim]) -> Iterator[Claim]:
    """Yield the bytecode that installing Python's modules made beside them."""
    modules: dict[bytes, set[bytes]] = {}
    for claim in claims:
        if claim.path.endswith(b".py"):
            directory, name = split(claim.path)
            modules.setdefault(directory, set()).add(name[:-3])
    for directory, names in modules.items():
        cache = join(directory, b"__pycache__")
        for name, entry in context.overlay.tree.get(cache, {}).items():
            if name.endswith(b".pyc") and name.partition(b".")[0] in names:
                yield Claim(join(cache, name), entry)


def _made_for(
    context: Context, owners: Mapping[bytes, Package], private: Mapping[bytes, set[int]], shared: set[bytes]
) -> Iterator[Claim]:
    """Yield files that nobody owns in directories that only these packages have files in, of the same layers."""
    overlay = context.overlay
    for directory, layers in private.items():
        if directory in shared or directory.count(b"/") + 1 < _PRIVATE:
            continue
        for name, entry in overlay.tree.get(directory, {}).items():
            path = join(directory, name)
            if path not in owners and overlay.kind(entry) != DIRECTORY and overlay.layer_of(entry) in layers:
                yield Claim(path, entry)


def _records(context: Context, found: OwnPackages) -> Iterator[Claim]:
    """Yield the part of the database that tells of these packages."""
    overlay = context.overlay
    for ecosystem, paths in _DATABASES.items():
        size = sum(one.record for one in found.unneeded if one.package.ecosystem == ecosystem)
        for path in paths:
            entry = overlay.lookup(path)
            if size and entry is not None and overlay.layer_of(entry) in context.own_layers:
                yield Claim(path, entry, min(size, overlay.sizes[overlay.inode(entry)]))


RULES = (
    Rule(
        "IS201",
        "build-packages",
        "Compilers and build tools, with the packages that came along.",
        "likely",
        _check,
        why="A compiler and the libraries' headers are needed once, when the image is built. In the final image they "
        "are several hundred megabytes that every host pulls, and tools for whoever breaks in. What is told is what "
        "the package manager would remove along with them; what the program or a package that stays needs is not.",
        before="FROM debian:12\n"
        "RUN apt-get update && apt-get install -y build-essential libpq-dev python3 python3-venv\n"
        "COPY . /app\nRUN python3 -m venv /venv && /venv/bin/pip install /app",
        after="FROM debian:12 AS build\n"
        "RUN apt-get update && apt-get install -y build-essential libpq-dev python3 python3-venv\n"
        "COPY . /app\nRUN python3 -m venv /venv && /venv/bin/pip install /app\n\n"
        "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends libpq5 python3 && \\\n"
        "    rm -rf /var/lib/apt/lists/*\nCOPY --from=build /venv /venv",
        needs_stage=True,
        final_stage="left out",
    ),
)
