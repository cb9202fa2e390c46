"""Right to the byte: the merged tree is what a container of the image sees, from every kind of archive."""

from __future__ import annotations

import gzip
import json
import lzma
import subprocess
import tarfile
from pathlib import Path

import pytest

import imgscope
from imgscope.report import Options, renderer

from .conftest import Built, docker, exported, merged
from .images import NAMES

every_image = pytest.mark.parametrize("built", NAMES, indirect=True)


def subtract(nodes, extras, image):
    """Take away what the engine adds to every container, but for what the image has itself."""
    return {path: node for path, node in nodes.items() if path in image or path not in extras}


@every_image
def test_the_merged_tree_is_what_docker_export_lists(built: Built, container_extras):
    analysis = imgscope.analyze(built.archive, cache=False)
    ours = merged(analysis)
    theirs = subtract(exported(built.reference), container_extras, ours)
    assert sorted(ours) == sorted(theirs)
    for path, node in theirs.items():
        if path not in container_extras:
            assert ours[path] == node, path
    image = analysis.image
    assert image.merged_bytes + image.wasted_bytes == image.content_bytes


@every_image
def test_the_engine_itself_gives_the_same_as_its_archive(built: Built):
    from_engine = imgscope.analyze(built.reference, cache=False)
    assert essence(from_engine) == essence(imgscope.analyze(built.archive, cache=False))
    assert from_engine.image.id == docker("inspect", "-f", "{{.Id}}", built.reference).decode().strip()


def skopeo(*arguments: object) -> None:
    done = subprocess.run(["skopeo", "copy", "--quiet", *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def docker_25(layout: Path, config_name: str, target: Path) -> None:
    """Put together what Docker 25 and newer saves: an OCI layout and a manifest.json in one tar."""
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads((layout / "blobs" / index["manifests"][0]["digest"].replace(":", "/")).read_text())
    entry = {
        "Config": "blobs/" + manifest["config"]["digest"].replace(":", "/"),
        "RepoTags": [config_name],
        "Layers": ["blobs/" + layer["digest"].replace(":", "/") for layer in manifest["layers"]],
    }
    (layout / "manifest.json").write_text(json.dumps([entry]))
    with tarfile.open(target, "w") as tar:
        for path in sorted(layout.rglob("*")):
            tar.add(path, path.relative_to(layout), recursive=False)
    (layout / "manifest.json").unlink()


def kinds(built: Built):
    """Yield each archive kind of an image with its name."""
    source = f"docker-archive:{built.archive}"
    folder = built.folder
    skopeo(source, f"docker-archive:{folder}/skopeo.tar:{built.reference}")
    yield "docker-archive by digests", folder / "skopeo.tar"
    for name, options in {
        "gzip": ["--dest-compress"],
        "zstd": ["--dest-compress", "--dest-compress-format", "zstd"],
        "plain": ["--dest-decompress"],
    }.items():
        skopeo(*options, source, f"oci:{folder}/layout-{name}:latest")
        yield f"OCI layout, {name}", folder / f"layout-{name}"
    skopeo("--dest-compress", source, f"oci-archive:{folder}/oci.tar:latest")
    yield "OCI archive", folder / "oci.tar"
    docker_25(folder / "layout-zstd", built.reference, folder / "docker25.tar")
    yield "Docker 25", folder / "docker25.tar"


def essence(analysis) -> dict:
    """Return what must be the same whatever an image is packed in: dive takes layers saved as links for empty, and a
    compressed size is only estimated where the layers are stored as they are."""
    result = json.loads(b"".join(renderer("json")(analysis, Options(top=50))))
    for key in (
        "reference",
        "names",
        "id",
        "manifest_digest",
        "verified",
        "blob_bytes",
        "config",
        "created",
        "dive",
        "compressed_estimate",
    ):
        del result["image"][key]
    for layer in result["layers"]:
        for key in (
            "digest",
            "media_type",
            "compression",
            "blob_bytes",
            "blob_name",
            "blob_linked",
            "compressed_estimate",
        ):
            del layer[key]
    return result


@every_image
def test_every_kind_of_archive_gives_the_same_analysis(built: Built):
    expected = essence(imgscope.analyze(built.archive, cache=False))
    for name, path in kinds(built):
        assert essence(imgscope.analyze(path, cache=False)) == expected, name


@pytest.mark.parametrize("built", ["hardlinks"], indirect=True)
def test_an_archive_compressed_as_a_whole_gives_the_same(built: Built):
    data = built.archive.read_bytes()
    expected = essence(imgscope.analyze(built.archive, cache=False))
    for name, compress in (("gz", gzip.compress), ("xz", lzma.compress)):
        path = built.folder / f"whole.{name}"
        path.write_bytes(compress(data))
        assert essence(imgscope.analyze(path, cache=False)) == expected
    path = built.folder / "whole.zst"
    subprocess.run(["zstd", "-q", "-f", built.archive, "-o", path], check=True)
    assert essence(imgscope.analyze(path, cache=False)) == expected


@pytest.mark.parametrize("built", ["metadata"], indirect=True)
def test_each_layer_shows_the_instruction_that_made_it(built: Built):
    analysis = imgscope.analyze(built.reference, cache=False)
    written = [line for line in (built.folder / "context/Dockerfile").read_text().splitlines() if line.strip()]
    assert len(analysis.layers) == len(written)
    for layer, line in zip(analysis.layers[1:], written[1:], strict=True):
        if line.startswith("RUN"):
            assert layer.instruction == line
    changes = {change.path: change for change in analysis.changes(2)}
    assert changes["/m/sub/c"].kind == "metadata_only" and "owner" in changes["/m/sub/c"].differs
    assert {change.path: change.kind for change in analysis.changes(3)}["/m/a"] == "metadata_only"
    assert {change.path: change.differs for change in analysis.changes(4)}["/m/b"] == ("mtime",)


@pytest.mark.parametrize("built", ["whiteouts"], indirect=True)
def test_a_known_image_is_not_exported_again(built: Built, own_cache):
    first = imgscope.analyze(built.reference)
    from imgscope.sources.engine import EngineSource

    def refuse(*_: object, **__: object):
        raise AssertionError("exported again")

    original = EngineSource.open
    EngineSource.open = refuse
    try:
        again = imgscope.analyze(built.reference)
        assert essence(again) == essence(first)
    finally:
        EngineSource.open = original


@pytest.mark.parametrize("built", ["whiteouts"], indirect=True)
def test_contents_of_an_image_in_the_engine(built: Built):
    with imgscope.analyze(built.reference, cache=False) as analysis:
        assert analysis.open("/gone").read() == b"again\n"
        assert analysis.open("/gone", layer=1).read() == b"5\n"


def test_a_misspelt_image_is_answered_with_the_nearest(base, imgscope):
    done = imgscope("analyze", "imgscope-test:bas")
    assert done.returncode == 3 and "did you mean" in done.stderr and "imgscope-test:base" in done.stderr


def test_an_engine_that_is_not_there_is_one_line(engine, imgscope):
    done = imgscope("analyze", "x:1", env={"DOCKER_HOST": "unix:///nonexistent/docker.sock"})
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 1 and "no Docker engine" in done.stderr
