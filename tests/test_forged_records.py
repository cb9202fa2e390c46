"""A record of the cache whose checksum is right and whose content is not: it is not used, or its rows hold together."""

from __future__ import annotations

import json
import sys
from array import array

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imgscope
from imgscope.cache import Cache
from imgscope.cache.records import Record
from imgscope.cache.records import encode as encode_record
from imgscope.cli import cli
from imgscope.errors import ImgscopeError
from imgscope.layer import codec
from tests.archive.images import Image, docker_archive, write_tar
from tests.oracle.maketar import file, hardlink, layer, symlink, whiteout

LAYERS = (
    layer(
        file("a/b", b"x" * 5000), file("a/c", b"y" * 3000), symlink("s", "a/b"), file("run.sh", b"#!/bin/sh\necho\n")
    ),
    layer(file("a/b", b"z" * 4000), hardlink("h", "a/b"), whiteout("a/c"), file("bin/x", b"\x7fELF" + b"e" * 600)),
    layer(file("a/b", b"z" * 4000), file("etc/os-release", b"ID=debian\n")),
)
FORGED = [-1, 0, 3, 7, 1 << 40, 1 << 70, 1.5, float("nan"), None, True, "", "x", "\udcff", [], {}, [1], {"a": 1}]
COMMANDS = (
    ("analyze",),
    ("analyze", "--format", "json"),
    ("analyze", "--format", "markdown"),
    ("check", "--no-config", "--max-wasted", "1B", "--forbidden-paths", "/a/**"),
    ("suggest",),
    ("why", "/a/b"),
)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    extra = {"config": {"Env": ["PATH=/bin"], "Cmd": ["/r.sh"]}, "history": [{"created_by": "RUN x"}] * 3}
    return write_tar(tmp_path_factory.mktemp("forged") / "image.tar", docker_archive(Image(LAYERS, extra=extra)))


class Kept:
    """What a run keeps in the cache."""

    def __init__(self, image, folder) -> None:
        self.records: dict[tuple[str, str], bytes] = {}
        put = Cache.put

        def spy(cache, kind, key, data):
            self.records[kind, key] = data
            put(cache, kind, key, data)

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("IMGSCOPE_CACHE_DIR", str(folder))
            patch.setattr(Cache, "put", spy)
            with imgscope.analyze(image) as analysis:
                self.record = encode_record(analysis, ["k"] * 3)
                self.indexes = [codec.encode(index) for index in analysis.body.overlay.layers]


@pytest.fixture(scope="module")
def kept(image, tmp_path_factory):
    return Kept(image, tmp_path_factory.mktemp("kept"))


def places(value, at=()):
    """Every place in a JSON document."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*at, key))


def forged(document, at, value, drop):
    """The document with another value at a place, or without what is there."""
    changed = json.loads(json.dumps(document))
    holder = changed
    for key in at[:-1]:
        holder = holder[key]
    if drop:
        del holder[at[-1]]
    else:
        holder[at[-1]] = value
    return changed


def answers(image, folder, which=COMMANDS) -> None:
    """Run commands on an image with a cache: results or errors of ours, never anything else."""
    for words in which:
        done = CliRunner(env={"IMGSCOPE_CACHE_DIR": str(folder)}).invoke(
            cli, [words[0], str(image), *words[1:]], standalone_mode=False
        )
        assert done.exception is None or isinstance(done.exception, ImgscopeError | SystemExit), (words, done.exception)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), value=st.sampled_from(FORGED), drop=st.booleans())
def test_any_field_of_an_images_record(image, kept, tmp_path_factory, data, value, drop):
    keys = [key for key in kept.records if key[0] == "images"]
    assert len(keys) == 1
    document = json.loads(kept.records[keys[0]])
    at = data.draw(st.sampled_from([place for place in places(document) if place]))
    raw = json.dumps(forged(document, at, value, drop)).encode()
    folder = tmp_path_factory.mktemp("cache")
    cache = Cache(folder)
    for (kind, key), record in kept.records.items():
        cache.put(kind, key, raw if kind == "images" else record)
    answers(image, folder)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), value=st.sampled_from(FORGED), drop=st.booleans(), column=st.booleans())
def test_any_field_of_a_layers_record(image, kept, tmp_path_factory, data, value, drop, column):
    number = data.draw(st.integers(0, 2))
    keys = [key for key in kept.records if key[0] == "layers"]
    raw = kept.records[keys[number % len(keys)]]
    size = int.from_bytes(raw[:8], "little")
    head, columns = json.loads(raw[8 : 8 + size]), bytearray(raw[8 + size :])
    if column:
        place = data.draw(st.integers(0, len(columns) - 8))
        columns[place : place + data.draw(st.sampled_from([1, 4, 8]))] = array(
            "q", [data.draw(st.sampled_from([-1, 0, 1, 5, 255, 1 << 40]))]
        ).tobytes()[: len(columns[place : place + 8])]
        columns = columns[: len(raw) - 8 - size]
    else:
        head = forged(head, data.draw(st.sampled_from([place for place in places(head) if place])), value, drop)
    text = json.dumps(head).encode()
    changed = len(text).to_bytes(8, "little") + text + bytes(columns)
    folder = tmp_path_factory.mktemp("cache")
    cache = Cache(folder)
    for (kind, key), record in kept.records.items():
        cache.put(kind, key, changed if (kind, key) == keys[number % len(keys)] else record)
    answers(image, folder)


def test_what_was_written_is_read(kept):
    assert Record(kept.record).image.platform == "linux/amd64"
    for raw in kept.indexes:
        assert codec.encode(codec.decode(raw)) == raw
    assert sys.byteorder in ("little", "big")
