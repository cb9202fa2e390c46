"""The reference grammar: what lies at a path decides, never its name alone; the rest goes to an engine."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from imgscope.errors import ImageNotFoundError, UsageError
from imgscope.reference import Reference, parse


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with one of each: archives, a layout, a saved analysis, and things that are no images."""
    monkeypatch.chdir(tmp_path)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("manifest.json"))
    tar_bytes = out.getvalue()
    for name in ("app.tar", "archive", "with", "with:colon.tar", "weird@name.tar"):
        Path(name).write_bytes(tar_bytes)
    Path("app.tar.gz").write_bytes(gzip.compress(tar_bytes))
    Path("packed.bin").write_bytes(gzip.compress(tar_bytes))
    Path("saved.json").write_text('{"schema_version": 1}')
    Path("result").write_text('\n {"schema_version": 1}')
    for name in ("layout", "unpacked"):
        Path(name).mkdir()
    Path("layout/index.json").write_text("{}")
    Path("unpacked/manifest.json").write_text("[]")
    Path("python").write_text("#!/bin/sh\n")
    Path("project").mkdir()
    Path("broken.tar").write_text("not a tar")
    os.mkfifo("pipe")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "kind", "target", "image"),
    [
        ("myapp", "engine", "myapp", None),
        ("myapp:1.0", "engine", "myapp:1.0", None),
        ("a/b/c:x_1.2-3", "engine", "a/b/c:x_1.2-3", None),
        ("registry.example.com:5000/team/app:1.0", "engine", "registry.example.com:5000/team/app:1.0", None),
        ("localhost/app", "engine", "localhost/app", None),
        ("EXAMPLE.com/app", "engine", "EXAMPLE.com/app", None),
        ("app:MixedCaseTag", "engine", "app:MixedCaseTag", None),
        ("a3bc86f6e94d", "engine", "a3bc86f6e94d", None),
        ("sha256:" + "a" * 64, "engine", "sha256:" + "a" * 64, None),
        ("myapp@sha256:" + "b" * 64, "engine", "myapp@sha256:" + "b" * 64, None),
        ("myapp:1.0@sha256:" + "b" * 64, "engine", "myapp:1.0@sha256:" + "b" * 64, None),
        ("docker:myapp:1.0", "engine", "myapp:1.0", None),
        ("docker://myapp:1.0", "registry", "myapp:1.0", None),
        ("docker://localhost:5000/a/b@sha256:" + "d" * 64, "registry", "localhost:5000/a/b@sha256:" + "d" * 64, None),
        ("registry:python:3.12", "registry", "python:3.12", None),
        ("registry:python", "registry", "python", None),
        ("registry:ghcr.io/org/app:1.0", "registry", "ghcr.io/org/app:1.0", None),
        ("registry:host:5000/app@sha256:" + "d" * 64, "registry", "host:5000/app@sha256:" + "d" * 64, None),
        # The engine's image that is called so.
        ("registry:2", "engine", "registry:2", None),
        ("registry:2.8.3", "engine", "registry:2.8.3", None),
        ("registry:latest", "engine", "registry:latest", None),
        ("docker:app.tar", "engine", "app.tar", None),
        ("docker:docker:dind", "engine", "docker:dind", None),
        ("podman:myapp:1.0", "podman", "myapp:1.0", None),
        ("podman://localhost/myapp", "podman", "localhost/myapp", None),
        ("python", "engine", "python", None),
        ("python:3.12", "engine", "python:3.12", None),
        ("project", "engine", "project", None),
        ("project:1.0", "engine", "project:1.0", None),
        ("app.tar", "file", "app.tar", None),
        ("./app.tar", "file", "./app.tar", None),
        ("app.tar.gz", "file", "app.tar.gz", None),
        ("packed.bin", "file", "packed.bin", None),
        ("archive", "file", "archive", None),
        ("archive:1.0", "file", "archive", "1.0"),
        ("app.tar:myapp:1.0", "file", "app.tar", "myapp:1.0"),
        ("app.tar@sha256:" + "c" * 64, "file", "app.tar", "@sha256:" + "c" * 64),
        ("with:colon.tar", "file", "with:colon.tar", None),
        ("with:colon.tar:a:b", "file", "with:colon.tar", "a:b"),
        ("with:colon", "file", "with", "colon"),
        ("weird@name.tar", "file", "weird@name.tar", None),
        ("docker-archive:app.tar", "file", "app.tar", None),
        ("docker-archive:app.tar:myapp", "file", "app.tar", "myapp"),
        ("docker-archive://app.tar", "file", "app.tar", None),
        ("docker-tar:app.tar", "file", "app.tar", None),
        ("oci-archive:app.tar:1.0", "file", "app.tar", "1.0"),
        ("oci-archive:with:colon.tar", "file", "with:colon.tar", None),
        ("docker-archive:broken.tar", "file", "broken.tar", None),
        ("oci:layout", "layout", "layout", None),
        ("oci-dir:layout", "layout", "layout", None),
        ("oci:layout:1.0", "layout", "layout", "1.0"),
        ("oci:layout@sha256:" + "d" * 64, "layout", "layout", "@sha256:" + "d" * 64),
        ("layout", "layout", "layout", None),
        ("layout/", "layout", "layout/", None),
        ("./layout:1.0", "layout", "./layout", "1.0"),
        ("layout:1.0", "layout", "layout", "1.0"),
        ("unpacked", "layout", "unpacked", None),
        ("saved.json", "saved", "saved.json", None),
        ("result", "saved", "result", None),
        ("broken.tar", "file", "broken.tar", None),
        ("./python", "file", "./python", None),
        ("./pipe", "file", "./pipe", None),
        ("-", "stdin", "-", None),
    ],
)
def test_what_it_means(text, kind, target, image):
    assert parse(text) == Reference(kind, text, target, image)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ap.tar", r"no file ap.tar; did you mean app.tar"),
        ("./app.tra", r"no file ./app.tra; did you mean ./app.tar"),
        ("missing.tar.zst", r"no file missing.tar.zst"),
        ("nowhere/app.tar", r"no file nowhere/app.tar: there is no folder nowhere"),
        ("/nowhere/x", r"no file /nowhere/x"),
        ("other.tar:1.0", r"no file other.tar"),
        ("saves.json", r"did you mean saved.json"),
        ("docker-archive:nothing", r"no file nothing"),
        ("oci:nothing:1.0", r"there is no folder nothing; an OCI layout is written oci:DIR:TAG"),
        ("./project", r"is a directory, but no OCI layout"),
        ("oci:project", r"is a directory, but no OCI layout"),
        (".", r"is a directory, but no OCI layout"),
    ],
)
def test_paths_where_no_image_is(text, message):
    with pytest.raises(ImageNotFoundError, match=message):
        parse(text)


@pytest.mark.parametrize(
    "text", ["", "a b", "MyApp", "team/MyApp:1.0", "app:", "app@sha256:12", "docker:", "podman:", "oci:", "-x", "a//b"]
)
def test_what_can_be_no_reference(text):
    with pytest.raises(UsageError) as error:
        parse(text)
    assert str(error.value).isprintable()


def test_control_characters_are_escaped_in_messages():
    for text in ("a\x1b[31m", "./\x1b]0;x\x07.tar"):
        with pytest.raises((UsageError, ImageNotFoundError)) as error:
            parse(text)
        assert str(error.value).isprintable()


def test_a_path_object_is_a_path(folder):
    assert parse(Path("app.tar")).kind == "file"
    assert parse(folder / "layout").kind == "layout"
    assert parse(folder / "saved.json").kind == "saved"
    with pytest.raises(ImageNotFoundError, match="no file myapp"):
        parse(Path("myapp"))


def test_a_choice_made_apart_from_the_reference():
    assert parse("app.tar", "1.0").image == "1.0"
    assert parse("app.tar:1.0", "1.0").image == "1.0"
    assert parse("-", "1.0").image == "1.0"
    with pytest.raises(UsageError, match=r"names '1.0', --image '2.0'"):
        parse("app.tar:1.0", "2.0")
    for text in ("myapp", "podman:myapp", "saved.json"):
        with pytest.raises(UsageError, match="goes with archives only"):
            parse(text, "1.0")


def test_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert parse("~/app.tar") == Reference("file", "~/app.tar", f"{folder}/app.tar")


def test_links_that_lead_nowhere():
    Path("dangling.tar").symlink_to("nowhere")
    assert parse("dangling.tar").kind == "file"
    Path("linked").symlink_to("app.tar")
    assert parse("linked").kind == "file"
