"""Layers with tables of contents: the files for a small part of the bytes, and no word of it taken for proved."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile

import pytest

from imgscope import analyze
from imgscope.archive import toc
from imgscope.compression import reader
from imgscope.errors import ArchiveError, ContentUnavailableError, ImageError
from imgscope.layer.contents import content
from imgscope.layer.listed import Listed, ListedBytes
from imgscope.sources.registry.client import Client
from imgscope.sources.registry.names import parse
from imgscope.squashing import squash
from imgscope.verify import verify
from tests.archive.images import OCI, Image, descriptor, oci, write_tar
from tests.archive.images import digest as digest_of

from .lists import estargz
from .servers import blob_of

RANDOM = os.urandom(3_000_000)


def tar_of(**more: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("bin", "etc"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o755, 1767225600
            tar.addfile(folder)
        for name, data in {
            "bin/large": RANDOM,
            "etc/motd": b"hello\n",
            "etc/empty": b"",
            "n" * 150: b"long",
            **more,
        }.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.uid, info.mtime = len(data), 0o640, 1000, 1767225600
            tar.addfile(info, io.BytesIO(data))
        for name, kind, target in (("bin/soft", tarfile.SYMTYPE, "large"), ("bin/hard", tarfile.LNKTYPE, "bin/large")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mtime = kind, target, 1767225600
            tar.addfile(info)
    return out.getvalue()


def plain(blob: bytes, kind: str = "gzip") -> bytes:
    left = [blob]
    source = reader(kind, lambda size: left.pop() if left else b"")
    found = b""
    while data := source.read(1 << 20):
        found += data
    return found


def image_of(registry, name: str, tars: list[bytes], change=lambda rows: None) -> str:
    """Put an image of eStargz layers in."""
    members: dict[str, bytes] = {}
    packed = [estargz(tar) for tar in tars]
    image = Image(layers=tuple(plain(blob) for blob, _ in packed))
    rows = []
    for blob, table in packed:
        members[blob_of(digest_of(blob))] = blob
        annotations = {"containerd.io/snapshot/stargz/toc.digest": table}
        media = OCI + "layer.v1.tar+gzip"
        rows.append({"mediaType": media, "digest": digest_of(blob), "size": len(blob), "annotations": annotations})
    change(rows)
    members[blob_of(image.id)] = image.config
    config = {"mediaType": OCI + "config.v1+json", "digest": image.id, "size": len(image.config)}
    manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config, "layers": rows}
    return registry.upload(name, "1", members, descriptor(manifest, members, "manifest.v1+json"))


def without(rows):
    for row in rows:
        del row["annotations"]


def listing(analysis) -> list:
    return [file._replace(mtime_ns=0) for file in analysis.files]


def of_layers(registry, asked) -> int:
    return sum(request.bytes for request in asked if "/blobs/" in request.path)


@pytest.fixture(scope="module")
def pair(registry):
    """The same image twice: with tables, and without a word of them."""
    tars = [tar_of(), tar_of(**{"etc/motd": b"other\n", "usr/new": b"n" * 100_000})]
    return image_of(registry, "listed", tars), image_of(registry, "unlisted", tars, without)


def test_the_files_cost_a_small_part_of_the_bytes(registry, pair):
    listed, unlisted = pair
    with registry.counted() as asked:
        found = analyze(listed)
    size = sum(layer.blob_bytes for layer in found.layers)
    config = 2000
    assert of_layers(registry, asked) - config < size // 100
    wanted = analyze(unlisted, cache=False)
    assert listing(found) == listing(wanted)
    assert [w.path for w in found.top_waste(50)] == [w.path for w in wanted.top_waste(50)]
    assert found.image.wasted_bytes == wanted.image.wasted_bytes
    assert [layer.content_bytes for layer in found.layers] == [layer.content_bytes for layer in wanted.layers]
    # Equal contents are known by the digests of the tables.
    assert [layer.rewritten for layer in found.layers] == [layer.rewritten for layer in wanted.layers]
    # It is said, and not called verified.
    assert "layers" not in found.image.verified and "layers" in wanted.image.verified
    assert sum("file list from the table of contents (eStargz)" in note for note in found.notes) == 2


def test_a_file_costs_its_part(registry, pair):
    listed, _ = pair
    analysis = analyze(listed)
    with registry.counted() as asked:
        assert analysis.open("/etc/motd").read() == b"other\n"
        assert analysis.open("/etc/motd", layer=0).read() == b"hello\n"
        assert analysis.open("/usr/new").read() == b"n" * 100_000
        assert analysis.open("/" + "n" * 150).read() == b"long"
    assert of_layers(registry, asked) < 5000
    assert analysis.open("/bin/large").read() == RANDOM
    assert json.loads(analysis.open("/stargz.index.json").read())["version"] == 1


def test_a_table_is_never_taken_for_the_layer(registry, pair):
    """What was only listed is read whole where another image has the layer without a table, and by verify."""
    listed, unlisted = pair
    analyze(listed)
    with registry.counted() as asked:
        assert "layers" in analyze(unlisted).image.verified
    assert of_layers(registry, asked) > 3_000_000
    with registry.counted() as asked:
        assert all(check.ok for check in verify(listed))
    assert of_layers(registry, asked) > 3_000_000


def test_it_is_not_squashed_by_its_table(pair, tmp_path):
    listed, _ = pair
    with pytest.raises(ContentUnavailableError, match="copy the image to an archive"):
        squash(listed, tmp_path / "out.tar", cache=False)
    assert not list(tmp_path.iterdir())


def test_both_tables_at_once_are_refused(registry):
    def both(rows):
        rows[0]["annotations"] |= {
            "io.github.containers.zstd-chunked.manifest-position": "10:10:10:1",
            "io.github.containers.zstd-chunked.manifest-checksum": "sha256:" + "0" * 64,
        }

    with pytest.raises(ArchiveError, match="layer 0: it has two tables of contents"):
        analyze(image_of(registry, "both", [tar_of()], both))


@pytest.mark.parametrize("table", ["sha256:" + "0" * 64, "nonsense", "md5:" + "0" * 32])
def test_a_table_that_the_manifest_does_not_vouch_for_is_not_used(registry, table):
    def wrong(rows):
        rows[0]["annotations"]["containerd.io/snapshot/stargz/toc.digest"] = table

    found = analyze(image_of(registry, "wrong", [tar_of()], wrong))
    assert "layers" in found.image.verified and found.layers[0].content_bytes > len(RANDOM)


def test_a_part_that_is_not_what_the_table_says(registry):
    reference = image_of(registry, "forged", [tar_of(**{"etc/secret": b"right" * 10})])
    analysis = analyze(reference)
    digest = analysis.layers[0].digest
    stored = registry.data / "docker/registry/v2/blobs/sha256" / digest[7:9] / digest[7:] / "data"
    data = bytearray(stored.read_bytes())
    place = len(data) // 2
    data[place : place + 100] = bytes(100)
    stored.write_bytes(data)
    with pytest.raises(ImageError, match=r"damaged|corrupt|forged"):
        analysis.open("/bin/large").read()


def test_zstd_chunked_as_skopeo_writes_it(registry, tmp_path):
    """Its bytes and annotations; old versions drop what follows the last member, so the config is one of ours."""
    archive = write_tar(tmp_path / "image.tar", oci(Image(layers=(tar_of(),)), name="1"))
    registry.push(f"oci-archive:{archive}", "skopeo:1", "--format=oci", "--dest-compress-format=zstd:chunked")
    client = Client(parse(f"{registry.address}/skopeo:1"))
    (row,) = json.loads(client.manifest("1").data)["layers"]
    members: dict[str, bytes] = {}
    data = members[blob_of(row["digest"])] = client.blob(row["digest"]).read()
    client.close()
    image = Image(layers=(plain(data, "zstd"),))
    members[blob_of(image.id)] = image.config
    config = {"mediaType": OCI + "config.v1+json", "digest": image.id, "size": len(image.config)}
    manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config, "layers": [row]}
    reference = registry.upload("chunked", "1", members, descriptor(manifest, members, "manifest.v1+json"))
    wanted = analyze(archive)
    with registry.counted() as asked:
        found = analyze(reference)
    assert any("zstd:chunked" in note for note in found.notes)
    assert of_layers(registry, asked) < len(data) // 100
    assert listing(found) == listing(wanted)
    assert found.open("/etc/motd").read() == b"hello\n"
    assert found.open("/bin/large").read() == RANDOM
    assert all(check.ok for check in verify(reference))


ROW = {"name": "f", "type": "reg", "size": 5, "offset": 0, "digest": "sha256:" + "0" * 64}


@pytest.mark.parametrize(
    "row",
    [
        {"type": "nonsense"},
        {"size": -1},
        {"size": 1 << 62},
        {"size": 1 << 80},
        {"mode": -1},
        {"uid": 1 << 40},
        {"name": "a\0b"},
        {"name": "x" * 5000},
        {"name": 5},
        {"xattrs": {"user.a": "not base64!"}},
        {"xattrs": {"user.\ud800": "AAAA"}},
        {"modtime": "9" * 500},
        {"name": "../../etc/passwd"},
        {"name": ""},
    ],
    ids=range(14),
)
def test_rows_that_are_none(row):
    text = json.dumps({"version": 1, "entries": [{**ROW, **row}]}).encode()
    try:
        listed = Listed(toc.Table(toc.ESTARGZ, toc._rows(text), 1000, len(text)))
    except ArchiveError as error:
        assert "\n" not in str(error)
    else:
        assert len(listed.index) <= 1


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"offset": -5},
        {"offset": 1 << 60},
        {"offset": 900, "endOffset": 100},
        {"endOffset": 1 << 60},
        {"innerOffset": 1 << 60},
        {"innerOffset": -3},
        {"chunkOffset": 3},
        {"chunkSize": 1 << 50},
        {"chunkSize": -1},
        {"chunkType": "zeros", "size": 1 << 40},
        {"digest": ""},
        {"chunkDigest": "sha999:00"},
    ],
    ids=range(13),
)
def test_pieces_that_are_none(row):
    """Whatever a table says of where bytes are, they count with their digest alone, and no more of them is read."""
    text = json.dumps({"version": 1, "entries": [{**ROW, **row}]}).encode()
    blob = gzip.compress(b"other")
    listed = Listed(toc.Table(toc.ESTARGZ, toc._rows(text), len(blob), len(text)))

    def part(start: int, end: int) -> bytes:
        assert 0 <= start < end <= len(blob)
        return blob[start:end]

    with pytest.raises(ArchiveError) as error:
        content(listed.index, 0, ListedBytes(listed, part))
    assert "\n" not in str(error.value)
