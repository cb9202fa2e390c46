"""What stands beside images and is none; layers of other kinds; digests of every registered algorithm."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest

import imgscope
from imgscope.archive.digests import is_digest
from imgscope.archive.media import is_document, is_layer, subject
from imgscope.errors import AmbiguousImageError, ArchiveError, ImageError
from imgscope.verify import verify

from .images import (
    LAYERS,
    OCI,
    WAYS,
    Image,
    blob,
    descriptor,
    digest,
    digests,
    layout,
    manifest_of,
    oci,
    open_way,
    write_tar,
)

DIFF_IDS = [digest(data) for data in LAYERS]
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


def beside(members: dict, media: str | None, body: bytes = b'{"critical": {}}', **more) -> dict:
    """The descriptor of a manifest with one layer of a media type, under the config of an image."""
    config = json.dumps(
        {"architecture": "", "os": "", "rootfs": {"type": "layers", "diff_ids": [digest(body)]}}
    ).encode()
    members[blob(config)], members[blob(body)] = config, body
    part = {"digest": digest(body), "size": len(body), **({"mediaType": media} if media else {})}
    manifest = {
        "schemaVersion": 2,
        "config": {"mediaType": OCI + "config.v1+json", "digest": digest(config), "size": len(config)},
        "layers": [part],
        **more,
    }
    return descriptor(manifest, members, "manifest.v1+json")


def tagged(found: dict, tag: str) -> dict:
    return {**found, "annotations": {"org.opencontainers.image.ref.name": tag}}


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("media", "suffix"),
    [
        (SIMPLE, "sig"),
        ("application/vnd.dsse.envelope.v1+json", "att"),
        ("application/vnd.in-toto+json", "att"),
        ("text/spdx+json", "sbom"),
        ("text/spdx", "sbom"),
        ("application/vnd.cyclonedx+xml", "sbom"),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", "sig"),
        ("application/vnd.oci.empty.v1+json", "att"),
        ("application/jose+json", "sig"),
        ("application/cose", "sig"),
    ],
)
def test_signatures_and_the_like_are_no_images(way, media, suffix, named, tmp_path):
    members: dict = {}
    image = manifest_of(Image(), members)
    found = beside(members, media)
    if named:
        found = tagged(found, f"example.org/app:{image['digest'].replace(':', '-')}.{suffix}")
    opened = open_way(way, layout(members, found, image), tmp_path)
    assert digests(opened) == DIFF_IDS and opened.notes == ()


@pytest.mark.parametrize("media", [None, OCI + "layer.v1.tar"])
def test_the_tag_of_a_signature_tells_too(way, media, tmp_path):
    members: dict = {}
    image = manifest_of(Image(), members)
    found = tagged(beside(members, media), image["digest"].replace(":", "-") + ".sig")
    assert digests(open_way(way, layout(members, found, image), tmp_path)) == DIFF_IDS


def test_an_image_whose_tag_only_looks_so_is_an_image(way, tmp_path):
    members: dict = {}
    found = [tagged(manifest_of(Image(layers=LAYERS[: n + 1]), members), f"sha256-{n}{'0' * 63}.sig") for n in range(2)]
    with pytest.raises(AmbiguousImageError):
        open_way(way, layout(members, *found), tmp_path)
    assert open_way(way, layout(members, found[0]), tmp_path / "x").id == Image(layers=LAYERS[:1]).id


def test_nothing_but_a_signature_says_what_it_is(way, tmp_path):
    members: dict = {}
    with pytest.raises(ArchiveError, match="is an artifact .application/vnd.dev.cosign.simplesigning"):
        open_way(way, layout(members, beside(members, SIMPLE)), tmp_path)


def test_attestations_by_their_artifact_type(way, tmp_path):
    members: dict = {}
    found = beside(members, None, artifactType="application/vnd.docker.attestation.manifest.v1+json")
    image = manifest_of(Image(), members)
    lost = {"digest": "sha256:" + "1" * 64, "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json"}
    assert digests(open_way(way, layout(members, found, lost, image), tmp_path)) == DIFF_IDS


@pytest.mark.parametrize(
    "media",
    [
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.docker.container.image.rootfs.diff+x-gtar",
    ],
)
def test_media_types_of_layers(media):
    assert is_layer(media) and not is_document(media) and is_layer(None)


OTHER = [
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.squashfs",
    "x\x1b[2J",
]


@pytest.mark.parametrize("media", OTHER)
def test_a_layer_of_an_unknown_media_type_is_read_and_named(way, media, tmp_path):
    members: dict = {}
    found = beside(members, media, LAYERS[0])
    opened = open_way(way, layout(members, found), tmp_path)
    assert digests(opened) == DIFF_IDS[:1]
    (note,) = opened.notes
    assert note.startswith("layer 0 has the media type ") and note.isprintable()


@pytest.mark.parametrize("media", OTHER)
@pytest.mark.parametrize("body", [b"hsqs" + bytes(2000), b"\x1f\x8b\x08 broken" * 90])
def test_a_layer_that_is_no_tar_is_named_with_its_media_type(media, body, tmp_path):
    members: dict = {}
    path = write_tar(tmp_path / "x.tar", layout(members, beside(members, media, body)))
    with pytest.raises(ImageError, match="layer 0 has the media type ") as error:
        imgscope.analyze(path, cache=False)
    assert str(error.value).isprintable()


def test_what_a_name_speaks_of():
    digits = "0" * 64
    assert subject(f"app:sha256-{digits}.sig") == subject(f"sha256-{digits}.att") == f"sha256:{digits}"
    assert subject(f"sha256-{digits}") is subject("app:1.0.sig") is subject(f"sha256-{digits}.sigs") is None


def renamed(algorithm: str, value) -> dict:
    """A layout whose digests are all of one algorithm; ``value`` computes a digest's second half."""
    members: dict = {}
    parts = []

    def put(data: bytes) -> dict:
        encoded = value(data)
        members[f"blobs/{algorithm}/{encoded}"] = data
        return {"digest": f"{algorithm}:{encoded}", "size": len(data)}

    parts = [put(data) for data in LAYERS]
    config = json.loads(Image().config)
    config["rootfs"]["diff_ids"] = [part["digest"] for part in parts]
    manifest = {"schemaVersion": 2, "config": put(json.dumps(config).encode()), "layers": parts}
    return layout(members, put(json.dumps(manifest).encode()))


def blake3(data: bytes) -> str:
    return pytest.importorskip("blake3").blake3(data).hexdigest()


KNOWN = {
    "sha256": lambda data: hashlib.sha256(data).hexdigest(),
    "sha512": lambda data: hashlib.sha512(data).hexdigest(),
    "blake3": blake3,
}


@pytest.mark.parametrize("algorithm", KNOWN)
def test_every_registered_digest_is_read_and_verified(algorithm, tmp_path):
    members = renamed(algorithm, KNOWN[algorithm])
    path = write_tar(tmp_path / "x.tar", members)
    with imgscope.analyze(path, cache=False) as analysis:
        assert analysis.image.verified == ("manifest", "config") and analysis.notes == ()
        assert analysis.layers[0].digest.startswith(algorithm + ":")
    checks = verify(path)
    assert len(checks) == 7 and all(check.ok and check.expected.startswith(algorithm) for check in checks)
    # A bit of the top layer, and of the config.
    for old, new, what in ((b"\xff" * 10, b"\xff" * 9 + b"\xfe", "layer 2"), (b'"/x"', b'"/y"', "config")):
        name = next(name for name, data in members.items() if old in data)
        path = write_tar(tmp_path / f"{what}.tar", {**members, name: members[name].replace(old, new)})
        assert {check.what.rpartition(" ")[0] or check.what for check in verify(path) if not check.ok} == {what}
        if what == "config":
            with pytest.raises(ArchiveError, match="config is damaged or forged"):
                imgscope.analyze(path, cache=False)


@pytest.mark.parametrize(
    ("algorithm", "value", "why"),
    [
        ("blake3", lambda data: hashlib.sha256(data).hexdigest(), "blake3 is not available"),
        ("md5", lambda data: hashlib.md5(data).hexdigest(), "the digest algorithm md5 is not known"),
        ("multihash+base58", lambda data: "Qm" + hashlib.md5(data).hexdigest(), "multihash+base58 is not known"),
    ],
)
def test_a_digest_that_cannot_be_computed_is_said_to_be_unchecked(
    algorithm, value, why, tmp_path, imgscope, monkeypatch
):
    from imgscope.analyzer import analyze

    monkeypatch.setitem(sys.modules, "blake3", None)
    path = write_tar(tmp_path / "x.tar", renamed(algorithm, value))
    with analyze(path, cache=False) as analysis:
        assert analysis.image.verified == ()
        assert [why in note and "is not checked" in note for note in analysis.notes] == [True, True]
    checks = verify(path)
    assert not any(check.ok or check.actual for check in checks) and all(why in check.unchecked for check in checks)
    if algorithm != "blake3":
        done = imgscope("verify", path)
        assert done.returncode == 0 and why in done.stdout and "unknown manifest" in done.stdout
        assert '"layers"' not in imgscope("analyze", path, "--verify", "--format", "json").stdout.split('"platform"')[0]


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("sha256:" + "a" * 64, True),
        ("sha512:" + "a" * 128, True),
        ("blake3:" + "a" * 64, True),
        ("sha256:" + "A" * 64, False),
        ("sha512:" + "g" * 128, False),
        ("blake3:" + "a" * 128, False),
        ("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", True),
        ("sha256:../../etc", False),
    ],
)
def test_what_a_digest_is(text, fine):
    assert is_digest(text) is fine


def test_a_config_that_is_called_by_another_digest_fails_every_command(tmp_path, imgscope):
    members = oci()
    name = blob(Image().config)
    members[name] = members[name].replace(b'"/x"', b'"/y"')
    path = write_tar(tmp_path / "x.tar", members)
    for words in (
        ["analyze"],
        ["check", "--max-size", "1GB"],
        ["suggest"],
        ["why", "/top"],
        ["cat", "/top"],
        ["bases"],
    ):
        done = imgscope(words[0], path, *words[1:])
        assert done.returncode == 3 and "config is damaged or forged" in done.stderr, words
    assert imgscope("diff", path, path).returncode == 3
    assert imgscope("extract", path, "/top", tmp_path / "out").returncode == 3
    done = imgscope("verify", path)
    assert done.returncode == 1 and "WRONG   config" in done.stdout
