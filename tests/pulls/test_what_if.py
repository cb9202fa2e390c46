"""What would be otherwise: said before, and true when it is really done."""

from __future__ import annotations

import json
import random
import tomllib
import zlib
from pathlib import Path

import pytest

import imgscope
from imgscope.compression import zstd_module
from imgscope.errors import ContentUnavailableError, UsageError
from imgscope.layering import read_plan
from imgscope.pulls import pull_cost
from imgscope.pulls.compressions import COMPRESSIONS
from imgscope.squashing import squash
from tests.oracle import maketar as tar

SITE = "usr/lib/python3.12/site-packages"
PIP = "RUN pip install --index-url https://host/simple one two three"


def text(seed, size):
    """Text that compresses as programs do: words, some of them often."""
    made = random.Random(seed)
    words = [made.randbytes(made.randrange(3, 12)) for _ in range(4000)]
    return b" ".join(made.choices(words, k=size // 8))[:size]


def wheel(name, version, size, mtime=0, seed=None):
    record = f"{name}/lib.so,,\n{name}-{version}.dist-info/METADATA,,\n".encode()
    home = f"{SITE}/{name}-{version}.dist-info"
    content = text(f"{name}{version}" if seed is None else seed, size)
    return (
        tar.file(f"{SITE}/{name}/lib.so", content, mtime=mtime)
        + tar.file(f"{home}/METADATA", f"Name: {name}\nVersion: {version}\n".encode(), mtime=mtime)
        + tar.file(f"{home}/RECORD", record, mtime=mtime)
    )


def compressed(data, one):
    if one.kind == "gzip":
        encoder = zlib.compressobj(one.level, zlib.DEFLATED, 31)
        return len(encoder.compress(data)) + len(encoder.flush())
    return len(zstd_module().compress(data, one.level))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Layers of a real tree: this Python's library, and a file of each kind that images hold."""
    base = Path(random.__file__).parent
    files = sorted(path for path in base.rglob("*.py") if path.is_file() and "site-packages" not in path.parts)
    members, size = [], 0
    for path in files:
        data = path.read_bytes()
        members.append(tar.file(str(path.relative_to(base)), data))
        size += len(data)
        if size > 3_600_000:
            break
    mixed = [tar.file("random", random.Random(1).randbytes(800_000)), tar.file("zeros", bytes(800_000))]
    small = tar.layer(tar.file("etc/x", b"x" * 5000))
    stack = [tar.layer(*members), tar.layer(*mixed, tar.file("text", text(1, 1_500_000))), small]
    return str(tar.docker_archive(tmp_path_factory.mktemp("real") / "image.tar", stack)), stack


def test_other_compressions_are_what_they_would_be(real):
    image, stack = real
    found = pull_cost(image, what_if=True, cache=False).what_if
    assert [one.method for one in found.compressions] == [str(one) for one in COMPRESSIONS]
    for told, one in zip(found.compressions, COMPRESSIONS, strict=True):
        assert told.bytes == sum(told.layer_bytes)
        assert told.bytes == pytest.approx(sum(compressed(layer, one) for layer in stack), rel=0.03), one


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """Three versions of an app over the same packages, one of which changes once; files' times are kept."""
    folder = tmp_path_factory.mktemp("versions")
    made = []
    for number in (1, 2, 3):
        packages = (
            wheel("one", "1.0", 450_000) + wheel("two", "1.0", 350_000) + wheel("three", f"1.{number // 3}", 250_000)
        )
        app = tar.layer(*(tar.file(f"app/m{n}.py", text(f"{number}-{n}", 8_000)) for n in range(10)))
        stack = [tar.layer(tar.file("bin/sh", text("sh", 150_000))), app, tar.layer(packages)]
        steps = ["ADD file:0 in /", "COPY . /app", PIP]
        made.append(str(tar.docker_archive(folder / f"{number}.tar", stack, instructions=steps)))
    return made


def gzip(path):
    with imgscope.analyze(str(path), cache=False, contents=True) as image:
        size = [layer.tar_bytes for layer in image.layers]
        tars = [image.contents.plain_bytes(number).at(0, size[number]) for number in range(len(size))]
        return {
            layer.diff_id: compressed(data, COMPRESSIONS[1]) for layer, data in zip(image.layers, tars, strict=True)
        }


def test_the_next_version_costs_what_the_plan_says(versions, tmp_path):
    *old, new = versions
    cost = pull_cost(new, old, what_if=True, plan_layers=6, cache=False)
    found = cost.what_if
    # As they are: the app stands below what is installed, so all comes again.
    assert [one.bytes for one in found.versions] == [cost.bytes, cost.bytes]
    written = []
    for number, version in enumerate(versions):
        squash(version, tmp_path / f"{number}.tar", split=found.plan, cache=False)
        written.append(gzip(tmp_path / f"{number}.tar"))
    for one, there in zip(found.versions, written, strict=False):
        come = [size for diff_id, size in written[-1].items() if diff_id not in there]
        assert one.planned_bytes == pytest.approx(sum(come), rel=0.05) and one.planned_bytes < 0.5 * one.bytes
        assert one.planned_bytes == one.planned_bytes_but_times
    assert found.bytes == pytest.approx(sum(written[-1].values()), rel=0.05)
    by_name = {layer.name: layer for layer in found.layers}
    assert by_name["python:three"].changed == 2 and found.layers[0].changed == 0
    assert [layer.changed for layer in found.layers] == sorted(layer.changed for layer in found.layers)


def test_layers_that_change_less_are_told_to_go_below(versions, inside):
    *old, new = versions
    order = pull_cost(new, old, what_if=True, cache=False).what_if.order
    assert [(one.layer, one.changed, one.above) for one in order] == [(0, 0, ()), (1, 2, ()), (2, 2, ())]
    order = pull_cost(versions[1], versions[:1], what_if=True, cache=False).what_if.order
    assert order == ()
    # Between the first two nothing was installed anew.
    order = pull_cost(versions[1], [versions[0], versions[2]], what_if=True, cache=False).what_if.order
    assert [(one.layer, one.changed, one.above) for one in order] == [(0, 0, ()), (1, 2, ()), (2, 1, (1,))]


def test_times_alone_are_told_apart(tmp_path):
    images = [
        str(
            tar.docker_archive(
                tmp_path / f"{time}.tar",
                [tar.layer(wheel("one", "1.0", 900_000, time), tar.file("app", bytes([time]) * 999, mtime=time))],
            )
        )
        for time in (1, 2)
    ]
    (version,) = pull_cost(images[1], images[:1], what_if=True, cache=False).what_if.versions
    assert version.planned_bytes_but_times < 5000 < 100_000 < version.planned_bytes


def test_the_largest_layer_is_split_by_packages_and_the_split_is_true(versions, tmp_path):
    cost = pull_cost(versions[0], what_if=True, rate="1Mbit", cache=False)
    split = cost.what_if.split
    assert split.layer == 2 and [part.holds[0] for part in split.parts] == ["python:one", "python:two", "python:three"]
    assert split.lines == (
        "RUN pip install --no-deps --index-url https://host/simple one==1.0",
        "RUN pip install --no-deps --index-url https://host/simple two==1.0",
        PIP,
    )
    assert sum(part.bytes for part in split.parts) == pytest.approx(cost.layers[2].bytes, rel=0.05)
    assert split.saved_seconds > 0 and split.seconds == pytest.approx(cost.seconds - split.saved_seconds)


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        (
            "COPY --chown=web . /srv/",
            (
                "# syntax=docker/dockerfile:1.19",
                "COPY --chown=web ./a /srv/a",
                "COPY --chown=web ./b /srv/b",
                "COPY --chown=web --exclude=a --exclude=b . /srv/",
            ),
        ),
        ("COPY dir:" + "0a" * 32 + " in /srv", 4),
        ("RUN make", 5),
        ("COPY --from=x $HOME /srv/y", ()),
    ],
)
def test_folders_are_split_by_copies(tmp_path, step, lines):
    files = [
        tar.file(f"srv/{name}/x", text(name, size))
        for name, size in zip("abc", (250_000, 225_000, 200_000), strict=True)
    ]
    image = str(tar.docker_archive(tmp_path / "image.tar", [tar.layer(*files)], instructions=[step]))
    split = pull_cost(image, what_if=True, rate="1Mbit", cache=False).what_if.split
    assert len(split.parts) == 3
    assert len(split.lines) == (lines if isinstance(lines, int) else len(lines))
    assert isinstance(lines, int) or split.lines == lines


def test_what_is_one_file_is_not_split(tmp_path):
    image = str(tar.docker_archive(tmp_path / "image.tar", [tar.layer(tar.file("model", text(1, 900_000)))]))
    assert pull_cost(image, what_if=True, cache=False).what_if.split is None
    empty = str(tar.docker_archive(tmp_path / "empty.tar", []))
    assert pull_cost(empty, what_if=True, cache=False).what_if.bytes < 200


def test_the_plan_goes_to_squash(versions, tmp_path, inside):
    plan = tmp_path / "plan.toml"
    done = inside("pull-cost", versions[2], "--from", versions[0], "--what-if", "-o", f"plan={plan}", "--no-color")
    assert done.returncode == 0 and "compressed otherwise" in done.stdout and "for one that has" in done.stdout
    assert {"name", "paths"} <= tomllib.loads(plan.read_text())["layers"][0].keys() | {"paths"}
    found = squash(versions[2], tmp_path / "out.tar", split=str(plan), cache=False)
    assert [layer.name for layer in found.layers] == list(read_plan(plan).names)
    told = json.loads(inside("pull-cost", versions[2], "--what-if", "--format", "json").stdout)["what_if"]
    assert told["plan"]["layers"] and told["compressions"][0]["method"] == "gzip -1" and told["versions"] == []
    assert "## Compressed otherwise" in inside("pull-cost", versions[2], "--what-if", "--format", "markdown").stdout
    done = inside("pull-cost", versions[2], "-o", f"plan={plan}")
    assert done.returncode == 2 and "--what-if" in done.stderr


def test_what_cannot_be_told_is_said(versions, tmp_path, inside):
    saved = tmp_path / "saved.json"
    saved.write_text(inside("analyze", versions[0], "--format", "json").stdout)
    with pytest.raises(ContentUnavailableError, match="saved analysis"):
        pull_cost(str(saved), what_if=True)
    with pytest.raises(UsageError, match="two layers"):
        pull_cost(versions[0], what_if=True, plan_layers=1)
