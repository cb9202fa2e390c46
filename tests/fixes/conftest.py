"""A folder with a Dockerfile, and what fixes it without an engine."""

import pytest

from imgscope.fixes.model import Options
from imgscope.fixes.recipe import read_recipe
from imgscope.fixes.run import run

from .fake import FakeEngine


@pytest.fixture
def project(tmp_path):
    """A folder to build: ``project(text, {"name": b"content"})`` returns it."""
    folder = tmp_path / "project"
    folder.mkdir()

    def make(text, files=()):
        (folder / "Dockerfile").write_bytes(text.encode())
        for name, data in dict(files).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    return make


@pytest.fixture
def fixed(tmp_path, project):
    """What comes of a Dockerfile: ``fixed(text, breaks=…, files=…, **options)`` returns the record and the engine."""

    def go(text, *, breaks=lambda dockerfile, ignore: "", files=(), image=None, **options):
        folder = project(text, files)
        images = tmp_path / "images"
        images.mkdir(exist_ok=True)
        engine = FakeEngine("fake", "classic", home=images, breaks=breaks)
        options.setdefault("min_size", 10_000)
        record = run(read_recipe(str(folder)), image, Options(**options), cache=False, engine=engine)
        return record, engine

    return go
