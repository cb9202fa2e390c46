"""Archives that the real tools write: skopeo, umoci, podman and Docker; all are the one image that went in."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from imgscope.archive.open import open_file, open_layout, open_stream
from imgscope.errors import AmbiguousImageError, EncryptedLayerError

from .images import (
    LAYERS,
    Image,
    descriptor,
    digest,
    digests,
    index_of,
    layer,
    layout,
    manifest_of,
    oci,
    platform_of,
    scan,
    write_directory,
)

BASE = layer(same="1" * 600)
IMAGE = Image(layers=(BASE, *LAYERS, BASE))
DIFF_IDS = [digest(data) for data in IMAGE.layers]


def run(*command) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def skopeo(*arguments) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    run("skopeo", "--insecure-policy", "copy", "--quiet", *arguments)


@pytest.fixture
def source(tmp_path):
    """The image as an OCI layout of our own."""
    return write_directory(tmp_path / "source", oci(IMAGE))


def check(opened, names: tuple[str, ...] | None = None) -> None:
    assert opened.id == IMAGE.id
    assert [stored.diff_id for stored in opened.layers] == DIFF_IDS
    assert digests(opened) == DIFF_IDS
    assert opened.notes == ()
    if names is not None:
        assert opened.names == names
    opened.close()


def check_archive(path: Path, names: tuple[str, ...] | None = None) -> None:
    """Check a tar on disk, and streamed."""
    check(open_file(path), names)
    with path.open("rb") as file:
        check(open_stream(file.read, scan_layer=scan), names)


def test_skopeos_docker_archive(source, tmp_path):
    path = tmp_path / "image.tar"
    skopeo(f"oci:{source}:1.0", f"docker-archive:{path}:example.org/app:1.0")
    check_archive(path, ("example.org/app:1.0",))


def test_skopeos_oci_archive(source, tmp_path):
    path = tmp_path / "image.tar"
    skopeo(f"oci:{source}:1.0", f"oci-archive:{path}:app:1.0")
    check_archive(path, ("app:1.0",))


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_skopeos_layout(source, tmp_path, compression):
    flags = ["--dest-compress-format", compression]
    skopeo("--dest-decompress", f"oci:{source}:1.0", f"dir:{tmp_path}/plain")
    skopeo(*flags, f"dir:{tmp_path}/plain", f"oci:{tmp_path}/again:2.0")
    opened = open_layout(tmp_path / "again")
    assert {stored.compression for stored in opened.layers} == {compression}
    check(opened, ("2.0",))


def test_skopeos_layout_of_all_platforms(tmp_path):
    members: dict = {}
    arm = Image(layers=LAYERS[:1], platform="linux/arm64")
    parts = [
        {**manifest_of(image, members), "platform": platform_of(image.platform)}
        for image in (arm, Image(layers=IMAGE.layers))
    ]
    top = descriptor(
        index_of(*parts), members, "index.v1+json", annotations={"org.opencontainers.image.ref.name": "1.0"}
    )
    folder = write_directory(tmp_path / "both", layout(members, top))
    skopeo("--all", f"oci:{folder}:1.0", f"oci-archive:{tmp_path}/all.tar:app")
    for platform, image in (("linux/amd64", IMAGE), ("linux/arm64", arm)):
        opened = open_file(tmp_path / "all.tar", platform=platform)
        assert opened.id == image.id
        assert digests(opened) == [digest(data) for data in image.layers]


def test_an_image_that_skopeo_encrypted(source, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    run("openssl", "genrsa", "-out", tmp_path / "key.pem", "2048")
    run("openssl", "rsa", "-in", tmp_path / "key.pem", "-pubout", "-out", tmp_path / "public.pem")
    skopeo("--encryption-key", f"jwe:{tmp_path}/public.pem", f"oci:{source}:1.0", f"oci:{tmp_path}/secret:1.0")
    with pytest.raises(EncryptedLayerError, match="layer 0 is encrypted"):
        open_layout(tmp_path / "secret")


def test_umocis_layout_with_several_tags(tmp_path):
    if shutil.which("umoci") is None:
        pytest.skip("umoci is not installed")
    folder = tmp_path / "layout"
    run("umoci", "init", "--layout", folder)
    run("umoci", "new", "--image", f"{folder}:empty")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_text("hello")
    run("umoci", "tag", "--image", f"{folder}:empty", "full")
    run("umoci", "insert", "--rootless", "--image", f"{folder}:full", tree, "/tree")
    with pytest.raises(AmbiguousImageError, match="2 images: empty, full"):
        open_layout(folder)
    assert open_layout(folder, image="empty").layers == ()
    opened = open_layout(folder, image="full")
    assert [stored.compression for stored in opened.layers] == ["gzip"]
    assert digests(opened) == [stored.diff_id for stored in opened.layers]


def engine(program: str) -> str:
    """Return an engine's program, or skip where it is missing or has no engine."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    asked = subprocess.run([program, "images", "-q"], capture_output=True, timeout=60)
    if asked.returncode:
        pytest.skip(f"{program} has no engine here")
    return program


# Docker before 25 writes the repeated layer as a symlink, podman its second list of names.
@pytest.mark.engine
@pytest.mark.parametrize("program", ["docker", "podman"])
def test_what_engines_save(program, source, tmp_path):
    program = engine(program)
    name = f"imgscope-test:{os.getpid()}"
    other = f"imgscope-test-other:{os.getpid()}"
    skopeo(f"oci:{source}:1.0", f"docker-archive:{tmp_path}/in.tar:{name}")
    small = write_directory(tmp_path / "small", oci(Image(layers=LAYERS[:1])))
    skopeo(f"oci:{small}:1.0", f"docker-archive:{tmp_path}/small.tar:{other}")
    run(program, "load", "-i", tmp_path / "in.tar")
    run(program, "load", "-i", tmp_path / "small.tar")
    try:
        run(program, "save", "-o", tmp_path / "out.tar", name)
        check_archive(tmp_path / "out.tar", (name,))
        many = ["-m"] if program == "podman" else []
        run(program, "save", *many, "-o", tmp_path / "two.tar", name, other)
        with pytest.raises(AmbiguousImageError, match="2 images"):
            open_file(tmp_path / "two.tar")
        check(open_file(tmp_path / "two.tar", image=name))
        assert len(open_file(tmp_path / "two.tar", image=other).layers) == 1
        if program == "podman":
            run(program, "save", "--format", "oci-archive", "-o", tmp_path / "oci.tar", name)
            assert digests(open_file(tmp_path / "oci.tar")) == DIFF_IDS
    finally:
        run(program, "rmi", "-f", name, other)
