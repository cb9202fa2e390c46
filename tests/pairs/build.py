"""Builds the pairs with a real engine, and compares what suggest predicts with what is really lost.

python -m tests.pairs.build              # all pairs, some minutes; needs root, debootstrap and Debian's registry
python -m tests.pairs.build chown moved  # some
python -m tests.pairs.build --write      # all, and the table goes into docs/pairs.md

A base is made on the spot: BusyBox alone, or a Debian by debootstrap that gets this machine's own settings for apt,
pip and npm, so that no host stands in a file here.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from imgscope import analyze
from imgscope.dockerfile import match, read
from imgscope.suggestions import Options, Suggestions, suggest
from imgscope.suggestions.fix import fix
from tests.engine.images import root_tar

from .pairs import PAIRS, Pair, Step

PAGE = Path(__file__).parents[2] / "docs/pairs.md"
BUSYBOX, DEBIAN = "imgscope-pairs:busybox", "imgscope-pairs:debian"
_SETTINGS = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "npm_config_registry")


class Unreachable(Exception):
    """What a build needs from outside can't be had here."""


def docker(*arguments: object, data: bytes | None = None) -> bytes:
    """Run docker. Raises ``RuntimeError`` with the end of what it said."""
    done = subprocess.run(
        ["docker", *map(str, arguments)],
        input=data,
        capture_output=True,
        check=False,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )
    if done.returncode:
        raise RuntimeError(
            f"docker {arguments[0]}: {(done.stdout[-1500:] + done.stderr[-1500:]).decode(errors='replace')}"
        )
    return done.stdout


def has(image: str) -> bool:
    """Tell whether the engine has an image."""
    return subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0


def base_for(pair: Pair) -> str:
    """Return the image that stands for ``base``, made if it is not there. Raises ``Unreachable``."""
    if not pair.registries:
        if not has(BUSYBOX):
            docker("import", "--change", "ENV PATH=/bin", "--change", 'CMD ["/bin/sh"]', "-", BUSYBOX, data=root_tar())
        return BUSYBOX
    if not has(DEBIAN):
        _debian()
    return DEBIAN


def _sources() -> tuple[str, Path]:
    """Return the mirror that this machine's apt uses, and the file that names it."""
    for path in [*Path("/etc/apt/sources.list.d").glob("*.sources"), Path("/etc/apt/sources.list")]:
        if path.is_file():
            found = re.search(r"^(?:URIs:|deb(?:\s+\[[^]]*\])?)\s*(\S+)", path.read_text(), re.MULTILINE)
            if found:
                return found[1], path
    raise Unreachable("this machine's apt has no sources")


def _debian() -> None:
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        raise Unreachable("debootstrap and root are needed for a Debian base")
    mirror, sources = _sources()
    with tempfile.TemporaryDirectory(prefix="imgscope-pairs-") as folder:
        root = Path(folder) / "root"
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", "bookworm", root, mirror], capture_output=True, check=False
        )
        if done.returncode:
            raise Unreachable(f"debootstrap: {done.stdout[-300:].decode(errors='replace')}")
        shutil.rmtree(root / "var/cache/apt", ignore_errors=True)
        shutil.rmtree(root / "var/lib/apt/lists", ignore_errors=True)
        (root / "var/lib/apt/lists/partial").mkdir(parents=True)
        (root / "var/cache/apt/archives/partial").mkdir(parents=True)
        for old in (root / "etc/apt").glob("sources.list*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        target = root / ("etc/apt" + str(sources).removeprefix("/etc/apt"))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(sources, target)
        for settings in Path("/etc/apt/apt.conf.d").glob("99*"):
            shutil.copy(settings, root / "etc/apt/apt.conf.d")
        changes = ["ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 'CMD ["bash"]']
        certificates = Path("/etc/ssl/certs/ca-certificates.crt")
        if certificates.is_file():
            shutil.copy(certificates, root / "opt/ca.crt")
            changes += [f"ENV {name}=/opt/ca.crt" for name in ("PIP_CERT", "NODE_EXTRA_CA_CERTS", "NPM_CONFIG_CAFILE")]
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(root, ".")
        options = [word for change in changes for word in ("--change", change)]
        docker("import", *options, "-", DEBIAN, data=packed.getvalue())


@dataclass
class Built:
    """One pair, built: both images' content bytes, suggest's report of each, and how the smoke test ended."""

    pair: Pair
    sloppy: int = 0
    good: int = 0
    reports: dict[str, Suggestions] = field(default_factory=dict)
    output: dict[str, bytes] = field(default_factory=dict)
    steps: list[tuple[Step, int]] = field(default_factory=list)
    """Each step, and the content bytes of the image that it makes."""
    fixed: int | None = None
    """Content bytes of the image that ``--fix``'s Dockerfile makes; ``None`` where it changes nothing."""

    def single(self) -> list[tuple[str, int, int]]:
        """What each step was predicted to save by itself, and what it has saved: (rules, predicted, lost)."""
        return [
            (
                ", ".join(step.codes),
                sum(found.alone_bytes for found in self.reports["sloppy"].findings if found.code in step.codes),
                self.sloppy - size,
            )
            for step, size in self.steps
        ]

    @property
    def predicted(self) -> int:
        """What the fixes save, by the findings that the good image has no more."""
        return self.counted("sloppy") - self.counted("good")

    def counted(self, kind: str) -> int:
        """The bytes of an image's findings: the certain and the likely, and those that the pair is about."""
        return sum(
            finding.bytes
            for finding in self.reports[kind].findings
            if finding.certainty != "possible" or finding.code in self.pair.found
        )

    @property
    def false(self) -> list[str]:
        """Findings that the good image should not have; an old base's upgrades (IS008) are no fault of the pair."""
        return [
            finding.code
            for finding in self.reports["good"].findings
            if (not finding.note and finding.bytes and finding.certainty != "possible" and finding.code != "IS008")
            or finding.code in self.pair.found
        ]

    @property
    def lost(self) -> int:
        """What the image really lost."""
        return self.sloppy - self.good

    @property
    def error(self) -> float:
        """How far the prediction is off, as a share of what was lost."""
        return (self.predicted - self.lost) / self.lost


def context(pair: Pair, folder: Path, base: str) -> Path:
    """Write a pair's Dockerfiles, and its files into a folder ``context`` beside them."""
    files = folder / "context"
    files.mkdir()
    pair.files(files)
    texts = {"sloppy": pair.sloppy, "good": pair.good}
    texts |= {f"step{number}": step.dockerfile for number, step in enumerate(pair.steps)}
    for kind, text in texts.items():
        (folder / f"Dockerfile.{kind}").write_text(re.sub(r"^FROM base\b", f"FROM {base}", text, flags=re.MULTILINE))
    return folder


def build_image(folder: Path, dockerfile: str, tag: str, *, network: bool) -> None:
    """Build one image; this machine's own settings go along as build arguments."""
    settings = [
        word for name in _SETTINGS if os.environ.get(name) for word in ("--build-arg", f"{name}={os.environ[name]}")
    ]
    where = "host" if network else "none"
    options = ("--quiet", f"--network={where}", *settings, "-t", tag, "-f", folder / dockerfile)
    docker("build", *options, folder / "context")


def ignore(folder: Path, text: str) -> None:
    """Write the context's .dockerignore, or take it away."""
    path = folder / "context/.dockerignore"
    path.unlink(missing_ok=True)
    if text:
        path.write_text(text)


def weigh(tag: str) -> int:
    """Return an image's content bytes."""
    with analyze(tag, cache=False) as analysis:
        return analysis.image.content_bytes


def smoke(tag: str, pair: Pair) -> bytes:
    """Run a pair's smoke test in an image, and return what it printed."""
    return docker("run", "--rm", "--network=none", tag, *pair.smoke)


def build(pair: Pair, folder: Path) -> Built:
    """Build both images of a pair and look at them. Raises ``Unreachable``, ``RuntimeError``."""
    base = base_for(pair)
    context(pair, folder, base)
    built = Built(pair)
    for kind in ("sloppy", "good"):
        ignore(folder, pair.ignore if kind == "good" else "")
        tag = f"imgscope-pairs:{pair.name}-{kind}"
        build_image(folder, f"Dockerfile.{kind}", tag, network=pair.registries)
        with analyze(tag, cache=False, contents=True) as analysis:
            matched = match(read(folder / f"Dockerfile.{kind}"), analysis)
            built.reports[kind] = suggest(analysis, Options(min_size=10_000), dockerfile=matched)
            setattr(built, kind, analysis.image.content_bytes)
        built.output[kind] = smoke(tag, pair)
    for number, step in enumerate(pair.steps):
        ignore(folder, step.ignore)
        tag = f"imgscope-pairs:{pair.name}-step{number}"
        build_image(folder, f"Dockerfile.step{number}", tag, network=pair.registries)
        built.steps.append((step, weigh(tag)))
    ignore(folder, "")
    return built


def build_fixed(built: Built, folder: Path) -> None:
    """Build what ``--fix`` makes of the sloppy Dockerfile, and run its smoke test, into ``built``."""
    fixed = fix(built.reports["sloppy"])
    tag = f"imgscope-pairs:{built.pair.name}-fixed"
    (folder / "Dockerfile.fixed").write_text(fixed.after.text)
    build_image(folder, "Dockerfile.fixed", tag, network=built.pair.registries)
    built.output["fixed"] = smoke(tag, built.pair)
    if fixed.made:
        built.fixed = weigh(tag)


def table(rows: list[Built]) -> str:
    """Lay the pairs out as docs/pairs.md has them."""
    lines = [
        "| pair | sloppy | good | predicted | really lost | off by | by `--fix` alone | rules |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        codes = sorted(
            {finding.code for finding in row.reports["sloppy"].findings if not finding.note and finding.bytes}
        )
        lines.append(
            f"| {row.pair.name} | {row.sloppy:,} | {row.good:,} | {row.predicted:,} | {row.lost:,} "
            f"| {row.error:+.1%} | {'' if row.fixed is None else format(row.sloppy - row.fixed, ',')} "
            f"| {', '.join(codes)} |"
        )
    return "\n".join(lines)


def step_table(rows: list[Built]) -> str:
    """Lay out what was mended one by one."""
    lines = ["| pair | rule | predicted | really lost | off by |", "|---|---|---:|---:|---:|"]
    for row in rows:
        for codes, predicted, lost in row.single():
            lines.append(f"| {row.pair.name} | {codes} | {predicted:,} | {lost:,} | {(predicted - lost) / lost:+.1%} |")
    return "\n".join(lines)


def main() -> int:
    """Build pairs and print the table; 1 where one does not build or run, has false findings, or is off by over 5 %."""
    parser = argparse.ArgumentParser(description="Build the pairs and compare predictions with what is really lost.")
    parser.add_argument("names", nargs="*", help=", ".join(pair.name for pair in PAIRS))
    parser.add_argument("--write", action="store_true", help="put the table into docs/pairs.md")
    options = parser.parse_args()
    rows: list[Built] = []
    failed = False
    for pair in PAIRS:
        if options.names and pair.name not in options.names:
            continue
        with tempfile.TemporaryDirectory(prefix="imgscope-pairs-") as folder:
            try:
                row = build(pair, Path(folder))
                build_fixed(row, Path(folder))
                if len(set(row.output.values())) != 1:
                    print(f"{pair.name}: the smoke tests differ: {row.output}", file=sys.stderr)
                    failed = True
                if row.false:
                    print(f"{pair.name}: found in the good image: {', '.join(row.false)}", file=sys.stderr)
                    failed = True
                rows.append(row)
            except (Unreachable, RuntimeError) as error:
                print(f"{pair.name}: left out: {error}", file=sys.stderr)
                failed = True
                continue
        print(table(rows[-1:]).splitlines()[-1], flush=True)
        for kind in ("sloppy", "good"):
            for finding in rows[-1].reports[kind].findings:
                if not finding.note and finding.bytes:
                    print(f"    {kind:6} {finding.code} {finding.bytes:>12,} {finding.certainty:8} {finding.title}")
    if options.write:
        text = PAGE.read_text()
        start, end = "<!-- table -->\n", "\n<!-- end -->"
        before, _, rest = text.partition(start)
        body = f"{table(rows)}\n\nMended one by one:\n\n{step_table(rows)}"
        PAGE.write_text(before + start + body + end + rest.partition(end)[2])
    print(table(rows))
    print(step_table(rows))
    singles = [(predicted - lost) / lost for row in rows for _, predicted, lost in row.single()]
    return int(failed or any(abs(error) > 0.05 for error in [*singles, *(row.error for row in rows)]))


if __name__ == "__main__":
    sys.exit(main())
