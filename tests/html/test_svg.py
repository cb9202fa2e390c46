"""The still picture: well-formed, without anything that could act, and as large as its bytes."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from imgscope.cli import run
from imgscope.report.svg import Box, squarify
from tests.report import hostile


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=60), st.floats(10, 2000), st.floats(10, 2000))
def test_tiles_fill_their_box_and_are_as_large_as_their_values(values, width, height):
    values.sort(reverse=True)
    tiles = list(squarify(values, Box(0, 0, width, height)))
    whole = width * height
    for value, tile in zip(values, tiles, strict=True):
        assert abs(tile.width * tile.height - whole * value / sum(values)) < whole * 1e-6
        assert tile.x > -1e-6 and tile.x + tile.width < width * (1 + 1e-6)
        assert tile.y > -1e-6 and tile.y + tile.height < height * (1 + 1e-6)


def test_the_picture_shows_waste_and_the_same_picture_comes_again(webapp, tmp_path):
    pictures = []
    for name in ("one.svg", "two.svg"):
        assert run(["analyze", str(webapp), "-o", f"svg={tmp_path / name}"]) == 0
        pictures.append((tmp_path / name).read_text())
    assert pictures[0] == pictures[1]
    root = ET.fromstring(pictures[0])
    texts = "".join(root.itertext())
    assert "busybox" in texts and "2.4 MB, 277 kB wasted" in texts
    areas = {
        kind: sum(
            float(rect.get("width")) * float(rect.get("height")) for rect in root.iter() if rect.get("class") == kind
        )
        for kind in ("w", "l")
    }
    # Lines between the boxes, and names of folders, take some of it.
    assert 0.05 < areas["w"] / (areas["w"] + areas["l"]) < 0.13


def test_names_are_text_in_it_and_nothing_can_act(tmp_path):
    plants = ("<script>zqx</script>", '"><image href="//zqx.example/"/>', "]]><!-- zqx", "&zqx;", *hostile.PLANTS[:10])
    image = hostile.image(tmp_path / "image.tar", plants)
    target = tmp_path / "map.svg"
    assert run(["analyze", str(image), "-o", f"svg={target}"]) == 0
    root = ET.fromstring(target.read_text())
    assert {row.tag.rpartition("}")[2] for row in root.iter()} == {"svg", "style", "pattern", "path", "rect", "text"}
    names = {name for row in root.iter() for name in row.attrib}
    assert not {name for name in names if name.startswith("on") or "href" in name}
