"""A layer that was read from one source is known to the others, by digests that were computed and by nobody's word."""

from __future__ import annotations

import contextlib
import gzip
import threading

import pytest

from imgscope import analyze, scanning
from imgscope.cache import Cache
from imgscope.layer import remote
from imgscope.verify import verify
from tests.archive.images import (
    Image,
    blob,
    digest,
    docker_archive,
    layer,
    layout,
    manifest_of,
    write_directory,
    write_tar,
)
from tests.sources.test_engine import Engine

from .test_reading import facts

STYLES = ("legacy", "digest", "blobs")
CAUGHT = 60_000


def image_of(word: str) -> Image:
    """An image that no other test has the layers of; large enough to be sampled, with a file over another."""
    big = (word * 20_000).encode()[:CAUGHT]
    return Image(layers=(layer(bottom=big, both="1"), layer(top=word, both="22")))


@pytest.fixture
def scans(monkeypatch) -> list[int]:
    """What was scanned as it streamed by, by its bytes."""
    found: list[int] = []
    for module in (scanning, remote):
        scan = module.scan_stream

        def counted(*arguments, scan=scan, **options):
            index = scan(*arguments, **options)
            found.append(index.tar_bytes)
            return index

        monkeypatch.setattr(module, "scan_stream", counted)
    return found


@pytest.fixture
def engine_with(tmp_path, monkeypatch):
    """Start an engine that has an image, and exports what it likes for it."""
    running = []

    def start(image: Image, members: dict[str, bytes]) -> str:
        place = tmp_path / f"docker{len(running)}"
        archive = write_tar(place.with_suffix(".tar"), members).read_bytes()
        server = Engine(place.with_suffix(".sock"), archive, image)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        monkeypatch.setenv("DOCKER_HOST", server.address)
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
        return "docker:app:1.0"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


def pushed(registry, name: str, image: Image, pack: str = "gzip") -> str:
    members: dict[str, bytes] = {}
    top = manifest_of(image, members, pack, "tar+gzip" if pack else "tar")
    return registry.upload(name, pack or "plain", members, top)


def kinds(asked) -> list[str]:
    return [request.path.split("/")[3] for request in asked]


# -- to the registry -------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("pack", ["gzip", ""])
def test_what_an_engine_exported_costs_no_request_in_a_registry(registry, engine_with, style, pack):
    image = image_of(f"engine {style} {pack}")
    reference = pushed(registry, f"from-engine-{style}", image, pack)
    cold = facts(analyze(reference, cache=False))
    analyze(engine_with(image, docker_archive(image, style=style)))
    with registry.counted() as asked:
        warm = analyze(reference)
    # The manifest and the config.
    assert kinds(asked) == ["manifests", "blobs"]
    assert facts(warm) == cold
    assert warm.image.verified == ("manifest", "config", "layers")
    # ... and from the image's own record.
    assert facts(analyze(reference)) == cold


def test_what_came_compressed_in_a_stream_is_known_by_its_diff_ids(registry, tmp_path, imgscope):
    image = image_of("a pipe")
    reference = pushed(registry, "from-pipe", image, "zstd")
    members: dict[str, bytes] = {}
    archive = write_tar(tmp_path / "image.tar", layout(members, manifest_of(image, members)))
    done = imgscope("analyze", "-", "--no-tui", input=archive.read_bytes())
    assert done.returncode == 0
    with registry.counted() as asked:
        analyze(reference)
    assert kinds(asked) == ["manifests", "blobs"]


def test_verify_reads_all_of_it_whatever_is_known(registry, engine_with):
    image = image_of("verified")
    reference = pushed(registry, "to-verify", image)
    analyze(engine_with(image, docker_archive(image)))
    analyze(reference)
    with registry.counted() as asked:
        checks = verify(reference)
    assert all(check.ok for check in checks)
    assert len([request for request in asked if request.path.split("/")[3] == "blobs"]) >= len(image.layers)


# -- nobody's word ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_an_engine_that_lies_about_a_layer_plants_it_nowhere_else(registry, engine_with, style):
    image = image_of(f"true {style}")
    reference = pushed(registry, f"planted-{style}", image)
    members = docker_archive(image, style=style)
    forged = layer(bottom="nothing to see here", both="1")
    members[next(name for name, data in members.items() if data == image.layers[0])] = forged
    with contextlib.suppress(Exception):
        analyze(engine_with(image, members))
    with registry.counted() as asked:
        found = analyze(reference)
    # The layer that it told the truth about is known; the other is read, and is what it is.
    assert kinds(asked) == ["manifests", "blobs", "blobs"]
    assert facts(found) == facts(analyze(reference, cache=False))


def test_an_archive_that_claims_a_layers_diff_id_gets_what_it_holds(registry, tmp_path):
    image = image_of("known")
    reference = pushed(registry, "claimed", image)
    analyze(reference)
    forged = layer(evil="x" * 100)
    members: dict[str, bytes] = {}
    top = manifest_of(image, members)
    # The blob's name and the config are those of the known layer; its bytes are not.
    real = next(name for name in members if members[name][:2] == b"\x1f\x8b")
    packed = gzip.compress(forged, mtime=0)
    # A file's name in gzip's header fills it up to the size that the manifest states.
    spare = len(members[real]) - len(packed) - 1
    members[real] = packed[:3] + b"\x08" + packed[4:10] + b"n" * spare + b"\0" + packed[10:]
    folder = write_directory(tmp_path / "layout", layout(members, top))
    with analyze(f"oci:{folder}") as found:
        assert "/evil" in [row.path for row in found.files]
    # ... nor does it stand for the known one ever after.
    assert "/evil" not in [row.path for row in analyze(reference).files]


# -- from the registry -----------------------------------------------------------------------------------


def test_a_layouts_blob_that_a_registry_had_is_not_unpacked_again(registry, tmp_path, scans):
    image = image_of("layout")
    members: dict[str, bytes] = {}
    folder = write_directory(tmp_path / "layout", layout(members, manifest_of(image, members)))
    cold = facts(analyze(f"oci:{folder}", cache=False))
    analyze(pushed(registry, "to-layout", image))
    scans.clear()
    assert facts(analyze(f"oci:{folder}")) == cold
    assert scans == []
    with analyze(f"oci:{folder}", contents=True) as found:
        assert found.open("/both").read() == b"22"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("pack", ["gzip", ""])
def test_what_an_engine_names_by_its_digest_is_not_scanned_again(registry, engine_with, scans, style, pack):
    image = image_of(f"to engine {style} {pack}")
    name = engine_with(image, docker_archive(image, style=style))
    cold = facts(analyze(name, cache=False))
    analyze(pushed(registry, f"to-engine-{style}", image, pack))
    scans.clear()
    found = analyze(name)
    assert facts(found) == cold
    assert facts(analyze(name)) == cold
    # Before 25 Docker called a layer by no digest of its bytes.
    assert len(scans) == (len(image.layers) if style == "legacy" else 0)


def test_an_engines_compressed_blobs_are_known_too(registry, engine_with, scans):
    image = image_of("containerd")
    members: dict[str, bytes] = {}
    name = engine_with(image, layout(members, manifest_of(image, members)))
    cold = facts(analyze(name, cache=False))
    analyze(pushed(registry, "to-containerd", image))
    scans.clear()
    assert facts(analyze(name)) == cold
    assert scans == []


def test_records_of_digests_are_counted_bounded_and_cleared_as_others(registry, engine_with):
    image = image_of("counted")
    analyze(engine_with(image, docker_archive(image)))
    cache = Cache()
    before = cache.info()
    # An index once, though two names lead to it.
    analyze(pushed(registry, "counted", image))
    assert cache.info().layers == before.layers == len(image.layers)
    assert cache.clear().problem is None
    assert cache.info().bytes == 0


def test_what_leads_nowhere_is_no_layer(tmp_path):
    from imgscope.cache.layers import LayerRecords

    cache = Cache(tmp_path / "cache")
    records = LayerRecords(cache, None)
    cache.put("digests", "engine:x", b"file:1:2:3")
    cache.put("digests", "engine:y", b"verified:\xff\xfe")
    cache.put("digests", "blob:sha256:" + "a" * 64, b"gzip no digest")
    assert records.known("engine:x") is None
    assert records.known("engine:y") is None
    assert records.blob("sha256:" + "a" * 64) is None
    assert records.of_name(blob(b"")) is None
    assert records.of_name(digest(b"")) is None
