"""Images to compare, each an archive with a history and a config of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.archive.images import Image, docker_archive, oci, write_tar

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
