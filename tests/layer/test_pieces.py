"""A tar that several processes scan in pieces gives the very index that one scan gives, or the very error."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings

from imgscope import bounds
from imgscope.archive.image import Region
from imgscope.errors import ImgscopeError, LayerError, LimitError
from imgscope.layer import cuts, handover, workers
from imgscope.layer.index import LayerIndex
from imgscope.layer.pieces import Piece, PlainScan
from imgscope.layer.scan import scan_file
from tests.oracle import maketar as tar
from tests.oracle.compare import scanned_file, scanned_stream
from tests.oracle.maketar import directory, file, layer, symlink, whiteout
from tests.oracle.strategies import stacks

ANY = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@contextmanager
def regions(*tars: bytes) -> Iterator[dict[int, Region]]:
    """Give tars as they lie in one file, with other bytes between them."""
    with tempfile.TemporaryFile() as file:
        found = {}
        for number, data in enumerate(tars):
            file.write(b"between")
            found[number] = Region("", file.fileno(), file.tell(), len(data))
            file.write(data)
        file.flush()
        yield found


def everything(index: LayerIndex) -> dict[str, object]:
    """Return all that an index holds, the order of names too."""
    order = [(path, list(names.items())) for path, names in index.children.items()]
    return {slot: getattr(index, slot) for slot in LayerIndex.__slots__} | {"order": order}


def handed(piece: Piece) -> Piece:
    """Return a piece as it comes from another process."""
    return Piece(*handover.read(handover.written(tuple(piece))))


def joined(region: Region, cut: int) -> tuple[LayerIndex, bool] | None:
    """Scan a tar in two pieces; return the index and whether the second piece was taken, ``None`` if there is none."""
    second = PlainScan(region, cut)
    try:
        second.scan_to()
    except ImgscopeError:
        return None
    piece = second.piece()
    if piece is None:
        return None
    scan = PlainScan(region)
    scan.scan_to(cut)
    taken = scan.join(handed(piece))
    return scan.result(), taken


@ANY
@given(stack=stacks(max_layers=1, max_members=14))
def test_any_two_pieces_give_what_one_scan_gives(stack):
    data = stack[0]
    with regions(data) as found:
        whole = everything(scan_file(found[0].fd, found[0].start, found[0].length))
        for cut in range(512, len(data), 512):
            result = joined(found[0], cut)
            assert result is None or everything(result[0]) == whole


def starts(region: Region) -> list[int]:
    """Return where a tar's members start, the first one left out."""
    places, scan = [], PlainScan(region)
    while scan.reached is not None:
        scan.scan_to(scan.reached + 1)
        places.append(scan.reached)
    return [place for place in places if place is not None]


def test_a_piece_is_taken_wherever_a_member_starts():
    data = layer(
        directory("d"),
        file("d/" + "n" * 150, b"x" * 700),
        file("d/x", b"x", xattrs={"user.k": "v"}, mode=0o755, uid=7),
        symlink("d/l", "x"),
        whiteout("d/gone"),
        tar.opaque("e"),
        tar.hardlink("e/h", "d/x"),
        file("e/.hidden", b"y", mtime=5),
    )
    with regions(data) as found:
        whole = everything(scanned_file(data))
        places = starts(found[0])
        assert len(places) == 8
        for cut in places[:-1]:
            result = joined(found[0], cut)
            assert result is not None and result[1]
            assert everything(result[0]) == whole


INNER = layer(*(file(f"inner/{number}", b"z" * 300) for number in range(200)))


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([file("a", b"a"), file("b.tar", INNER), file("c", b"c")], id="a header in a file's content"),
        pytest.param([file("a", b"1"), file("b", b"2"), file("a", b"3"), file("c", b"4")], id="a path twice"),
        pytest.param(
            [tar.pax_header([("uid", "77")], b"g"), file("a", b"1"), file("b", b"2"), file("c", b"4")],
            id="global records",
        ),
    ],
)
def test_a_piece_that_depends_on_what_stands_before_is_dropped(members):
    data = layer(*members)
    dropped = 0
    with regions(data) as found:
        whole = everything(scanned_file(data))
        for cut in range(512, len(data), 512):
            result = joined(found[0], cut)
            if result is not None:
                dropped += not result[1]
                assert everything(result[0]) == whole
    assert dropped


def test_names_that_climb_are_told_as_one_scan_tells_them():
    data = layer(file("../a", b"1"), file("../b", b"2"), file("c", b"3"), file("../c/../../d", b"4"))
    with regions(data) as found:
        whole = everything(scanned_file(data))
        results = [joined(found[0], cut) for cut in range(512, len(data), 512)]
        assert any(results)
        assert all(everything(result[0]) == whole for result in results if result is not None)


def test_what_a_stream_found_is_handed_over_whole():
    script = file("run.sh", b"#!/bin/sh\necho hello\n", mode=0o755)
    elf = file("bin/x", b"\x7fELF" + bytes(600))
    sparse = tar.pax_sparse("s", ((512, b"abc"),), 20_000, "1.0")
    odd = file("x", b"x", xattrs={"user.k": "v"}), tar.character("dev", 1, 3), whiteout("gone"), tar.opaque("d")
    index = scanned_stream(layer(script, elf, sparse, *odd, file("etc/os-release", b"ID=x")))
    assert index.markers and index.sparse and index.elf and index.heads and index.judged
    assert everything(handover.index_of(handover.read(handover.written(handover.plain(index))))) == everything(index)


# --- in processes ------------------------------------------------------------------------------------------


def many(count: int, seed: int = 1) -> bytes:
    draw = random.Random(seed)
    names = sorted(
        f"d{draw.randrange(count // 5 + 1)}/f{number}{'n' * draw.choice((0, 0, 130))}" for number in range(count)
    )
    return layer(*(file(name, bytes(draw.choice((0, 1, 700, 5000)))) for name in names))


def side_by_side(found: dict[int, Region]) -> dict[int, LayerIndex]:
    def work(number: int) -> LayerIndex:
        return scan_file(found[number].fd, found[number].start, found[number].length)

    return workers.scan_plain(found, work, lambda number, scan: scan())


@pytest.fixture(params=[1, 2, 3, 4])
def processes(request, monkeypatch):
    monkeypatch.setattr(workers, "usable_processes", lambda: request.param)
    monkeypatch.setattr(cuts, "MANY", 0)
    return request.param


@pytest.mark.parametrize("sizes", [[600], [3, 500, 2], [0, 300, 40, 300], [1], [0], [30] * 12])
def test_several_processes_find_what_one_finds(sizes, processes):
    tars = [many(size, seed) for seed, size in enumerate(sizes)]
    with regions(*tars) as found:
        indexes = side_by_side(found)
    assert [everything(indexes[number]) for number in found] == [everything(scanned_file(data)) for data in tars]


def test_the_layer_that_dominates_is_cut(processes):
    with regions(many(5), many(900), file("large", bytes(8 << 20))) as found:
        shares = cuts.shares(found, processes)
    assert len(shares) == processes
    assert sum(stretch.number == 1 for share in shares for stretch in share) == processes


@pytest.mark.parametrize("damage", ["cut off", "a header's byte"])
def test_the_error_is_that_of_one_scan(damage, processes):
    data = many(400)
    end = len(data) * 4 // 5 // 512 * 512
    with regions(data) as found:
        place = next(place for place in starts(found[0]) if place >= end)
    broken = data[: place + 100] if damage == "cut off" else data[:place] + b"\xff" + data[place + 1 :]
    with pytest.raises(LayerError) as alone:
        scanned_file(broken)
    with regions(data, broken, data) as found, pytest.raises(LayerError) as several:
        side_by_side(found)
    assert str(several.value) == str(alone.value)


def test_a_layer_in_pieces_costs_what_it_costs_whole(processes, monkeypatch):
    data = many(400)
    with regions(data) as found:
        assert side_by_side(found)[0].costs[bounds.MEMBERS] == 400
        limits = {**bounds.LIMITS, bounds.MEMBERS: (399, bounds.LIMITS[bounds.MEMBERS][1])}
        monkeypatch.setattr(bounds, "LIMITS", limits)
        with pytest.raises(LimitError):
            side_by_side(found)


def test_what_a_killed_process_was_to_scan_is_scanned_here(processes, monkeypatch):
    here, scanned = os.getpid(), workers._scanned

    def dying(*arguments):
        if os.getpid() != here:
            os._exit(9)
        return scanned(*arguments)

    monkeypatch.setattr(workers, "_scanned", dying)
    data = many(400)
    with regions(data, data) as found:
        indexes = side_by_side(found)
    assert [everything(index) for index in indexes.values()] == [everything(scanned_file(data))] * 2


def test_what_follows_a_tar_in_its_file_is_none_of_it():
    """A layer without an end mark ends where its bytes do, whatever the archive has there."""
    data = b"".join(file(f"a/{number}", b"x") for number in range(20))
    with tempfile.TemporaryFile() as archive:
        archive.write(data + file("outside", b"y"))
        archive.flush()
        region = Region("", archive.fileno(), 0, len(data))
        whole = everything(scan_file(region.fd, 0, region.length))
        assert b"outside" not in whole["children"][b""]
        for cut in (0, *starts(region)):
            result = joined(region, cut)
            assert result is not None and everything(result[0]) == whole
