"""What is set without rich is what rich sets, to the byte: whatever the width and the texts."""

from __future__ import annotations

import random
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from imgscope.report.plain import Instruction, Printer, Table, Text

WORDS = [
    "a", "of", "layer", "4.2 MB", "→ removed", "…", "usr/lib/python3/dist-packages/numpy/core", "x" * 70,
    "two  spaces", " leading", "trailing ", "", "日本語", "e\u0301", "😀", "ünï", "\u202e",
]  # fmt: skip
COPY = "COPY --from=build /src/" + "deep/" * 12 + "app /srv/app # buildkit"
KINDS = ("left", "right", "rest", "path", "words", "title")


class ByRich(Printer):
    """Leaves everything to rich."""

    def _lines(self, *_: object) -> None:
        return None


def text(chosen: random.Random, odd: bool) -> str:
    words = WORDS if odd else WORDS[:12]
    return " ".join(chosen.choice(words) for _ in range(chosen.choice([0, 1, 1, 2, 5, 30])))


def table(chosen: random.Random, whole: bool) -> Table:
    count = chosen.randint(1, 5)
    kinds = [chosen.choice(KINDS[:2]) for _ in range(count)]
    if chosen.random() < 0.9:
        kind = chosen.choice(KINDS[2:])
        # A title is what the last column is.
        kinds[-1 if kind == "title" else chosen.randrange(count)] = kind
    header, odd = chosen.random() < 0.5, chosen.random() < 0.2
    made = Table([(chosen.choice(["", "#", "wasted"]), kind) for kind in kinds], header=header, whole=whole)
    for _ in range(chosen.randint(0, 6)):
        cells: list[str | Text | Instruction] = []
        for kind in kinds:
            if kind == "rest" and chosen.random() < 0.3:
                cells.append(Instruction(COPY))
            else:
                short = kind in ("left", "right") and chosen.random() < 0.9
                found = chosen.choice(WORDS[:6]) if short else text(chosen, odd)
                cells.append(Text(found, "dim") if chosen.random() < 0.5 else found)
        made.add_row(*cells[: chosen.randint(1, count)], style=chosen.choice(["", "dim"]))
    return made


def written(kind: type[Printer], seed: int) -> list[str]:
    """Set some texts and tables, and return the lines as a page has them."""
    chosen = random.Random(seed)
    whole = chosen.random() < 0.3
    width = 10_000 if whole else chosen.choice([40, 41, 60, 72, 80, 99, 100, 120, 200])
    file = StringIO()
    printer = kind(file, width, colour=False)
    for _ in range(6):
        printer.print(table(chosen, whole), indent=chosen.choice([0, 2]))
        said = Text(text(chosen, chosen.random() < 0.2), "bold")
        said.append(text(chosen, odd=False), "dim")
        printer.print(said, no_wrap=True, overflow="ellipsis")
        printer.print(said, overflow="fold", width=chosen.choice([None, 50]))
        printer.print(said, soft_wrap=True)
        printer.print(said, indent=2, width=chosen.choice([None, 50]))
        printer.print(Text(said.plain, no_wrap=True, overflow=chosen.choice([None, "ellipsis"])), indent=2)
        printer.print(said.plain)
        printer.print()
    return [line.rstrip() for line in file.getvalue().split("\n")]


@pytest.mark.parametrize("seed", range(60))
def test_what_is_set_here_is_what_rich_sets(seed: int) -> None:
    assert written(Printer, seed) == written(ByRich, seed)


def test_a_report_of_ordinary_texts_loads_no_rich(webapp: Path) -> None:
    code = "import sys; from imgscope.cli import run; run(sys.argv[1:]); sys.exit('rich' in sys.modules)"
    command = [sys.executable, "-c", code, "analyze", str(webapp), "--no-cache", "--width", "80"]
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
