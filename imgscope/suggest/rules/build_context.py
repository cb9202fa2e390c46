"""What ``.dockerignore`` should have kept out of the build context, found in the layers that COPY and ADD made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..context import Context
from ..model import Certainty, Draft, Rule
from . import words


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Things of a working folder that an image has no use for; ``lines`` keep them out of every build."""

    code: str
    name: str
    what: str
    places: tuple[str, ...]
    lines: tuple[str, ...]
    why: str
    certainty: Certainty = "certain"


def _check(unwanted: Unwanted) -> Callable[[Context], Iterator[Draft]]:
    def check(context: Context) -> Iterator[Draft]:
        found = context.claims(unwanted.code)
        wanted = {layer for layer in context.own_layers if context.from_context(layer)} if found else set()
        copied = [claim for claim in found if context.layer_of(claim) in wanted]
        if not copied:
            return
        layers = tuple(context.by_layer(copied))
        # What later layers store again of it (chown -R) would not be there either.
        paths = {claim.path for claim in copied}
        first = context.overlay.first[layers[0]]
        copied = [claim for claim in found if claim.entry >= first and claim.path in paths]
        yield Draft(
            f"{unwanted.what} copied into {words.layers(layers)}",
            "Keep it out of the build context with .dockerignore.",
            copied,
            layers,
            ignore_lines=unwanted.lines,
        )

    return check


UNWANTED = (
    Unwanted(
        "IS301",
        "copied-git",
        "a version control's history",
        ("/**/.git/**", "/**/.hg/**", "/**/.svn/**"),
        ("**/.git", "**/.hg", "**/.svn"),
        "The history of a repository is often larger than what is in it, and holds what was removed from it.",
    ),
    Unwanted(
        "IS302",
        "copied-node-modules",
        "node_modules of the developer's machine",
        ("/**/node_modules/**",),
        ("**/node_modules",),
        "Modules that were installed on another machine may not fit this one, and are stored twice when the image "
        "installs its own.",
        "likely",
    ),
    Unwanted(
        "IS303",
        "copied-virtualenv",
        "a virtual environment of the developer's machine",
        ("/**/.venv/**", "/**/venv/**", "/**/.virtualenv/**", "/**/virtualenv/**"),
        ("**/.venv", "**/venv"),
        "A virtual environment names the Python of the machine that made it: it does not run elsewhere.",
        "likely",
    ),
    Unwanted(
        "IS304",
        "copied-editor-files",
        "folders of editors and of desktops",
        (
            "/**/.idea/**",
            "/**/.vscode/**",
            "/**/.vs/**",
            "/**/.fleet/**",
            "/**/.DS_Store",
            "/**/Thumbs.db",
            "/**/*.swp",
        ),
        ("**/.idea", "**/.vscode", "**/.vs", "**/.DS_Store", "**/*.swp"),
        "They belong to one person's machine.",
    ),
    Unwanted(
        "IS305",
        "copied-tests",
        "tests and their data",
        ("/**/test-data/**", "/**/testdata/**", "/**/fixtures/**", "/**/__tests__/**", "/**/__snapshots__/**"),
        ("**/testdata", "**/test-data", "**/fixtures", "**/__tests__", "**/__snapshots__"),
        "Tests run before an image is built, or in a stage of their own.",
        "possible",
    ),
    Unwanted(
        "IS306",
        "copied-build-outputs",
        "build outputs and caches of the developer's machine",
        (
            "/**/__pycache__/**",
            "/**/*.pyc",
            "/**/*.o",
            "/**/*.egg-info/**",
            "/**/.gradle/**",
            "/**/.terraform/**",
            "/**/.nyc_output/**",
            "/**/coverage/**",
            "/**/htmlcov/**",
            "/**/target/debug/**",
            "/**/target/release/deps/**",
            "/**/target/release/build/**",
            "/**/cmake-build-debug/**",
        ),
        ("**/__pycache__", "**/*.pyc", "**/*.o", "**/*.egg-info", "**/coverage", "**/target"),
        "They are made anew by the build, or serve nobody in the image.",
        "likely",
    ),
    Unwanted(
        "IS307",
        "copied-archives",
        "disk images, dumps and logs",
        ("/**/*.log", "/**/core", "/**/*.dmp", "/**/*.iso", "/**/*.qcow2", "/**/*.vmdk", "/**/*.hprof", "/**/*.bak"),
        ("**/*.log", "**/*.dmp", "**/*.iso", "**/*.qcow2", "**/*.hprof", "**/*.bak"),
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
        places=unwanted.places,
    )
    for unwanted in UNWANTED
)
