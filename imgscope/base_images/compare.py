"""What an image's base brings, what the app adds, and how other bases would do in its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..brief import brief
from ..contents import NO_CONTENTS
from ..errors import UsageError
from ..escape import escape
from ..packages.places import database_entries
from ..progress import working
from ..reading import Holding
from ..rootfs.root import FileFacts, Root
from ..settings import environment
from .app import App, read_app
from .candidates import Other, match, shared_layers
from .facts import Facts, read_facts
from .find import Base, find_base, steps_of
from .fit import Fit, Needs, judge, known_lacks
from .known import PublishedBase, known_bases
from .stack import bottom, stacked

if TYPE_CHECKING:
    from typing import Unpack

    from ..analysis import Analysis
    from ..analyzer import AnyImage
    from ..packages import Package, Packages
    from ..reading import ReadKeywords, ReadOptions
    from .local import LocalImage


@brief()
@dataclass(frozen=True, slots=True)
class Part:
    """A share of an image: content bytes, bytes that a container sees, paths, packages (``None``: not known)."""

    content_bytes: int
    merged_bytes: int
    files: int
    packages: int | None


@brief("name", "verdict", "content_bytes", "merged_bytes")
@dataclass(frozen=True, slots=True)
class Candidate:
    """Another base, and the image that the app's layers on it would make."""

    name: str
    facts: Facts
    fit: Fit
    content_bytes: int
    merged_bytes: int
    app_bytes: int
    manager_missing: str | None = None
    """A package manager that the app's instructions call and this base lacks: the Dockerfile has to change."""

    @property
    def verdict(self) -> str:
        """``fits``, ``unsure`` or ``unfit``."""
        return self.fit.verdict


@brief("known", "unfit")
@dataclass(frozen=True, slots=True)
class KnownRow:
    """A base that is not at hand: what is published of it, and why the app surely can't stand on it, if so."""

    known: PublishedBase
    unfit: str | None


@brief("base", "brings", "adds", "candidates")
@dataclass(slots=True)
class Bases(Holding):
    """One image's base and others. ``added`` are the packages that the app adds, largest first."""

    analysis: Analysis
    base: Base
    facts: Facts
    brings: Part
    adds: Part
    app: App
    added: list[Package] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    known: list[KnownRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def _repr_html_(self) -> str:
        from .report.notebook import html

        return html(self)


def bases(
    reference: AnyImage,
    candidates: Sequence[AnyImage] = (),
    *,
    base: AnyImage | None = None,
    table: bool = True,
    options: ReadOptions | None = None,
    **how: Unpack[ReadKeywords],
) -> Bases:
    """Compare the base image of an image with ``candidates``: what it brings, and whether the app could run on others.

    Images are references, as for ``analyze``, or analyses; what is opened here is open until the result is closed.
    ``base`` is the one that the image is built on, where that is known. Without candidates the engine's images that
    look like bases are taken; with ``table`` also well-known ones that are not at hand. How images are read is said as
    for ``analyze``. Raises ``UsageError``, ``ImageError``.
    """
    from ..analyzer import name_of, opened
    from ..reading import ReadOptions
    from ..shared import SharedLayers

    chosen = ReadOptions.of(options, how).but(contents=True)
    others = chosen.but(image=None, shared=chosen.shared or SharedLayers())
    with ExitStack() as stack:
        analysis = stack.enter_context(opened(reference, chosen))
        named, local = list(candidates), []
        if not named or base is None:
            from .local import local_images

            local = local_images()
        compared = [(name_of(one), stack.enter_context(opened(one, others))) for one in named]
        run = _Run(analysis, _base(base, analysis, local, compared, others))
        if not named:
            from .local import likely_bases

            names = likely_bases(local, analysis, run.comparison.base)
            if not names and not local:
                run.comparison.notes.append(
                    "no engine answers, so its images were not looked at; name others by --with"
                )
            compared = [(name, stack.enter_context(opened(name, others))) for name in names]
        with working(chosen.progress, "comparing bases"):
            for name, candidate in compared:
                run.add(name, candidate)
            run.rank()
            if table:
                run.table({candidate.name for candidate in run.comparison.candidates})
        return run.comparison.hold(stack)


def _base(
    image: AnyImage | None,
    analysis: Analysis,
    local: Sequence[LocalImage],
    others: Sequence[tuple[str, Analysis]],
    options: ReadOptions,
) -> Base:
    """Return the base that the user names, or what can be found of it: among images that are at hand, too."""
    if image is None:
        from .local import others as of_engine

        return find_base(analysis, [*of_engine(local), *(Other.of(*one) for one in others)])
    from ..analyzer import name_of, opened

    name = name_of(image)
    with opened(image, options.but(contents=False, shared=None)) as below:
        other = Other.of(name, below)
    count = len(other.diff_ids)
    if not count or shared_layers(analysis, other) < count:
        raise UsageError(f"{name} is not the base of this image: its layers are not the bottom of the image's")
    found = match(analysis, other)
    steps = steps_of(analysis.image.history, count)
    if found is None and count < len(analysis.layers):
        return Base(
            name, None, count, "as given, though its history is not the bottom of this image's", "likely", steps
        )
    return Base(
        name, None, count, "as given", "certain", steps if found is None or found.steps is None else found.steps
    )


class _Run:
    """A comparison under way."""

    def __init__(self, analysis: Analysis, base: Base) -> None:
        self.files = FileFacts()
        self.analysis = analysis
        self.root = Root(analysis, self.files)
        self.app = read_app(analysis, base, self.root)
        below = bottom(analysis, base.layers)
        facts, packages = read_facts(below, self.files, {"config": {"User": _user(analysis, base)}})
        _, all_packages = read_facts(analysis, self.files)
        self.needs = Needs(self.root, self.app, environment(analysis.image.config))
        lacks = list(self.needs.lacks(python=False, node=False))
        self.known = known_lacks(lacks)
        self.unread = self.files.unread or not analysis.has_contents
        added: list[Package] = []
        known = packages is not None and all_packages is not None and not packages.unread and not all_packages.unread
        if packages is not None and all_packages is not None and known:
            before = {(item.ecosystem, item.name, item.version, item.location) for item in packages.packages}
            added = [
                item
                for item in all_packages.packages
                if (item.ecosystem, item.name, item.version, item.location) not in before
            ]
        added.sort(key=lambda item: (-item.size, item.name))
        self.comparison = Bases(
            analysis,
            base,
            facts,
            *_parts(analysis, base, facts, len(added) if known else None),
            self.app,
            added,
        )
        if not analysis.has_contents:
            self.comparison.notes.append(
                f"not evaluated: packages, libraries, scripts: {NO_CONTENTS}, so what the app needs is known by names"
            )
        elif self.unread:
            self.comparison.notes.append(
                "some of the image's files can't be looked into, so what the app needs is known by names only"
            )
        broken = dict.fromkeys(lack.name for lack in lacks if lack.decisive)
        if broken:
            self.comparison.notes.append(
                f"the image as it is lacks {', '.join(list(broken)[:3])}: this is not held against other bases"
            )
        if base.layers == 0:
            self.comparison.notes.append(
                "no base was found: all layers are taken for the app's; name the base by --base if there is one"
            )
        self._database()
        self.packages("the image", all_packages)
        self.packages("the base", packages)

    def _database(self) -> None:
        """Say that layers which bring a package database don't belong on another base as they are."""
        overlay, base = self.root.overlay, self.comparison.base
        if base.layers and any(overlay.layer_of(entry) >= base.layers for entry in database_entries(overlay)):
            self.comparison.notes.append(
                "the app's layers hold packages that the base's package manager installed: sizes and verdicts are "
                "of those files as they are; built anew on another base, its package manager would bring its own"
            )

    def packages(self, whose: str, packages: Packages | None) -> None:
        """Say what of an image's packages could not be read."""
        for note in packages.notes if packages is not None else ():
            text = f"packages of {whose}: {note}"
            if text not in self.comparison.notes:
                self.comparison.notes.append(text)

    def add(self, name: str, candidate: Analysis) -> None:
        """Compare with one base."""
        base = self.comparison.base
        own_files = FileFacts()
        if not candidate.has_contents:
            self.comparison.notes.append(f"{escape(name)} was not looked into: {NO_CONTENTS}")
        facts, packages = read_facts(candidate, own_files)
        self.packages(name, packages)
        both = stacked(candidate, self.analysis, base.layers)
        self.files.unread = False
        root = Root(both, self.files)
        needs = Needs(root, self.app, self.app.environment_on(candidate.image.config))
        platforms = (self.analysis.image.platform, candidate.image.platform)
        fit = judge(
            self.needs,
            self.known,
            needs,
            platforms,
            unread=self.unread or own_files.unread or not candidate.has_contents,
        )
        overlay = both.body.overlay
        merged = both.files.tree.directory_sizes().get(b"", (0, 0))[0]
        path = needs.path
        lacking = next(
            (manager for manager in self.app.managers if root.program(manager.encode(), path) is None),
            None,
        )
        content = sum(overlay.sizes)
        self.comparison.candidates.append(
            Candidate(name, facts, fit, content, merged, content - facts.content_bytes, lacking)
        )

    def rank(self) -> None:
        """Put those first that fit, then by size."""
        order = {"fits": 0, "unsure": 1, "unfit": 2}
        self.comparison.candidates.sort(key=lambda one: (order[one.fit.verdict], one.content_bytes, one.name))

    def table(self, names: set[str]) -> None:
        """Add the well-known bases that are not at hand."""
        platform = self.analysis.image.platform
        for known in known_bases():
            if known.name not in names and platform == known.platform:
                self.comparison.known.append(KnownRow(known, self._surely_unfit(known)))

    def _surely_unfit(self, known: PublishedBase) -> str | None:
        """Say why an app can't stand on a base of which only its kind is known; ``None``: that has to be tried."""
        reached = self.needs.start.files
        own = [elf for path, elf in self.app.elves.items() if path in reached]
        libcs = {elf.libc for elf in own if elf.libc and (elf.interpreter or elf.dynamic)}
        theirs = known.libc.partition(" ")[0]
        for libc in sorted(libcs):
            if libc != theirs:
                return f"needs {libc}"
        number = known.libc.partition(" ")[2]
        newest = self.app.newest(b"GLIBC_") if own else None
        if theirs == "glibc" and number and newest and "glibc" in libcs and _key(newest) > _key(number):
            return f"needs glibc {newest}"
        for pattern, language in ((r"python3?(\.\d+)?", "Python"), (r"node|nodejs", "Node")):
            if not self.needs.start.calls(pattern) or any(
                re.fullmatch(pattern, path.rpartition(b"/")[2].decode("utf-8", "replace")) for path in self.app.elves
            ):
                continue
            if not known.runtime.startswith(language):
                return f"has no {language}"
            versions = {home.version for home in self.app.python_homes if home.version != "3"}
            if language == "Python" and versions and known.runtime.partition(" ")[2] not in versions:
                return f"needs Python {', '.join(sorted(versions))}"
        shell = self.app.command.start[:1] and self.app.command.start[0].rpartition("/")[2] in ("sh", "bash")
        if shell and not known.shell:
            return "has no shell"
        return None


def _user(analysis: Analysis, base: Base) -> str:
    """Return the user that a base's history sets."""
    users = [step.instruction for step in analysis.image.history[: base.steps] if step.instruction.startswith("USER ")]
    return users[-1][5:].strip() if users else ""


def _key(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _parts(analysis: Analysis, base: Base, facts: Facts, added: int | None) -> tuple[Part, Part]:
    """Return the base's share and the app's; merged bytes and files are those of the image's merged tree."""
    overlay, tree = analysis.body.overlay, analysis.files.tree
    first_own = overlay.start(base.layers)
    merged, files = tree.directory_sizes().get(b"", (0, 0))
    theirs = seen = 0
    for names in overlay.tree.values():
        for entry in names.values():
            if overlay.layer_of(entry) < base.layers:
                seen += 1
                theirs += overlay.sizes[entry] if 0 <= entry < first_own else 0
    content = sum(overlay.sizes)
    below = sum(overlay.sizes[:first_own])
    return (
        Part(below, theirs, seen, facts.packages),
        Part(content - below, merged - theirs, files - seen, added),
    )
