"""Proposes a Dockerfile in two stages where findings call for one."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..dockerfile.redacted import redacted, redacted_text
from ..errors import ContentUnavailableError
from ..packages.upgrades import renewed
from ..paths import internal, join, public, split
from ..settings import settings
from .copies import Copy, Right, above, copies
from .own_packages import OwnPackages, own_packages
from .program import started
from .recommended import only_recommended
from .rules import all_rules
from .tools import tool_files
from .upgrading import upgrade

if TYPE_CHECKING:
    from .context import Context
    from .model import Finding, Suggestions

# Instructions that copy, at most.
_MAX_COPIES = 30
_NODE = "node-dev-dependencies"
_PRUNE = {
    "npm": "npm prune --omit=dev",
    "pnpm": "pnpm prune --prod",
    "yarn": "yarn install --production --frozen-lockfile --ignore-scripts",
}
_NAME = "build"
# What says how a container runs, not how the image is built.
_RUNNING = {"HEALTHCHECK", "ENTRYPOINT", "CMD", "LABEL", "EXPOSE", "VOLUME", "STOPSIGNAL"}
_ASSIGNED = re.compile(r"(?:^|\s)([A-Za-z_][A-Za-z0-9_]*)=")
_ADDS_USER = re.compile(r"(?:^|&&|;)\s*((?:/usr/sbin/)?(?:useradd|adduser|groupadd|addgroup)\b[^&|;\n]*)")
# Sources of a COPY are named by their digests in the history that Docker's older builder writes.
_DIGESTS = re.compile(r"^(COPY|ADD)((?: --\S+)*) (?:multi:|file:|dir:)[0-9a-f]+ in ")


def answered(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings that a build stage answers; any sure one is reason enough to propose one."""
    needed = {rule.code for rule in all_rules() if rule.needs_stage}
    return (finding for finding in findings if finding.code in needed)


def proposal(context: Context, report: Suggestions) -> tuple[str, ...]:
    """Return the lines of a Dockerfile with a build stage and a final one; nothing where none is called for.

    The build stage is the Dockerfile as it is, or what the image's history tells of it; the final one installs the
    packages that are needed at run time, and copies the directories that no finding is about.
    """
    if not any(finding.certainty != "possible" for finding in answered(report.findings)):
        return ()
    try:
        found = parts(context, report)
    except ContentUnavailableError:
        # A rule that could not look may be about anything: what has to be copied is not known.
        return ()
    if not found.copies:
        return ()
    base, build, name = _build_stage(context)
    settings = _Settings(context)
    return (
        *build,
        *pruned(report),
        "",
        "# What the program needs to run. A smaller base may do as well: imgscope bases tells.",
        f"FROM {base}",
        *installed_lines(found.packages, (), upgrade(context, context.own_layers)),
        *settings.before(),
        *settings.users(),
        *found.lines(name),
        *settings.after(),
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """What a final stage is made of: packages to install, and paths to copy; ``unneeded`` are entries that stay out."""

    packages: OwnPackages | None
    copies: list[Copy]
    unneeded: set[int]
    above: list[Right]
    pruned: set[int] = field(default_factory=set)
    """Entries that a package manager takes away in the build stage."""

    def lines(self, stage: str, most: int = _MAX_COPIES) -> Iterator[str]:
        """Yield the instructions that copy out of a stage, ``most`` at the most."""
        yield from _copies(stage, self.copies, most)

    def trimmed(self) -> Iterator[str]:
        """Yield what removes from the build stage what would be copied along with what is needed."""
        paths = [shlex.quote(public(path)) for copy in self.copies for path in copy.trims]
        if paths:
            yield f"RUN rm -rf {' '.join(paths)}"

    def modes(self) -> Iterator[str]:
        """Yield what gives directories the owners and permissions that they had, where a COPY does not."""
        changed = [f"chmod {copy.mode:o} {shlex.quote(public(copy.path))}" for copy in self.copies if copy.mode]
        for path, owner, mode, taken in self.above:
            shown = shlex.quote(public(path))
            changed += [f"chown {owner[0]}:{owner[1]} {shown}"] if owner != (0, 0) or taken else []
            changed += [f"chmod {mode:o} {shown}"] if mode is not None else []
        if changed:
            yield f"RUN {' && '.join(changed)}"

    def kept_packages(self) -> set[int]:
        """Return the packages, by ``id``, of which the final stage has the files again."""
        if self.packages is None:
            return set()
        left = self.packages.unneeded | only_recommended(self.packages.every, self.packages.own)
        return {id(one.package) for one in self.packages.own - left}

    def renewed_packages(self, *, all_: bool = False) -> set[int]:
        """Return the base's packages, by ``id``, that the final stage brings up to date again: ``all_``, or those that
        what it installs asks for.
        """
        found = self.packages
        if found is None:
            return set()
        base = [one for one in found.every if one not in found.own]
        if all_:
            return {id(one.package) for one in base}
        if found.ecosystem != "dpkg":
            return {id(one.package) for one in base}
        kept = self.kept_packages()
        there = {one.name: (found.before.get(one.name, ""), one.bounds) for one in base}
        names = renewed((one.bounds for one in found.own if id(one.package) in kept), there)
        return {id(one.package) for one in base if one.name in names}


def parts(context: Context, report: Suggestions, also: Sequence[str] = ()) -> Parts:
    """Find out what a final stage needs; ``also`` are paths that it surely does.

    Raises ``ContentUnavailableError`` where the image can't be looked into.
    """
    packages = own_packages(context)
    unneeded, indifferent = _claimed(context, report)
    found = copies(context, packages, unneeded, indifferent, also)
    return Parts(packages, found, unneeded, above(context, found), _development(context, report))


def _development(context: Context, report: Suggestions) -> set[int]:
    """Return the entries that ``pruned`` takes away, as far as findings and manifests name them."""
    gone = {claim.entry for finding in report.findings if finding.name == _NODE for claim in finding.claims}
    overlay = context.overlay
    for home, manifest in _stores(context):
        for _, data in context.read([manifest]):
            try:
                names = json.loads(data).get("devDependencies")
            except (ValueError, RecursionError, AttributeError):
                continue
            starts = tuple(
                join(home, b"node_modules/.pnpm/") + name.replace("/", "+").encode("utf-8", "surrogatepass") + b"@"
                for name in (names if isinstance(names, dict) else ())
            )
            for directory, entries in overlay.tree.items():
                if starts and directory.startswith(starts):
                    gone.update(entry for entry in entries.values() if entry >= 0)
    return gone


def _stores(context: Context) -> Iterator[tuple[bytes, int]]:
    """Yield the folders in which pnpm has installed packages, each with its manifest, where it is not run."""
    overlay = context.overlay
    if "pnpm" in started(context).words:
        return
    for directory, names in sorted(overlay.tree.items()):
        mark = names.get(b".modules.yaml", -1)
        if directory.endswith(b"/node_modules") and b"/.pnpm/" not in directory and mark >= 0:
            home = split(directory)[0]
            manifest = overlay.lookup(join(home, b"package.json"))
            if overlay.layer_of(mark) in context.own_layers and manifest is not None and manifest >= 0:
                yield home, manifest


def pruned(report: Suggestions, *, pnpm: bool = False) -> Iterator[str]:
    """Yield what removes the packages that only development needs, once the build is done.

    What is in a store of pnpm's no finding is about; with ``pnpm`` it is asked to do that itself.
    """
    if pnpm and report.context is not None:
        for store, _ in _stores(report.context):
            yield f"RUN cd {shlex.quote(public(store))} && CI=true {_PRUNE['pnpm']}"
    for finding in report.findings:
        if finding.name == _NODE and finding.evidence and "/node_modules/" in finding.evidence[0].path:
            path = finding.evidence[0].path
            home = path[: path.index("/node_modules")] or "/"
            manager = next((word for word in ("pnpm", "yarn") if any(word in line for line in finding.lines)), "npm")
            yield f"RUN cd {home} && {_PRUNE[manager]}"


def _claimed(context: Context, report: Suggestions) -> tuple[set[int], set[int]]:
    """Return the global entries that findings are about: those that stay out, and those that may come along."""
    told = {finding.code for finding in report.findings}
    unneeded: set[int] = set()
    indifferent: set[int] = set()
    for rule in all_rules():
        # What is too small for a finding need not be copied either.
        if rule.final_stage != "copied" and (rule.final_stage != "left out if told" or rule.code in told):
            target = indifferent if rule.final_stage == "either" else unneeded
            target.update(claim.entry for draft in context.drafts(rule) for claim in draft.claims)
    # Nothing that is called a secret goes along, and no tool that packages were only installed with.
    for finding in report.findings:
        if finding.secret:
            held = (context.overlay.lookup(internal(row.path)) for row in finding.evidence)
            unneeded.update(entry for entry in held if entry is not None)
    unneeded |= tool_files(context)
    return unneeded, indifferent - unneeded


def _build_stage(context: Context) -> tuple[str, list[str], str]:
    """Return the base, the lines of the build stage, and its name."""
    matched = context.dockerfile
    if matched is not None and matched.belongs:
        stage = matched.dockerfile.stages[matched.stage]
        lines = [line.rstrip("\r") for line in redacted_text(matched.dockerfile).split("\n")]
        # What says how a container runs is for the final stage.
        last = max(instruction.last for instruction in stage.instructions if instruction.keyword not in _RUNNING)
        first = stage.from_
        name = stage.name or _free(one.name for one in matched.dockerfile.stages)
        written = lines[: first.first - 1]
        own = lines[first.first - 1 : first.last] if stage.name else [f"{first.text} AS {name}"]
        return stage.written, [*written, *own, *lines[first.last : last]], name
    base = context.base.name or "…"
    lines = [f"FROM {base} AS {_NAME}"]
    for instruction in _own_steps(context):
        shown = _DIGESTS.sub(r"\1\2 … ", instruction)
        if shown.partition(" ")[0] not in _RUNNING:
            lines += shown.split("\n")
    return base, lines, _NAME


def _free(names: Iterable[str | None]) -> str:
    taken = {name for name in names if name}
    return next(name for name in (_NAME, *(f"{_NAME}{number}" for number in range(2, 99))) if name not in taken)


def _own_steps(context: Context) -> Iterator[str]:
    """Yield the instructions of the history above the base."""
    history = context.analysis.image.history
    start = context.own_layers.start
    at = 0
    if start:
        below = [place for place, step in enumerate(history) if step.layer is not None and step.layer < start]
        at = below[-1] + 1 if below else 0
        following = next((place for place in range(at, len(history)) if not history[place].empty), 0)
        # A base's own settings follow its last layer, up to what it runs.
        ends = [place for place in range(at, following) if history[place].instruction.startswith(("CMD", "ENTRYPOINT"))]
        at = ends[-1] + 1 if ends else at
    for step in history[at:]:
        if step.instruction:
            yield step.instruction


def installed_lines(
    packages: OwnPackages | None, more: Sequence[str] = (), upgraded: tuple[str, str] = ("", "")
) -> list[str]:
    """Write the instruction that installs what the program needs at run time, and ``more``.

    ``upgraded`` is what brings the base up to date, as ``upgrade`` returns it.
    """
    ecosystem, upgrades = upgraded
    if packages is not None:
        ecosystem = packages.ecosystem
    names = list(dict.fromkeys([*packages.wanted, *more])) if packages is not None else []
    if not names and not upgrades:
        return []
    if ecosystem == "apk":
        calls = [upgrades, f"apk add --no-cache {' '.join(names)}" if names else ""]
        return [f"RUN {' && '.join(filter(None, calls))}"]
    if ecosystem == "rpm":
        calls = [upgrades, f"dnf install -y {' '.join(names)}" if names else "", "dnf clean all"]
        return [f"RUN {' && '.join(filter(None, calls))}"]
    lines = ["RUN apt-get update && \\", *([f"    {upgrades} && \\"] if upgrades else [])]
    if names:
        lines += ["    apt-get install -y --no-install-recommends \\"]
        lines += [f"        {name} \\" for name in names[:-1]]
        lines += [f"        {names[-1]} && \\"]
    return [*lines, "    apt-get clean && rm -rf /var/lib/apt/lists/*"]


def _copies(stage: str, found: list[Copy], most: int) -> Iterator[str]:
    """Yield the instructions that copy; of single files among the system's own only the largest."""
    largest = sorted(found, key=lambda copy: -copy.bytes)[:most]
    for copy in found:
        if copy in largest:
            yield _copy(stage, copy)
    if len(found) > len(largest):
        yield f"# and {len(found) - len(largest)} smaller files, which lie among those of the system"


def _copy(stage: str, copy: Copy) -> str:
    owner = f" --chown={copy.owner[0]}:{copy.owner[1]}" if copy.owner is not None else ""
    path = public(copy.path)
    paths = json.dumps([path, path], ensure_ascii=False) if re.search(r"[\s\"'\\$\[]", path) else f"{path} {path}"
    return f"COPY --from={stage}{owner} {paths}"


class _Settings:
    """The settings of an image that its own instructions made, as instructions again."""

    def __init__(self, context: Context) -> None:
        self._config = settings(context.analysis.image.config)
        matched = context.dockerfile
        if matched is not None and matched.belongs:
            self._steps = [redacted(instruction).text for instruction in matched.chain]
        else:
            self._steps = list(_own_steps(context))

    def _of(self, keyword: str) -> list[str]:
        return [step for step in self._steps if step.partition(" ")[0].upper() == keyword]

    def before(self) -> Iterator[str]:
        """Yield what comes before the files."""
        yield from self._environment()
        yield from self._labels()
        for keyword, key in (("EXPOSE", "ExposedPorts"), ("VOLUME", "Volumes")):
            value = self._config.get(key)
            if self._of(keyword) and isinstance(value, dict) and value:
                yield f"{keyword} {' '.join(map(_quoted, value))}"
        for keyword, key in (("WORKDIR", "WorkingDir"), ("STOPSIGNAL", "StopSignal")):
            value = self._config.get(key)
            if self._of(keyword) and isinstance(value, str) and value:
                yield f"{keyword} {value}"
        yield from self._of("SHELL")[-1:]

    def _labels(self) -> Iterator[str]:
        labels = self._config.get("Labels")
        said = " ".join(self._of("LABEL"))
        for name, value in labels.items() if isinstance(labels, dict) else ():
            if name in said and isinstance(value, str):
                yield f"LABEL {_quoted(name)}={_quoted(value)}"

    def _environment(self) -> Iterator[str]:
        names = dict.fromkeys(
            name
            for step in self._of("ENV")
            for name in [*_ASSIGNED.findall(step), *step.split()[1:2]]
            if "=" not in name
        )
        variables = self._config.get("Env")
        for variable in variables if isinstance(variables, list) else ():
            name, equals, value = str(variable).partition("=")
            if equals and name in names:
                yield f"ENV {name}={_quoted(value)}"

    def users(self) -> Iterator[str]:
        """Yield the instruction that adds the users that the build stage added."""
        found = [match.strip(" \\") for step in self._of("RUN") for match in _ADDS_USER.findall(step[4:])]
        if found:
            yield "RUN " + " && ".join(dict.fromkeys(found))

    def after(self) -> Iterator[str]:
        """Yield what comes last: the user, and what is run."""
        user = self._config.get("User")
        if self._of("USER") and isinstance(user, str) and user:
            yield f"USER {user}"
        # Docker's older builder writes a HEALTHCHECK down as a structure of its own.
        yield from [step for step in self._of("HEALTHCHECK")[-1:] if "&{" not in step]
        for keyword, key in (("ENTRYPOINT", "Entrypoint"), ("CMD", "Cmd")):
            words = self._config.get(key)
            if self._of(keyword) and isinstance(words, list) and words:
                shell = words[:2] == ["/bin/sh", "-c"] and len(words) == 3
                yield f"{keyword} {words[2] if shell else json.dumps(words, ensure_ascii=False)}"


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[\w./:@%+,=-]+", value) else json.dumps(value, ensure_ascii=False)
