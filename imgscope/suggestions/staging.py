"""Writes a Dockerfile that builds and runs in one stage as one that does so in two, in the user's own words and lines.

The build stage stays as it is; the final one begins at the same base, takes over the instructions that say how a
container runs, installs the packages that the program needs, and copies what it needs of the build stage.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..dockerfile.edits import Edit, Places, apply
from ..errors import ContentUnavailableError
from ..layer.index import FILE
from ..paths import internal, join
from ..report.sizes import quantity
from ..settings import settings
from .stages import Parts, installed_lines, parts, pruned
from .static import base_settings, beside, runs_static
from .system_files import system_owners
from .upgrading import upgrade

if TYPE_CHECKING:
    from ..dockerfile import Dockerfile, DockerfileMatch, Instruction, Stage
    from .context import Context
    from .model import Suggestions

# What says how a container runs, not how its image is built.
_RUNNING = {"HEALTHCHECK", "ENTRYPOINT", "CMD", "LABEL", "EXPOSE", "STOPSIGNAL", "ONBUILD", "MAINTAINER"}
_SETTINGS = {*_RUNNING, "ENV", "VOLUME", "WORKDIR", "USER", "SHELL"}
# What the files have to be there before.
_BEHIND = {"RUN", "COPY", "ADD", "USER", "WORKDIR", "VOLUME"}
_AS = re.compile(r"(?<!\s)\s+as\s+(\S+)\s*$", re.IGNORECASE)
# More places than these are not what an author would copy one by one.
_MAX_COPIES = 60
_ACCOUNTS = ("passwd", "group", "shadow", "gshadow")


class Extra(NamedTuple):
    """What a proof found lacking: packages to install, and paths (as users write them) to copy besides."""

    packages: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Staged:
    """The Dockerfile in stages, the line of the stage that became two, and the bytes that this saves."""

    dockerfile: Dockerfile
    line: int
    bytes: int
    what: str


def staged(report: Suggestions, extra: Extra = Extra(), *, bold: bool = True) -> Staged | str:  # noqa: B008
    """Return a report's Dockerfile in stages, or why it can't be; whether that is worth it is told by its bytes.

    With ``bold`` the final stage of a static program begins at nothing, and pnpm prunes its store.
    """
    matched, context = report.dockerfile, report.context
    if matched is None or not matched.belongs or context is None:
        return "the Dockerfile is not known"
    stage = matched.dockerfile.stages[matched.stage]
    if matched.stage != len(matched.dockerfile.stages) - 1:
        return "other stages come after the one that the image is of"
    try:
        bare = bold and not extra.packages and runs_static(context)
        found = parts(context, report, (*extra.paths, *(beside(context) if bare else ())))
        if bare:
            found = Parts(None, found.copies, found.unneeded, [])
    except ContentUnavailableError as error:
        return str(error)
    if not found.copies and found.packages is None:
        return "nothing is left to copy"
    if len(found.copies) > _MAX_COPIES:
        return f"what the program needs lies in {len(found.copies)} places among the system's files"
    text = _Text(context, matched, stage, found, extra, report, bare, bold)
    return Staged(text.write(), stage.from_.first, text.saves(), text.words())


class _Text:
    def __init__(
        self,
        context: Context,
        matched: DockerfileMatch,
        stage: Stage,
        found: Parts,
        extra: Extra,
        report: Suggestions,
        bare: bool,
        bold: bool,
    ) -> None:
        self.bare = bare
        self.bold = bold
        self.context = context
        self.dockerfile = matched.dockerfile
        self.stage = stage
        self.found = found
        self.extra = extra
        self.report = report
        self.places = Places(self.dockerfile)
        here = [layer for layer, made in matched.by_layer.items() if made.instruction.stage == stage.index]
        self.upgraded = ("", "") if bare else upgrade(context, sorted(here))
        taken = {one.name for one in self.dockerfile.stages if one.name} | {self.stage.name or ""}
        self.name = next(
            name for name in ("build", "builder", *map("build{}".format, range(2, 99))) if name not in taken
        )

    def write(self) -> Dockerfile:
        """Return the changed Dockerfile."""
        own = self.stage.instructions
        body = [item for item in own if item.keyword not in _RUNNING]
        last = body[-1]
        moved = [item for item in own if item.keyword in _RUNNING and item.index < last.index]
        edits: list[Edit] = [self._named(own[0])]
        edits += [self.places.lines(self._top(item), item.last, ()) for item in moved]
        end = len(self.dockerfile.text.split("\n")) - self.dockerfile.text.endswith("\n")
        edits.append(self.places.lines(last.last + 1, end, [*self._tidied(), "", *self._final(last)]))
        return apply(self.dockerfile, edits)

    def _tidied(self) -> Iterator[str]:
        """Yield what takes out of the build stage what is not to be copied."""
        lines = [*pruned(self.report, pnpm=self.bold), *self.found.trimmed()]
        users = [item.rest.strip("\"'") for item in self.stage.instructions if item.keyword == "USER"]
        if lines and users and users[-1] not in ("root", "0"):
            yield "USER root"
        yield from lines

    def _named(self, from_: Instruction) -> Edit:
        """Give the stage its name as the one that builds."""
        word = "as" if from_.text[:4].islower() else "AS"
        match = _AS.search(from_.text)
        if match is None:
            return self.places.insert_after(from_, len(from_.text), f" {word} {self.name}")
        return self.places.replace(from_, *match.span(1), self.name)

    def _top(self, item: Instruction) -> int:
        """Return the first of the comment lines that stand right above an instruction, or its own."""
        lines = self.dockerfile.text.split("\n")
        above = self.dockerfile.instructions[item.index - 1].last if item.index else 0
        top = item.first
        while top - 1 > above and lines[top - 2].lstrip().startswith("#"):
            top -= 1
        return top

    def _lines(self, first: int, last: int) -> list[str]:
        return [line.rstrip("\r") for line in self.dockerfile.text.split("\n")[first - 1 : last]]

    def _final(self, last: Instruction) -> Iterator[str]:
        """Yield the lines of the final stage."""
        from_ = self.stage.from_
        yield from self._from(from_)
        if self.bare:
            yield from base_settings(self.context, self._set())
        own = list(self.stage.instructions[1:])
        block = next((item.index for item in own if item.keyword in _BEHIND), last.index + 1)
        done = False
        for item in own:
            if not done and item.index >= block:
                done = True
                yield from self._files()
            wanted = item.keyword in _SETTINGS or (item.keyword == "ARG" and self._asked(item))
            if wanted and item.index <= last.index:
                yield from self._lines(self._top(item), item.last)
        if not done:
            yield from self._files()
        # What stands behind the last that builds, comments and blank lines too.
        lines = self.dockerfile.text.split("\n")
        end = len(lines) - self.dockerfile.text.endswith("\n")
        yield from self._lines(last.last + 1, end)

    def _from(self, from_: Instruction) -> Iterator[str]:
        base = _AS.sub("", from_.text) if not self.bare else f"{from_.text[:4]} scratch"
        name = f" {'as' if from_.text[:4].islower() else 'AS'} {self.stage.name}" if self.stage.name else ""
        written = _AS.search(from_.text)
        yield base + (written[0].rstrip() if written and self.stage.name else name)

    def _set(self) -> frozenset[str]:
        """Return the variables and labels that the stage sets, and the keywords that it has."""
        found = {item.keyword for item in self.stage.instructions}
        for item in self.stage.instructions:
            if item.keyword in ("ENV", "LABEL"):
                found.update(name.strip("\"'") for name, _ in item.pairs)
        return frozenset(found)

    def _asked(self, arg: Instruction) -> bool:
        """Tell whether an ARG is used by an instruction that the final stage takes over."""
        name = (arg.arguments[0] if arg.arguments else "").partition("=")[0]
        use = re.compile(rf"\$(?:{re.escape(name)}\b|\{{{re.escape(name)}\b)")
        return bool(name) and any(
            use.search(item.text)
            for item in self.stage.instructions
            if item.index > arg.index and (item.keyword in _SETTINGS or item.keyword == "ARG")
        )

    def _files(self) -> Iterator[str]:
        """Yield what brings accounts, packages and files."""
        accounts = [f"/etc/{name}" for name in _ACCOUNTS if self._own(f"/etc/{name}")]
        if self.bare:
            accounts = [f"/etc/{name}" for name in _ACCOUNTS[:2] if self.context.overlay.lookup(f"etc/{name}".encode())]
        if accounts and (self._named_user() if self.bare else self._adds_users()):
            yield f"COPY --from={self.name} {' '.join(accounts)} /etc/"
        if not self.bare:
            yield from installed_lines(self.found.packages, self.extra.packages, self.upgraded)
        yield from self.found.lines(self.name, _MAX_COPIES)
        if not self.bare:
            yield from self.found.modes()

    def _own(self, path: str) -> bool:
        entry = self.context.overlay.lookup(internal(path))
        return entry is not None and entry >= 0 and self.context.overlay.layer_of(entry) in self.context.own_layers

    def _named_user(self) -> bool:
        user = settings(self.context.analysis.image.config).get("User")
        return isinstance(user, str) and not user.replace(":", "").isdigit() and bool(user)

    def _adds_users(self) -> bool:
        """Tell whether instructions of the image's own add users or groups, not packages' scripts alone."""
        return any(
            re.search(r"\b(?:useradd|adduser|groupadd|addgroup|usermod|groupmod|passwd|shadow)\b|/etc/group", item.text)
            for item in self.stage.instructions
            if item.keyword in ("RUN", "COPY", "ADD")
        )

    def words(self) -> str:
        """Say what is done."""
        copied = f"{quantity(len(self.found.copies), 'path')} copied"
        if self.bare:
            return f"a final stage from scratch with {copied}"
        names = [] if self.found.packages is None else [*self.found.packages.wanted, *self.extra.packages]
        again = f", {self.upgraded[1]} again" if self.upgraded[1] else ""
        return f"a final stage with {copied}, {', '.join(names[:6]) or 'no package'} installed{again}"

    # -- what it saves -----------------------------------------------------------------------------------

    def saves(self) -> int:
        """Return the bytes that the image stores less: its own layers', without what the final stage has again."""
        overlay, own = self.context.overlay, self.context.own_layers
        layers = range(len(overlay.layers)) if self.bare else own
        stored = sum(
            index.sizes[entry]
            for index in (overlay.layers[layer] for layer in layers)
            for entry in range(len(index.kinds))
            if index.kinds[entry] == FILE
        )
        kept = self.found.kept_packages()
        copied = {copy.path for copy in self.found.copies}
        gone = self.found.pruned
        trims = {path for copy in self.found.copies for path in copy.trims}
        owners = self.found.packages.owners if self.found.packages is not None else {}
        installs = bool(self.found.packages and (self.found.packages.wanted or self.extra.packages))
        upgrades = bool(self.upgraded[1])
        renewed = self.found.renewed_packages(all_=upgrades) if installs or upgrades else set()
        if upgrades and self.found.packages is None:
            # Nothing was installed, and what packages own was brought up to date.
            owners = system_owners(self.context)
            renewed = {id(package) for package in owners.values()}
        homes = {path.rpartition(b"/")[0] for path, package in owners.items() if id(package) in kept}
        again = 0
        counted: set[int] = set()
        for directory, names in overlay.tree.items():
            inside = _below(directory, copied) and not _below(directory, trims)
            for name, entry in names.items():
                inode = overlay.inode(entry)
                if inode < 0 or overlay.kind(inode) != FILE or inode in counted or entry in gone:
                    continue
                path = join(directory, name)
                if overlay.layer_of(inode) not in own and not inside and path not in copied:
                    continue
                package = owners.get(path)
                made = directory in homes or (directory.endswith(b"/__pycache__") and directory[:-12] in homes)
                if (
                    (inside and path not in trims)
                    or path in copied
                    or (package is not None and id(package) in kept)
                    or (package is not None and id(package) in renewed)
                    or (package is None and made and entry not in self.found.unneeded)
                ):
                    counted.add(inode)
                    again += overlay.sizes[inode]
        return max(stored - again, 0)


def _below(directory: bytes, paths: Collection[bytes]) -> bool:
    """Tell whether a directory is one of some, or below one."""
    while directory:
        if directory in paths:
            return True
        directory = directory.rpartition(b"/")[0]
    return False
