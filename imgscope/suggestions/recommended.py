"""Packages that came along because others recommend them: which of them nothing in the image reaches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..knowledge.texts import TEXT_ENDINGS
from ..packages.dependencies import Installed, needed
from .callers import may_say
from .once import once
from .own_packages import RUNTIME, OwnPackages, own_packages

if TYPE_CHECKING:
    from .context import Context

_PROGRAMS = re.compile(rb"(?:usr/)?s?bin/([^/]+)|usr/games/([^/]+)")
_LIBRARY = re.compile(rb"(?:usr/)?lib\w*/(?:[^/]+-linux-[^/]+/)?(lib[^/]+?)(?:-[\d.]+)?\.so(?:\.[\d.]+)?")
# What is read, loaded or started by others without its being named: certificates, fonts, modules, plug-ins, services.
_TACIT = re.compile(
    rb"etc/(?:init(?:\.d)?|systemd|cron[^/]*|ssl|ca-certificates[^/]*|pam\.d|security|ld\.so\.conf\.d|profile\.d|fonts"
    rb"|sasl2|ldap|gss|dbus-1|udev|sudoers\.d|apt|dpkg|vulkan|OpenCL|ImageMagick[^/]*|alsa|pulse)/.*"
    rb"|(?:usr/)?lib/(?:systemd/system|udev|modules|firmware|security|python[\d.]*|ruby|node_modules|php|R|jvm|locale"
    rb"|ocaml|ghc)/.*"
    rb"|usr/share/(?:ca-certificates|zoneinfo|i18n|fonts|mime|dbus-1|glib-2\.0|icu|publicsuffix|perl5?|php|nodejs|node"
    rb"|javascript|ruby|rubygems[^/]*|python[\d.]*|R|texmf[^/]*|texlive|java|GeoIP|hunspell|myspell|dict|vulkan|glvnd"
    rb"|alsa|gtk-[\d.]*|gir-1\.0|tessdata|tesseract-ocr|espeak[^/]*|sounds?)/.*"
    rb"|(?:usr/)?lib\w*/(?:[^/]+-linux-[^/]+/)?(?![^/]+-linux-[^/]+/)[^/]+/.*\.(?:so[\d.]*|pm)"
)
# What explains packages to people.
_ABOUT = re.compile(
    rb"(?:usr/share/(?:doc|doc-base|man|info|locale|lintian|bug)|var/lib/dpkg/info)/.*"
    rb"|[./]*|usr|usr/share(?:/[\w-]+)?"
)
_WORDS = re.compile(rb"[\w.+-]+")
# Words that stand for a program beside its name: a git repository that is reached by ssh.
_BY_OTHER_NAMES = {b"git@": b"ssh", b"ssh://": b"ssh", b"rsync://": b"rsync"}
# A package's settings larger than this, or more of them, name no programs that it calls.
_MAX_SETTINGS, _MOST_SETTINGS = 64 << 10, 500


@dataclass(slots=True)
class Recommended:
    """Own packages that only recommendations brought: ``unreached``, and the ``others``, which may be used unnamed.

    ``named`` are those of the others that have to be asked for so that all of them are installed.
    """

    unreached: set[Installed] = field(default_factory=set)
    others: set[Installed] = field(default_factory=set)
    named: list[Installed] = field(default_factory=list)


def only_recommended(every: list[Installed], own: set[Installed]) -> set[Installed]:
    """Return the own packages that are there only because others recommend them, and what they in turn brought.

    What something needs, in any alternative, is not among them. Nothing is where apt's marks are missing.
    """
    if any(one.manual is None for one in own):
        return set()
    roots = [one for one in every if one.manual or one.vital or one not in own]
    older = [one for one in every if one not in own]
    by_need = needed(every, roots, older=every)
    by_wish = needed(every, roots, older=older)
    return (by_wish - by_need) & own


@once
def recommended(context: Context) -> Recommended:
    """Find what only recommendations brought, apart from what goes with the packages for building.

    Raises ``ContentUnavailableError`` where contents can't be read.
    """
    own = own_packages(context)
    every = only_recommended(own.every, own.own) - own.unneeded if own is not None else set()
    if own is None or not every:
        return Recommended()
    # In the order of the database, so that nothing hangs on a set's.
    found = [one for one in own.every if one in every]
    kept = [one for one in own.every if one not in every and one not in own.unneeded]
    tacit = {one for one in found if not _waits(one, _wished(found, kept, own))}
    reached = {one for one in found if one.package in own.used}
    said = _said(context, own, kept, [one for one in found if one not in tacit and one not in reached])
    if said is None:
        others = set(every)
    else:
        stay = [one for one in found if one in tacit or one in reached or one in said]
        others = needed(own.every, [*kept, *stay], older=own.every) & every
    named = [one for one in found if one in others]
    for one in list(named):
        rest = [other for other in named if other is not one]
        if one in needed(own.every, [*kept, *rest], older=own.every):
            named = rest
    return Recommended(every - others, others, named)


def _wished(found: Iterable[Installed], kept: Iterable[Installed], own: OwnPackages) -> frozenset[str]:
    """Return the names that recommendations ask for, not the needs of what these brought."""
    askers = [*(one for one in kept if one in own.own), *found]
    return frozenset(name for one in askers for group in one.recommends for name in group)


def _waits(one: Installed, wished: frozenset[str]) -> bool:
    """Tell whether a package does nothing until a program of it is called, or a library of it needed.

    One that is recommended itself has programs; a library that somebody recommends is loaded by its name.
    """
    paths = one.package.paths
    if RUNTIME.fullmatch(one.name) or any(map(_TACIT.fullmatch, paths)):
        return False
    if wished.isdisjoint(one.provides):
        return True
    return any(map(_PROGRAMS.fullmatch, paths)) or all(map(_ABOUT.fullmatch, paths))


def _names(one: Installed) -> Iterator[bytes]:
    """Yield what the programs and libraries of a package are called."""
    for path in one.package.paths:
        program, library = _PROGRAMS.fullmatch(path), _LIBRARY.fullmatch(path)
        if program is not None:
            yield program[1] or program[2]
        elif library is not None:
            yield library[1]


def _said(
    context: Context, own: OwnPackages, kept: Iterable[Installed], found: Iterable[Installed]
) -> set[Installed] | None:
    """Return which of some packages the container's own program or the settings of others name; ``None``: who knows."""
    by_name: dict[bytes, list[Installed]] = {}
    for one in found:
        for name in _names(one):
            by_name.setdefault(name, []).append(one)
    if not by_name:
        return set()
    said: set[bytes] = set()

    def look(text: bytes) -> bool:
        if text.startswith(b"\x7fELF"):
            # Strings of a program stand side by side.
            said.update(name for name in by_name if name in text)
        else:
            words = {word.strip(b".") for word in _WORDS.findall(text)}
            said.update(words, (word.partition(b".so")[0] for word in words))
        said.update(name for sign, name in _BY_OTHER_NAMES.items() if sign in text)
        return False

    if may_say(context, own.owners, look):
        return None
    for _, text in context.read(_settings(context, own, kept)):
        look(text)
    return {one for name, packages in by_name.items() if name in said for one in packages}


def _settings(context: Context, own: OwnPackages, kept: Iterable[Installed]) -> list[int]:
    """Return the settings of the own packages that stay, as global entries: programs that they call stand in them."""
    overlay = context.overlay
    found: list[int] = []
    for one in kept:
        for path in one.package.paths if one in own.own else ():
            if path.startswith(b"etc/") and path[path.rfind(b".") :].lower() in TEXT_ENDINGS:
                entry = overlay.lookup(path)
                if entry is not None and entry >= 0 and overlay.sizes[overlay.inode(entry)] <= _MAX_SETTINGS:
                    found.append(entry)
    return found[:_MOST_SETTINGS]
