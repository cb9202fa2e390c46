"""Words that all reports on bases share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...report.sizes import quantity
from ...secrets import redact
from ..fit import COMMAND

if TYPE_CHECKING:
    from ..app import App
    from ..compare import Bases
    from ..facts import Facts
    from ..fit import Fit, Lack

VERDICTS = {"fits": "fits", "unsure": "unsure", "unfit": "does not fit"}
SHORT = {"fits": "fits", "unsure": "unsure", "unfit": "no"}
KINDS = {
    "program": "program",
    "command": "command",
    "interpreter": "loader",
    "library": "library",
    "version": "version",
    "libc": "C library",
    "python": "Python",
    "node": "Node",
    "user": "user",
    "group": "group",
    "platform": "platform",
    "certificates": "certificates",
    "directory": "directory",
    "link": "link",
}


def lack(row: Lack) -> tuple[str, str]:
    """Return what lacks, and why that matters."""
    why: list[str] = []
    if row.hint == COMMAND:
        return row.name, COMMAND
    if row.by:
        others = len(row.by) - 1
        why.append(row.by[0] + (f" and {others:,} more" if others else ""))
    if row.hint:
        why.append(row.hint)
    return row.name, "; ".join(why)


def facts(row: Facts) -> str:
    """Say what a base is and has, in one line."""
    packages = "packages unknown" if row.packages is None else quantity(row.packages, "package")
    parts = [row.distribution, row.gpu, quantity(row.files, "path"), packages]
    parts += [row.libc or "no C library", row.shell or "no shell", row.manager or "no package manager"]
    return ", ".join((*filter(None, parts), f"user {row.user}"))


def verdict(fit: Fit) -> str:
    """Say in a sentence what a verdict means."""
    if fit.verdict == "fits":
        return "nothing is missing that the app is seen to need"
    decisive = sum(row.decisive for row in fit.lacks)
    if fit.verdict == "unfit":
        return f"the app does not start: {quantity(decisive, 'thing')} missing that it needs"
    if fit.unread:
        return "its files can't be looked into, so this is by names only"
    if not fit.lacks:
        return "the image says no command, so what is run is not known"
    if fit.resolved:
        return "its program and libraries are all there; something else that it may need is missing"
    return "something that it may need is missing"


def needs(app: App) -> list[tuple[str, str]]:
    """Describe what an app is and needs, as (word, text)."""
    rows: list[tuple[str, str]] = []
    if app.command.start:
        text = redact(" ".join(app.command.start))
        rows.append(("command", text if len(text) <= 400 else text[:399] + "…"))
    user = app.user or "root"
    rows.append(("user", user))
    if app.elves:
        libcs = app.libcs
        whole = quantity(len(app.elves), "ELF file")
        parts = [whole]
        for libc, count in sorted(libcs.items()):
            newest = app.newest(b"GLIBC_") if libc == "glibc" else None
            parts.append(f"{count:,} for {libc}" + (f" {newest} or newer" if newest else ""))
        static = sum(not elf.dynamic and elf.program for elf in app.elves.values())
        if static:
            parts.append(f"{static:,} static")
        if len(parts) == 2 and len(app.elves) in libcs.values():
            # All of them are of one kind.
            parts = [whole + " " + parts[1].partition(" ")[2]]
        rows.append(("programs", ", ".join(parts)))
        own = {path.rpartition(b"/")[2] for path in app.elves} | {elf.soname for elf in app.elves.values()}
        wanted = sorted({name for elf in app.elves.values() for name in elf.needed} - own)
        if wanted:
            text = ", ".join(name.decode("utf-8", "replace") for name in wanted[:8])
            rows.append(("libraries", text + (f" and {len(wanted) - 8:,} more" if len(wanted) > 8 else "")))
    if app.scripts:
        names: dict[str, int] = {}
        for program, argument in app.scripts.values():
            word = program.rpartition(b"/")[2].decode("utf-8", "replace")
            if word == "env" and argument:
                word = argument.split()[-1].decode("utf-8", "replace")
            names[word] = names.get(word, 0) + 1
        ranked = sorted(names.items(), key=lambda item: (-item[1], item[0]))
        rows.append(("scripts", ", ".join(f"{count:,} for {name}" for name, count in ranked[:6])))
    for home, count in sorted(app.python_homes.items()):
        rows.append(("Python", f"{count:,} of its packages' paths in /{home.path}"))
    for (version, platform), paths in sorted(app.python_tags.items()):
        rows.append(("Python", f"{quantity(len(paths), 'extension module')} for CPython {version}, {platform}"))
    for abi, paths in sorted(app.node_modules.items()):
        rows.append(("Node", f"{quantity(len(paths), 'native module')} for ABI {abi}"))
    return rows


def base_name(comparison: Bases) -> str:
    """Name the base, or say what it is."""
    if not comparison.base.layers:
        return "no base"
    return comparison.base.name or comparison.facts.distribution or "the base"


def source(comparison: Bases) -> str:
    """Say where the table of well-known bases comes from."""
    days = sorted(row.known.dated for row in comparison.known if row.known.dated)
    span = f"{days[0]} to {days[-1]}" if days else ""
    return f"sizes on disk as docker-library/repo-info publishes them, of images made {span}"
