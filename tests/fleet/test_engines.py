"""All images of an engine, and names that are looked for there."""

from __future__ import annotations

import pytest

from imgscope.sources.docker_api import DockerApi
from tests.archive.images import Image, docker_archive, layer, write_tar
from tests.engine.conftest import docker, engine  # noqa: F401

from .conftest import rows

pytestmark = pytest.mark.engine
NAMES = ("imgscope-test-fleet:1", "imgscope-test-fleet:same", "imgscope-test-fleet-other:2")


@pytest.fixture
def loaded(engine, tmp_path, monkeypatch):  # noqa: F811
    below = layer(**{"usr/lib/one": "1" * 5000})
    first = Image((below, layer(a="a")), names=NAMES[:2])
    second = Image((below, layer(b="b")), names=NAMES[2:])
    docker("load", "--input", write_tar(tmp_path / "images.tar", docker_archive(first, second)))
    everything = DockerApi.names
    monkeypatch.setattr(DockerApi, "names", lambda self: [name for name in everything(self) if name in NAMES])
    yield first, second
    docker("rmi", *NAMES)


def test_all_images_of_docker(loaded, store, inside):
    first, second = loaded
    done = inside("fleet", "scan", "docker:", "--store", store, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert "2 images read, 1 known" in done.stdout
    found = rows(store, "SELECT reference, image FROM tags ORDER BY reference")
    assert found == [
        ("docker:imgscope-test-fleet-other:2", second.id),
        ("docker:imgscope-test-fleet:1", first.id),
        ("docker:imgscope-test-fleet:same", first.id),
    ]
    # The layer that both have is there once, with its files' digests.
    assert rows(store, "SELECT count(*), count(DISTINCT layer) FROM layers") == [(3, 3)]
    assert rows(store, "SELECT count(content) FROM files WHERE path = '/usr/lib/one'") == [(1,)]
    again = inside("fleet", "scan", *(f"docker:{name}" for name in NAMES), NAMES[0], "--store", store, "--jobs", "1")
    assert again.returncode == 0, again.stderr
    assert "0 images read, 4 known" in again.stdout
