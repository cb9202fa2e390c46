"""What package managers and build tools leave behind to be faster the next time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ...knowledge.caches import CACHES
from ...paths import internal, split
from ...settings import settings, strings
from ..context import Context
from ..fixers import REMOVED_LATER, Fixer, by_layer, layers_of
from ..model import Certainty, Claim, Draft, Rule
from ..origin import CONTEXT
from ..own_lines import mended, mounted, own, removing, roots, then, with_option
from ..program import started
from . import words
from .ignore_lines import covering

if TYPE_CHECKING:
    from ...rootfs.start import Start
    from ..fix.model import Step
    from ..fix.plan import Plan
    from ..model import Finding


def _clean(plan: Plan, finding: Finding) -> Iterator[Step]:
    from ..fix.cleans import CLEANS
    from ..fix.model import Step
    from .leftovers_fixes import clean_layer

    for layer in layers_of(finding):
        for clean in CLEANS:
            if clean.partition(" ")[0] == finding.code:
                yield Step(finding, (layer,), partial(clean_layer, plan, clean, layer))


def _without_pip_cache(plan: Plan, finding: Finding) -> Iterator[Step]:
    from .leftovers_fixes import pip

    yield from by_layer(finding, partial(pip, plan, finding.code))


CLEAN = Fixer(_clean)
"""The RUN that leaves something behind removes it."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """One tool's leftovers: where ``CACHES`` says that they lie, and how calls are written so that none are left."""

    code: str
    name: str
    what: str
    fix: str
    before: str
    after: str
    certainty: Certainty = "certain"
    used_by: tuple[str, ...] = ()
    """Commands that read it when a container runs them."""
    fixer: Fixer = CLEAN
    needs_stage: bool = False
    """Whether a build stage of its own answers it."""

    @property
    def places(self) -> tuple[str, ...]:
        """Where they lie."""
        return CACHES[self.name].places


def _check(leftover: Leftover) -> Callable[[Context], Iterator[Draft]]:
    """Return the check of one tool's leftovers: a finding for all layers together."""

    def check(context: Context) -> Iterator[Draft]:
        claims = context.claims(leftover.code)
        run = started(context) if claims else None
        if run is None or not run.words.isdisjoint(leftover.used_by):
            return
        unused = _unused(context, leftover, claims, run)
        if not unused:
            return
        certainty: Certainty | None = "possible" if len(unused) < len(claims) else None
        if certainty is None and leftover.used_by and leftover.certainty == "certain" and not run.known:
            # Whoever is given a shell may call what reads it.
            certainty = "likely"
        claims = unused
        layers = tuple(context.by_layer(claims))
        title = f"{leftover.what} in {words.layers(layers)}"
        if not any(context.visible(claim) for claim in claims):
            title += ", removed too late: the bytes stay in the image"
        origins = {context.origin(layer).where if context.is_copy(layer) else "" for layer in layers}
        fix = leftover.fix
        lines: tuple[str, ...] = ()
        ignored: tuple[str, ...] = ()
        if origins == {CONTEXT.where}:
            ignored = covering(context, claims, _ignored(leftover), layers)
        if ignored:
            fix = "Keep it out of the build context with .dockerignore."
        elif "" not in origins:
            fix = "It was copied: copy only what is run."
        else:
            mend = partial(_lists, context, leftover) if leftover.code == "IS101" else partial(_mend, leftover)
            lines = mended(context, claims, mend, _cleaning(leftover, roots(claims, leftover.places)))
        yield Draft(title, fix, claims, layers, lines, ignored, certainty=certainty)

    return check


def _unused(context: Context, leftover: Leftover, claims: Sequence[Claim], run: Start) -> Sequence[Claim]:
    """Leave out what a container runs or is told of, with what lies beside it; and Yarn's cache that modules are in."""
    if leftover.code == "IS111" and any(_PNP in names for names in context.overlay.tree.values()):
        # Plug'n'Play reads the program's modules out of it.
        claims = [claim for claim in claims if b"/berry/" not in claim.path]
    if leftover.code == "IS110" and "npx" in run.words:
        claims = [claim for claim in claims if b"/_npx/" not in claim.path]
    config = settings(context.analysis.image.config)
    text = "\n".join([run.text, *strings(config.get("Env")), str(config.get("WorkingDir", ""))])
    named = {internal(word) for word in _TEMPORARY.findall(text)} if leftover.code == "IS122" else set()
    mentioned = run.mentioned
    folders = {split(claim.path)[0] for claim in claims if claim.path in mentioned} - {b""}
    used = tuple(folder + b"/" for folder in folders | named - {b""})
    return [claim for claim in claims if not claim.path.startswith(used) and claim.path not in named]


def _lists(context: Context, leftover: Leftover, text: str, claims: Sequence[Claim]) -> str:
    """Return the RUN without apt's lists; one that only fetches them is joined with the next, which installs."""
    if not _FETCHES.search(text) or _INSTALLS.search(text):
        return _mend(leftover, text, claims)
    layer = context.layer_of(claims[0]) + 1
    after = own(context, layer) if layer < len(context.analysis.layers) and context.is_run(layer) else ""
    plain = after.startswith("RUN ") and not after.startswith(("RUN --", "RUN [")) and "<<" not in after + text
    if not plain or not _INSTALLS.search(after):
        return ""
    return _mend(leftover, f"{text} && \\\n    {after[4:].lstrip()}", claims)


def _mend(leftover: Leftover, text: str, claims: Sequence[Claim]) -> str:
    """Return a RUN so that it leaves nothing behind; empty where that is not known."""
    way = _WAYS.get(leftover.code, _Way())
    where = roots(claims, leftover.places)
    # What is gone beforehand needs no cleaning; what was wanted of it lies in the base or is fetched anew.
    plain = _UPDATE.sub("", text) if leftover.code == "IS103" else text
    for call, option in way.options:
        changed = with_option(plain, call, option)
        if changed:
            return changed
    if way.mount:
        return mounted(text, (path for path in where if _PLAIN.fullmatch(path)))
    for call, command in way.tools:
        found = re.search(call, text)
        if found is not None:
            return then(text, command.replace("{0}", found[0].strip()))
    return then(text, _cleaning(leftover, where))


def _cleaning(leftover: Leftover, where: Sequence[str]) -> str:
    """Return the command that removes what was left: what a system's own folders hold, others with the folder."""
    way = _WAYS.get(leftover.code, _Way())
    if way.command:
        return way.command
    # A log may be a link to where the container writes; and whoever writes one wants its folder.
    logs = "find /var/log -type f -delete" if "/var/log" in where else ""
    inside = [f"{path}/*" for path in where if path.startswith(_SYSTEM) and path != "/var/log"]
    others = removing(path for path in where if not path.startswith(_SYSTEM))
    within = f"rm -rf {' '.join(inside)}" if inside else ""
    return " && ".join(command for command in (within, others, logs) if command)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a RUN leaves nothing: an option for each call, else a command of the tool that it calls, else of the shell.

    All are pairs of a pattern and what is put behind it. Where there is none, the folders are removed.
    """

    options: tuple[tuple[str, str], ...] = ()
    tools: tuple[tuple[str, str], ...] = ()
    command: str = ""
    mount: bool = False


_FETCHES = re.compile(r"\b(?:apt-get|apt|aptitude)(?: -\S+){0,9} update\b")
_INSTALLS = re.compile(
    r"\b(?:apt-get|apt|aptitude)(?: -\S+){0,9} (?:install|upgrade|dist-upgrade|full-upgrade|safe-upgrade|build-dep)\b"
)
_UPDATE = re.compile(r"\bapk(?: -\S+){0,9} update\s*&&\s*(?:\\\n\s*)?")
_PLAIN = re.compile(r"/[\w./+@-]+")
_SYSTEM = ("/tmp", "/var/")  # noqa: S108
_MOUNT = _Way(mount=True)
_WAYS = {
    "IS101": _Way(command="rm -rf /var/lib/apt/lists/*"),
    "IS102": _Way(command="apt-get clean && rm -rf /var/cache/apt/*.bin"),
    "IS103": _Way(options=((r"\bapk(?: -\S+){0,9} add\b", "--no-cache"),), command="rm -rf /var/cache/apk/*"),
    "IS104": _Way(tools=((r"\b(?:microdnf|dnf5?|yum)\b", "{0} clean all && rm -rf /var/cache/dnf /var/cache/yum"),)),
    "IS105": _Way(tools=((r"\bzypper\b", "{0} clean --all"),)),
    "IS106": _Way(options=((r"\bpip[\d.]*(?: -\S+){0,9} install\b", "--no-cache-dir"),)),
    "IS107": _Way(options=((r"\buv (?:sync|pip install|tool install|add|run)\b", "--no-cache"),)),
    "IS108": _Way(options=((r"\bpoetry install\b", "--no-cache"),)),
    "IS109": _Way(tools=((r"\b(?:conda|mamba|micromamba)\b", "{0} clean --all --yes"),)),
    "IS110": _Way(tools=((r"\bnpm\b", "npm cache clean --force"),)),
    "IS111": _Way(tools=((r"\byarn\b", "yarn cache clean"),)),
    **dict.fromkeys(("IS112", "IS113", "IS114", "IS115", "IS116", "IS119"), _MOUNT),
    "IS117": _Way(tools=((r"\bcomposer\b", "composer clear-cache"),)),
    "IS120": _Way(tools=((r"\bpacman\b", "rm -rf /var/cache/pacman/pkg/* /var/lib/pacman/sync/*"),)),
}


def _ignored(leftover: Leftover) -> dict[str, tuple[str, ...]]:
    """Return the lines of ``.dockerignore`` for a tool's leftovers, with the globs that each is for.

    Only folders of a name that is the tool's anywhere: what lies in the image's ``/tmp`` has another place in the
    context, and was put there by COPY to be used.
    """
    return {
        "**/" + glob.removesuffix("/**").removeprefix("/**/").replace("**/", ""): (glob,)
        for glob in leftover.places
        if glob.startswith("/**/") and glob.endswith("/**")
    }


_PNP = b".pnp.cjs"
_TEMPORARY = re.compile(r"/(?:tmp|var/(?:tmp|log|cache))/[\w.+-][\w./+-]*")


_SAME_RUN = "in the same RUN: a later one can only hide them."

LEFTOVERS = (
    Leftover(
        "IS101",
        "apt-lists",
        "apt's package lists",
        f"Remove them {_SAME_RUN}",
        "RUN apt-get update && apt-get install -y curl",
        "RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*",
    ),
    Leftover(
        "IS102",
        "apt-archives",
        "apt's downloaded packages and its index of them",
        f"Clean them away {_SAME_RUN}",
        "RUN apt-get update && apt-get install -y curl",
        "RUN apt-get update && apt-get install -y curl && apt-get clean && rm -rf /var/cache/apt/*.bin",
    ),
    Leftover(
        "IS103",
        "apk-cache",
        "apk's package index and downloaded packages",
        "Install with --no-cache.",
        "RUN apk update && apk add curl",
        "RUN apk add --no-cache curl",
    ),
    Leftover(
        "IS104",
        "dnf-cache",
        "dnf's or yum's cache",
        f"Clean it {_SAME_RUN}",
        "RUN dnf install -y curl",
        "RUN dnf install -y curl && dnf clean all && rm -rf /var/cache/dnf /var/cache/yum",
    ),
    Leftover(
        "IS105",
        "zypper-cache",
        "zypper's cache",
        f"Clean it {_SAME_RUN}",
        "RUN zypper install -y curl",
        "RUN zypper install -y curl && zypper clean --all",
    ),
    Leftover(
        "IS106",
        "pip-cache",
        "pip's cache",
        "Install with --no-cache-dir, or give the cache a mount of its own "
        "(RUN --mount=type=cache,target=/root/.cache/pip).",
        "RUN pip install -r requirements.txt",
        "RUN pip install --no-cache-dir -r requirements.txt",
        fixer=Fixer(_without_pip_cache),
    ),
    Leftover(
        "IS107",
        "uv-cache",
        "uv's cache",
        "Install with --no-cache, or give the cache a mount of its own "
        "(RUN --mount=type=cache,target=/root/.cache/uv).",
        "RUN uv sync",
        "RUN uv sync --no-cache",
        used_by=("uv", "uvx"),
    ),
    Leftover(
        "IS108",
        "poetry-cache",
        "Poetry's or Pipenv's cache",
        f"Clear it {_SAME_RUN}",
        "RUN poetry install",
        "RUN poetry install --only main --no-cache",
    ),
    Leftover(
        "IS109",
        "conda-cache",
        "conda's package cache",
        f"Clean it {_SAME_RUN}",
        "RUN conda install -y numpy",
        "RUN conda install -y numpy && conda clean --all --yes",
    ),
    Leftover(
        "IS110",
        "npm-cache",
        "npm's cache",
        f"Clean it {_SAME_RUN}",
        "RUN npm ci",
        "RUN npm ci --omit=dev && npm cache clean --force",
    ),
    Leftover(
        "IS111",
        "yarn-cache",
        "Yarn's cache",
        f"Clean it {_SAME_RUN}",
        "RUN yarn install",
        "RUN yarn install --production && yarn cache clean",
    ),
    Leftover(
        "IS112",
        "pnpm-store",
        "pnpm's store",
        "Give the store a mount of its own, so that packages are copied out of it, not linked into it.",
        "RUN pnpm install",
        "RUN --mount=type=cache,target=/root/.local/share/pnpm/store pnpm install --prod --frozen-lockfile",
    ),
    Leftover(
        "IS113",
        "go-cache",
        "Go's module and build caches",
        "Build in a stage of its own and copy only the program, or give the caches mounts of their own.",
        "RUN go build -o /app .",
        "RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build go build -o /app .",
        used_by=("go", "air"),
        needs_stage=True,
    ),
    Leftover(
        "IS114",
        "cargo-cache",
        "Cargo's registry and git caches",
        "Build in a stage of its own and copy only the program, or give the caches mounts of their own.",
        "RUN cargo build --release",
        "RUN --mount=type=cache,target=/usr/local/cargo/registry cargo build --release",
        used_by=("cargo",),
        needs_stage=True,
    ),
    Leftover(
        "IS115",
        "maven-cache",
        "Maven's local repository",
        "Build in a stage of its own and copy only the jar, or give the repository a mount of its own.",
        "RUN mvn package",
        "RUN --mount=type=cache,target=/root/.m2 mvn package",
        used_by=("mvn", "mvnw"),
        fixer=REMOVED_LATER,
        needs_stage=True,
    ),
    Leftover(
        "IS116",
        "gradle-cache",
        "Gradle's caches and distributions",
        "Build in a stage of its own and copy only the jar, or give the cache a mount of its own.",
        "RUN gradle build",
        "RUN --mount=type=cache,target=/root/.gradle gradle build --no-daemon",
        used_by=("gradle", "gradlew"),
        fixer=REMOVED_LATER,
        needs_stage=True,
    ),
    Leftover(
        "IS117",
        "composer-cache",
        "Composer's cache",
        "Install with the cache in a mount, or clear it in the same RUN.",
        "RUN composer install",
        "RUN composer install --no-dev && composer clear-cache",
    ),
    Leftover(
        "IS118",
        "gem-cache",
        "downloaded gems",
        f"Remove them {_SAME_RUN}",
        "RUN bundle install",
        'RUN bundle install && rm -rf "$(gem env gemdir)"/cache',
    ),
    Leftover(
        "IS119",
        "nuget-cache",
        "NuGet's packages and caches",
        "Publish in a stage of its own and copy only what was published.",
        "RUN dotnet publish -o /app",
        "RUN --mount=type=cache,target=/root/.nuget/packages dotnet publish -o /app",
        fixer=REMOVED_LATER,
        needs_stage=True,
    ),
    Leftover(
        "IS120",
        "pacman-cache",
        "pacman's downloaded packages",
        f"Clean them away {_SAME_RUN}",
        "RUN pacman -Sy --noconfirm curl",
        "RUN pacman -Sy --noconfirm curl && rm -rf /var/cache/pacman/pkg/* /var/lib/pacman/sync/*",
    ),
    Leftover(
        "IS121",
        "tool-caches",
        "caches of compilers, linters and build tools",
        "Remove them in the same RUN, or give them a mount (RUN --mount=type=cache).",
        "RUN make",
        "RUN --mount=type=cache,target=/root/.ccache make",
        used_by=("cypress", "electron", "pre-commit", "tox", "nox", "bazel", "ccache", "next"),
        fixer=REMOVED_LATER,
    ),
    Leftover(
        "IS122",
        "logs-and-temporary",
        "logs and temporary files of the build",
        f"Remove them {_SAME_RUN}",
        "RUN ./install.sh",
        "RUN ./install.sh && rm -rf /tmp/* /var/tmp/* /var/log/*",
        "likely",
        fixer=REMOVED_LATER,
    ),
)

RULES = tuple(
    Rule(
        leftover.code,
        leftover.name,
        f"{leftover.what[:1].upper()}{leftover.what[1:]}.",
        leftover.certainty,
        _check(leftover),
        why="Nothing in a container reads it: it makes a second installation faster, and an image is installed once.",
        before=leftover.before,
        after=leftover.after,
        places=leftover.places,
        needs_stage=leftover.needs_stage,
        final_stage="left out",
        fixer=leftover.fixer,
    )
    for leftover in LEFTOVERS
)
