"""How an image's size went from tag to tag: the right figures, in the right order, and what a jump was."""

from __future__ import annotations

import csv
import io
import json
import random
from xml.etree import ElementTree as ET

import pytest

import imgscope
from imgscope.errors import ImageNotFoundError, UsageError
from imgscope.report.interface import Options
from imgscope.trends.collect import _is_repository
from imgscope.trends.model import Point, Trend
from imgscope.trends.outputs import FORMATS, renderer
from tests.archive.images import Image, docker_archive, layer, manifest_of, write_tar

BASE = layer(base=random.Random(1).randbytes(200_000))
MODEL = layer(**{"srv/model.bin": random.Random(2).randbytes(900_000)})


def app(number: int) -> bytes:
    return layer(**{"srv/app": random.Random(number).randbytes(50_000 + number * 1000)})


def image(number: int, day: int) -> Image:
    layers = (BASE, app(number), *([MODEL] if number >= 3 else []))
    history = [{"created_by": word} for word in ("ADD base", "COPY app /srv", "COPY model.bin /srv")[: len(layers)]]
    return Image(
        layers=layers, names=(f"app:1.{number}",), extra={"created": f"2026-01-{day:02}T00:00:00Z", "history": history}
    )


@pytest.fixture
def archives(tmp_path):
    return [
        str(write_tar(tmp_path / f"1.{number}.tar", docker_archive(image(number, 10 - number)))) for number in range(5)
    ]


def shown(trend: Trend, name: str, **options) -> str:
    return b"".join(renderer(name)(trend, Options(**options))).decode()


def test_points_steps_and_the_jump_with_its_cause(archives):
    trend = imgscope.trend(*archives, content=True, cache=False)
    assert trend.measure == "content"
    sizes = [point.content_bytes for point in trend.points]
    assert sizes == [250_000, 251_000, 252_000, 1_153_000, 1_154_000]
    assert [delta for *_, delta in trend.steps()] == [1000, 1000, 901_000, 1000]
    (jump,) = trend.jumps
    assert (jump.before.name, jump.after.name, jump.bytes) == (archives[2], archives[3], 901_000)
    assert [(cause.kind, cause.what, cause.bytes) for cause in jump.causes] == [
        ("layer", "COPY model.bin /srv", 900_000),
        ("layer", "COPY app /srv", 1000),
        ("files", "/srv", 901_000),
    ]


def test_what_is_to_pull_is_estimated_and_new_layers_alone_are_new(archives):
    trend = imgscope.trend(*archives, explain=0, cache=False)
    assert trend.measure == "to pull" and not trend.jumps
    assert all(point.about and point.pull_bytes for point in trend.points)
    first, second, *_ = trend.points
    assert first.new_bytes == first.pull_bytes
    # The base is shared; random bytes do not compress.
    assert 50_000 < second.new_bytes < 60_000


def test_images_come_in_the_order_that_is_asked_for(archives):
    mixed = [archives[2], archives[0], archives[4]]
    assert [point.name for point in imgscope.trend(*mixed, explain=0).points] == mixed
    by_time = imgscope.trend(*mixed, explain=0, by="time")
    assert [point.created[8:10] for point in by_time.points] == ["06", "08", "10"]
    with pytest.raises(UsageError, match="no order 'size'"):
        imgscope.trend(*mixed, by="size")


def test_one_bad_image_stops_nothing_and_is_told(archives, tmp_path, inside):
    bad = tmp_path / "bad.tar"
    bad.write_bytes(b"no archive" * 100)
    done = inside("trend", archives[0], bad, archives[1], "--format", "json", "--no-cache")
    assert done.returncode == 3
    found = json.loads(done.stdout)
    assert [row["problem"] is None for row in found["points"]] == [True, False, True]
    assert found["points"][2]["new_bytes"] < found["points"][2]["pull_bytes"]
    done = inside("trend", bad, bad)
    assert done.returncode == 3 and not done.stdout and done.stderr.count("\n") == 1


def test_the_same_images_give_the_same_bytes(archives, inside):
    for name in FORMATS:
        runs = {
            inside("trend", *archives, "--format", name, *more).stdout for more in (["--no-cache"], [], [], ["--bytes"])
        }
        assert len(runs) == (1 if name in ("json", "csv") else 2)


def test_outputs_hold_the_same_figures(archives):
    trend = imgscope.trend(*archives, content=True)
    rows = list(csv.DictReader(io.StringIO(shown(trend, "csv"))))
    assert [int(row["content_bytes"]) for row in rows] == [point.content_bytes for point in trend.points]
    text = shown(trend, "text", exact_bytes=True)
    for name in ("markdown", "html"):
        page = shown(trend, name, exact_bytes=True)
        assert all(f"{point.content_bytes:,}" in page and f"{point.content_bytes:,}" in text for point in trend.points)
        assert "+901,000" in page
    picture = ET.fromstring(shown(trend, "svg"))
    assert sum(1 for _ in picture.iter("{http://www.w3.org/2000/svg}title")) == 5


def test_no_name_of_a_stranger_is_live():
    name = '"><script>alert(1)</script>]]>\x1b[31m‮`|=1+1'
    points = tuple(
        Point(text, text, created="2026<b>", pull_bytes=size, new_bytes=1) for text, size in ((name, 5), ("=cmd", 9))
    )
    trend = Trend(name, "to pull", points)
    for format_ in FORMATS:
        page = shown(trend, format_)
        assert "\x1b" not in page and "‮" not in page
        if format_ in ("html", "svg"):
            assert "<script" not in page and "<b>" not in page
    assert "'=cmd" in shown(trend, "csv")
    ET.fromstring(shown(trend, "svg"))


def test_a_name_without_a_tag_is_a_repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    repositories = ("ghcr.io/org/app", "registry:python", "docker://h:5000/x", "host:5000/x:1.*", "python:3.1?")
    assert all(map(_is_repository, repositories))
    images = ("app", "app:1.0", "registry:app:1.0", "oci:dir", "docker:app", "podman:app", "x@sha256:ab", "-")
    assert not any(map(_is_repository, images))
    with pytest.raises(UsageError, match="all tags"):
        imgscope.trend("ghcr.io/org/app", "app:1.0")
    with pytest.raises(UsageError, match="some images"):
        imgscope.trend()


@pytest.fixture(scope="module")
def tagged(registry):
    members = {}
    for number in range(5):
        made = image(number, 10 - number)
        registry.upload("team/trend", f"1.{number}", members, manifest_of(made, members))
    return f"{registry.address}/team/trend"


def test_a_repository_is_followed_by_its_manifests_alone(registry, tagged, inside):
    inside("cache", "clear")
    with registry.counted() as cold:
        found = json.loads(inside("trend", tagged, "--explain", "0", "--format", "json").stdout)
    assert [row["name"] for row in found["points"]] == [f"1.{number}" for number in range(5)]
    assert found["measure"] == "to pull" and not any(row["about"] for row in found["points"])
    # The tags, and of each one its manifest and its config; no layer.
    assert len(cold) <= 1 + 5 * 3
    with registry.counted() as warm:
        again = json.loads(inside("trend", tagged, "--explain", "0", "--format", "json").stdout)
    assert again == found and len(warm) <= 1 + 5 * 2


def test_a_repository_s_jump_is_read_and_explained(tagged, inside):
    done = inside("trend", f"{tagged}:1.*", "--limit", "4", "--no-color", "--width", "100")
    assert done.returncode == 0
    assert "Jump  1.2 → 1.3: +901 kB to pull" in done.stdout and "COPY model.bin /srv" in done.stdout
    assert "1 more before these; --limit shows them" in done.stdout
    with pytest.raises(ImageNotFoundError):
        imgscope.trend(f"{tagged}:9*", cache=False)
