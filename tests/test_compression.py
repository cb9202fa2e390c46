"""Compressed streams: what is read is what was written, in bounded pieces; damage is an error, never a short read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import sys
import threading
import time
import tracemalloc

import pytest

from imgscope import compression
from imgscope.compression import detect, read_ahead, reader, zstd_window
from imgscope.errors import ArchiveError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_random = random.Random(1)
DATA = b"".join(_random.randbytes(1000) * 3 for _ in range(700))
COMPRESS = {"gzip": gzip.compress, "zstd": zstd.compress, "xz": lzma.compress, "bzip2": bz2.compress}
KINDS = list(COMPRESS)


def unpack(kind: str, data: bytes, piece: int = 100_000) -> bytes:
    source = io.BytesIO(data)
    read = reader(kind, source.read).read
    out = []
    while got := read(piece):
        assert len(got) <= piece
        out.append(got)
    assert read(piece) == b""
    return b"".join(out)


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip_and_detection(kind):
    packed = COMPRESS[kind](DATA)
    assert detect(packed[:10]) == kind
    assert unpack(kind, packed) == DATA


@pytest.mark.parametrize("kind", KINDS)
def test_members_one_after_another_are_one_stream(kind):
    pack = COMPRESS[kind]
    assert unpack(kind, pack(DATA[:5000]) + pack(b"") + pack(DATA[5000:])) == DATA


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_that_gives_single_bytes_is_read_all_the_same(kind):
    source = io.BytesIO(COMPRESS[kind](DATA[:3000]) * 2)
    read = reader(kind, lambda size: source.read(1)).read
    assert b"".join(iter(lambda: read(4096), b"")) == DATA[:3000] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_after_the_end_are_padding(kind):
    assert unpack(kind, COMPRESS[kind](DATA) + bytes(700_000)) == DATA


@pytest.mark.parametrize("kind", KINDS)
def test_anything_else_after_the_end_is_damage(kind):
    with pytest.raises(ArchiveError, match="followed by something else"):
        unpack(kind, COMPRESS[kind](DATA) + b"what is this doing here")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keep", [11, 1000, 100_000, -1, -4])
def test_a_cut_is_an_error(kind, keep):
    with pytest.raises(ArchiveError, match=r"cut short|corrupt"):
        unpack(kind, COMPRESS[kind](DATA)[:keep])


@pytest.mark.parametrize("kind", ["gzip", "xz", "bzip2"])
def test_a_changed_byte_is_an_error(kind):
    packed = bytearray(COMPRESS[kind](DATA))
    packed[len(packed) // 2] ^= 0x55
    with pytest.raises(ArchiveError, match=r"corrupt|cut short"):
        unpack(kind, bytes(packed))


def test_a_wrong_checksum_is_an_error():
    packed = bytearray(gzip.compress(DATA))
    packed[-6] ^= 1
    with pytest.raises(ArchiveError, match="corrupt"):
        unpack("gzip", bytes(packed))
    checked = bytearray(zstd.compress(DATA, options={zstd.CompressionParameter.checksum_flag: 1}))
    checked[-1] ^= 1
    with pytest.raises(ArchiveError, match="corrupt"):
        unpack("zstd", bytes(checked))


def test_skippable_zstd_frames_are_skipped():
    skippable = b"\x5e\x2a\x4d\x18\x10\x00\x00\x00" + bytes(16)
    packed = skippable + zstd.compress(DATA[:999]) + skippable + zstd.compress(DATA[999:]) + skippable
    assert detect(packed[:10]) == "zstd"
    assert unpack("zstd", packed) == DATA


def test_a_zstd_window_that_asks_for_too_much_memory_is_refused():
    # Magic, a frame header with a window descriptor of exponent 31 - 10 (2 GiB), one raw block of a byte.
    frame = b"\x28\xb5\x2f\xfd" + bytes([0b00000000, 21 << 3]) + (1 << 3 | 1).to_bytes(3, "little") + b"x"
    with pytest.raises(ArchiveError, match="its zstd window of 2,048 MiB is larger than the 128 MiB"):
        unpack("zstd", frame)


@pytest.mark.parametrize("log", range(10, 31))
def test_the_window_that_a_zstd_frame_needs_is_told_or_the_frame_is_read(log):
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: log})
    packed = compressor.compress(DATA) + compressor.flush()
    assert zstd_window(packed[:10]) == 1 << log
    if log <= 27:
        assert unpack("zstd", packed) == DATA
    else:
        with pytest.raises(ArchiveError, match=f"its zstd window of {1 << log - 20:,} MiB is larger"):
            unpack("zstd", packed)


@pytest.mark.parametrize("size", [0, 255, 256, 65_791, 65_792, 200_000])
def test_a_frame_of_one_segment_has_its_content_as_window(size):
    packed = zstd.compress(bytes(size))
    assert zstd_window(packed) == size and unpack("zstd", packed) == bytes(size)


def test_xz_that_needs_too_much_memory_is_not_called_corrupt():
    packed = lzma.compress(DATA, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20}])
    with pytest.raises(ArchiveError, match="needs more than 128 MiB of memory"):
        unpack("xz", packed)


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_bomb_takes_no_memory(kind):
    bomb = COMPRESS[kind](bytes(100_000_000))
    read = reader(kind, io.BytesIO(bomb).read).read
    tracemalloc.start()
    total = 0
    while got := read(1 << 16):
        total += len(got)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 100_000_000
    assert peak < 8 << 20


def test_zlib_stands_in_for_isal(monkeypatch):
    monkeypatch.setitem(sys.modules, "isal", None)
    assert compression._gzip()[0] is compression._ZlibDecoder
    assert unpack("gzip", gzip.compress(DATA) + gzip.compress(DATA)) == DATA * 2
    with pytest.raises(ArchiveError, match="cut short"):
        unpack("gzip", gzip.compress(DATA)[:-9])


@pytest.mark.parametrize("head", [b"", b"\x1f\x8b", b"BZh-notes/readme", b"PK\x03\x04", bytes(512), b"ustar"])
def test_other_beginnings_are_not_compressed(head):
    assert detect(head) is None


def test_read_ahead_gives_the_same_bytes_in_order():
    source = io.BytesIO(DATA)
    with read_ahead(source.read, block=7000) as ahead:
        got = []
        sizes = random.Random(2)
        while part := ahead.read(sizes.randrange(1, 20_000)):
            got.append(part)
        assert ahead.read(10) == b""
    assert b"".join(got) == DATA


def test_read_ahead_raises_what_its_source_raises_after_what_came_before():
    parts = [b"one", b"two"]

    def source(size):
        if parts:
            return parts.pop(0)
        raise ArchiveError("broken")

    with read_ahead(source) as ahead:
        assert ahead.read(100) == b"one"
        assert ahead.read(100) == b"two"
        for _ in range(2):
            with pytest.raises(ArchiveError, match="broken"):
                ahead.read(100)


def test_read_ahead_stays_a_bounded_way_ahead_and_stops_when_it_is_closed():
    calls = 0
    called = threading.Event()

    def source(size):
        nonlocal calls
        calls += 1
        if calls == 2:
            called.set()
        return bytes(size)

    ahead = read_ahead(source, block=10, depth=2)
    assert called.wait(5)
    ahead.read(10)
    ahead.close()
    assert not ahead._thread.is_alive()
    assert calls <= 3


# --- members that hold nothing -----------------------------------------------------------------------------

SKIPPABLE = b"\x50\x2a\x4d\x18\0\0\0\0"
HOLLOW = {**{kind: pack(b"") for kind, pack in COMPRESS.items()}, "zstd, skippable": SKIPPABLE}


@pytest.mark.parametrize("kind", HOLLOW)
def test_members_that_hold_nothing_are_refused_before_they_take_time(kind):
    """However many there are: what they cost is what a few hundred cost."""
    pack = COMPRESS[kind.partition(",")[0]]
    times = []
    for count in (1000, 100_000):
        data = pack(DATA[:100]) + HOLLOW[kind] * count
        begin = time.process_time()
        with pytest.raises(ArchiveError, match="members"):
            unpack(kind.partition(",")[0], data)
        times.append(time.process_time() - begin)
    assert times[1] < 5 * times[0] + 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_for_each_small_file_is_read(kind):
    """What estargz and zstd:chunked write: each file a member, a header and a byte; and a few that hold nothing."""
    small = COMPRESS[kind](bytes(512) + b"x")
    hollow = HOLLOW[kind] + (SKIPPABLE if kind == "zstd" else b"")
    assert len(unpack(kind, hollow * 20 + small * 3000 + hollow * 20)) == 513 * 3000


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])
def test_the_time_for_many_members_grows_as_they_do(kind):
    """Within one piece of input too: what is left of it is not copied for each."""
    small = COMPRESS[kind](bytes(512))
    times = []
    for count in (2000, 8000):
        begin = time.process_time()
        unpack(kind, small * count)
        times.append(time.process_time() - begin)
    assert times[1] < 10 * times[0] + 0.05


def test_a_skippable_frame_may_be_long_or_cut_short():
    long = b"\x5a\x2a\x4d\x18" + (900_000).to_bytes(4, "little") + bytes(900_000)
    assert unpack("zstd", long + zstd.compress(DATA[:50]) + long) == DATA[:50]
    with pytest.raises(ArchiveError, match="cut short"):
        unpack("zstd", zstd.compress(DATA[:50]) + long[:-1])
