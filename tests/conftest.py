"""What all tests share: the fixtures, a cache of their own, and the command line as a user runs it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.archive.images import Image, docker_archive, oci, write_tar

# How long an example takes says how busy the machine is: what may grow with what is held by tests/hostile.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("IMGSCOPE_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def collected():
    """The command line switches Python's collector off for its one run; tests run it many times in one process."""
    yield
    gc.enable()


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


Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write an image: ``make(layer, layer, instructions=[...], config={...}, pack="gzip")``."""
    count = 0

    def write(
        *layers: bytes, instructions: list[str] | None = None, config: dict | None = None, pack: str = ""
    ) -> Path:
        nonlocal count
        count += 1
        words = instructions or [f"RUN step{number}" for number in range(len(layers))]
        extra = {"history": [{"created_by": text} for text in words], "config": config or {}}
        image = Image(layers, extra=extra)
        members = oci(image, pack=pack, media=f"tar+{pack}") if pack else docker_archive(image)
        return write_tar(tmp_path / f"image{count}.tar", members)

    return write
