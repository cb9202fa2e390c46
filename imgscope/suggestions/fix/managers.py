"""Package managers: how their calls are told apart, and what they are asked to do. Mostly data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Manager:
    """One package manager.

    ``programs`` are its names. ``updates``, ``uses`` (what reads the lists), ``installs``, ``removes`` and ``cleans``
    are its verbs, of one word or two; ``bare`` is the verb of a call without one. ``fresh`` are options by which a use
    fetches what it needs itself. ``traces`` are folders that no call of it leaves as they are.
    """

    name: str
    programs: frozenset[str]
    updates: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    installs: frozenset[str] = frozenset()
    removes: frozenset[str] = frozenset()
    cleans: frozenset[str] = frozenset()
    fresh: frozenset[str] = frozenset()
    bare: str = ""
    traces: tuple[bytes, ...] = ()

    @property
    def verbs(self) -> frozenset[str]:
        """All verbs that are known."""
        return self.updates | self.uses | self.installs | self.removes | self.cleans


def _words(text: str) -> frozenset[str]:
    return frozenset(word.replace("_", " ") for word in text.split())


MANAGERS = (
    Manager(
        "apt",
        _words("apt apt-get aptitude apt-cache apt-file"),
        updates=_words("update"),
        uses=_words(
            "install upgrade dist-upgrade full-upgrade safe-upgrade dselect-upgrade build-dep download source satisfy"
            " reinstall search show policy showpkg madison depends rdepends pkgnames list find changelog"
        ),
        installs=_words("install upgrade dist-upgrade full-upgrade safe-upgrade build-dep satisfy reinstall"),
        removes=_words("remove purge autoremove autopurge"),
        cleans=_words("clean autoclean auto-clean distclean dist-clean"),
        traces=(b"var/lib/dpkg", b"var/lib/apt", b"var/cache/apt", b"var/log/apt"),
    ),
    Manager(
        "apk",
        _words("apk"),
        updates=_words("update"),
        uses=_words("add upgrade fix search fetch policy list info"),
        installs=_words("add upgrade fix"),
        removes=_words("del"),
        cleans=_words("cache_clean cache_purge"),
        fresh=_words("--no-cache --update --update-cache -U"),
        traces=(b"lib/apk/db", b"usr/lib/apk/db", b"var/cache/apk"),
    ),
    Manager(
        "pacman",
        _words("pacman yay paru"),
        updates=_words("-Sy"),
        uses=_words("-S"),
        installs=_words("-S -U"),
        removes=_words("-R"),
        cleans=_words("-Sc"),
        traces=(b"var/lib/pacman",),
    ),
    *(
        Manager(
            name,
            _words(programs),
            updates=_words("makecache check-update refresh ref"),
            installs=_words("install in update upgrade up dup dist-upgrade groupinstall reinstall builddep"),
            removes=_words("remove erase autoremove rm"),
            cleans=_words("clean cc"),
            traces=(b"var/lib/rpm", b"usr/lib/sysimage/rpm", b"var/cache/dnf", b"var/cache/yum", b"var/cache/zypp"),
        )
        for name, programs in (("dnf", "dnf dnf5 yum microdnf tdnf"), ("zypper", "zypper"))
    ),
    Manager("pip", _words("pip"), installs=_words("install wheel download"), removes=_words("uninstall"),
            cleans=_words("cache_purge cache_remove")),
    Manager("uv", _words("uv"), installs=_words("sync pip add tool_install run venv lock python_install build"),
            removes=_words("remove"), cleans=_words("cache_clean cache_prune clean")),
    Manager("poetry", _words("poetry pipenv"), installs=_words("install add update sync lock"),
            removes=_words("remove uninstall"), cleans=_words("cache_clear")),
    Manager("conda", _words("conda mamba micromamba"), installs=_words("install create update env_create env_update"),
            removes=_words("remove uninstall"), cleans=_words("clean")),
    Manager("npm", _words("npm"), installs=_words("install i ci add update install-test it clean-install"),
            removes=_words("uninstall rm remove prune"), cleans=_words("cache_clean")),
    Manager("yarn", _words("yarn yarnpkg"), installs=_words("install add global_add upgrade workspaces_focus"),
            removes=_words("remove global_remove"), cleans=_words("cache_clean"), bare="install"),
    Manager("pnpm", _words("pnpm"), installs=_words("install i add fetch update ci deploy"),
            removes=_words("remove rm prune"), cleans=_words("store_prune cache_delete")),
    Manager("composer", _words("composer composer.phar"),
            installs=_words("install update require create-project global_require"),
            removes=_words("remove global_remove"), cleans=_words("clear-cache clearcache cc")),
    Manager("gem", _words("gem bundle bundler"), installs=_words("install update package cache"),
            removes=_words("uninstall remove"), cleans=_words("cleanup clean"), bare="install"),
    Manager("cargo", _words("cargo"), uses=_words("build b install fetch run r test t check c vendor chef rustc doc"),
            installs=_words("build install fetch run test check"), removes=_words("uninstall"), cleans=_words("clean")),
    Manager("go", _words("go"), uses=_words("build install get mod_download mod_tidy mod_vendor run test vet generate"),
            installs=_words("build install get mod_download"), cleans=_words("clean")),
)  # fmt: skip
BY_PROGRAM = {program: manager for manager in MANAGERS for program in manager.programs}
# A script's own words for a package manager of the system, wherever they stand.
SYSTEM = {
    "apt": re.compile(r"\b(?:apt-get|apt|aptitude|apt-cache|dselect|apt-file)\b"),
    "apk": re.compile(r"\bapk\b"),
    "pacman": re.compile(r"\b(?:pacman|yay|paru|makepkg)\b"),
    "go": re.compile(r"\bgo\s+(?:build|install|get|mod|run|test|vet|generate)\b"),
    "cargo": re.compile(r"\bcargo\b"),
}
_PIP = re.compile(r"pip(?:\d(?:\.\d+)?)?$")
_PYTHON = re.compile(r"python(?:\d(?:\.\d+)?)?$")
# Options of these that take a word of their own before the verb.
_WITH_VALUE = frozenset(
    [
        "-o",
        "-t",
        "-c",
        "-a",
        "--option",
        "--target-release",
        "--config-file",
        "--setopt",
        "--enablerepo",
        "--disablerepo",
        "--releasever",
        "--installroot",
        "-d",
        "-x",
        "-R",
        "--root",
        "--plus-repo",
        "--prefix",
        "-C",
        "--cwd",
        "--dir",
        "--repository",
        "-X",
        "--no-interaction-file",
        "--python",
        "--log",
        "--cache-dir",
        "--proxy",
        "--timeout",
        "--retries",
    ]
)


def program(words: Sequence[str | None]) -> tuple[Manager, int] | None:
    """Return the manager that a command's words call, and how many of them name it (``python -m pip``: 3)."""
    if not words or words[0] is None:
        return None
    name = words[0].rpartition("/")[2]
    found = BY_PROGRAM.get(name)
    if found is not None:
        return found, 1
    if _PIP.match(name):
        return BY_PROGRAM["pip"], 1
    if _PYTHON.match(name):
        at = 1
        while at < len(words) and (words[at] or "").startswith("-") and words[at] not in ("-m", "-c"):
            at += 1
        module = words[at + 1] if at + 1 < len(words) and words[at] == "-m" else None
        if module in ("pip", "uv", "poetry", "pipenv"):
            return BY_PROGRAM[module], at + 2
    return None


def verb(manager: Manager, words: Sequence[str | None]) -> str:
    """Return the verb among the words after the manager's name, as its table has it; empty if there is none known."""
    if manager.name == "pacman":
        return _pacman(words)
    at = 0
    while at < len(words):
        word = words[at]
        if word is None:
            return ""
        if word.startswith("-") or "=" in word:
            at += 2 if word in _WITH_VALUE else 1
            continue
        following = words[at + 1] if at + 1 < len(words) else None
        if following is not None and f"{word} {following}" in manager.verbs:
            return f"{word} {following}"
        if word in manager.verbs:
            return word
        return ""
    return manager.bare


def _pacman(words: Sequence[str | None]) -> str:
    letters = "".join(word[1:] for word in words if word and re.match(r"-[A-Za-z]", word))
    names = {word for word in words if word and word.startswith("--")}
    sync = "S" in letters or "--sync" in names
    if sync and ("c" in letters or "--clean" in names):
        return "-Sc"
    if sync:
        return "-Sy" if "y" in letters or "--refresh" in names else "-S"
    if "R" in letters or "--remove" in names:
        return "-R"
    return "-U" if "U" in letters or "--upgrade" in names else ""


# Options by which a call may not fetch what it lacks.
OFFLINE = frozenset(["--offline", "--no-network", "--cacheonly", "--local", "--no-download", "--no-refresh"])
