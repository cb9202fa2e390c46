"""No byte is counted twice, and none that a fix does not save."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imgscope.layer.scan import scan_stream
from imgscope.overlay.merge import Overlay
from imgscope.suggestions.ledger import Ledger
from imgscope.suggestions.model import Claim
from tests.oracle.maketar import file, hardlink, layer


def overlay(*tars):
    def index(tar):
        pieces = [tar]
        return scan_stream(lambda _: pieces.pop() if pieces else b"")

    return Overlay([index(tar) for tar in tars])


def claim(stacked, path, size=None):
    return Claim(path, stacked.lookup(path), size)


def test_what_one_finding_has_the_next_does_not_get():
    stacked = overlay(layer(file("a", b"x" * 100), file("b", b"y" * 10)))
    ledger = Ledger(stacked)
    a, b = claim(stacked, b"a"), claim(stacked, b"b")
    assert sum(ledger.take([a]).values()) == 100
    assert sum(ledger.alone([a, b]).values()) == 110
    assert ledger.take([a, b]) == {b: 10}


def test_a_part_of_a_file_leaves_the_rest_to_others():
    stacked = overlay(layer(file("program", b"x" * 100)))
    ledger = Ledger(stacked)
    assert sum(ledger.take([claim(stacked, b"program", 30)]).values()) == 30
    assert sum(ledger.take([claim(stacked, b"program")]).values()) == 70
    assert ledger.take([claim(stacked, b"program", 5)]) == {}


def test_a_file_with_two_names_goes_with_the_last_of_them():
    stacked = overlay(layer(file("one", b"x" * 100), hardlink("two", "one")))
    one, two = claim(stacked, b"one"), claim(stacked, b"two")
    ledger = Ledger(stacked)
    assert ledger.alone([one]) == {}
    assert ledger.take([one]) == {}
    assert sum(ledger.take([two]).values()) == 100
    assert sum(Ledger(stacked).alone([two, one]).values()) == 100


def test_a_name_in_a_later_layer_keeps_the_content():
    stacked = overlay(layer(file("one", b"x" * 100)), layer(hardlink("two", "one")))
    assert Ledger(stacked).alone([claim(stacked, b"one")]) == {}
    assert sum(Ledger(stacked).alone([claim(stacked, b"one"), claim(stacked, b"two")]).values()) == 100


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.data())
def test_all_findings_together_are_all_that_is_claimed(sizes, data):
    stacked = overlay(layer(*(file(f"f{number}", b"x" * size) for number, size in enumerate(sizes))))
    names = st.sampled_from([f"f{number}".encode() for number in range(len(sizes))])
    findings = data.draw(st.lists(st.lists(names, max_size=8), max_size=5))
    ledger = Ledger(stacked)
    total = 0
    for paths in findings:
        claims = [claim(stacked, path) for path in paths]
        got = sum(ledger.take(claims).values())
        assert got <= sum(Ledger(stacked).alone(claims).values())
        total += got
    claimed = {path for paths in findings for path in paths}
    assert total == sum(size for number, size in enumerate(sizes) if f"f{number}".encode() in claimed)
