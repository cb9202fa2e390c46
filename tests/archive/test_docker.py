"""Docker-archives: every way in which engines have written them, read alike on disk, streamed and unpacked."""

from __future__ import annotations

import json
import tarfile

import pytest

from imgscope.errors import AmbiguousImageError, ArchiveError, ImageError, ImageNotFoundError, PlatformError

from .images import (
    LAYERS,
    WAYS,
    Image,
    Link,
    blob,
    digest,
    digests,
    docker_archive,
    layer,
    open_way,
)

DIFF_IDS = [digest(data) for data in LAYERS]


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


@pytest.mark.parametrize("style", ["legacy", "digest", "colon", "blobs"])
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_layers_come_in_the_manifests_order(way, style, seed, tmp_path):
    image = Image()
    opened = open_way(way, docker_archive(image, style=style), tmp_path, seed=seed)
    assert [stored.diff_id for stored in opened.layers] == DIFF_IDS
    assert digests(opened) == DIFF_IDS
    assert [stored.size for stored in opened.layers] == [len(data) for data in LAYERS]
    assert opened.id == image.id
    assert opened.names == ("app:1.0",)
    assert opened.platform == "linux/amd64"
    assert opened.config["config"] == {"Cmd": ["/x"]}
    assert opened.manifest_digest is None
    assert opened.notes == ()
    opened.close()


@pytest.mark.parametrize("prefix", ["./", "/"])
@pytest.mark.parametrize("way", ["file", "stream"])
def test_names_in_the_archive_may_be_written_otherwise(way, prefix, tmp_path):
    opened = open_way(way, docker_archive(Image()), tmp_path, prefix=prefix)
    assert digests(opened) == DIFF_IDS


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
@pytest.mark.parametrize("style", ["legacy", "colon", "blobs"])
def test_compression_is_seen_whatever_the_name_says(way, style, pack, tmp_path):
    opened = open_way(way, docker_archive(Image(), style=style, pack=pack), tmp_path)
    assert [stored.compression for stored in opened.layers] == [pack] * 3
    assert digests(opened) == DIFF_IDS


def test_the_blob_digest_is_known_where_the_name_is_one(way, tmp_path):
    members = docker_archive(Image(), style="blobs", pack="gzip")
    opened = open_way(way, members, tmp_path)
    assert [stored.digest for stored in opened.layers] == [
        digest(members[name]) for name in json.loads(members["manifest.json"])[0]["Layers"]
    ]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("way", ["file", "stream"])
def test_a_repeated_layer_stored_as_a_link_has_its_targets_bytes(way, kind, seed, tmp_path):
    base, other = layer(same="1" * 600), layer(other="2")
    members = docker_archive(Image(layers=(base, other, base)))
    first, _, third = json.loads(members["manifest.json"])[0]["Layers"]
    members[third] = Link("../" + first if kind == tarfile.SYMTYPE else first, kind)
    opened = open_way(way, members, tmp_path, seed=seed)
    assert digests(opened) == [digest(base), digest(other), digest(base)]


@pytest.mark.parametrize("way", ["file", "stream"])
def test_a_symlinks_target_counts_from_its_folder_a_hard_links_from_the_root(way, tmp_path):
    names = ["a/first.tar", "a/second.tar", "b/second.tar"]
    members = {
        "a/first.tar": LAYERS[0],
        "first.tar": LAYERS[1],
        "a/second.tar": Link("first.tar"),
        "b/second.tar": Link("first.tar", tarfile.LNKTYPE),
    }
    image = Image(layers=(LAYERS[0], LAYERS[0], LAYERS[1]))
    members["config"] = image.config
    members["manifest.json"] = json.dumps([{"Config": "config", "Layers": names}]).encode()
    opened = open_way(way, members, tmp_path)
    assert digests(opened) == [DIFF_IDS[0], DIFF_IDS[0], DIFF_IDS[1]]


@pytest.mark.parametrize("link_first", [True, False])
@pytest.mark.parametrize("way", ["file", "stream"])
def test_of_a_link_and_a_file_of_one_name_the_last_counts(way, link_first, tmp_path):
    members = docker_archive(Image(layers=LAYERS[:1]))
    name = next(iter(members))
    link, file = {f"./{name}": Link("../elsewhere")}, {name: members.pop(name), "elsewhere": LAYERS[1]}
    opened = open_way(way, {**link, **file, **members} if link_first else {**file, **link, **members}, tmp_path)
    assert digests(opened) == [DIFF_IDS[0] if link_first else DIFF_IDS[1]]


@pytest.mark.parametrize("target", ["../../../../etc/passwd", "/etc/passwd", "layer.tar", "../nowhere/layer.tar"])
@pytest.mark.parametrize("way", ["file", "stream"])
def test_a_link_leads_to_nothing_outside_the_archive(way, target, tmp_path):
    members = docker_archive(Image())
    name = json.loads(members["manifest.json"])[0]["Layers"][1]
    members[name] = Link(target)
    with pytest.raises(ArchiveError, match=f"lacks a layer of app:1.0, {name}"):
        open_way(way, members, tmp_path)


@pytest.mark.parametrize("way", ["file", "stream"])
def test_of_a_member_that_is_there_twice_the_last_counts(way, tmp_path):
    members = {"./manifest.json": b"not this", **docker_archive(Image())}
    assert digests(open_way(way, members, tmp_path)) == DIFF_IDS


def test_an_image_without_layers_or_name(way, tmp_path):
    opened = open_way(way, docker_archive(Image(layers=(), names=()), Layers=None), tmp_path)
    assert opened.layers == ()
    assert opened.names == ()


def test_an_empty_layer_file_is_an_empty_layer(way, tmp_path):
    opened = open_way(way, docker_archive(Image(layers=(b"", LAYERS[0]))), tmp_path)
    assert [stored.size for stored in opened.layers] == [0, len(LAYERS[0])]
    assert digests(opened) == [digest(b""), DIFF_IDS[0]]


SEVERAL = (
    Image(names=("app:1.0", "app:latest")),
    Image(layers=LAYERS[:2], names=("registry.example.com:5000/team/app:2.0",)),
    Image(layers=LAYERS[:1], names=()),
    Image(layers=LAYERS[1:], names=("docker.io/library/tool:latest",)),
)


def test_several_images_are_listed_when_none_is_named(way, tmp_path):
    with pytest.raises(AmbiguousImageError) as error:
        open_way(way, docker_archive(*SEVERAL), tmp_path)
    message = str(error.value)
    assert "\n" not in message
    assert "holds 4 images: app:1.0, registry.example.com:5000/team/app:2.0" in message
    assert SEVERAL[2].id[:19] in message
    assert "tool:latest" in message
    assert "--image app:1.0" in message


@pytest.mark.parametrize(
    ("image", "number"),
    [
        ("app:1.0", 0),
        ("app", 0),
        ("app:2.0", 1),
        ("team/app:2.0", 1),
        ("team/app", 1),
        ("2.0", 1),
        (":2.0", 1),
        ("tool", 3),
        ("docker.io/library/tool", 3),
        ("docker.io/library/app:latest", 0),
        (SEVERAL[2].id, 2),
        (SEVERAL[2].id[:15], 2),
        (SEVERAL[2].id[7:20], 2),
        ("@" + SEVERAL[2].id, 2),
        ("whatever@" + SEVERAL[1].id, 1),
    ],
)
def test_one_of_several_is_chosen(way, image, number, tmp_path):
    opened = open_way(way, docker_archive(*SEVERAL), tmp_path, image=image)
    assert opened.id == SEVERAL[number].id
    assert len(opened.layers) == len(SEVERAL[number].layers)


@pytest.mark.parametrize("image", ["app:3.0", "other", "sha256:" + "0" * 64, "0" * 12])
def test_a_choice_that_fits_none_lists_them(way, image, tmp_path):
    with pytest.raises(ImageNotFoundError, match=r"app:1.0, app:latest, registry"):
        open_way(way, docker_archive(*SEVERAL), tmp_path, image=image)


def test_a_tag_that_two_images_have_is_not_guessed(way, tmp_path):
    two = docker_archive(Image(names=("a:1",)), Image(layers=LAYERS[:1], names=("b:1",)))
    with pytest.raises(AmbiguousImageError, match="2 images: a:1, b:1"):
        open_way(way, two, tmp_path, image="1")


def test_a_layer_that_is_not_there_is_named(way, tmp_path):
    members = docker_archive(Image())
    name = json.loads(members["manifest.json"])[0]["Layers"][1]
    del members[name]
    with pytest.raises(ArchiveError, match=f"lacks a layer of app:1.0, {name}"):
        open_way(way, members, tmp_path)


def test_layers_of_other_images_need_not_be_there(way, tmp_path):
    members = docker_archive(Image(), Image(layers=(layer(lost="1"),), names=("other:1",)))
    del members[json.loads(members["manifest.json"])[1]["Layers"][0]]
    assert digests(open_way(way, members, tmp_path, image="app")) == DIFF_IDS


def test_a_config_that_is_not_there_is_named(way, tmp_path):
    members = docker_archive(Image())
    del members[Image().id[7:] + ".json"]
    with pytest.raises(ArchiveError, match=f"lacks the image's config, {Image().id[7:]}.json"):
        open_way(way, members, tmp_path)


@pytest.mark.parametrize("layers", [LAYERS[:2], (*LAYERS, LAYERS[0]), ()])
def test_manifest_and_config_must_have_as_many_layers(way, layers, tmp_path):
    members = docker_archive(Image())
    wrong = Image(layers=layers).config
    members[Image().id[7:] + ".json"] = wrong
    with pytest.raises(ArchiveError, match=f"names 3 layers, but its config {len(layers)} diff_ids"):
        open_way(way, members, tmp_path)


def test_a_foreign_layer_may_be_absent(way, tmp_path):
    image = Image(platform="windows/amd64")
    foreign = {
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "size": 999,
        "digest": "sha256:" + "1" * 64,
        "urls": ["https://mcr.example/base"],
    }
    members = docker_archive(image, LayerSources={DIFF_IDS[0]: foreign})
    del members[json.loads(members["manifest.json"])[0]["Layers"][0]]
    opened = open_way(way, members, tmp_path)
    assert opened.layers[0].missing == "foreign layer, not in the archive (https://mcr.example/base)"
    assert opened.layers[0].region is None and opened.layers[0].scanned is None
    assert digests(opened)[1:] == DIFF_IDS[1:]
    assert opened.platform == "windows/amd64"


def test_a_windows_base_may_be_absent(way, tmp_path):
    members = docker_archive(Image(platform="windows/amd64"))
    del members[json.loads(members["manifest.json"])[0]["Layers"][0]]
    assert "not in the archive" in open_way(way, members, tmp_path).layers[0].missing


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/x86_64", "amd64", None])
def test_the_platform_that_is_there(way, platform, tmp_path):
    assert open_way(way, docker_archive(Image()), tmp_path, platform=platform).platform == "linux/amd64"


def test_the_only_platform_is_taken_unless_another_was_asked_for(way, tmp_path):
    members = docker_archive(Image(platform="linux/s390x"))
    assert open_way(way, members, tmp_path).platform == "linux/s390x"


def test_a_platform_that_is_not_there(way, tmp_path):
    with pytest.raises(PlatformError, match=r"app:1.0 is not there for linux/arm64, only for linux/amd64"):
        open_way(way, docker_archive(Image()), tmp_path, platform="linux/aarch64")


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (b"[", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"{}", "not a list of images"),
        (b"[]", "its index is empty"),
        (b'{"schemaVersion": 2, "layers": []}', "skopeo copy dir:… oci:…"),
        (b"[1]", "without a Config"),
        (b'[{"Config": 1}]', "without a Config"),
        (b'[{"Config": "c", "Layers": "abc"}]', "can't be read"),
        (b'[{"Config": "c", "Layers": [1]}]', "can't be read"),
        (b'[{"Config": "c", "RepoTags": {"a": 1}}]', "can't be read"),
        (json.dumps([{"Config": "c", "Layers": ["x"] * 100_000}]).encode(), "can't be read"),
        (b" " * (9 << 20) + b"[]", "too large"),
        (b'[{"Config": "../../../../../../etc/hostname", "Layers": []}]', "lacks the image's config"),
        (b'[{"Config": "manifest.json", "Layers": []}]', "not an image's config"),
        (b'[{"Config": "bad\\u0000name", "Layers": []}]', "lacks|can't be read"),
        (b'[{"Config": "bad\\ud800name", "Layers": []}]', "lacks|can't be read"),
    ],
)
def test_a_manifest_that_is_none(way, manifest, message, tmp_path):
    with pytest.raises(ArchiveError, match=message) as error:
        open_way(way, {"manifest.json": manifest}, tmp_path)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "not an image's config"),
        (b"{}", "no rootfs"),
        (b'{"rootfs": 5}', "no rootfs"),
        (b'{"rootfs": {"diff_ids": ["x"]}}', "no digests"),
        (b'{"rootfs": {"diff_ids": {"a": 1}}}', "no digests"),
        (b'{"rootfs": {"diff_ids": ["sha256:' + b"A" * 63 + b'"]}}', "no digests"),
    ],
)
def test_a_config_that_is_none(way, config, message, tmp_path):
    with pytest.raises(ArchiveError, match=message):
        open_way(way, {"c": config, "manifest.json": b'[{"Config": "c", "Layers": []}]'}, tmp_path)


def test_control_characters_never_reach_a_message_raw(way, tmp_path):
    manifest = json.dumps([{"Config": "\x1b[31mred\n", "RepoTags": ["\x1b[2J:1"], "Layers": []}]).encode()
    with pytest.raises(ArchiveError) as error:
        open_way(way, {"manifest.json": manifest}, tmp_path)
    assert str(error.value).isprintable()


def test_names_without_end_and_platforms_of_any_bytes_stay_out_of_messages(way, tmp_path):
    manifest = json.dumps([{"Config": "c" * 5000, "RepoTags": ["n" * 5000], "Layers": []}]).encode()
    for choice in ({}, {"image": "x"}):
        with pytest.raises(ImageError) as error:
            open_way(way, {"manifest.json": manifest}, tmp_path, **choice)
        assert len(str(error.value)) < 800
    image = Image(extra={"os": "linux\x1b[2J", "architecture": ["amd64"]})
    with pytest.raises(PlatformError) as refused:
        open_way(way, docker_archive(image), tmp_path / "x", platform="linux/arm64")
    assert str(refused.value).isprintable()


def test_what_is_no_image_says_so(way, tmp_path):
    with pytest.raises(ArchiveError, match=r"is not an image (archive|layout): neither"):
        open_way(way, {"readme": b"hello"}, tmp_path)
    with pytest.raises(ArchiveError, match=r"Docker older than 1.10"):
        open_way(way, {"repositories": b"{}", "abc/layer.tar": LAYERS[0]}, tmp_path)


@pytest.mark.parametrize("way", ["file", "stream"])
def test_a_file_system_that_docker_export_wrote_is_told_apart(way, tmp_path):
    with pytest.raises(ArchiveError, match="docker export"):
        open_way(way, {"etc/passwd": b"root", "bin/sh": b"\x7fELF", "usr/x": b"{}"}, tmp_path)


def test_blobs_that_nobody_names_do_no_harm(way, tmp_path):
    members = {"VERSION": b"1.0", "x/json": b"{not json", "noise": b"\x1f\x8b\x08broken", "z": bytes(512) + b"a" * 512}
    assert digests(open_way(way, {**members, **docker_archive(Image())}, tmp_path)) == DIFF_IDS


@pytest.mark.parametrize("way", ["stream"])
def test_a_layer_that_is_no_tar_is_an_error_of_that_layer(way, tmp_path):
    members = docker_archive(Image())
    name = json.loads(members["manifest.json"])[0]["Layers"][1]
    members[name] = b"\x1f\x8b\x08" + b"no gzip at all" * 50
    opened = open_way(way, members, tmp_path)
    assert isinstance(opened.layers[1].scanned, ArchiveError)
    members[name] = b"PK\x03\x04" * 300
    opened = open_way(way, members, tmp_path)
    assert isinstance(opened.layers[1].scanned, ArchiveError)


def test_the_config_may_be_anywhere(way, tmp_path):
    image = Image()
    members = docker_archive(image)
    members["deep/down/config"] = members.pop(image.id[7:] + ".json")
    manifest = json.loads(members["manifest.json"])
    manifest[0]["Config"] = "./deep/../deep/down/config"
    members["manifest.json"] = json.dumps(manifest).encode()
    opened = open_way(way, members, tmp_path)
    assert opened.id == image.id == digest(image.config)
    assert blob(image.config).endswith(opened.id[7:])
