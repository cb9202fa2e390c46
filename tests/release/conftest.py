"""The wheel and the source archive, built once for all tests of a process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
_NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", "dist", "build", ".cache", ".hypothesis", ".mypy_cache", ".ruff_cache"
)


def build(source: Path, *, umask: int = 0o022) -> dict[str, bytes]:
    """Build both in a folder; return their bytes by name."""
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", source / "dist", source],
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        umask=umask,
        check=True,
        capture_output=True,
    )
    return {path.name: path.read_bytes() for path in (source / "dist").iterdir()}


@pytest.fixture(scope="session")
def source(tmp_path_factory) -> Path:
    """A copy of the project, so that nobody edits it while it is built."""
    folder = tmp_path_factory.mktemp("source") / "imgscope"
    shutil.copytree(ROOT, folder, ignore=_NOT_SOURCE)
    return folder


@pytest.fixture(scope="session")
def built(source) -> dict[str, bytes]:
    """Names and bytes of the wheel and the source archive."""
    return build(source)


@pytest.fixture(scope="session")
def wheel(source, built) -> Path:
    """The wheel's file."""
    return next((source / "dist").glob("*.whl"))
