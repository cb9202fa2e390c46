"""A store with gaps, and one that lies: every question is answered all the same."""

import pyarrow as pa
import pytest

from imgscope.fleet.questions.check import check
from imgscope.fleet.questions.find import find
from imgscope.fleet.questions.overview import overview
from imgscope.fleet.store.schema import schemas

from .ask_store import NOON, connect, digest, image, layer, tag

MOST = 2**63 - 1


def odd(number):
    """Rows with nothing in them, but for one number wherever there is one."""
    rows = {}
    for name, schema in schemas().items():
        row = {field.name: number if field.type == pa.int64() else None for field in schema}
        rows[name] = [
            row,
            row | {"image": digest("i"), "layer": digest("l"), "path": "/x", "name": "n", "rule": "IS001"},
        ]
    rows["tags"].append(tag("app", "1", digest("i")))
    rows["images"].append(image("i", ["l", "l"], number, number))
    rows["images"].append(image("j", ["l"]) | {"blobs": [], "history": None})
    rows["tags"].append(tag("app", "2", digest("j"), observed=NOON.replace(year=9999)))
    rows["layers"].append(layer("l", number, number or 0))
    rows["bases"] = [{"image": digest("i"), "base": "x", "base_layers": number}, {"image": digest("j"), "base": "x"}]
    return rows


@pytest.mark.parametrize("number", [None, 0, -1, -MOST, MOST])
def test_odd_figures_stop_no_question(number):
    connection = connect(**odd(number))
    found = overview(connection)
    assert found.stored.total.tags >= 2
    assert found.stored.total.physical >= 0
    assert found.waste.bytes >= 0 and found.fixes.bytes >= 0
    for words in (("n",), ("/**",), (digest("l"),)):
        find(connection, *words)
    assert check(connection, config=False).images
