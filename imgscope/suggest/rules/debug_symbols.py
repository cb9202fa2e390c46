"""Debug information and symbols in programs and libraries: bytes that are never loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..context import Context
from ..elf import elf_files
from ..model import Claim, Draft, Rule
from ..toolchains import in_toolchain
from . import words

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
            (
                "# C and C++: gcc -s, or afterwards: strip PROGRAM",
                'RUN go build -ldflags="-s -w" …',
                '# Rust, in Cargo.toml: [profile.release] strip = "symbols"',
            ),
        )
    if others:
        layers = tuple(context.by_layer(others))
        yield Draft(
            f"Debug information in installed packages, in {words.layers(layers)}",
            "Strip it in the RUN that installs the packages.",
            others,
            layers,
            (
                "RUN pip install --no-cache-dir … && \\",
                "    find / -xdev -name '*.so*' -type f -exec strip --strip-debug {} +",
            ),
            certainty="possible",
        )


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
