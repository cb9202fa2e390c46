"""A squashed image in real tools: Docker, podman and skopeo load it, and a container sees the same."""

from __future__ import annotations

import shutil
import subprocess
import tempfile

import pytest

from imgscope import analyze
from imgscope.layering import Plan, PlannedLayer
from imgscope.squashing import squash
from tests.engine.conftest import Built, docker, exported
from tests.engine.images import NAMES

PLAN = Plan(
    (PlannedLayer("libraries", paths=("/usr/lib", "*.so*")), PlannedLayer("data", paths=("/srv", "/data", "*a*")))
)

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("built", NAMES, indirect=True)
def test_a_container_sees_the_same(built: Built, tmp_path, container_extras):
    # By its id: other tests may build an image of that name anew meanwhile.
    with analyze(built.archive, cache=False) as analysis:
        before = exported(analysis.image.id)
    ways = {"one": {}, "last": {"first": 1}, "each": {"drop_waste": True}, "split": {"split": PLAN}}
    for name, how in ways.items():
        target = tmp_path / f"{name}.tar"
        reference = f"imgscope-squashed:{name}-{built.folder.name.lower()}"
        found = squash(built.archive, target, names=[reference], cache=False, **how)
        docker("load", "-i", target)
        try:
            assert docker("inspect", "-f", "{{.Id}}", reference).decode().strip() == found.id
            after = exported(reference)
            assert sorted(after) == sorted(before)
            for path, node in before.items():
                assert after[path] == node or path in container_extras, (name, path)
        finally:
            docker("rmi", "-f", reference)


@pytest.mark.parametrize("built", NAMES[:1], indirect=True)
@pytest.mark.parametrize("how", [{}, {"split": PLAN}])
def test_skopeo_and_podman_take_it(built: Built, tmp_path, how):
    target = tmp_path / "small.tar"
    squash(built.archive, target, names=["localhost/small:1"], cache=False, **how)
    for source in (f"docker-archive:{target}", f"oci-archive:{target}"):
        done = subprocess.run(
            ["skopeo", "copy", "--quiet", source, f"oci:{tmp_path}/layout-{source[:3]}:1"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    if not shutil.which("podman"):
        pytest.skip("podman is not installed")
    # podman takes no long path for what runs.
    with tempfile.TemporaryDirectory(prefix="p") as run:
        storage = ["podman", "--root", f"{run}/s", "--runroot", f"{run}/r", "--storage-driver", "vfs"]
        done = subprocess.run([*storage, "load", "-i", target], capture_output=True, text=True)
    assert done.returncode == 0 and "localhost/small:1" in done.stdout, done.stderr
