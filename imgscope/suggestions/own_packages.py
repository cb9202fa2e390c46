"""Packages of the operating system that an image's own layers installed, and which of them only a build needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..layer.index import FILE
from ..packages.dependencies import DATABASES, MARKS, Installed, installed, leaves, names, needed, versions, weight
from ..packages.reader import MAX_FILE, MAX_TOTAL
from ..paths import split
from .elf import elf_files
from .once import once
from .program import program
from .system_files import installed_here, system_owners, system_packages
from .typesetting import DOCUMENTS, typesets

if TYPE_CHECKING:
    from ..packages import Package
    from .context import Context

BUILD = re.compile(
    r"build-essential|build-base|alpine-sdk|abuild|base-devel|dpkg-dev|debhelper|devscripts|fakeroot|rpm-build"
    r"|patch|patchutils|quilt|.*-dev|.*-devel|.*-headers|linux-headers.*|kernel-headers"
    r"|(?:gcc|g\+\+|cpp|clang|gfortran|gnat|lld|lldb|llvm|binutils|gdb)(?:-.*|[\d.]+)?"
    r"|make|gmake|cmake(?:-.*)?|ninja-build|ninja|samurai|meson|autoconf.*|automake.*|autotools-dev|libtool(?:-bin)?|m4"
    r"|pkg-config|pkgconf(?:-.*)?|bison|flex|byacc|re2c|swig.*|nasm|yasm|ccache|distcc|gettext|intltool|scons|bazel.*"
    r"|git(?:-.*)?|mercurial(?:-.*)?|subversion|cvs|bzr|brz"
    r"|cargo(?:-.*)?|rustc(?:-.*)?|rust(?:-.*)?|rustup|golang(?:-.*)?|go"
    r"|default-jdk.*|openjdk-?\d+-jdk.*|openjdk\d+|java-.*-devel.*|maven.*|gradle|ant|sbt|leiningen"
    r"|ghc.*|cabal-install|ocaml.*|opam|fpc|nim|ldc|gdc(?:-.*)?|valac|zig.*"
    r"|(?:python3?|py3|python3\.\d+)-(?:pip|wheel|build|poetry|venv)|cython3?|pipx|tox|node-gyp|npm|yarnpkg"
    r"|yarn|pnpm|composer|\.(?!.*run).*"
)
_MANAGERS = frozenset(
    (
        *("supervisord", "s6-svscan", "s6-overlay", "runsvdir", "systemd", "init", "pm2", "pm2-runtime", "foreman"),
        *("circusd", "monit", "cron", "crond", "openrc", "dinit", "overmind", "honcho"),
    )
)
# Servers that start no program: beside one that alone is run, what makes sites is there for the build only.
_SERVERS = frozenset(("nginx", "caddy", "lighttpd", "darkhttpd", "thttpd"))
_SHELLS = frozenset(("sh", "bash", "dash", "ash", "busybox"))
_FOR_SITES = re.compile(r"nodejs|hugo|jekyll|sass|sassc")
# Where other people's scripts lie.
_LIBRARIES = (b"usr/lib/", b"usr/share/", b"usr/local/lib/", b"var/", b"etc/", b"proc", b"tmp")
# With more packages than that, one that comes along with another is named all the same.
_MANY = 60
_VERY_MANY = 10_000
_MAX_LOOKS = 20_000_000
# What a program may need that no file names: certificates, time zones, users' databases.
RUNTIME = re.compile(r"ca-certificates(?:-bundle|-java)?|tzdata|locales|netbase|tini|dumb-init|gosu|su-exec|libnss-.*")
# An interpreter that is used is more than the package of its program.
_LANGUAGES = (
    (re.compile(r"python(3)?([\d.]*)$"), (b".py",), ("python3", "python3-minimal")),
    (re.compile(r"ruby[\d.]*$"), (b".rb",), ("ruby",)),
    (re.compile(r"perl[\d.]*$"), (b".pl", b".pm"), ("perl",)),
    (re.compile(r"php[\d.]*$"), (b".php",), ("php", "php-cli")),
    (re.compile(r"node(js)?$"), (b".js", b".mjs", b".cjs"), ("nodejs",)),
    (re.compile(r"java$"), (b".jar", b".war", b".class"), ("default-jre-headless",)),
)


@dataclass(slots=True)
class OwnPackages:
    """``every`` package of the operating system's database, the ``own`` ones that the base does not have, and which
    of the system's packages owns which path; ``unneeded`` are those that only a build needs, ``tools`` those of them
    that are known as such by their names, ``wanted`` the names to ask for so that all others are installed.
    ``before`` has the versions of a Debian base's packages; ``used`` are the packages that the program, its libraries
    and its scripts use.
    """

    every: list[Installed]
    own: set[Installed]
    owners: Mapping[bytes, Package]
    unneeded: set[Installed]
    wanted: list[str]
    tools: set[Installed] = field(default_factory=set)
    before: Mapping[str, str] = field(default_factory=dict)
    used: Identities = field(default_factory=lambda: Identities(()))

    @property
    def ecosystem(self) -> str:
        """The package manager: ``dpkg``, ``apk`` or ``rpm``."""
        return next(one for one in self.every if one in self.own).package.ecosystem


@once
def own_packages(context: Context) -> OwnPackages | None:
    """Find the packages that own layers installed; ``None`` where they installed none.

    Raises ``ContentUnavailableError`` for a saved analysis, and where not all packages are known.
    """
    overlay = context.overlay
    if not installed_here(context):
        return None
    packages = system_packages(context)
    marks = {path: entry for path in MARKS if (entry := overlay.lookup(path)) is not None}
    contents = {**packages.records, **_read(context, marks)}
    below = {path: entry for path in DATABASES if (entry := _in_base(context, path)) is not None}
    before = _read(context, below)
    base = {pair for path in before for pair in names(path, before)}
    every = installed(packages.packages, contents)
    own = {one for one in every if (one.name, one.package.architecture) not in base}
    if not own:
        return None
    found = OwnPackages(every, own, system_owners(context), set(), [], before=versions(before))
    found.used = used = _used(context, found)
    found.tools = set(_tools(context, found))
    found.unneeded = _unneeded(found, used)
    found.wanted = _wanted(found, used)
    return found


def _read(context: Context, entries: Mapping[bytes, int]) -> dict[bytes, bytes]:
    """Return the contents of databases, which may be larger than what rules read otherwise."""
    overlay = context.overlay
    context.require_contents()
    keys: dict[tuple[int, int], bytes] = {}
    total = 0
    for path, entry in entries.items():
        inode = overlay.inode(entry)
        if inode < 0 or overlay.kind(inode) != FILE:
            continue
        size = overlay.sizes[inode]
        if size <= MAX_FILE and total + size <= MAX_TOTAL:
            total += size
            keys[overlay.locate(inode)] = path
    return {keys[key]: data for key, data in context.analysis.contents.read(list(keys))}


def _by_name(one: Installed) -> tuple[str, str]:
    """Return what packages are told apart by in one system: a set of them has no order of its own."""
    return one.name, one.package.architecture or ""


def _in_base(context: Context, path: bytes) -> int | None:
    """Return the entry that the base's own tree shows at a path."""
    directory, name = split(path)
    for layer in reversed(range(context.own_layers.start)):
        if (directory, name) in context.overlay.layers[layer].whiteouts:
            return None
        entry = context.overlay.entry_in(layer, path)
        if entry is not None and entry >= 0:
            return entry
    return None


def _wanted(found: OwnPackages, used: Identities) -> list[str]:
    """Return what to ask the package manager for, so that it installs what stays: nothing that comes along."""
    kept = found.own - found.unneeded
    unknown = set(leaves(found.every)) if any(one.manual is None for one in kept) else set()
    manual = {one for one in kept if one.manual or (one.manual is None and one in unknown)}
    # What no file names stays only where it is asked for, even if it came along with a package that goes.
    tacit = {one for one in kept if RUNTIME.fullmatch(one.name)}
    asked = sorted((one for one in kept if one in manual or one in tacit or one.package in used), key=_by_name)
    if len(asked) > _MANY or len(found.every) > _VERY_MANY or weight(found.every) * len(asked) > _MAX_LOOKS:
        return [one.name for one in asked if one in manual or one in tacit]
    for one in list(asked):
        others = [other for other in asked if other is not one]
        if one in needed(found.every, others, (), found.every):
            asked = others
    return [one.name for one in asked if not one.name.startswith(".")]


def _only_serves(context: Context) -> bool:
    """Tell whether a container runs a server of files, and nothing else, as far as is known."""
    run = program(context)
    programs = {path.rpartition(b"/")[2].decode("utf-8", "replace") for path in run.mentioned if b"bin/" in path}
    programs -= _SHELLS
    return run.known and bool(programs) and programs <= _SERVERS


def _tools(context: Context, found: OwnPackages) -> Iterator[Installed]:
    """Yield the own packages that by their names are there for a build."""
    serves = _only_serves(context)
    documents = [one for one in found.own if DOCUMENTS.fullmatch(one.name)]
    if documents and typesets(context, found.owners):
        documents = []
    for one in found.own:
        if BUILD.fullmatch(one.name) or one in documents or (serves and _FOR_SITES.fullmatch(one.name)):
            yield one


def _unneeded(found: OwnPackages, used: Identities) -> set[Installed]:
    """Return the own packages that go when those for building do, with all that nothing else needs."""
    build = found.tools
    if not build:
        return set()
    roots = [one for one in found.every if one not in found.own or one.vital or RUNTIME.fullmatch(one.name)]
    roots += [one for one in found.own if one.package in used and one not in roots]
    known = [one for one in found.own if one.manual is not None]
    roots += [one for one in known if one.manual and one not in build]
    unknown = [one for one in found.own if one.manual is None]
    if unknown:
        # What only packages for building need goes with them; what nobody needs was asked for.
        asked = set(leaves(found.every))
        roots += [one for one in unknown if one in asked and one not in build]
    kept = needed(found.every, roots, build, [one for one in found.every if one not in found.own])
    return found.own - kept


def _used(context: Context, found: OwnPackages) -> Identities:
    """Return the packages that the image's program, its libraries and its scripts use."""
    owners = found.owners
    run = program(context)
    used = {id(owners[path]) for path in run.mentioned if path in owners}
    names_ = {one.name: one.package for one in sorted(found.own, key=_by_name)}
    # What is run is known where it is a program that is there, and none that starts others by a file of its own: then
    # other files' endings say nothing.
    known = run.known and run.mentioned and run.words.isdisjoint(_MANAGERS)
    endings = _endings(context, owners, whole=not known)
    for program_name, suffixes, packages in _LANGUAGES:
        if any(map(program_name.fullmatch, run.words)) or not endings.isdisjoint(suffixes):
            used.update(id(names_[name]) for name in packages if name in names_)
            used.update(
                id(package)
                for name, package in names_.items()
                if any(name.startswith(known) and name[len(known) :].strip(".0123456789") == "" for known in packages)
            )
    libraries: dict[bytes, list[int]] = {}
    for path, package in owners.items():
        name = path[path.rfind(b"/") + 1 :]
        if b".so" in name:
            libraries.setdefault(name, []).append(id(package))
    for _, elf in elf_files(context).values():
        for name in elf.needed:
            used.update(libraries.get(name, ()))
    return Identities(used)


class Identities:
    """Packages, told apart by being the same object."""

    def __init__(self, known: Iterable[int]) -> None:
        self._known = frozenset(known)

    def __contains__(self, package: object) -> bool:
        return id(package) in self._known


def _endings(context: Context, owners: Mapping[bytes, Package], *, whole: bool) -> set[bytes]:
    """Return the endings of the files that own layers add beside packages', and of what languages' packages are for.

    Not ``whole``: only those of Python, whose packages are installed to be run.
    """
    found: set[bytes] = set()
    for directory, names_ in _own_directories(context):
        if directory.endswith((b"/site-packages", b"/dist-packages")) and not directory.startswith(b"usr/lib/"):
            found.add(b".py")
        elif not whole or directory.startswith(_LIBRARIES) or b"site-packages" in directory:
            continue
        elif b"node_modules" in directory:
            found.add(b".js")
        else:
            found.update(
                name[name.rfind(b".") :] for name in names_ if b"." in name and (directory + b"/" + name) not in owners
            )
    return found


def _own_directories(context: Context) -> Iterator[tuple[bytes, Mapping[bytes, int]]]:
    for layer in context.own_layers:
        yield from context.overlay.layers[layer].children.items()
