"""OCI layouts: descriptors lead to everything, whatever the order in the archive and whatever media types claim."""

from __future__ import annotations

import json

import pytest

from imgscope.archive import platform as platforms
from imgscope.errors import (
    AmbiguousImageError,
    ArchiveError,
    EncryptedLayerError,
    ImageNotFoundError,
    PlatformError,
    UsageError,
)

from .images import (
    LAYERS,
    OCI,
    WAYS,
    Image,
    attestation,
    blob,
    descriptor,
    digest,
    digests,
    docker_archive,
    index_of,
    layer,
    layout,
    manifest_of,
    oci,
    open_way,
    platform_of,
)

DIFF_IDS = [digest(data) for data in LAYERS]
ARM = Image(layers=(layer(arm="64"), *LAYERS[1:]), platform="linux/arm64/v8")
PPC = Image(layers=(layer(ppc="64"),), platform="linux/ppc64le")


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.fixture(autouse=True)
def amd64(monkeypatch):
    monkeypatch.setattr(platforms, "host", lambda: platforms.Platform("linux", "amd64"))


def name(text: str) -> dict:
    return {"annotations": {"org.opencontainers.image.ref.name": text}}


def several_platforms(*images: Image, **top) -> tuple[dict, dict]:
    """A nested index as buildx makes it, with an attestation for each image; its members, its descriptor."""
    members: dict = {}
    parts = []
    for image in images:
        found = manifest_of(image, members)
        parts += [{**found, "platform": platform_of(image.platform)}, attestation(members, found)]
    return members, descriptor(index_of(*parts), members, "index.v1+json", **top)


@pytest.mark.parametrize("pack", ["", "gzip", "zstd"])
@pytest.mark.parametrize("media", ["tar", "tar+gzip", "tar+zstd"])
def test_layers_are_what_their_bytes_are(way, pack, media, tmp_path):
    opened = open_way(way, oci(pack=pack, media=media), tmp_path, seed=3)
    assert [stored.compression for stored in opened.layers] == [pack or None] * 3
    assert [stored.diff_id for stored in opened.layers] == DIFF_IDS
    assert digests(opened) == DIFF_IDS
    assert [stored.media_type for stored in opened.layers] == [f"{OCI}layer.v1.{media}"] * 3
    assert all(stored.digest for stored in opened.layers)
    assert opened.names == ("1.0",)
    assert opened.id == Image().id
    assert opened.manifest_digest is not None
    opened.close()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("way", ["file", "stream"])
def test_the_order_in_the_archive_means_nothing(way, seed, tmp_path):
    assert digests(open_way(way, oci(), tmp_path, seed=seed)) == DIFF_IDS


def test_media_types_of_docker_and_none_at_all(way, tmp_path):
    members: dict = {}
    found = manifest_of(Image(), members)
    manifest = json.loads(members.pop(blob_of(found)))
    del manifest["mediaType"], manifest["config"]["mediaType"]
    for stored in manifest["layers"]:
        stored["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    bare = {key: value for key, value in descriptor(manifest, members, "x").items() if key != "mediaType"}
    assert digests(open_way(way, layout(members, bare), tmp_path)) == DIFF_IDS


def blob_of(found: dict) -> str:
    return "blobs/" + found["digest"].replace(":", "/")


def test_a_nested_index_gives_this_machines_platform(way, tmp_path):
    members, top = several_platforms(ARM, Image(), PPC, **name("1.0"))
    opened = open_way(way, layout(members, top), tmp_path, seed=1)
    assert opened.id == Image().id
    assert opened.platform == "linux/amd64"
    assert digests(opened) == DIFF_IDS


@pytest.mark.parametrize("platform", ["linux/arm64", "linux/arm64/v8", "linux/aarch64", "arm64", "Linux/ARM64"])
def test_another_platform_by_any_of_its_names(way, platform, tmp_path):
    members, top = several_platforms(Image(), ARM)
    opened = open_way(way, layout(members, top), tmp_path, platform=platform)
    assert opened.id == ARM.id
    assert opened.platform == "linux/arm64"


def test_a_platform_that_is_not_there_lists_those_that_are(way, tmp_path):
    members, top = several_platforms(Image(), ARM, **name("1.0"))
    with pytest.raises(PlatformError, match=r"1.0 is not there for linux/riscv64, only for linux/amd64, linux/arm64"):
        open_way(way, layout(members, top), tmp_path, platform="linux/riscv64")


def test_without_this_machines_platform_there_must_be_one_only(way, tmp_path):
    members, top = several_platforms(ARM, PPC)
    with pytest.raises(PlatformError, match=r"choose with --platform one of linux/arm64, linux/ppc64le"):
        open_way(way, layout(members, top), tmp_path)
    members, top = several_platforms(PPC)
    assert open_way(way, layout(members, top), tmp_path / "one").id == PPC.id


@pytest.mark.parametrize("variant", ["linux/arm/v6", "linux/arm/v7"])
def test_variants_are_told_apart(way, variant, tmp_path):
    images = [Image(layers=(layer(v=v),), platform=v) for v in ("linux/arm/v6", "linux/arm/v7")]
    members, top = several_platforms(*images)
    opened = open_way(way, layout(members, top), tmp_path, platform=variant)
    assert opened.platform == variant
    assert open_way(way, layout(members, top), tmp_path / "any", platform="linux/arm").platform == "linux/arm/v6"


def test_platforms_side_by_side_in_the_index_are_one_image(way, tmp_path):
    members: dict = {}
    flat = [
        {**manifest_of(image, members), "platform": platform_of(image.platform), **name("1.0")}
        for image in (ARM, Image())
    ]
    assert open_way(way, layout(members, *flat), tmp_path).id == Image().id
    unnamed = [{key: value for key, value in found.items() if key != "annotations"} for found in flat]
    assert open_way(way, layout(members, *unnamed), tmp_path / "unnamed", platform="arm64").id == ARM.id


def test_platforms_that_were_not_saved_are_not_missed(way, tmp_path):
    members, top = several_platforms(ARM, Image(), PPC, **name("1.0"))
    for image in (ARM, PPC):
        lost: dict = {}
        found = manifest_of(image, lost)
        for blob_name in (blob_of(found), blob(image.config)):
            members.pop(blob_name)
    assert digests(open_way(way, layout(members, top), tmp_path)) == DIFF_IDS
    with pytest.raises(PlatformError, match=r"1.0 for linux/arm64 was not saved with it, only linux/amd64"):
        open_way(way, layout(members, top), tmp_path / "arm", platform="arm64")


def test_a_platform_whose_layers_are_missing_is_named_with_those_that_are_whole(way, tmp_path):
    members, top = several_platforms(ARM, Image(), **name("1.0"))
    lost: dict = {}
    manifest = json.loads(members[blob_of(manifest_of(ARM, lost))])
    missing = blob_of(manifest["layers"][0])
    del members[missing]
    with pytest.raises(ArchiveError, match=rf"lacks a layer of 1.0, {missing}; whole are only linux/amd64"):
        open_way(way, layout(members, top), tmp_path, platform="arm64")
    assert open_way(way, layout(members, top), tmp_path / "whole").id == Image().id


def test_a_missing_manifest_is_named(way, tmp_path):
    members = oci()
    found = json.loads(members["index.json"])["manifests"][0]
    del members[blob_of(found)]
    with pytest.raises(ArchiveError, match=f"lacks the manifest, {found['digest']}"):
        open_way(way, members, tmp_path)


@pytest.mark.parametrize(
    ("image", "expected"),
    [("1.0", "amd64"), ("2.0", "ppc64le"), ("ppc", "ppc64le"), ("example.org/app:2.0", "ppc64le")],
)
def test_one_of_several_tags(way, image, expected, tmp_path):
    members: dict = {}
    tags = [
        {**manifest_of(Image(), members), **name("1.0")},
        {**manifest_of(PPC, members), **name("example.org/app:2.0")},
        {**manifest_of(PPC, members), **name("ppc")},
    ]
    opened = open_way(way, layout(members, *tags), tmp_path, image=image)
    assert opened.config["architecture"] == expected
    if expected == "ppc64le":
        assert opened.names == ("example.org/app:2.0", "ppc")


def test_several_tags_must_be_chosen_from_unless_they_are_one_image(way, tmp_path):
    members: dict = {}
    first, second = manifest_of(Image(), members), manifest_of(PPC, members)
    with pytest.raises(AmbiguousImageError, match=r"2 images: 1.0, 2.0; choose one, say with --image 1.0"):
        open_way(way, layout(members, {**first, **name("1.0")}, {**second, **name("2.0")}), tmp_path)
    opened = open_way(way, layout(members, {**first, **name("1.0")}, {**first, **name("1")}), tmp_path / "one")
    assert opened.names == ("1.0", "1")
    # The same image behind an index and behind a tag of its own.
    inner, top = several_platforms(Image(), ARM, **name("all"))
    alone = {**manifest_of(Image(), inner), **name("amd64")}
    assert open_way(way, layout(inner, top, alone), tmp_path / "two").id == Image().id


def test_choosing_by_the_digest_of_a_manifest_an_index_or_a_config(way, tmp_path):
    members, top = several_platforms(Image(), ARM)
    other = manifest_of(PPC, members)
    both = layout(members, top, other)
    for image, expected in [
        (top["digest"], Image()),
        (f"app@{top['digest']}", Image()),
        (other["digest"], PPC),
        (manifest_of(ARM, {})["digest"], ARM),
        (ARM.id, ARM),
        (ARM.id[7:19], ARM),
    ]:
        assert open_way(way, both, tmp_path / digest(image.encode())[7:20], image=image).id == expected.id
    with pytest.raises(ImageNotFoundError):
        open_way(way, both, tmp_path / "none", image="sha256:" + "0" * 64)


def test_two_images_of_one_name_are_chosen_by_digest(way, tmp_path):
    members: dict = {}
    other = Image(layers=LAYERS[:1])
    both = [{**manifest_of(image, members), **name("1.0")} for image in (Image(), other)]
    with pytest.raises(AmbiguousImageError, match=r"2 images: 1.0@sha256:\w{12}, 1.0@sha256:\w{12}"):
        open_way(way, layout(members, *both), tmp_path)
    assert open_way(way, layout(members, *both), tmp_path / "x", image=both[1]["digest"]).id == other.id


def docker_25(*images: Image, pack: str = "gzip") -> dict:
    """What `docker save` of 25 and newer writes: an OCI layout with manifest.json beside it."""
    members: dict = {}
    tops, entries = [], []
    for image in images:
        found = manifest_of(image, members, pack=pack)
        for full in image.names:
            notes = {"io.containerd.image.name": f"docker.io/library/{full}", **name(full.partition(":")[2])}
            tops.append({**found, "annotations": notes})
        layers = [blob_of(stored) for stored in json.loads(members[blob_of(found)])["layers"]]
        entries.append({"Config": blob(image.config), "RepoTags": list(image.names), "Layers": layers})
    members["manifest.json"] = json.dumps(entries).encode()
    return layout(members, *tops)


@pytest.mark.parametrize("pack", ["", "gzip", "zstd"])
def test_both_indexes_in_one_archive_are_one_image(way, pack, tmp_path):
    opened = open_way(way, docker_25(Image(names=("app:1.0", "app:latest")), pack=pack), tmp_path, seed=5)
    assert opened.names == ("app:1.0", "app:latest")
    assert digests(opened) == DIFF_IDS
    assert opened.manifest_digest is not None
    assert all(stored.digest for stored in opened.layers)


@pytest.mark.parametrize("image", ["app:1.0", "app", "1.0", Image().id[:19]])
def test_both_indexes_with_several_images(way, image, tmp_path):
    members = docker_25(Image(), Image(layers=LAYERS[:2], names=("app:2.0", "other:latest")))
    with pytest.raises(AmbiguousImageError, match=r"2 images: app:1.0, app:2.0"):
        open_way(way, members, tmp_path)
    if image == "app":
        with pytest.raises(AmbiguousImageError):
            open_way(way, members, tmp_path / "x", image=image)
    else:
        assert open_way(way, members, tmp_path / "x", image=image).id == Image().id


def test_names_without_containerds_annotation_come_from_the_docker_list(way, tmp_path):
    members = docker_25(Image())
    index = json.loads(members["index.json"])
    for found in index["manifests"]:
        found["annotations"] = {"org.opencontainers.image.ref.name": "1.0"}
    members["index.json"] = json.dumps(index).encode()
    opened = open_way(way, members, tmp_path)
    assert opened.names == ("app:1.0",)


def test_containerds_store_with_platforms_that_were_never_pulled(way, tmp_path):
    notes = {"io.containerd.image.name": "docker.io/library/app:1.0", "org.opencontainers.image.ref.name": "1.0"}
    members, top = several_platforms(ARM, Image(), annotations=notes)
    found = manifest_of(Image(), {})
    lost: dict = {}
    del members[blob_of(manifest_of(ARM, lost))]
    layers = [blob_of(stored) for stored in json.loads(members[blob_of(found)])["layers"]]
    members["manifest.json"] = json.dumps(
        [{"Config": blob(Image().config), "RepoTags": ["app:1.0", "app:again"], "Layers": layers}]
    ).encode()
    opened = open_way(way, layout(members, top), tmp_path)
    assert opened.names == ("app:1.0", "app:again")
    assert opened.id == Image().id
    assert digests(opened) == DIFF_IDS


def test_an_image_that_only_the_docker_list_names_is_found(way, tmp_path):
    members = docker_25(Image())
    more = docker_archive(PPC, style="blobs")
    both = json.loads(members["manifest.json"]) + json.loads(more.pop("manifest.json"))
    both[1]["RepoTags"] = ["ppc:1"]
    members = {**members, **more, "manifest.json": json.dumps(both).encode()}
    assert open_way(way, members, tmp_path, image="ppc:1").id == PPC.id
    with pytest.raises(AmbiguousImageError, match=r"app:1.0, ppc:1"):
        open_way(way, members, tmp_path / "x")


@pytest.mark.parametrize(
    ("config", "more"),
    [
        (None, {}),
        ("", {}),
        (OCI + "config.v1+json; charset=utf-8", {}),
        (OCI + "config.v1+json", {"artifactType": OCI + "config.v1+json"}),
        (OCI + "config.v1+json", {"artifactType": ""}),
    ],
)
def test_an_image_is_told_by_its_config_however_its_type_is_written(way, config, more, tmp_path):
    image, members = Image(), {}
    found = manifest_of(image, members, config={"mediaType": config, "digest": image.id, "size": 1}, **more)
    assert open_way(way, layout(members, found), tmp_path).id == image.id


@pytest.mark.parametrize(
    ("config", "more"),
    [
        ("application/vnd.oci.empty.v1+json", {"artifactType": "application/vnd.example.thing"}),
        ("application/vnd.cncf.helm.config.v1+json", {}),
        ("application/vnd.wasm.config.v1+json", {}),
    ],
)
def test_an_artifact_is_said_to_be_one(way, config, more, tmp_path):
    members: dict = {blob(b"{}"): b"{}"}
    value = {"schemaVersion": 2, "config": {"mediaType": config, "digest": digest(b"{}"), "size": 2}, "layers": []}
    artifact = descriptor({**value, **more}, members, "manifest.v1+json")
    with pytest.raises(ArchiveError, match=r"is an artifact \(application/.*\), not a container image") as error:
        open_way(way, layout(members, artifact), tmp_path)
    assert (more.get("artifactType") or config) in str(error.value)
    # Beside an image (a signature, an SBOM) it is passed over.
    both = layout(members, artifact, manifest_of(Image(), members))
    assert open_way(way, both, tmp_path / "both").id == Image().id


def test_an_encrypted_layer_is_refused_with_what_to_do(way, tmp_path):
    with pytest.raises(EncryptedLayerError, match=r"layer 0 is encrypted; decrypt the image first"):
        open_way(way, oci(media="tar+gzip+encrypted"), tmp_path)


def changed(members: dict, change) -> dict:
    """Change the only manifest of a layout, with digests that are right again."""
    index = json.loads(members["index.json"])
    manifest = json.loads(members.pop(blob_of(index["manifests"][0])))
    change(manifest)
    found = descriptor(manifest, members, "manifest.v1+json")
    return layout(members, found)


@pytest.mark.parametrize(
    "media",
    [
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        OCI + "layer.nondistributable.v1.tar+gzip",
        OCI + "layer.v1.tar+gzip",
    ],
)
def test_a_foreign_layer_may_be_absent_but_is_read_when_it_is_there(way, media, tmp_path):
    members = oci()

    def foreign(manifest):
        manifest["layers"][0]["mediaType"] = media
        if "foreign" not in media and "nondistributable" not in media:
            manifest["layers"][0]["urls"] = ["https://base.example/layer"]

    members = changed(members, foreign)
    assert digests(open_way(way, members, tmp_path)) == DIFF_IDS
    lost = next(blob_name for blob_name in members if members[blob_name][:2] == b"\x1f\x8b")
    size = len(members.pop(lost))
    opened = open_way(way, members, tmp_path / "lost")
    assert opened.layers[0].missing.startswith("foreign layer, not in the archive")
    assert opened.layers[0].size == size
    assert digests(opened)[1:] == DIFF_IDS[1:]


def test_a_blob_of_another_size_is_damaged(way, tmp_path):
    members = changed(oci(), lambda manifest: manifest["layers"][1].update(size=7))
    with pytest.raises(ArchiveError, match=r"layer 1 \(sha256:\w+\) is damaged: it has \d+ bytes of the 7"):
        open_way(way, members, tmp_path)


def test_a_manifest_with_other_bytes_than_its_digest_is_damaged(way, tmp_path):
    members = oci()
    found = json.loads(members["index.json"])["manifests"][0]
    members[blob_of(found)] += b" "
    with pytest.raises(ArchiveError, match="is damaged: its bytes have another digest"):
        open_way(way, members, tmp_path)


def test_a_config_with_other_bytes_than_its_digest_is_refused(way, tmp_path):
    members = oci()
    claimed = Image().id
    members[blob(Image().config)] = Image().config + b" "
    opened = open_way(way, members, tmp_path)
    assert opened.config_digest == claimed != opened.config_actual == opened.id
    with pytest.raises(ArchiveError, match=f"config is damaged or forged: its digest is {opened.id}.*{claimed}"):
        opened.check_config()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("config"), "not an image manifest"),
        (lambda m: m.update(config={"digest": "sha256:../../x"}), "not an image manifest"),
        (lambda m: m.update(layers={}), "diff_ids"),
        (lambda m: m.update(layers={"a": 1}), "not an image manifest"),
        (lambda m: m.update(layers=[{}]), "names a layer without a digest"),
        (lambda m: m["layers"][0].update(digest="sha256:" + "0" * 63), "names a layer without a digest"),
        (lambda m: m["layers"][0].update(digest="../../../etc/passwd"), "names a layer without a digest"),
        (lambda m: m["layers"].pop(), "names 2 layers, but its config 3 diff_ids"),
        (lambda m: m.update(layers=m["layers"] * 1000), "no image has so many"),
        (lambda m: m.update(schemaVersion=1), "schema 1"),
    ],
)
def test_a_malformed_manifest(way, change, message, tmp_path):
    with pytest.raises(ArchiveError, match=message):
        open_way(way, changed(oci(), change), tmp_path)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (b"", "not valid JSON"),
        (b"[]", "not an OCI image index"),
        (b'{"manifests": 1}', "not an OCI image index"),
        (b"{}", "its index is empty"),
        (b'{"manifests": null}', "not an OCI image index|its index is empty"),
        (b'{"manifests": [1]}', "without a digest"),
        (b'{"manifests": [{"digest": "sha256:zz"}]}', "without a digest"),
        (b'{"manifests": [{"digest": "../x"}]}', "without a digest"),
        (b'{"a":' * 50_000, "not valid JSON"),
    ],
)
def test_a_malformed_index(way, index, message, tmp_path):
    with pytest.raises(ArchiveError, match=message):
        open_way(way, {"index.json": index, "oci-layout": b"{}"}, tmp_path)


def test_a_layout_without_an_index(way, tmp_path):
    with pytest.raises(ArchiveError, match=r"lacks the index.json"):
        open_way(way, {"oci-layout": b"{}"}, tmp_path)


def test_indexes_nested_without_end_stop(way, tmp_path):
    members: dict = {}
    top = manifest_of(Image(), members)
    for _ in range(40):
        top = descriptor(index_of(top), members, "index.v1+json")
    with pytest.raises(ArchiveError, match="nested more than"):
        open_way(way, layout(members, top), tmp_path)


def test_indexes_that_multiply_stop(way, tmp_path):
    members: dict = {}
    top = manifest_of(Image(), members)
    for level in range(6):
        top = descriptor({**index_of(*[top] * 60), "n": level}, members, "index.v1+json")
    assert open_way(way, layout(members, top), tmp_path).id == Image().id


def test_a_broken_manifest_matters_only_when_it_is_chosen(way, tmp_path):
    members, top = several_platforms(Image(), ARM)
    broken = {**descriptor({"layers": "?"}, members, "manifest.v1+json"), **name("broken")}
    members = layout(members, {**top, **name("good")}, broken)
    assert open_way(way, members, tmp_path, image="good").id == Image().id
    with pytest.raises(ArchiveError, match="not an image manifest"):
        open_way(way, members, tmp_path / "x", image="broken")


WINDOWS = ("10.0.17763.1", "10.0.20348.1", "10.0.20348.22")


def by_version(*platforms: dict) -> tuple[dict, dict]:
    """An index whose platforms only its descriptors tell apart, as those of Windows; its members, its descriptor."""
    members: dict = {}
    parts = []
    for number, found in enumerate(platforms):
        image = Image(layers=(layer(n=str(number)),), platform=f"{found['os']}/{found['architecture']}")
        parts.append({**manifest_of(image, members), "platform": found})
    return members, descriptor(index_of(*parts), members, "index.v1+json", **name("1.0"))


def windows(*features: str) -> tuple[dict, dict]:
    more = {"os.features": list(features)} if features else {}
    return by_version(*({"os": "windows", "architecture": "amd64", "os.version": v, **more} for v in WINDOWS))


@pytest.mark.parametrize(
    ("platform", "version"),
    [
        ("windows/amd64:10.0.17763.1", "10.0.17763.1"),
        ("windows/amd64:10.0.17763", "10.0.17763.1"),
        ("windows(10.0.20348.22)/amd64", "10.0.20348.22"),
        ("Windows(10.0.20348.1+win32k)/x86_64", "10.0.20348.1"),
    ],
)
def test_a_version_of_windows_can_be_chosen(way, platform, version, tmp_path):
    members, top = windows("win32k")
    opened = open_way(way, layout(members, top), tmp_path, platform=platform)
    assert (opened.platform, opened.os_version, opened.os_features) == ("windows/amd64", version, ("win32k",))
    assert digests(opened) == [digest(layer(n=str(WINDOWS.index(version))))]


@pytest.mark.parametrize("platform", ["windows/amd64", "windows/amd64:10.0.20348", "windows/amd64:10.0.2034", None])
def test_versions_that_fit_are_listed_as_they_can_be_chosen(way, platform, tmp_path):
    members, top = windows()
    with pytest.raises(PlatformError) as error:
        open_way(way, layout(members, top), tmp_path, platform=platform)
    fitting = [v for v in WINDOWS if not (platform or "").endswith("20348") or v.startswith("10.0.20348.")]
    assert all(f"windows({version})/amd64" in str(error.value) for version in fitting)
    assert [v for v in WINDOWS if v in str(error.value)] == fitting
    for version in fitting:
        text = f"windows({version})/amd64"
        assert str(platforms.parse(text)) == text
        assert open_way(way, layout(members, top), tmp_path / version, platform=text).os_version == version


def test_what_needs_more_of_a_system_is_not_taken_unasked(way, tmp_path):
    plain = {"os": "linux", "architecture": "amd64"}
    members, top = by_version({**plain, "os.features": ["erofs"]}, plain)
    assert open_way(way, layout(members, top), tmp_path).os_features == ()
    asked = open_way(way, layout(members, top), tmp_path / "x", platform="linux(+erofs)/amd64")
    assert asked.os_features == ("erofs",)


def test_a_variant_that_only_the_index_knows_counts(way, tmp_path):
    plain = {"os": "linux", "architecture": "amd64"}
    members, top = by_version({**plain, "variant": "v3"}, plain)
    assert open_way(way, layout(members, top), tmp_path).platform == "linux/amd64"
    assert open_way(way, layout(members, top), tmp_path / "x", platform="linux/amd64/v3").platform == "linux/amd64/v3"


def test_a_version_of_any_characters_can_be_written():
    odd = platforms.read(
        {"os": "windows", "architecture": "amd64", "os.version": "1 (+/%)", "os.features": ["b", "a+"]}
    )
    assert str(odd) == "windows(1%20%28%2B%2F%25%29+a%2B+b)/amd64"
    assert platforms.parse(str(odd)) == odd
    bad = {"os": "windows", "architecture": "amd64", "os.version": "1\x1b[2J", "os.features": [3, "x\n"]}
    assert platforms.read(bad) == platforms.Platform("windows", "amd64")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "linux/",
        "a/b/c/d",
        "windows/amd64:",
        "windows(1)/amd64:2",
        "windows(1/amd64",
        "linux/am d64",
        "../x",
        "linux/\x1b",
    ],
)
def test_a_platform_that_is_none_is_wrong_use(text):
    with pytest.raises(UsageError, match="is not a platform"):
        platforms.parse(text)


def test_this_machine_has_a_platform(monkeypatch):
    monkeypatch.undo()
    assert platforms.host().os == "linux"
    assert platforms.host().architecture
