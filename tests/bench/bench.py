"""Measures imgscope beside dive and GNU tar, on archives that it makes itself. See docs/benchmarks.md.

python tests/bench/bench.py                     # all rows; some ten minutes, most of them dive's
python tests/bench/bench.py small-gzip growth   # some rows
python tests/bench/bench.py --quick             # a small archive for every row: does the script work?
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench import archives, rows, waiting
from tests.bench.rows import Bench, Result

ROWS = {**rows.ROWS, "view": waiting.view, "fleet": waiting.fleet}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure imgscope beside dive and GNU tar.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"which rows (default: all): {', '.join(ROWS)}")
    folder = Path(tempfile.gettempdir()) / "imgscope-bench"
    parser.add_argument("--folder", type=Path, default=folder, help="where archives are made and kept (%(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each program (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the results there as well")
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/benchmarks.md has it")
    parser.add_argument("--quick", action="store_true", help="a tiny archive for every row, two runs")
    parser.add_argument("--make", metavar="IMAGE:CODEC", action="append", help="only make an archive")
    options = parser.parse_args()
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    if options.make:
        for wanted in options.make:
            image, _, codec = wanted.partition(":")
            archives.make(options.folder, image, [codec or "plain"], say)
        return 0
    # As pip leaves an installed package; a checkout may lack its bytecode (PYTHONDONTWRITEBYTECODE).
    compileall.compile_dir(Path(__file__).parents[2] / "imgscope", quiet=1)
    scratch = Path(tempfile.mkdtemp(prefix="imgscope-bench-"))
    bench = Bench(options.folder, scratch, 2 if options.quick else options.runs, say, options.quick)
    results: list[Result] = []
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"other programs keep {load:.1f} processors busy: what runs side by side here is slowed more than dive")
    try:
        for row in options.rows or ROWS:
            print(f"{row} ", end="", file=sys.stderr, flush=True)
            try:
                found = ROWS[row](bench)
            except RuntimeError as error:
                say(f"left out: {error}")
                continue
            say("")
            results += found
            if options.json:
                options.json.write_text(json.dumps(_document(bench, results), indent=1))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(markdown(results) if options.markdown else table(results))
    if options.quick:
        print("A tiny archive stood for all: these figures say nothing.")
    return 0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _document(bench: Bench, results: list[Result]) -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
        "runs": bench.runs,
        "results": [{**asdict(result), "met": result.met, "aim_met": result.aim_met} for result in results],
    }


def markdown(results: list[Result]) -> str:
    """Lay the results out as a table in Markdown."""
    lines = ["| row | case | imgscope | dive | peak memory | dive's | figure | required | aim |", "|" + "---|" * 9]
    for result in results:
        times = [f"{result.seconds[name]:.2f} s" if name in result.seconds else "" for name in ("imgscope", "dive")]
        peaks = [
            f"{result.megabytes[name]:.0f} MB" if name in result.megabytes else "" for name in ("imgscope", "dive")
        ]
        required = "" if result.required is None else f"{'at most' if result.below else 'at least'} {result.required:g}"
        required += "" if result.met else ", **missed**"
        aim = "" if result.aim is None else f"{result.aim:.3g}{', met' if result.aim_met else ''}"
        cells = [result.row, result.case, *times, *peaks, f"{result.value:.2f} {result.unit}", required, aim]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def table(results: list[Result]) -> str:
    """Lay the results out: what was measured, in seconds and megabytes, and how it stands to what is required."""
    head = ("row", "case", "imgscope", "dive", "tar tf", "peak", "dive's", "figure", "required", "aim", "")
    lines: list[tuple[str, ...]] = [head]
    for result in results:
        seconds, memory = result.seconds, result.megabytes
        programs = ("imgscope", "dive", "tar tf")
        others = [f"{name} {value:.2f} s" for name, value in seconds.items() if name not in programs]
        verdict = "" if result.required is None else ("aim" if result.aim_met else "met") if result.met else "MISSED"
        lines.append(
            (
                result.row,
                result.case,
                *(f"{seconds[name]:.2f} s" if name in seconds else "" for name in programs),
                *(f"{memory[name]:.0f} MB" if name in memory else "" for name in programs[:2]),
                f"{result.value:.2f} {result.unit}",
                "" if result.required is None else f"{'<=' if result.below else '>='} {result.required:g}",
                "" if result.aim is None else f"{result.aim:.3g}",
                " ".join([verdict, *others]),
            )
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number in (0, 1, 10) else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
