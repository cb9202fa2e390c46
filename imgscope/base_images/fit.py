"""Says whether an app can stand on a base: what it needs and the two together lack, by name.

The same is asked of the image as it is, and what lacks there too is not a fault of the other base: a plug-in whose
libraries its program has loaded already, a script that nobody runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..paths import public
from ..rootfs.loaders import Loaders
from ..rootfs.platforms import Nodes, Pythons
from ..rootfs.programs import directories, interpreters, search_path
from ..rootfs.start import HEALTH, Start, follow

if TYPE_CHECKING:
    from ..rootfs.platforms import PythonHome
    from ..rootfs.root import Root
    from .app import App

Verdict = Literal["fits", "unsure", "unfit"]

# What stops a start soonest comes first.
_ORDER = (
    *("platform", "user", "group", "program", "command", "interpreter", "libc", "library", "version", "python", "node"),
    *("certificates", "directory", "link"),
)
COMMAND = "the image's command"
_LIBCS = (b"libc.so.6", b"libc.so")
_PYTHON, _NODE = r"python3?(\.\d+)?", r"node|nodejs"
CERTIFICATES = (
    b"etc/ssl/certs/ca-certificates.crt",
    b"etc/pki/tls/certs/ca-bundle.crt",
    b"etc/ssl/cert.pem",
    b"etc/ssl/ca-bundle.pem",
)


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that is missing. ``kind`` is ``program``, ``command`` (of a shell script), ``interpreter``,
    ``library``, ``version``, ``libc``, ``python``, ``node``, ``user``, ``group``, ``platform``, ``certificates``,
    ``directory`` or ``link``; ``by`` are paths of what needs it. ``decisive``: the app does not start without.
    """

    kind: str
    name: str
    by: tuple[str, ...] = ()
    hint: str = ""
    decisive: bool = False


@dataclass(frozen=True, slots=True)
class Fit:
    """A verdict, and what it rests on. ``unread``: some files of the candidate could not be looked into; ``resolved``:
    the command's program, its interpreter and all their libraries were found.
    """

    verdict: Verdict
    lacks: tuple[Lack, ...] = ()
    unread: bool = False
    resolved: bool = False


class Needs:
    """What an app needs, seen on one root."""

    def __init__(self, root: Root, app: App, variables: Mapping[str, str]) -> None:
        """Follow the app on ``root``, with the environment that it would have there."""
        self.root = root
        self.app = app
        self.variables = variables
        self.path = search_path(variables)
        self.loaders = Loaders(root, directories(variables.get("LD_LIBRARY_PATH", "")))
        self.loaders.prepare(app.elves.values())
        self.start: Start = follow(root, app.command, self.path, app.programs)
        homes = [home.prefix for home in app.python_homes]
        self.pythons = Pythons(root, self.path, homes)
        self.nodes = Nodes(root, self.path, variables)

    def lacks(self, *, python: bool, node: bool) -> Iterator[Lack]:
        """Yield what lacks; ``python`` and ``node`` tell that the app is one of these."""
        yield from self._programs()
        yield from self._elves(python=python, node=node)
        yield from self._scripts()
        yield from self._user()
        yield from self._python(python)
        yield from self._node(node)
        if not any(self.root.exists(path) for path in CERTIFICATES):
            yield Lack("certificates", "CA certificates", hint="TLS connections to others can't be checked")
        if not self.root.exists(b"tmp"):
            yield Lack("directory", "/" + "tmp")
        zone = self.variables.get("TZ")
        if zone and "/" in zone and not self.root.exists(b"usr/share/zoneinfo/" + zone.encode("utf-8", "replace")):
            yield Lack("directory", "/usr/share/zoneinfo", hint=f"TZ={zone} needs it")
        for path in self.app.links:
            if not self.root.exists(path):
                yield Lack("link", public(path), hint="a link that leads nowhere")

    def _programs(self) -> Iterator[Lack]:
        for kind, name, by, decisive in self.start.missing:
            if by == HEALTH:
                yield Lack("command", name, hint="the image's HEALTHCHECK")
                continue
            yield Lack(kind, name, (public(by),) if by else (), "" if by else COMMAND, decisive)

    def _elves(self, *, python: bool, node: bool) -> Iterator[Lack]:
        reached = self.start.files
        todo = dict(self.app.elves)
        for path in reached:
            if path not in todo:
                found = self.root.file(path)
                elf = None if found is None else self.root.elf(found.entry)
                if elf is not None:
                    todo[path] = elf
        for path, elf in todo.items():
            # Which of a language's modules are loaded isn't known, but without its C library none can be.
            module = (python and b"-packages/" in path) or (node and path.endswith(b".node"))
            for lack in self.loaders.missing(path, elf):
                decisive = path in reached or (module and (lack.kind == "libc" or lack.name in _LIBCS))
                name = lack.name.decode("utf-8", "surrogateescape")
                yield Lack(lack.kind, name, (public(lack.path),), lack.hint, decisive)

    def _scripts(self) -> Iterator[Lack]:
        for path, (program, argument) in self.app.scripts.items():
            for name in interpreters(program, argument):
                if self.root.program(name, self.path) is None:
                    yield Lack("program", name.decode("utf-8", "surrogateescape"), (public(path),))

    def _user(self) -> Iterator[Lack]:
        user, _, group = self.app.user.partition(":")
        for kind, name, path in (("user", user, b"etc/passwd"), ("group", group, b"etc/group")):
            if name and not name.isdigit():
                text = self.root.text(path)
                if not text and self.root.files.unread and self.root.exists(path):
                    continue
                names = {line.split(b":", 1)[0] for line in text.splitlines()}
                if name.encode("utf-8", "surrogateescape") not in names:
                    yield Lack(kind, name, hint=f"not in /{path.decode()}", decisive=True)

    def _python(self, decisive: bool) -> Iterator[Lack]:
        for home, count in self.app.python_homes.items():
            name = self._home(home)
            if name is not None:
                hint = self.pythons.describe()
                yield Lack("python", name, (f"/{home.path} ({count:,} of the app's)",), hint, decisive)
        for (version, platform), paths in self.app.python_tags.items():
            if not self.pythons.takes(version, platform):
                name = f"CPython {version} for {platform}"
                yield Lack("python", name, tuple(map(public, sorted(paths))), self.pythons.describe(), decisive)

    def _home(self, home: PythonHome) -> str | None:
        if home.version != "3" and not self.pythons.has(home.version):
            return f"Python {home.version}"
        if not self.pythons.looks_in(home):
            return f"a Python that looks in /{home.path}"
        return None

    def _node(self, decisive: bool) -> Iterator[Lack]:
        for abi, paths in self.app.node_modules.items():
            if self.nodes.abi != abi:
                by = tuple(map(public, sorted(paths)))
                yield Lack(
                    "node", f"Node with ABI {abi}", by, self.nodes.describe(), decisive and self.nodes.abi is not None
                )


def known_lacks(lacks: Iterable[Lack]) -> set[tuple[str, str, str]]:
    """Return what lacks in the image as it is, in the form that ``judge`` takes: (kind, name, what needs it)."""
    return {(lack.kind, lack.name, path) for lack in lacks for path in lack.by or ("",)}


def judge(
    now: Needs, known: set[tuple[str, str, str]], other: Needs, platforms: tuple[str, str], *, unread: bool = False
) -> Fit:
    """Say what lacks on another base beyond what is ``known`` to lack now.

    ``platforms`` are the image's and the candidate's; ``unread`` tells that the app's own files can't be looked into.
    """
    python = now.start.calls(_PYTHON) or other.start.calls(_PYTHON)
    node = now.start.calls(_NODE) or other.start.calls(_NODE)
    lacks: list[Lack] = []
    if platforms[0] != platforms[1]:
        lacks.append(Lack("platform", platforms[0], hint=f"it is for {platforms[1]}", decisive=True))
    resolved = bool(other.start.files)
    for lack in other.lacks(python=python, node=node):
        resolved = resolved and not lack.decisive
        paths = tuple(path for path in lack.by or ("",) if (lack.kind, lack.name, path) not in known)
        if paths:
            by = tuple(path for path in paths if path)
            lacks.append(Lack(lack.kind, lack.name, by, lack.hint, lack.decisive))
    merged = _merged(lacks)
    unread = unread or other.root.files.unread
    if any(lack.decisive for lack in merged):
        verdict: Verdict = "unfit"
    elif merged or unread or not other.start.command:
        verdict = "unsure"
    else:
        verdict = "fits"
    return Fit(verdict, merged, unread, resolved and not unread and verdict != "unfit")


def _merged(lacks: Iterable[Lack]) -> tuple[Lack, ...]:
    """Put lacks of one name together; those that decide come first."""
    found: dict[tuple[str, str], Lack] = {}
    for lack in lacks:
        kind = "program" if lack.kind == "command" and ("program", lack.name) in found else lack.kind
        before = found.get((kind, lack.name))
        if before is None:
            found[kind, lack.name] = lack
        else:
            by = tuple(dict.fromkeys((*before.by, *lack.by)))
            hint = COMMAND if COMMAND in (before.hint, lack.hint) else before.hint or lack.hint
            found[kind, lack.name] = Lack(kind, lack.name, by, hint, before.decisive or lack.decisive)
    return tuple(
        sorted(found.values(), key=lambda lack: (not lack.decisive, _ORDER.index(lack.kind), -len(lack.by), lack.name))
    )
