"""What a pull costs: the bytes that come, when each layer is there, and what is saved where another image is."""

from __future__ import annotations

import json
import random
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscope.errors import UsageError
from imgscope.pulls import pull_cost
from imgscope.pulls.cost import parse_rate
from imgscope.pulls.timeline import timeline
from tests.archive.images import Image, docker_archive, layer, manifest_of, write_tar

sizes = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**10)), max_size=12)


def test_three_layers_share_the_line_and_are_unpacked_in_order():
    # 30, 30 and 60 bytes at 10 a second: the first two end together after 9 s, the third has the line alone then.
    times = timeline([(30, 10), (30, 10), (60, 10)], 10, 10)
    assert [time.downloaded for time in times] == [9, 9, 12]
    assert [time.unpacked for time in times] == [10, 11, 13]
    # A fourth begins when a place is free.
    assert [time.downloaded for time in timeline([(30, 0)] * 4, 10, 10)] == [9, 9, 9, 12]
    assert [time.downloaded for time in timeline([(30, 0)] * 4, 10, 10, parallel=1)] == [3, 6, 9, 12]


@given(sizes, st.integers(1, 10**9), st.integers(1, 10**9), st.integers(1, 8))
def test_what_holds_for_every_pull(layers, rate, unpack_rate, parallel):
    times = timeline(layers, rate, unpack_rate, parallel)
    line, unpacking = sum(a for a, _ in layers) / rate, sum(b for _, b in layers) / unpack_rate
    whole = times[-1].unpacked if times else 0.0
    slack = 1e-6 * (line + unpacking) + 1e-9
    # It takes no less than the slower of the two, and no more than one after the other.
    assert max(line, unpacking) - slack <= whole <= line + unpacking + slack
    assert all(time.unpacked >= time.downloaded - slack for time in times)
    assert all(a.unpacked <= b.unpacked + slack for a, b in pairwise(times))
    if layers:
        assert max(time.downloaded for time in times) == pytest.approx(line, rel=1e-6, abs=1e-9)


def test_rates_are_read_as_people_write_them():
    rates = {"1Gbit": 125e6, "100 Mbit/s": 12.5e6, "8kbps": 1000, "50MB": 50e6, "1.5MB/s": 1.5e6, "1MiB": 2**20}
    assert {text: parse_rate(text, "rate") for text in rates} == rates
    for wrong in ("", "fast", "0", "-1MB", "1Gb it", "9" * 300):
        with pytest.raises(UsageError, match="not a rate"):
            parse_rate(wrong, "rate")


BASE = layer(base=random.Random(1).randbytes(300_000))


def image(number: int) -> Image:
    return Image(layers=(BASE, layer(app=random.Random(number).randbytes(100_000))), names=(f"app:{number}",))


@pytest.fixture(scope="module")
def tagged(registry):
    members = {}
    for number in (1, 2):
        registry.upload("team/pull", str(number), members, manifest_of(image(number), members))
    return f"registry:{registry.address}/team/pull"


def test_the_bytes_are_those_that_a_copy_takes(tagged, tmp_path):
    cost = pull_cost(f"{tagged}:1", cache=False)
    source = f"docker://{tagged.removeprefix('registry:')}:1"
    done = subprocess.run(
        ["skopeo", "copy", "--quiet", "--src-tls-verify=false", source, f"oci:{tmp_path}/copy:1"], capture_output=True
    )
    assert done.returncode == 0, done.stderr
    manifests = [
        path for path in (tmp_path / "copy/blobs/sha256").iterdir() if b'"layers"' in path.read_bytes()[:20_000]
    ]
    layers = [row for path in manifests for row in json.loads(path.read_text()).get("layers", ())]
    assert cost.bytes == sum(row["size"] for row in layers) and not cost.about
    assert cost.time_about and not pull_cost(f"{tagged}:1", layers=True).time_about


def test_an_image_that_is_there_saves_its_lowest_layers(tagged, registry):
    with registry.counted() as asked:
        cost = pull_cost(f"{tagged}:2", [f"{tagged}:1"], cache=False)
    assert not any("/blobs/" in one.path and one.bytes > 50_000 for one in asked)
    assert [row.present for row in cost.layers] == [True, False]
    assert cost.kept_by == f"{tagged}:1" and 300_000 < cost.saved_bytes < 310_000 and cost.bytes < 110_000
    assert cost.dominating.index == 1 and cost.dominating.seconds == pytest.approx(cost.seconds)
    same = pull_cost(f"{tagged}:1", [f"{tagged}:2", f"{tagged}:1"])
    assert (same.bytes, same.seconds, same.dominating) == (0, 0, None)


def test_what_lies_uncompressed_is_estimated_as_it_would_be_pushed(tmp_path, inside):
    archive = write_tar(tmp_path / "app.tar", docker_archive(image(1)))
    done = inside("pull-cost", archive, "--rate", "8Mbit", "--no-color", "--width", "100", "--no-cache")
    assert done.returncode == 0 and "about 40" in done.stdout and "layer 0 dominates" in done.stdout
    found = json.loads(inside("pull-cost", archive, "--format", "json").stdout)
    assert found["dominating"] == 0 and len(found["layers"]) == 2 and found["layers"][0]["about"]
    assert "| # | to pull |" in inside("pull-cost", archive, "--format", "markdown").stdout
    assert inside("pull-cost", archive, "--rate", "quick").returncode == 2
