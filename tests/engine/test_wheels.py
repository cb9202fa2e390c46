"""NVIDIA's own wheels in images that an engine built: what is told is what the image without it is smaller by."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from imgscope import suggest
from tests.oracle.makeelf import elf

from .conftest import docker

WHEELS = ("nvidia-cuda-runtime-cu12", "nvidia-nvtx-cu12", "nvidia-nvjpeg-cu12")
SITE = "usr/local/lib/python3.12/site-packages"
CONFIG = 'ENV PATH=/bin\nCMD ["/bin/sh", "-c", "sleep 1"]\n'


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """The wheels, unpacked as pip unpacks them."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *WHEELS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"the package index can't be reached: {done.stderr.strip()[-200:]}")
    return folder


@pytest.fixture
def built(base, tmp_path, request):
    """Build an image of a folder's content; returns its name and its size."""
    count = 0

    def build(*steps):
        nonlocal count
        count += 1
        context = tmp_path / str(count)
        lines = [f"FROM {base}"]
        for number, write in enumerate(steps):
            (root := context / f"layer{number}").mkdir(parents=True)
            write(root)
            lines.append(f"COPY layer{number} /")
        (context / "Dockerfile").write_text("\n".join(lines) + "\n" + CONFIG)
        name = f"{base}-wheels{count}"
        docker("build", "-q", "-t", name, context)
        request.addfinalizer(lambda: docker("rmi", "-f", name))
        return name, int(docker("image", "inspect", "-f", "{{.Size}}", name))

    return build


def put(wheels, place, *names):
    """Return what copies a wheel's folders to a place below an image's root."""

    def write(root):
        for found in wheels.iterdir():
            part = "nvidia" if found.name == "nvidia" else found.name.partition("-")[0].removeprefix("nvidia_")
            if found.name == "nvidia":
                for inner in found.iterdir():
                    if inner.name in names:
                        shutil.copytree(inner, root / place / "nvidia" / inner.name)
            elif any(part.startswith(name) for name in names):
                shutil.copytree(found, root / place / found.name)

    return write


def test_the_same_wheels_in_two_places(wheels, built):
    both = (
        put(wheels, SITE, "nvjpeg", "nvtx", "cuda_runtime"),
        put(wheels, "opt/libs", "nvjpeg", "nvtx", "cuda_runtime"),
    )
    twice, whole = built(*both)
    with suggest(twice, select="IS514", cache=False) as report:
        (found,) = report.findings
    _, once = built(both[0])
    assert "nvidia-nvjpeg-cu12" in found.title and found.bytes == pytest.approx(whole - once, rel=0.05)


def test_the_systems_copy_is_dead_where_a_module_loads_the_wheels(wheels, built):
    def module(root):
        home = root / SITE / "app"
        home.mkdir(parents=True)
        rpath = "$ORIGIN/../nvidia/nvjpeg/lib:$ORIGIN/../nvidia/cuda_runtime/lib"
        (home / "core.so").write_bytes(elf(needed=["libnvjpeg.so.12", "libcudart.so.12"], rpath=rpath))

    def system(root):
        (home := root / "usr/local/cuda-12/lib64").mkdir(parents=True)
        for name in ("nvjpeg/lib/libnvjpeg.so.12", "cuda_runtime/lib/libcudart.so.12"):
            shutil.copy(wheels / "nvidia" / name, home)

    own = put(wheels, SITE, "nvjpeg", "cuda_runtime")
    twice, whole = built(system, own, module)
    with suggest(twice, select="IS502", cache=False) as report:
        (found,) = report.findings
    _, once = built(own, module)
    assert found.certainty == "likely" and {row.path for row in found.evidence} == {
        "/usr/local/cuda-12/lib64/libnvjpeg.so.12",
        "/usr/local/cuda-12/lib64/libcudart.so.12",
    }
    assert found.bytes == pytest.approx(whole - once, rel=0.05)


def test_an_image_for_cpus_does_without_them(wheels, built):
    def program(root):
        (root / "app").mkdir()
        (root / "app/main.py").write_text("print(1)\n")

    both, whole = built(program, put(wheels, SITE, "nvjpeg", "nvtx", "cuda_runtime"))
    with suggest(both, select="IS501", cache=False) as report:
        (found,) = report.findings
    _, rest = built(program)
    assert found.bytes == pytest.approx(whole - rest, rel=0.05)


def test_what_nvidia_built_for_is_told_to_the_byte(wheels, built):
    name, _ = built(put(wheels, SITE, "nvjpeg"))
    with suggest(name, select="IS506", gpu="sm_80", cache=False) as report:
        (found,) = report.findings
    library = (wheels / "nvidia/nvjpeg/lib/libnvjpeg.so.12").read_bytes()
    # The section but for one architecture of its many.
    assert 0.8 < found.bytes / _section(library) < 1


def _section(library):
    from imgscope.rootfs.elf import read_elf

    found = read_elf(lambda offset, size: library[offset : offset + size], len(library))
    return sum(end - start for start, end in found.kernels)
