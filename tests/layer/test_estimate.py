"""What a layer's tar would be compressed, from a sample: the same however it is read, and near enough."""

from __future__ import annotations

import io
import random
import tempfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscope.layer.estimate import BODY, MAX_BLOCKS, WINDOW, Sampler, of_file, places


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
        return of_file(file.fileno(), 6, len(data))


def from_stream(data: bytes, at_most: int):
    stream = io.BytesIO(data)
    sampler = Sampler(lambda size: stream.read(min(size, at_most)), len(data))
    passed = b"".join(iter(lambda: sampler.read(1 << 20), b""))
    assert passed == data
    return sampler.result()


@given(st.integers(0, 1 << 42))
def test_places_follow_from_the_length_alone_and_lie_apart_within_it(length):
    found = places(length)
    assert len(found) <= MAX_BLOCKS
    assert sum(size for _, size in found) <= max(length, 0) and (found or not length)
    end = 0
    for start, size in found:
        assert start >= end and size > 0
        end = start + size
    assert end <= length


@pytest.mark.parametrize("length", [0, 1, 511, BODY + WINDOW, BODY + WINDOW + 1, 100_000, 1_000_003])
@pytest.mark.parametrize("at_most", [1 << 20, 65_536, 1000])
def test_a_stream_and_a_file_have_the_same_estimate(length, at_most):
    data = text(length)
    assert from_stream(data, at_most) == from_file(data)


def test_a_stream_that_ends_early_has_none():
    sampler = Sampler(io.BytesIO(bytes(1000)).read, 500_000)
    while sampler.read(100):
        pass
    assert sampler.result() is None


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
