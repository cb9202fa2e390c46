"""What an app adds to its base, as far as it matters for running elsewhere: programs, libraries, scripts, links,
Python's and Node's packages, and what its config says of how it is started.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..layer.index import FILE, HARDLINK, SYMLINK
from ..paths import join
from ..rootfs.platforms import PythonHome
from ..rootfs.programs import shebang
from ..rootfs.start import Command, command_of
from ..settings import environment, settings

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..rootfs.elf import Elf
    from ..rootfs.root import Root
    from .find import Base

PYTHON_HOME = re.compile(rb"^(?:(.*)/)?lib(?:64)?/python(3(?:\.\d+)?)/(site-packages|dist-packages)$")
_PYTHON_TAG = re.compile(rb"\.cpython-3(\d+)[a-z]*-([\w-]+)\.so$")
_KEYS = re.compile(r"(?:^|\s)([A-Za-z_]\w*)=")
MANAGERS = ("apt-get", "apt", "apk", "dnf", "dnf5", "microdnf", "yum", "tdnf", "zypper", "pacman")
_INSTALLS = re.compile(
    r"(?:^|[\s;&|(])("
    + "|".join(MANAGERS)
    + r")\s+(?:-\S+\s+)*(?:install|localinstall|groupinstall|add|in|update|upgrade|-S\w*)\b"
)


@dataclass(slots=True)
class App:
    """An app's own files, by path, and its config. Paths have no leading slash."""

    elves: dict[bytes, Elf] = field(default_factory=dict)
    scripts: dict[bytes, tuple[bytes, bytes]] = field(default_factory=dict)
    """Interpreter and argument of each script that begins with ``#!``."""
    links: list[bytes] = field(default_factory=list)
    python_homes: dict[PythonHome, int] = field(default_factory=dict)
    python_tags: dict[tuple[str, str], list[bytes]] = field(default_factory=dict)
    """Extension modules by the version of CPython and the platform in their names."""
    node_modules: dict[int, list[bytes]] = field(default_factory=dict)
    """Native modules by the ABI that they were built for."""
    programs: dict[bytes, list[bytes]] = field(default_factory=dict)
    """Paths of all that can be run, by last component."""
    command: Command = field(default_factory=Command)
    user: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    """What the image sets, the base's part included."""
    own_variables: frozenset[str] = frozenset()
    """The names among them that the app's own instructions set."""
    managers: dict[str, str] = field(default_factory=dict)
    """Package managers that its instructions call, and the first such instruction."""

    @property
    def libcs(self) -> dict[str, int]:
        """How many of its ELF files were linked against which C library."""
        found: dict[str, int] = {}
        for elf in self.elves.values():
            if elf.libc:
                found[elf.libc] = found.get(elf.libc, 0) + 1
        return found

    def newest(self, family: bytes) -> str | None:
        """Return the newest version of a family (``GLIBC_``) that its files need."""
        numbers = {
            tuple(map(int, tail.split(b".")))
            for elf in self.elves.values()
            for versions in elf.versions.values()
            for version in versions
            if version.startswith(family) and re.fullmatch(rb"\d+(?:\.\d+)*", tail := version[len(family) :])
        }
        return ".".join(map(str, max(numbers))) if numbers else None

    def environment_on(self, config: Mapping[str, object]) -> dict[str, str]:
        """Return the environment that a build on another base would give: the base's, and what the app sets."""
        theirs = environment(config)
        own = {name: value for name, value in self.environment.items() if name in self.own_variables}
        return {**theirs, **own}


def read_app(analysis: Analysis, base: Base, root: Root) -> App:
    """Look at all that the layers above the base add to the merged tree. What can't be read is left out."""
    app = App()
    _config(app, analysis, base)
    overlay = root.overlay
    wanted: dict[bytes, int] = {}
    first_own = overlay.start(base.layers)
    runnable = [bool(mode & 0o111) for mode, _, _ in overlay.meta_table]
    kinds, metas, sizes = overlay.kinds, overlay.metas, overlay.sizes
    for directory, names in overlay.tree.items():
        if b".git" in directory and b".git" in directory.split(b"/"):
            # What git keeps there, hooks above all, is nothing that the app runs.
            continue
        home = PYTHON_HOME.match(directory)
        count = 0
        for name, entry in names.items():
            if entry < first_own:
                continue
            count += 1
            kind = kinds[entry]
            if kind == SYMLINK:
                app.links.append(join(directory, name))
                continue
            inode = overlay.inode(entry) if kind == HARDLINK else entry
            if inode < first_own or kinds[inode] != FILE or sizes[inode] < 4:
                continue
            if runnable[metas[inode]]:
                app.programs.setdefault(name, []).append(join(directory, name))
                wanted[join(directory, name)] = inode
            elif b".so" in name or name.endswith(b".node"):
                wanted[join(directory, name)] = inode
        if home is not None and count:
            key = PythonHome(home[1] or b"", home[2].decode(), home[3])
            app.python_homes[key] = app.python_homes.get(key, 0) + count
    root.look(wanted.values())
    for path, entry in wanted.items():
        _file(app, root, path, entry)
    for path in app.links:
        # Programs are often called by a link's name.
        found = root.file(path)
        if found is not None and root.mode(found.entry) & 0o111:
            app.programs.setdefault(path.rpartition(b"/")[2], []).append(path)
    return app


def _file(app: App, root: Root, path: bytes, entry: int) -> None:
    elf = root.elf(entry)
    if elf is not None:
        app.elves[path] = elf
        name = path.rpartition(b"/")[2]
        tag = _PYTHON_TAG.search(name)
        if tag:
            app.python_tags.setdefault((f"3.{tag[1].decode()}", tag[2].decode()), []).append(path)
        if name.endswith(b".node") and elf.node_abi is not None:
            app.node_modules.setdefault(elf.node_abi, []).append(path)
        return
    script = shebang(root.head(entry))
    if script is not None:
        app.scripts[path] = script


def _config(app: App, analysis: Analysis, base: Base) -> None:
    inner = settings(analysis.image.config)
    app.command = command_of(analysis.image.config)
    user = inner.get("User")
    app.user = user if isinstance(user, str) else ""
    app.environment = environment(analysis.image.config)
    history = analysis.image.history
    own = set(app.environment)
    if history and base.steps:
        steps = [step.instruction for step in history[base.steps :]]
        own = {key for text in steps if text.startswith("ENV ") for key in _KEYS.findall(text[3:])}
        # Before equals signs were usual: ENV NAME value.
        own |= {text.split()[1] for text in steps if text.startswith("ENV ") and len(text.split()) > 1}
    app.own_variables = frozenset(own)
    for step in history[base.steps :]:
        if step.instruction.startswith("RUN "):
            for name in _INSTALLS.findall(step.instruction):
                app.managers.setdefault("apt-get" if name == "apt" else name, step.instruction)
