"""Docker's list and an OCI layout in one archive: the list and the config decide, what the layout says is noted."""

from __future__ import annotations

import json

import pytest

from imgscope.errors import ArchiveError

from .images import (
    LAYERS,
    OCI,
    WAYS,
    Image,
    blob,
    descriptor,
    digest,
    digests,
    docker_archive,
    layer,
    layout,
    manifest_of,
    open_way,
)

DIFF_IDS = [digest(data) for data in LAYERS]
PLATFORM = {"os": "linux", "architecture": "amd64"}


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


def both(image: Image | None = None, pack: str = "", change=None, named: bool = True) -> dict:
    """What Docker 25 saves; ``change`` bends the OCI manifest, whose digest is right again."""
    image = image or Image()
    members: dict = {}
    found = manifest_of(image, members, pack=pack, media="tar")
    manifest = json.loads(members["blobs/" + found["digest"].replace(":", "/")])
    layers = ["blobs/" + part["digest"].replace(":", "/") for part in manifest["layers"]]
    if change is not None:
        change(manifest)
        found = descriptor(manifest, members, "manifest.v1+json")
    members["manifest.json"] = json.dumps(
        [{"Config": blob(image.config), "RepoTags": list(image.names), "Layers": layers}]
    ).encode()
    if named:
        found["annotations"] = {"io.containerd.image.name": f"docker.io/library/{image.names[0]}"}
    return layout(members, found)


def reverse(manifest):
    manifest["layers"].reverse()


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("pack", ["", "gzip"])
@pytest.mark.parametrize(
    ("change", "note"),
    [
        (reverse, "names its layers in another order; manifest.json and the config decide"),
        (lambda m: m.update(layers=[]), "names no layers; manifest.json and the config decide"),
        (lambda m: m.update(layers=None), "names no layers; manifest.json and the config decide"),
        (lambda m: m["layers"].pop(), "names other layers; manifest.json and the config decide"),
        (lambda m: m["layers"].append(m["layers"][0]), "names other layers"),
        (lambda m: m["layers"][1].update(digest="sha256:" + "0" * 64), "names other layers"),
        (lambda m: m["layers"][1].update(size=7), "states 7 bytes for layer 1, which has"),
        (lambda m: m["layers"][1].update(digest="nothing"), "index.json is passed over where it can't be used"),
        (lambda m: m.pop("config"), "index.json is passed over where it can't be used"),
        (lambda m: m["config"].update(digest="sha256:" + "0" * 64), "index.json is passed over"),
    ],
)
def test_the_oci_manifest_does_not_matter(way, change, pack, note, named, tmp_path):
    opened = open_way(way, both(pack=pack, change=change, named=named), tmp_path)
    assert digests(opened) == [stored.diff_id for stored in opened.layers] == DIFF_IDS
    assert opened.names == ("app:1.0",)
    assert len(opened.notes) == 1 and note in opened.notes[0]


def test_an_archive_that_is_right_has_no_note(way, tmp_path):
    for number, pack in enumerate(("", "gzip")):
        assert open_way(way, both(pack=pack), tmp_path / str(number)).notes == ()


@pytest.mark.parametrize(
    ("index", "why"),
    [
        (b'{"schemaVersion": 2, "manifests": null}', "index.json names no image"),
        (b'{"schemaVersion": 2, "manifests": []}', "index.json names no image"),
        (b"{}", "index.json names no image"),
        (b"null", "index.json is not an OCI image index"),
        (b"[", "index.json is not valid JSON"),
        (b'{"manifests": [{"digest": "x"}]}', "names a manifest without a digest"),
        (None, "index.json is missing"),
        (json.dumps({"manifests": [{"digest": "sha256:" + "1" * 64}]}).encode(), "lacks the manifest"),
    ],
)
def test_an_index_that_is_of_no_use_does_not_matter(way, index, why, tmp_path):
    members = both()
    if index is None:
        del members["index.json"]
    else:
        members["index.json"] = index
    opened = open_way(way, members, tmp_path)
    assert digests(opened) == DIFF_IDS
    (note,) = opened.notes
    assert why in note and "passed over" in note and note.isprintable()


def test_a_damaged_oci_manifest_can_still_be_named_and_is_then_an_error(way, tmp_path):
    members = both()
    found = json.loads(members["index.json"])["manifests"][0]["digest"]
    members["blobs/" + found.replace(":", "/")] += b" "
    assert digests(open_way(way, members, tmp_path)) == DIFF_IDS
    with pytest.raises(ArchiveError, match="is damaged"):
        open_way(way, members, tmp_path / "x", image=found)


def test_where_the_list_contradicts_the_config_the_oci_manifest_that_fits_decides(way, tmp_path):
    members = both()
    manifest = json.loads(members["manifest.json"])
    manifest[0]["Layers"].reverse()
    members["manifest.json"] = json.dumps(manifest).encode()
    opened = open_way(way, members, tmp_path)
    assert digests(opened) == DIFF_IDS and "manifest.json names other layers than the config" in opened.notes[0]


@pytest.mark.parametrize("style", ["blobs", "digest", "colon"])
def test_an_order_that_names_show_to_be_wrong_is_an_error(way, style, tmp_path):
    """Plain blobs are called by their digests, which are the config's diff_ids."""
    members = docker_archive(Image(), style=style)
    manifest = json.loads(members["manifest.json"])
    manifest[0]["Layers"].reverse()
    members["manifest.json"] = json.dumps(manifest).encode()
    with pytest.raises(ArchiveError, match="not those of its config, or in another order: layer 0 is"):
        open_way(way, members, tmp_path)


def test_an_order_that_names_show_to_be_wrong_is_an_error_of_a_layout_too(way, tmp_path):
    members: dict = {}
    found = manifest_of(Image(), members, pack="", media="tar")
    manifest = json.loads(members["blobs/" + found["digest"].replace(":", "/")])
    reverse(manifest)
    with pytest.raises(ArchiveError, match="in another order: layer 0 is sha256:"):
        open_way(way, layout(members, descriptor(manifest, members, "manifest.v1+json")), tmp_path)


def test_names_that_are_no_digests_of_the_layers_are_no_order(way, tmp_path):
    """Chain ids of older Dockers, digests of compressed bytes, anything."""
    for number, (style, pack) in enumerate([("legacy", ""), ("blobs", "gzip"), ("legacy", "gzip")]):
        assert (
            digests(open_way(way, docker_archive(Image(), style=style, pack=pack), tmp_path / str(number))) == DIFF_IDS
        )


@pytest.mark.parametrize("case", [str.lower, str.upper, str.swapcase, lambda key: key[0].lower() + key[1:]])
def test_keys_are_read_in_any_case(way, case, tmp_path):
    image = Image()
    config = {case(key): value for key, value in json.loads(image.config).items()}
    key = case("rootfs")
    config[key] = {case(name): value for name, value in config[key].items()}
    key = case("config")
    config[key] = {case(name): value for name, value in config[key].items()}
    key = case("history")
    config[key] = [{case(name): value for name, value in step.items()} for step in config[key]]
    data = json.dumps(config).encode()
    members = docker_archive(image)
    (entry,) = json.loads(members.pop("manifest.json"))
    del members[entry["Config"]]
    entry["Config"] = digest(data)[7:] + ".json"
    members[entry["Config"]] = data
    members["manifest.json"] = json.dumps([{case(name): value for name, value in entry.items()}]).encode()
    opened = open_way(way, members, tmp_path)
    assert digests(opened) == DIFF_IDS and opened.names == ("app:1.0",) and opened.platform == "linux/amd64"
    assert opened.config["config"]["Cmd"] == ["/x"] and opened.config["history"][0]["created_by"] == "RUN 0"
    assert opened.config_actual == opened.config_digest == digest(data)


def test_of_a_key_that_comes_twice_the_last_counts(way, tmp_path):
    """As Go reads it, so that an engine and imgscope never read two images out of one file."""
    one, other = docker_archive(Image()), docker_archive(Image(layers=LAYERS[:1]))
    (first,), (second,) = json.loads(one["manifest.json"]), json.loads(other["manifest.json"])
    entry = {**first, "config": second["Config"], "LAYERS": second["Layers"]}
    members = {**one, **other, "manifest.json": json.dumps([entry]).encode()}
    assert digests(open_way(way, members, tmp_path)) == DIFF_IDS[:1]


def test_an_index_and_its_descriptors_are_read_in_any_case(way, tmp_path):
    members: dict = {}
    found = manifest_of(Image(), members)
    manifest = json.loads(members["blobs/" + found["digest"].replace(":", "/")])
    lower = {
        "schemaversion": 2,
        "CONFIG": {key.upper(): value for key, value in manifest["config"].items()},
        "Layers": [{key.title(): value for key, value in part.items()} for part in manifest["layers"]],
    }
    top = descriptor(lower, members, "manifest.v1+json")
    members["index.json"] = json.dumps({"Manifests": [{key.upper(): value for key, value in top.items()}]}).encode()
    assert digests(open_way(way, members, tmp_path)) == DIFF_IDS


# What tools call a config: its digest, or anything.
@pytest.mark.parametrize(
    "called",
    [
        "{}.json",
        "sha256:{}",
        "sha256:{}.json",
        "blobs/sha256/{}",
        "./{}.json",
        "config.json",
        "deadbeef.json",
        "a/{}.json",
    ],
)
def test_a_config_is_held_to_the_digest_that_it_is_called_by(way, called, tmp_path):
    image = Image()
    members = docker_archive(image)
    (entry,) = json.loads(members["manifest.json"])
    entry["Config"] = called.format(image.id[7:])
    members[entry["Config"].removeprefix("./")] = members.pop(image.id[7:] + ".json").replace(b'"/x"', b'"/y"')
    members["manifest.json"] = json.dumps([entry]).encode()
    opened = open_way(way, members, tmp_path)
    if "{}" in called and not called.startswith("a/"):
        with pytest.raises(ArchiveError, match="config is damaged or forged"):
            opened.check_config()
    else:
        opened.check_config()


def test_what_a_layout_says_of_several_images_stays_with_its_image(way, tmp_path):
    members = both(Image(names=("one:1",)), change=reverse)
    more = both(Image(layers=(layer(other="x"),), names=("two:1",)))
    index = json.loads(members["index.json"])
    index["manifests"] += json.loads(more["index.json"])["manifests"]
    listed = json.loads(members["manifest.json"]) + json.loads(more["manifest.json"])
    members = {
        **more,
        **members,
        "index.json": json.dumps(index).encode(),
        "manifest.json": json.dumps(listed).encode(),
    }
    assert "another order" in open_way(way, members, tmp_path, image="one:1").notes[0]
    assert open_way(way, members, tmp_path / "x", image="two:1").notes == ()
    assert OCI in str(members["index.json"])
