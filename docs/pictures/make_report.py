"""Makes the picture of the report from a real image: ``python docs/pictures/make_report.py``."""

from __future__ import annotations

import io
import os
from pathlib import Path

from rich.console import Console
from rich.text import Text

import imgscope
from imgscope.report import Options, renderer

HERE = Path(__file__).parent
WIDTH = 100


def main() -> None:
    """Write report.svg beside this file."""
    os.chdir(HERE.parents[1])
    with imgscope.analyze("fixtures/webapp.tar", cache=False) as analysis:
        report = b"".join(renderer("text")(analysis, Options(width=WIDTH, colour=True, unicode=True, top=6)))
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(report.decode()))
    picture = console.export_svg(title="imgscope analyze fixtures/webapp.tar")
    # Some viewers drop spaces at the ends of a text without this.
    picture = picture.replace("<text ", '<text xml:space="preserve" ')
    (HERE / "report.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
