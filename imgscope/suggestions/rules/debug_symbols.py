"""Debug information and symbols in programs and libraries: bytes that are never loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...paths import public
from ..context import Context
from ..elf import elf_files
from ..model import Claim, Draft, Rule
from ..own_lines import homes, is_script, mended, quoted, then, with_option
from ..toolchains import in_toolchain
from . import words

# So many files are named one by one.
_NAMED = 6
# Stripping fewer bytes than that of a file is not worth its while.
_LEAST = 4096
# Built elsewhere and installed: their symbols belong to who built them, and some break when stripped once more.
_INSTALLED = re.compile(rb"(?:^|/)(?:site-packages|dist-packages|node_modules|gems|rustlib|lib/gcc)/")


def _check(context: Context) -> Iterator[Draft]:
    within = in_toolchain(context)
    own: list[Claim] = []
    others: list[Claim] = []
    # What the system's packages bring is not among these: it is theirs to strip, and nearly always is.
    for entry, (path, elf) in elf_files(context).items():
        if within(path.rpartition(b"/")[0]):
            continue
        installed = _INSTALLED.search(path) is not None
        size = elf.debug + (0 if installed else elf.symbols)
        if size >= _LEAST:
            (others if installed else own).append(Claim(path, entry, size))
    if own:
        layers = tuple(context.by_layer(own))
        yield Draft(
            f"Debug information and symbols in programs of {words.layers(layers)}",
            "Link without them, or strip what is built in the RUN that builds it. To look into crashes, keep the "
            "unstripped file outside of the image.",
            own,
            layers,
            mended(context, own, _without_symbols),
        )
    if others:
        layers = tuple(context.by_layer(others))
        yield Draft(
            f"Debug information in installed packages, in {words.layers(layers)}",
            "Strip it in the RUN that installs the packages.",
            others,
            layers,
            mended(context, others, lambda text, claims: then(text, _strip(claims, " --strip-debug"))),
            certainty="possible",
        )


def _without_symbols(text: str, claims: Sequence[Claim]) -> str:
    """Return a RUN that builds without symbols, by its compiler's own option where that is called here."""
    if "-ldflags" not in text:
        changed = with_option(text, r"\bgo (?:build|install)\b", '-ldflags="-s -w"')
        if changed:
            return changed
    if re.search(r"\bcargo (?:build|install)\b", text) and is_script(text):
        return re.sub(r"\bcargo (build|install)\b", r"CARGO_PROFILE_RELEASE_STRIP=symbols cargo \1", text)
    changed = with_option(
        text, r"(?<![\w/.-])(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(?=\s+-?\w)(?!\s+(?:make|g|c)\S*\b)", "-s"
    )
    if changed and not re.search(r"\b(?:install|add)\b", text):
        return changed
    return then(text, _strip(claims, ""))


def _strip(claims: Sequence[Claim], option: str) -> str:
    """Return the command that strips files: by their names, or of many all libraries in their folders."""
    if len(claims) <= _NAMED:
        named = quoted(sorted({public(claim.path) for claim in claims}))
        return f"strip{option} {named}" if named else ""
    where = quoted(homes(claims))
    return f"find {where} -type f -name '*.so*' -exec strip{option} {{}} +" if where else ""


RULES = (
    Rule(
        "IS212",
        "debug-symbols",
        "Debug information and symbols in programs and libraries.",
        "likely",
        _check,
        why="A program that is built for debugging, as compilers for Go and Rust do unless they are told not to, names "
        "every function and line that it was made of. Nothing of that is loaded when it runs. The sizes are those that "
        "the files' section headers tell.",
        before="RUN gcc -g -O2 -o /usr/local/bin/app app.c",
        after="RUN gcc -O2 -s -o /usr/local/bin/app app.c",
    ),
)
