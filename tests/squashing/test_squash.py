"""An image written anew: the same for a container, to the byte, without what was wasted."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import subprocess
import sys
import tarfile
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imgscope
from imgscope.errors import ContentUnavailableError, ImageError, UsageError
from imgscope.globs import PathFilter
from imgscope.layering import Plan, PlannedLayer, read_plan
from imgscope.layering.plan import glob_of
from imgscope.output import OutputError
from imgscope.paths import split as split_path
from imgscope.squashing import squash
from tests.conftest import FIXTURES
from tests.oracle import maketar as tar
from tests.oracle.strategies import stacks

LOWER = tar.layer(
    tar.directory("etc", mode=0o750, uid=3, gid=4, mtime="5.000000007"),
    tar.file("etc/a", b"a" * 5000),
    tar.file("srv/b", b"b" * 3000, mtime=-1),
    tar.hardlink("srv/c", "srv/b"),
    tar.file("old/x/y", b"gone"),
    tar.symlink("link", "etc/a"),
)
UPPER = tar.layer(
    tar.file("etc/a", b"A" * 7000, xattrs={"security.capability": "\x01\udc80"}),
    tar.whiteout("old/x"),
    tar.character("dev/null", 1, 3),
    tar.fifo("run/pipe"),
    tar.pax_sparse("sparse", [(0, b"start"), (1 << 20, b"end")], 1 << 21, "1.0"),
    tar.file("m" * 300 + "/é", b"\xff"),
)
TOP = tar.layer(tar.whiteout("srv/b"), tar.file("etc/new", b"n"), tar.opaque("run"))


PLAN = Plan(
    (PlannedLayer("settings", paths=("/etc", "nothing-of-it")), PlannedLayer("data", paths=("/srv/c", "m*", "sparse"))),
    "the others",
)


@pytest.fixture
def image(tmp_path):
    return str(tar.docker_archive(tmp_path / "image.tar", [LOWER, UPPER, TOP]))


def rows(analysis):
    """What a container sees: each path with all of it, and which names share an inode."""
    found = {}
    for path, entry in analysis.body.overlay.paths():
        file = analysis.files.tree.row(path, entry)
        found[path] = file._replace(layer=0, layers=())
    return found


@pytest.mark.parametrize(
    "how",
    [
        *({}, {"first": 1}, {"first": 2}, {"drop_waste": True}, {"drop_waste": True, "first": 1}),
        *({"split": PLAN}, {"split": PLAN, "first": 1}),
    ],
)
def test_the_merged_tree_stays_and_waste_goes(image, tmp_path, how):
    target = tmp_path / "out.tar"
    with imgscope.analyze(image, cache=False) as old:
        found = squash(old, target, **how)
        with imgscope.analyze(str(target), cache=False) as new:
            assert rows(new).keys() == rows(old).keys()
            assert new.image.merged_bytes == old.image.merged_bytes
            assert new.image.content_bytes == found.after == sum(layer.content_bytes for layer in found.layers)
            assert new.image.id == found.id
            if not how.get("first"):
                # What analyze calls merged is what is left.
                assert (found.after, new.image.wasted_bytes) == (old.image.merged_bytes, 0)
            kept = [layer.diff_id for layer in found.layers if layer.kept]
            assert kept == [layer.diff_id for layer in old.layers[: how.get("first", 0)]]
            made = 3 if {"drop_waste", "split"} & how.keys() else 1
            assert len(found.layers) == (made if "drop_waste" in how else made + how.get("first", 0))
            steps = new.image.history
            assert [step.layer for step in steps if step.layer is not None] == list(range(len(found.layers)))


# The names that stacks are made of.
EVERYWHERE = Plan((PlannedLayer("a", paths=("a*", "/b/c")), PlannedLayer("b", paths=("/*/b", "/?/[c-f]*"))))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(stack=stacks(), first=st.integers(0, 3), how=st.sampled_from([{}, {"drop_waste": True}, {"split": EVERYWHERE}]))
def test_any_stack_is_the_same_or_refused(tmp_path_factory, stack, first, how):
    """Whatever a tar says: both trees are equal, or no archive appears."""
    folder = tmp_path_factory.mktemp("stack")
    image, target = tar.docker_archive(folder / "image.tar", stack), folder / "out.tar"
    try:
        with imgscope.analyze(str(image), cache=False) as old:
            try:
                squash(old, target, first=min(first, len(stack) - 1), **how)
            except (ImageError, UsageError):
                assert not target.exists()
                return
            with imgscope.diff(old, str(target), cache=False) as difference:
                assert not list(difference.files) and not difference.config
    except ImageError:
        pass


def test_the_same_image_makes_the_same_bytes(image, tmp_path):
    digests = set()
    for name in ("one.tar", "two.tar"):
        squash(image, tmp_path / name, cache=False)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_config_and_history_stay_but_for_layers(tmp_path):
    source = str(FIXTURES / "webapp.tar")
    squash(source, tmp_path / "out.tar", first=2, names=["app:small"])
    with tarfile.open(tmp_path / "out.tar") as archive:
        manifest = json.load(archive.extractfile("manifest.json"))[0]
        config = json.load(archive.extractfile(manifest["Config"]))
        assert manifest["RepoTags"] == ["app:small"] and len(manifest["Layers"]) == 3
        assert "oci-layout" in archive.getnames() and "index.json" in archive.getnames()
    with imgscope.analyze(source, raw=True, cache=False) as old:
        was = dict(old.raw_config)
        assert {**config, "rootfs": 0, "history": 0} == {**was, "rootfs": 0, "history": 0}
        kept = [
            step
            for step in config["history"]
            if not step.get("created_by", "").startswith("imgscope squash: layers 2 to")
        ]
        assert [step.get("created_by") for step in kept] == [step.get("created_by") for step in was["history"]]
    assert len(config["history"]) == len(kept) + 1


def test_nothing_is_written_where_it_cannot_be(image, tmp_path, imgscope):
    target = tmp_path / "out.tar"
    target.write_text("mine")
    done = imgscope("squash", image, "-o", target, "--from", "9")
    assert done.returncode == 2 and "layers 0 to 2" in done.stderr and target.read_text() == "mine"
    done = imgscope("squash", image, "-o", image)
    assert done.returncode == 2 and "would replace what is read" in done.stderr
    done = imgscope("squash", image, "-o", tmp_path / "no" / "out.tar")
    assert done.returncode != 0 and done.stderr.count("\n") == 1
    done = imgscope("squash", image, "-o", "/dev/null")
    assert done.returncode != 0 and "no regular file" in done.stderr
    saved = tmp_path / "saved.json"
    saved.write_text(imgscope("analyze", image, "--format", "json").stdout)
    done = imgscope("squash", saved, "-o", target)
    assert done.returncode == 3 and "saved analysis" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.tar", "out.tar", "saved.json"]


def test_a_layer_that_is_not_what_it_claims_is_not_written(image, tmp_path):
    data = bytearray((tmp_path / "image.tar").read_bytes())
    place = data.index(b"a" * 5000)
    data[place] ^= 1
    (tmp_path / "image.tar").write_bytes(data)
    with pytest.raises(ImageError, match="layer 0 is damaged"):
        squash(image, tmp_path / "out.tar", first=1, cache=False)
    assert not (tmp_path / "out.tar").exists()


NAMES = ("", "bad name", "UP/x:1", "-x", "a:b:c", "a\x1b[31m", "app@sha256:" + "0" * 64, "x" * 300)


@pytest.mark.parametrize("name", NAMES)
def test_no_image_is_given_a_name_that_no_engine_takes(image, tmp_path, name):
    with pytest.raises(UsageError, match="not a name"):
        squash(image, tmp_path / "out.tar", names=[name])
    assert not (tmp_path / "out.tar").exists()


def test_a_name_without_a_tag_is_latest(image, tmp_path):
    names = squash(image, tmp_path / "out.tar", names=["h:5000/org", "app:2"]).names
    assert names == ("h:5000/org:latest", "app:2")


def test_what_nobody_can_write_is_said(image, tmp_path, imgscope):
    done = imgscope("squash", image, "-o", "-")
    assert done.returncode == 2 and "goes to a file" in done.stderr
    linked = tar.docker_archive(tmp_path / "linked.tar", [tar.layer(tar.hardlink("here", "nowhere"))])
    with pytest.raises(ImageError, match="/here is a hard link to nothing"):
        squash(linked, tmp_path / "out.tar")
    empty = tar.docker_archive(tmp_path / "empty.tar", [])
    with pytest.raises(UsageError, match="no layers"):
        squash(empty, tmp_path / "out.tar", first=1)


def test_an_image_may_have_any_number_of_layers(tmp_path):
    """With a file for each the program would run out of them."""
    many = tar.docker_archive(tmp_path / "many.tar", [tar.layer(tar.file(f"f{number}", b"x")) for number in range(300)])
    command = [
        sys.executable,
        "-m",
        "imgscope",
        "squash",
        many,
        "-o",
        tmp_path / "out.tar",
        "--drop-waste",
        "--no-cache",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)),
    )
    assert done.returncode == 0 and b"300 layers" in done.stdout, done.stderr


class Full:
    """A file on a full disk."""

    def write(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def tell(self):
        return 0


def test_where_there_is_no_room_is_said(image, tmp_path, monkeypatch):
    monkeypatch.setattr("imgscope.squashing.run._Work._file", lambda self: Full())
    with pytest.raises(OutputError, match="set TMPDIR"):
        squash(image, tmp_path / "out.tar", cache=False)
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]


def test_errors_have_their_kinds(image, tmp_path):
    with pytest.raises(UsageError):
        squash(image, tmp_path / "o.tar", first=-1)
    with pytest.raises(OutputError):
        squash(image, tmp_path / "no" / "o.tar")
    assert issubclass(ContentUnavailableError, ImageError)


def test_what_was_done_is_told(image, tmp_path, imgscope):
    done = imgscope("squash", image, "-o", tmp_path / "out.tar", "--from", "1", "--format", "json")
    told = json.loads(done.stdout)
    assert [layer["made_of"] for layer in told["layers"]] == [[0, 0], [1, 2]] and told["layers"][0]["kept"]
    done = imgscope("squash", image, "-o", tmp_path / "out.tar")
    assert "layers 0 to 2" in done.stdout and f"docker load -i {tmp_path}/out.tar" in done.stdout


def split(image, target, plan, **how):
    """Squash by a plan, and return the members of each layer by its name."""
    found = squash(image, target, split=plan, cache=False, **how)
    with imgscope.analyze(str(target), cache=False) as new:
        entries = [
            {os.path.join(directory, name) for directory, name, _ in new.body.overlay.entries(number)}
            for number in range(len(new.layers))
        ]
    return found, {layer.name: paths for layer, paths in zip(found.layers, entries, strict=True)}


def test_a_plan_says_what_lies_where(image, tmp_path):
    found, paths = split(image, tmp_path / "out.tar", PLAN)
    assert [layer.name for layer in found.layers] == ["settings", "data", "the others"]
    assert paths["settings"] == {b"etc", b"etc/a", b"etc/new"}
    # Of a file with two names one was planned. Its directory is named by no layer of the old image.
    assert {b"srv/c", b"sparse", b"m" * 300 + "/é".encode()} <= paths["data"] and b"link" in paths["the others"]
    # Directories are the last layer's word.
    assert b"etc" in paths["the others"]
    with imgscope.analyze(str(tmp_path / "out.tar"), cache=False) as new:
        assert new.layers[0].created_by.startswith("imgscope squash: settings, layers 0 to 2 of sha256:")


def test_linked_names_lie_in_one_layer(tmp_path):
    stack = [tar.layer(tar.file("a/x", b"x" * 900), tar.hardlink("b/x", "a/x"), tar.hardlink("c/x", "a/x"))]
    image = tar.docker_archive(tmp_path / "linked.tar", stack)
    plan = Plan((PlannedLayer("c", paths=("/c",)), PlannedLayer("a", paths=("/a",))))
    found, paths = split(image, tmp_path / "out.tar", plan)
    assert paths["c"] == {b"a/x", b"b/x", b"c/x"} and found.after == 900
    assert found.notes == (
        "the image has nothing of a: there is no such layer",
        "2 names lie in a layer below the planned one, beside another of the file",
    )


def test_packages_are_planned_by_name_and_stay_when_others_come(tmp_path):
    site = "usr/lib/python3.12/site-packages"

    def version(number, app):
        record = f"torch/t.so,,\ntorch-{number}.dist-info/METADATA,,\n".encode()
        home = f"{site}/torch-{number}.dist-info"
        return tar.docker_archive(
            tmp_path / f"{app}.tar",
            [
                tar.layer(
                    tar.directory("usr", mtime=len(app)),
                    tar.directory(site, mtime=app[-1].encode()[0]),
                    tar.file(f"{site}/torch/t.so", number.encode() * 1000),
                    tar.file(f"{home}/METADATA", b"Name: torch\nVersion: " + number.encode()),
                    tar.file(f"{home}/RECORD", record),
                    tar.file(f"{site}/{app}", b"app"),
                )
            ],
        )

    plan = Plan((PlannedLayer("torch", packages=("python:t*",)),))
    first, paths = split(version("2.1", "app1"), tmp_path / "one.tar", plan)
    assert f"{site}/torch/t.so".encode() in paths["torch"] and f"{site}/app1".encode() in paths["everything else"]
    second, _ = split(version("2.1", "app2"), tmp_path / "two.tar", plan)
    third, _ = split(version("2.2", "app3"), tmp_path / "three.tar", plan)
    torch = [found.layers[0].diff_id for found in (first, second, third)]
    assert torch[0] == torch[1] != torch[2]
    # The layer above tells of each directory.
    assert first.layers[1].diff_id != second.layers[1].diff_id


def test_a_plan_is_a_file(image, tmp_path, imgscope):
    plan = tmp_path / "plan.toml"
    plan.write_text("\n".join(PLAN.toml()))
    assert read_plan(plan) == PLAN
    done = imgscope("squash", image, "-o", tmp_path / "out.tar", "--split", plan)
    assert done.returncode == 0 and "settings" in done.stdout and "3 layers" in done.stdout
    by_json = tmp_path / "plan.json"
    rows = [{"name": row.name, "paths": list(row.paths)} for row in PLAN.layers]
    by_json.write_text(json.dumps({"layers": [*rows, {"name": "the others"}]}))
    assert read_plan(by_json) == PLAN
    done = imgscope("squash", image, "-o", plan, "--split", plan)
    assert done.returncode == 2 and "would replace what is read" in done.stderr
    done = imgscope("squash", image, "-o", tmp_path / "x.tar", "--split", plan, "--drop-waste")
    assert done.returncode == 2 and not (tmp_path / "x.tar").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no [[layers]]"),
        ("[[layers", "plan.toml"),
        ("{" * 100_000, "plan.toml"),
        ("[[layers]]\n[[layers]]\npaths=['/x']", "layer 0 names no packages"),
        ("[[layers]]\npackages=['torch']", "python:torch"),
        ("[[layers]]\nglobs=['/x']", "there is no globs"),
        ("[[layers]]\npaths='/x'", "a list of texts"),
        ("version=2\nlayers=[]", "version 1"),
        ("[[layers]]\npaths=['/x']\n" * 128, "127"),
        ("#" * (5 << 20), "MiB"),
    ],
)
def test_what_is_no_plan_is_said(image, tmp_path, text, said):
    plan = tmp_path / "plan.toml"
    plan.write_text(text)
    with pytest.raises(UsageError) as error:
        squash(image, tmp_path / "out.tar", split=plan)
    assert said in str(error.value) and "\n" not in str(error.value) and not (tmp_path / "out.tar").exists()


@given(st.lists(st.binary(min_size=1, max_size=8).filter(lambda name: not set(name) & set(b"/\0")), min_size=1))
def test_a_globs_way_of_writing_a_path_fits_it(parts):
    path = b"/".join(parts)
    directory, name = split_path(path)
    assert PathFilter([glob_of(path)]).fits_itself(directory, name)
    assert PathFilter([glob_of(path)]).fits(path, b"below")
    plan = Plan((PlannedLayer('\x7f"\n\\', paths=(glob_of(path),)),))
    assert tomllib.loads("\n".join(plan.toml()))["layers"][0] == {"name": '\x7f"\n\\', "paths": [glob_of(path)]}
