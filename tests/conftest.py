"""What all tests share: the fixtures, a cache of their own, and the command line as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("IMGSCOPE_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def webapp() -> Path:
    return FIXTURES / "webapp.tar"


@pytest.fixture
def site() -> Path:
    return FIXTURES / "site.tar"


@pytest.fixture
def imgscope():
    """Run the command line in a process of its own; returns the finished process."""

    def run(*arguments: object, input: bytes | None = None, env: dict[str, str] | None = None, text: bool = True):
        return subprocess.run(
            [sys.executable, "-m", "imgscope", *map(str, arguments)],
            input=input,
            capture_output=True,
            env={**os.environ, "COLUMNS": "100", **(env or {})},
            check=False,
            **({"encoding": "utf-8", "errors": "surrogateescape"} if text and input is None else {}),
        )

    return run
