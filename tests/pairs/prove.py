"""Runs ``imgscope fix`` on the pairs, and holds what it saves against what the well-made Dockerfile does.

python -m tests.pairs.prove              # all pairs; needs what tests.pairs.build needs
python -m tests.pairs.prove chown c      # some
python -m tests.pairs.prove --write      # the table goes into docs/pairs.md, of what ran now and of what is kept

What came of each pair is kept in a file (``--results``), so that pairs can be run one by one.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from imgscope.errors import ImgscopeError
from imgscope.fixes import fix
from imgscope.fixes.model import LEVELS, Level, Options

from .build import (
    _SETTINGS,
    PAGE,
    Unreachable,
    base_for,
    build_image,
    context,
    docker,
    ignore,
    smoke,
    weigh,
)
from .kinds import KINDS
from .pairs import PAIRS, Pair

ALL = [*PAIRS, *KINDS]

# Each level has a table of its own in the page.
START, END = "<!-- proven at {} -->\n", "\n<!-- proven at {} end -->"
# At least so much of the expert's saving in most pairs, and in each.
MOST, EACH, SHARE = 0.9, 0.6, 0.8


@dataclass
class Row:
    """One pair: content bytes as it was, as an expert has it, as ``fix`` leaves it, and how it came to that."""

    name: str
    sloppy: int
    good: int
    fixed: int
    predicted: int
    builds: int
    bound: int
    seconds: float
    edits: list[str]
    fault: str = ""

    @property
    def share(self) -> float:
        """The part of the expert's saving that was made."""
        return (self.sloppy - self.fixed) / (self.sloppy - self.good)

    @property
    def error(self) -> float:
        """How far the prediction is off, as a share of what was saved."""
        saved = self.sloppy - self.fixed
        return (self.predicted - saved) / saved if saved else 0.0


def prove(pair: Pair, folder: Path, level: Level) -> Row:
    """Fix a pair's sloppy Dockerfile and see what came of it. Raises ``Unreachable``, ``RuntimeError``."""
    context(pair, folder, base_for(pair))
    files = folder / "context"
    tags = {kind: f"imgscope-fixcmd:{pair.name}-{kind}" for kind in ("sloppy", "good", "fixed")}
    sizes: dict[str, int] = {}
    said: dict[str, bytes] = {}
    for kind in ("sloppy", "good"):
        ignore(folder, pair.ignore if kind == "good" else "")
        build_image(folder, f"Dockerfile.{kind}", tags[kind], network=pair.registries)
        sizes[kind], said[kind] = weigh(tags[kind]), smoke(tags[kind], pair)
    ignore(folder, "")
    settings = tuple(f"{name}={os.environ[name]}" for name in _SETTINGS if os.environ.get(name))
    began = time.monotonic()
    record = fix(
        files,
        str(folder / "Dockerfile.sloppy"),
        options=Options(min_size=10_000, level=level),
        arguments=settings,
        network="host" if pair.registries else "none",
        client="docker",
        cache=False,
    )
    row = Row(
        pair.name, sizes["sloppy"], sizes["good"], sizes["sloppy"], record.predicted, record.builds, record.bound,
        time.monotonic() - began, [made.edit.code for made in record.made],
    )  # fmt: skip
    for made in record.made:
        print(f"    made {made.edit.code} {made.edit.bytes:,} {made.saved:,} {made.edit.what}")
    for left in record.left:
        print(f"    left {left.code} {left.bytes:,} {left.why}")
    if record.changed is None:
        return row
    (folder / "Dockerfile.fixed").write_text(record.changed.text)
    if record.ignore_after is not None:
        ignore(folder, record.ignore_after)
    print(record.patch)
    try:
        build_image(folder, "Dockerfile.fixed", tags["fixed"], network=pair.registries)
        row.fixed = weigh(tags["fixed"])
        if smoke(tags["fixed"], pair) != said["sloppy"]:
            row.fault = "another output of the smoke test"
    except RuntimeError as error:
        row.fault = str(error)[-300:]
    if record.config:
        row.fault = row.fault or f"a setting changed: {record.config[0]}"
    return row


def table(rows: list[Row]) -> str:
    """Lay the rows out as docs/pairs.md has them."""
    lines = [
        "| pair | as it was | an expert's | `fix` makes | of the expert's saving | predicted off by | builds | edits |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    lines += [
        f"| {row.name} | {row.sloppy:,} | {row.good:,} | {row.fixed:,} | {row.share:.0%} | {row.error:+.1%} "
        f"| {row.builds} of {row.bound} | {', '.join(sorted(set(row.edits)))} |"
        for row in rows
    ]
    many = sum(row.share >= MOST for row in rows)
    least = min(rows, key=lambda row: row.share)
    broken = [f"{row.name}: {row.fault}" for row in rows if row.fault]
    rest = f"Broken: {'; '.join(broken)}." if broken else "All smoke tests pass, and no setting is lost."
    lines += [
        "",
        f"At least {MOST:.0%} of the expert's saving in {many} of {len(rows)} pairs; the least is "
        f"{least.share:.0%} ({least.name}). {rest}",
    ]
    return "\n".join(lines)


def main() -> int:
    """Run pairs and print the table; 1 where one breaks or the yardstick is missed."""
    parser = argparse.ArgumentParser(description="Fix the pairs and compare with what an expert saves.")
    parser.add_argument("names", nargs="*", help=", ".join(pair.name for pair in ALL))
    parser.add_argument("--write", action="store_true", help="put the table into docs/pairs.md")
    parser.add_argument("--only-write", action="store_true", help="run nothing, write what is kept")
    parser.add_argument("--results", type=Path, help="where results are kept; by default build/proven-LEVEL.json")
    parser.add_argument("--level", choices=LEVELS, default=Options().level, help="how far fix may go")
    options = parser.parse_args()
    results = options.results or Path(f"build/proven-{options.level}.json")
    kept = json.loads(results.read_text()) if results.is_file() else {}
    failed = False
    for pair in ALL:
        if options.only_write or (options.names and pair.name not in options.names):
            continue
        with tempfile.TemporaryDirectory(prefix="imgscope-prove-") as folder:
            try:
                row = prove(pair, Path(folder), options.level)
            except (Unreachable, RuntimeError, ImgscopeError) as error:
                print(f"{pair.name}: left out: {error}", file=sys.stderr)
                failed = True
                continue
        print(table([row]).splitlines()[2], f"{row.seconds:.0f} s", row.fault, flush=True)
        kept[pair.name] = dataclasses.asdict(row)
        results.parent.mkdir(parents=True, exist_ok=True)
        results.write_text(json.dumps(kept, indent=1))
        docker("rmi", "-f", f"imgscope-fixcmd:{pair.name}-fixed") if row.fixed != row.sloppy else None
    rows = [Row(**kept[pair.name]) for pair in ALL if pair.name in kept]
    if (options.write or options.only_write) and rows:
        text = PAGE.read_text()
        start, end = START.format(options.level), END.format(options.level)
        before, _, rest = text.partition(start)
        PAGE.write_text(before + start + table(rows) + end + rest.partition(end)[2])
    print(table(rows) if rows else "nothing ran")
    good = rows and sum(row.share >= MOST for row in rows) >= SHARE * len(rows)
    return int(failed or not good or any(row.fault or row.share < EACH for row in rows))


if __name__ == "__main__":
    sys.exit(main())
