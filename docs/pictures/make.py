"""Makes the picture of the report in this folder from a real image: python docs/pictures/make.py"""

import io
from pathlib import Path

from rich.console import Console
from rich.text import Text

import imgscope
from imgscope.report import Options, renderer

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def main() -> None:
    """Write report.svg."""
    with imgscope.analyze(ROOT / "fixtures/webapp.tar", cache=False) as analysis:
        report = b"".join(renderer("text")(analysis, Options(top=8, width=104, colour=True))).decode()
    report = report.replace(f"{ROOT}/", "")
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(report))
    console.save_svg(str(HERE / "report.svg"), title="imgscope analyze fixtures/webapp.tar")


if __name__ == "__main__":
    main()
