"""Package managers: how their calls are told apart, and what each leaves behind that may go. Mostly data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Need = Literal["lists", "tool", "offline"]
"""What of a later command asks for what an earlier one fetched. *lists*: any use without an update of its own; *tool*:
any call of the program, which would fetch it all again; *offline*: only a call that may not fetch."""


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
    Manager("poetry", _words("poetry"), installs=_words("install add update sync lock"), cleans=_words("cache_clear")),
    Manager("pipenv", _words("pipenv"), installs=_words("install sync update lock"), removes=_words("uninstall")),
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
    Manager("gem", _words("gem"), installs=_words("install update"), removes=_words("uninstall"),
            cleans=_words("cleanup")),
    Manager("bundler", _words("bundle bundler"), installs=_words("install update package cache"),
            removes=_words("remove"), cleans=_words("clean"), bare="install"),
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


class Clean(NamedTuple):
    """What goes with the leftovers of one rule.

    ``manager`` makes them. ``places`` pairs what is removed (a path of the shell, ``{0}`` stands for the first group)
    with the pattern of the files there, without the leading slash. ``tool`` is the manager's own way to clean, taken
    where it can be run. ``need`` says which later commands ask for them.
    """

    manager: str
    places: tuple[tuple[str, re.Pattern[bytes]], ...]
    need: Need
    tool: str = ""


def _places(*pairs: tuple[str, bytes]) -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    return tuple((shown, re.compile(pattern, re.DOTALL)) for shown, pattern in pairs)


# By rule; what follows the code parts leftovers of one rule that not the same commands need.
CLEANS = {
    "IS101": Clean("apt", _places(("/var/lib/apt/lists/*", rb"var/lib/apt/lists/.")), "lists"),
    "IS102": Clean(
        "apt",
        _places(
            ("/var/cache/apt/archives/*.deb", rb"var/cache/apt/archives/[^/]+\.deb$"),
            ("/var/cache/apt/archives/partial/*", rb"var/cache/apt/archives/partial/[^/]+$"),
            ("/var/cache/apt/*.bin", rb"var/cache/apt/[^/]+\.bin$"),
        ),
        "offline",
    ),
    "IS103": Clean("apk", _places(("/var/cache/apk/*", rb"var/cache/apk/.")), "lists"),
    "IS104": Clean(
        "dnf",
        _places(
            ("/var/cache/dnf/*", rb"var/cache/dnf/."),
            ("/var/cache/yum/*", rb"var/cache/yum/."),
            ("/var/cache/libdnf5/*", rb"var/cache/libdnf5/."),
        ),
        "offline",
        "clean all",
    ),
    "IS105": Clean("zypper", _places(("/var/cache/zypp/*", rb"var/cache/zypp/.")), "offline", "clean --all"),
    "IS106": Clean("pip", _places(("/{0}", rb"((?:.+/)?\.cache/pip)/.")), "offline"),
    "IS107": Clean("uv", _places(("/{0}", rb"((?:.+/)?\.cache/uv)/.")), "offline", "cache clean"),
    "IS108": Clean(
        "poetry",
        _places(
            ("/{0}", rb"((?:.+/)?\.cache/pypoetry/(?:cache|artifacts))/."), ("/{0}", rb"((?:.+/)?\.cache/pipenv)/.")
        ),
        "offline",
    ),
    "IS109": Clean("conda", _places(("/{0}/*", rb"((?:.+/)?(?:mini|ana|)conda3?/pkgs)/."),
                                    ("/{0}/*", rb"((?:.+/)?miniforge3/pkgs)/.")), "offline", "clean --all --yes"),
    "IS110": Clean("npm", _places(("/{0}", rb"((?:.+/)?\.npm/(?:_cacache|_logs|_npx))/.")), "offline",
                   "cache clean --force"),
    "IS111": Clean("yarn", _places(("/{0}", rb"((?:.+/)?\.cache/yarn)/."), ("/{0}", rb"((?:.+/)?\.yarn-cache)/.")),
                   "offline", "cache clean"),
    "IS112": Clean(
        "pnpm",
        _places(("/{0}", rb"((?:.+/)?(?:\.local/share/pnpm/store|\.pnpm-store|\.cache/pnpm))/.")),
        "tool",
    ),
    "IS113": Clean("go", _places(("/{0}", rb"((?:.+/)?go/pkg/(?:mod|sumdb))/."),
                                 ("/{0}", rb"((?:.+/)?\.cache/go-build)/.")), "tool"),
    "IS114": Clean("cargo", _places(("/{0}", rb"((?:.+/)?\.cargo/(?:registry|git))/."),
                                    ("/{0}", rb"(usr/local/cargo/(?:registry|git))/.")), "tool"),
    "IS117": Clean("composer", _places(("/{0}", rb"((?:.+/)?\.composer/cache)/."),
                                       ("/{0}", rb"((?:.+/)?\.cache/composer)/.")), "offline", "clear-cache"),
    "IS118": Clean("gem", _places(
        ("/{0}/*", rb"((?:usr/local/bundle|(?:usr|usr/local)/lib/ruby/gems/[^/]+|var/lib/gems/[^/]+)/cache)/."),
        ("/{0}/*", rb"((?:.+/)?\.bundle/cache)/."), ("/{0}/*", rb"((?:.+/)?\.gem/(?:.+/)?cache)/.")), "offline"),
    "IS120": Clean(
        "pacman",
        _places(("/var/cache/pacman/pkg/*", rb"var/cache/pacman/pkg/.")),
        "offline",
    ),
    "IS120 sync": Clean("pacman", _places(("/var/lib/pacman/sync/*", rb"var/lib/pacman/sync/.")), "lists"),
}  # fmt: skip
# Go's module cache is written without permission to change it: rm asks for nothing with -f, but needs to be root.
OFFLINE = frozenset(
    [
        "--offline",
        "--no-network",
        "-C",
        "--cacheonly",
        "--no-index",
        "--local",
        "--frozen",
        "--no-download",
        "--no-refresh",
        "--prefer-offline",
    ]
)
# None of these calls a package manager of the system by itself.
INERT = frozenset(
    [
        ":",
        "[",
        "addgroup",
        "adduser",
        "alias",
        "apt-key",
        "ar",
        "arch",
        "awk",
        "base64",
        "basename",
        "bash-completion",
        "break",
        "bunzip2",
        "bzip2",
        "cat",
        "cd",
        "chgrp",
        "chmod",
        "chown",
        "chpasswd",
        "cksum",
        "clang",
        "clang++",
        "cmp",
        "c++",
        "cc",
        "command",
        "comm",
        "continue",
        "cp",
        "cut",
        "date",
        "dd",
        "debconf-set-selections",
        "declare",
        "delgroup",
        "deluser",
        "df",
        "diff",
        "dirname",
        "dpkg",
        "dpkg-deb",
        "dpkg-divert",
        "dpkg-query",
        "dpkg-reconfigure",
        "dpkg-statoverride",
        "du",
        "echo",
        "egrep",
        "env",
        "eval-gettext",
        "exit",
        "expand",
        "export",
        "expr",
        "false",
        "fc-cache",
        "fgrep",
        "file",
        "find",
        "fold",
        "g++",
        "gawk",
        "gcc",
        "getconf",
        "getent",
        "git",
        "gpg",
        "gpgconf",
        "gpg2",
        "grep",
        "groupadd",
        "groupdel",
        "groupmod",
        "gunzip",
        "gzip",
        "hash",
        "head",
        "hostname",
        "iconv",
        "id",
        "install",
        "java",
        "javac",
        "jq",
        "ldconfig",
        "ld",
        "less",
        "let",
        "ln",
        "local",
        "locale-gen",
        "localedef",
        "ls",
        "lsb_release",
        "make-ssl-cert",
        "mkdir",
        "mkfifo",
        "mknod",
        "mkpasswd",
        "mktemp",
        "mv",
        "nproc",
        "openssl",
        "od",
        "passwd",
        "patch",
        "printenv",
        "printf",
        "ps",
        "pwd",
        "read",
        "readlink",
        "readonly",
        "realpath",
        "return",
        "rm",
        "rmdir",
        "rpm",
        "rpmkeys",
        "rustc",
        "rustup",
        "sed",
        "seq",
        "set",
        "sha1sum",
        "sha256sum",
        "sha512sum",
        "md5sum",
        "shift",
        "shred",
        "sleep",
        "sort",
        "split",
        "ssh-keygen",
        "ssh-keyscan",
        "stat",
        "strip",
        "sync",
        "tail",
        "tar",
        "tee",
        "test",
        "touch",
        "tr",
        "true",
        "truncate",
        "tsc",
        "tty",
        "tzdata",
        "type",
        "ulimit",
        "umask",
        "unalias",
        "uname",
        "unexpand",
        "uniq",
        "unlink",
        "unset",
        "unxz",
        "unzip",
        "update-alternatives",
        "update-ca-certificates",
        "update-locale",
        "update-rc.d",
        "useradd",
        "userdel",
        "usermod",
        "usleep",
        "wait",
        "wc",
        "wget",
        "curl",
        "which",
        "whoami",
        "xz",
        "xzcat",
        "yes",
        "zcat",
        "zip",
        "zstd",
        "a2enmod",
        "a2dismod",
        "a2ensite",
        "a2dissite",
        "a2enconf",
        "a2disconf",
        "phpenmod",
        "phpdismod",
        "docker-php-ext-enable",
        "pecl",
        "corepack",
        "nvm",
        "rbenv",
        "pyenv",
        "setcap",
        "getcap",
        "chsh",
        "timedatectl",
        "unset",
        "add-shell",
        "bsdtar",
        "busybox",
        "cpio",
        "dos2unix",
        "envsubst",
        "glib-compile-schemas",
        "gtk-update-icon-cache",
        "install-info",
        "ldd",
        "mandb",
        "nm",
        "objcopy",
        "objdump",
        "pkg-config",
        "ranlib",
        "readelf",
        "rsync",
        "size",
        "strings",
        "update-mime-database",
        "virtualenv",
        "xargs",
        "gem.sh",
        "local-gen",
        "mvn",
        "gradle",
        "dotnet",
        "nuget",
        "cargo-chef",
        "wasm-pack",
        "aria2c",
        "httpie",
        "http",
        "svn",
        "hg",
        "lftp",
        "scp",
        "ssh",
    ]
)
