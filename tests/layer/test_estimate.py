"""What a layer's tar would be compressed, from a sample: the same however it is read, and near enough."""

from __future__ import annotations

import io
import random
import tempfile
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscope.layer.estimate import BODY, MOST, WINDOW, Sampler, estimate, most, of_file, places, shares


def text(size: int, seed: int = 1) -> bytes:
    """Words and tables: about as compressible as what images hold."""
    rng = random.Random(seed)
    words = [rng.randbytes(rng.randint(2, 9)) for _ in range(4000)]
    parts = []
    while sum(map(len, parts)) < size:
        parts.append(b"".join(rng.choices(words, cum_weights=range(1, 4001), k=2000)))
        parts.append(bytes(rng.randint(0, 4000)))
        parts.append(rng.randbytes(rng.randint(0, 3000)))
    return b"".join(parts)[:size]


def from_file(data: bytes):
    with tempfile.TemporaryFile() as file:
        file.write(b"before" + data + b"after")
        file.flush()
        return of_file(file.fileno(), 6, len(data), most(len(data)))


def from_stream(data: bytes, at_most: int):
    stream = io.BytesIO(data)
    sampler = Sampler(lambda size: stream.read(min(size, at_most)), len(data))
    passed = b"".join(iter(lambda: sampler.read(1 << 20), b""))
    assert passed == data
    return estimate(len(data), sampler.result())


@given(st.integers(0, 1 << 42), st.integers(1, MOST))
def test_places_lie_within_the_tar_and_are_spread_evenly(length, count):
    found = places(length, count)
    assert all(start >= 0 and start + size <= length for start, size in found)
    # The first of many are those of few: a stream is sampled before it is known how many an image needs.
    assert places(length, MOST)[: len(found)] == found
    if length > 40 * BODY * count:
        starts = [0, *sorted(start for start, _ in found), length]
        assert max(b - a for a, b in pairwise(starts)) < 3 * length / count


@given(st.lists(st.integers(0, 1 << 40), max_size=200))
def test_an_image_costs_no_more_blocks_than_its_layers_need(lengths):
    found = shares(lengths)
    assert all(1 <= count <= most(length) for count, length in zip(found, lengths, strict=True))
    assert sum(found) <= 384 + 4 * len(lengths)


@pytest.mark.parametrize("length", [0, 1, 511, BODY + WINDOW, BODY + WINDOW + 1, 100_000, 1_000_003])
@pytest.mark.parametrize("at_most", [1 << 20, 65_536, 1000])
def test_a_stream_and_a_file_have_the_same_estimate(length, at_most):
    data = text(length)
    assert from_stream(data, at_most) == from_file(data)


def test_a_stream_that_ends_early_has_none():
    sampler = Sampler(io.BytesIO(bytes(1000)).read, 500_000)
    while sampler.read(100):
        pass
    assert not sampler.result()


@pytest.mark.parametrize("size", [3_000, 40_000, 4_000_000, 12_000_000])
def test_the_real_size_lies_within_the_error_that_is_stated(size):
    data = text(size, seed=size)
    found = from_file(data)
    real = len(zlib.compress(data, 6, wbits=31))
    assert abs(found.bytes - real) <= found.error + 8
    assert found.error <= real // 4


def test_what_can_not_be_compressed_and_what_is_nothing_but_zeros():
    noise = random.Random(3).randbytes(3_000_000)
    assert abs(from_file(noise).bytes - len(noise)) < 60_000
    assert from_file(bytes(3_000_000)).bytes < 20_000
