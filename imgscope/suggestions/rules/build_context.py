"""What ``.dockerignore`` should have kept out of the build context, found in the layers that COPY and ADD made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...paths import join
from ..context import Context
from ..model import Certainty, Claim, Draft, Rule
from ..origin import CONTEXT, UNKNOWN
from . import words
from .ignore_lines import covering

Filter = Callable[[Context, Sequence[Claim]], list[Claim]]


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Things of a working folder that an image has no use for.

    ``places`` are globs, each with the line that keeps it out of every build. ``only`` says which of what fits really
    is it. Where it is not known that a layer was copied out of the build context, the finding is only told if nobody
    copies such a thing out of a build stage on purpose (``anywhere``).
    """

    code: str
    name: str
    what: str
    places: tuple[tuple[str, str], ...]
    why: str
    certainty: Certainty = "certain"
    anywhere: bool = True
    only: Filter | None = None

    @property
    def globs(self) -> dict[str, list[str]]:
        """The lines, each with the globs of what it is for."""
        return {line: [glob for glob, its in self.places if its == line] for line in self.lines}

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of all places."""
        return tuple(dict.fromkeys(line for _, line in self.places))


def _check(unwanted: Unwanted) -> Callable[[Context], Iterator[Draft]]:
    def check(context: Context) -> Iterator[Draft]:
        found: Sequence[Claim] = context.claims(unwanted.code)
        if found and unwanted.only is not None:
            found = unwanted.only(context, found)
        if not found:
            return
        origins = {layer: context.origin(layer) for layer in context.own_layers if context.is_copy(layer)}
        known = {layer for layer, origin in origins.items() if origin.where == CONTEXT.where}
        if known:
            sure = all(origins[layer].sure for layer in known)
            yield from _from_context(context, unwanted, found, known, sure)
        unknown = {layer for layer, origin in origins.items() if origin == UNKNOWN}
        if unknown and unwanted.anywhere:
            yield from _from_anywhere(context, unwanted, found, unknown)

    return check


def _from_context(
    context: Context, unwanted: Unwanted, found: Sequence[Claim], known: set[int], sure: bool
) -> Iterator[Draft]:
    copied = [claim for claim in found if context.layer_of(claim) in known]
    if not copied:
        return
    layers = tuple(context.by_layer(copied))
    copied = _and_again(context, found, copied, layers[0])
    yield Draft(
        f"{unwanted.what} copied out of the build context in {words.layers(layers)}",
        "Keep it out of the build context with .dockerignore.",
        copied,
        layers,
        ignore_lines=covering(context, copied, unwanted.globs, layers),
        certainty=None if sure or unwanted.certainty != "certain" else "likely",
    )


def _from_anywhere(context: Context, unwanted: Unwanted, found: Sequence[Claim], unknown: set[int]) -> Iterator[Draft]:
    copied = [claim for claim in found if context.layer_of(claim) in unknown]
    if not copied:
        return
    layers = tuple(context.by_layer(copied))
    copied = _and_again(context, found, copied, layers[0])
    yield Draft(
        f"{unwanted.what} copied in {words.layers(layers)}",
        "Copy only what is run. The image's history does not tell where these files were copied from; its Dockerfile "
        "does (--dockerfile).",
        copied,
        layers,
        certainty="possible",
    )


def _and_again(context: Context, found: Sequence[Claim], copied: Sequence[Claim], lowest: int) -> list[Claim]:
    """Add what later layers store again of it (chown -R), which would not be there either."""
    paths = {claim.path for claim in copied}
    first = context.overlay.start(lowest)
    return [claim for claim in found if claim.entry >= first and claim.path in paths]


def _with(folders: Mapping[bytes, tuple[tuple[bytes, ...], ...]], *, else_kept: bool = False) -> Filter:
    """Return what keeps the paths in folders of these names that have something in them, in the same layer, that
    shows what the folder is; of several alternatives one. What is in no such folder stays if ``else_kept``.
    """

    def only(context: Context, claims: Sequence[Claim]) -> list[Claim]:
        known: dict[tuple[int, bytes], bool] = {}
        kept: list[Claim] = []
        for claim in claims:
            parts = claim.path.split(b"/")
            ends = [place + 1 for place, part in enumerate(parts[:-1]) if part in folders]
            layer = context.layer_of(claim)
            for end in ends:
                home = b"/".join(parts[:end])
                if (layer, home) not in known:
                    known[layer, home] = _shows(context, layer, home, folders[parts[end - 1]])
                if known[layer, home]:
                    kept.append(claim)
                    break
            else:
                if else_kept and not ends:
                    kept.append(claim)
        return kept

    return only


def _shows(context: Context, layer: int, home: bytes, marks: tuple[tuple[bytes, ...], ...]) -> bool:
    """Tell whether all marks of an alternative are in a folder, as its layer or the merged tree has it."""
    overlay = context.overlay

    def there(mark: bytes) -> bool:
        path = join(home, mark)
        return overlay.entry_in(layer, path) is not None or overlay.lookup(path) is not None

    return any(all(map(there, alternative)) for alternative in marks)


def _no_packages(context: Context, claims: Sequence[Claim]) -> list[Claim]:
    """Leave out what an installed package of Python has, and folders whose names alone say little."""
    some = [claim for claim in claims if b"-packages/" not in claim.path or not _EGG.search(claim.path)]
    return _OUTPUTS(context, some)


_EGG = re.compile(rb"(?:site|dist)-packages/[^/]+\.egg-info/")
_OUTPUTS = _with(
    {
        b"coverage": ((b"lcov.info",), (b"coverage-final.json",), (b"lcov-report",), (b"clover.xml",)),
        b"debug": ((b".cargo-lock",), (b".fingerprint",), (b"deps",)),
    },
    else_kept=True,
)
# Python's own module is called venv too, and one of its packages virtualenv.
_ENVIRONMENTS = _with(dict.fromkeys((b"venv", b"virtualenv"), ((b"pyvenv.cfg",), (b"bin/activate",))), else_kept=True)

UNWANTED = (
    Unwanted(
        "IS301",
        "copied-git",
        "a version control's history",
        (("/**/.git/**", "**/.git"), ("/**/.hg/**", "**/.hg"), ("/**/.svn/**", "**/.svn")),
        "The history of a repository is often larger than what is in it, and holds what was removed from it.",
    ),
    Unwanted(
        "IS302",
        "copied-node-modules",
        "node_modules",
        (("/**/node_modules/**", "**/node_modules"),),
        "Modules that were installed on another machine may not fit this one, and are stored twice when the image "
        "installs its own.",
        "likely",
        anywhere=False,
    ),
    Unwanted(
        "IS303",
        "copied-virtualenv",
        "a virtual environment",
        (
            ("/**/.venv/**", "**/.venv"),
            ("/**/venv/**", "**/venv"),
            ("/**/.virtualenv/**", "**/.virtualenv"),
            ("/**/virtualenv/**", "**/virtualenv"),
        ),
        "A virtual environment names the Python of the machine that made it: it does not run elsewhere.",
        "likely",
        anywhere=False,
        only=_ENVIRONMENTS,
    ),
    Unwanted(
        "IS304",
        "copied-editor-files",
        "folders of editors and of desktops",
        (
            ("/**/.idea/**", "**/.idea"),
            ("/**/.vscode/**", "**/.vscode"),
            ("/**/.vs/**", "**/.vs"),
            ("/**/.fleet/**", "**/.fleet"),
            ("/**/.DS_Store", "**/.DS_Store"),
            ("/**/Thumbs.db", "**/Thumbs.db"),
            ("/**/*.swp", "**/*.swp"),
        ),
        "They belong to one person's machine.",
    ),
    Unwanted(
        "IS305",
        "copied-tests",
        "tests and their data",
        tuple(
            (f"/**/{name}/**", f"**/{name}")
            for name in ("test-data", "testdata", "fixtures", "__tests__", "__snapshots__")
        ),
        "Tests run before an image is built, or in a stage of their own.",
        "possible",
    ),
    Unwanted(
        "IS306",
        "copied-build-outputs",
        "build outputs and caches",
        (
            ("/**/__pycache__/**", "**/__pycache__"),
            ("/**/*.pyc", "**/*.pyc"),
            ("/**/*.o", "**/*.o"),
            ("/**/*.egg-info/**", "**/*.egg-info"),
            ("/**/.gradle/**", "**/.gradle"),
            ("/**/.terraform/**", "**/.terraform"),
            ("/**/.nyc_output/**", "**/.nyc_output"),
            ("/**/coverage/**", "**/coverage"),
            ("/**/htmlcov/**", "**/htmlcov"),
            ("/**/target/debug/**", "**/target/debug"),
            ("/**/target/release/deps/**", "**/target/release/deps"),
            ("/**/target/release/build/**", "**/target/release/build"),
            ("/**/cmake-build-debug/**", "**/cmake-build-debug"),
        ),
        "They are made anew by the build, or serve nobody in the image.",
        "likely",
        anywhere=False,
        only=_no_packages,
    ),
    Unwanted(
        "IS307",
        "copied-archives",
        "disk images, dumps and logs",
        (
            *(
                (f"/**/*.{ending}", f"**/*.{ending}")
                for ending in ("log", "dmp", "iso", "qcow2", "vmdk", "hprof", "bak")
            ),
            ("/**/core", "**/core"),
        ),
        "They lie about in a working folder, and COPY takes all of it.",
        "possible",
    ),
)

RULES = tuple(
    Rule(
        unwanted.code,
        unwanted.name,
        f"{unwanted.what[:1].upper()}{unwanted.what[1:]}, copied into the image.",
        unwanted.certainty,
        _check(unwanted),
        why=unwanted.why,
        before="COPY . /app",
        after="# .dockerignore\n" + "\n".join(unwanted.lines),
        places=tuple(glob for glob, _ in unwanted.places),
        final_stage="left out",
    )
    for unwanted in UNWANTED
)
