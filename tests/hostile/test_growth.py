"""What hostile images cost, at three sizes: in proportion, or a refusal that names the limit and comes early.

Costs are counted in one process (CPU seconds of this thread, peak of the objects made), so that a busy machine plays no
part. ``tests/test_compression.py`` does the same for compressed streams, ``test_patterns.py`` for regular expressions.
"""

from __future__ import annotations

import gc
import gzip
import itertools
import json
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imgscope
from imgscope import bounds, documents
from imgscope.errors import ImgscopeError, LimitError
from tests.archive.images import Image, digest, docker_archive, write_tar
from tests.oracle import maketar as tar
from tests.oracle.maketar import END

MEGABYTE = 1 << 20


def archive(tmp_path: Path, *layers: bytes, **extra: object) -> Path:
    """An archive of these layers, compressed as a whole: the pieces that repeat cost it nothing."""
    path = write_tar(
        tmp_path / "image.tar", docker_archive(Image(layers, extra={"history": [], **extra}), style="digest")
    )
    path.write_bytes(gzip.compress(path.read_bytes(), 1, mtime=0))
    return path


def analysed(path: Path) -> str:
    """Analyse an archive and touch every row; the error's text where it is refused."""
    try:
        with imgscope.analyze(path, cache=False) as analysis:
            for rows in (analysis.files, analysis.waste):
                for _ in rows:
                    pass
            for number in range(len(analysis.layers)):
                for _ in analysis.changes(number):
                    pass
            _ = analysis.highlights
    except ImgscopeError as error:
        return str(error)
    return ""


def cost(path: Path, act: Callable[[Path], str]) -> tuple[float, int, str]:
    """Seconds, peak of memory in bytes, and what ``act`` answered; memory is traced in a run of its own."""
    # To go over what other tests have left would count as this one's.
    gc.collect()
    gc.freeze()
    begin = time.process_time()
    answer = act(path)
    seconds = time.process_time() - begin
    gc.unfreeze()
    tracemalloc.start()
    act(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak, answer


def sparse(kind: str, pieces: int, name: str) -> bytes:
    """A sparse file of many pieces that hold nothing."""
    if kind == "old":
        numbers = [(2 * piece, b"") for piece in range(pieces)]
        return tar.old_gnu_sparse(name, tuple(numbers), 4 * pieces)
    size = ("GNU.sparse.size", str(4 * pieces))
    if kind == "0.0":
        repeated = [("GNU.sparse.offset", "1"), ("GNU.sparse.numbytes", "0")] * pieces
        return tar.pax_header([size, *repeated]) + tar.header(name)
    if kind == "0.1":
        numbers = ",".join(["1,0"] * pieces)
        return tar.pax_header([size, ("GNU.sparse.map", numbers)]) + tar.header(name)
    records = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", str(4 * pieces))]
    numbers = f"{pieces}\n".encode() + b"1\n0\n" * pieces
    numbers += bytes(-len(numbers) % 512)
    return tar.pax_header(records) + tar.header(name, size=len(numbers)) + numbers


def implied(layer: int, names: int, depth: int) -> bytes:
    return b"".join(tar.file(f"{layer}_{number}/" + "a/" * depth + "f") for number in range(names)) + END


def attributes(count: int, number: int, flag: bytes = b"x") -> bytes:
    return tar.pax_header([(f"SCHILY.xattr.user.{number}.{one}", "v") for one in range(count)], flag)


def holes(name: str) -> bytes:
    return tar.pax_header([("GNU.sparse.size", str(250 << 20)), ("GNU.sparse.map", "0,0")]) + tar.header(name)


def owned(names: Iterable[str], count: int) -> bytes:
    return b"".join(attributes(count, number) + tar.header(name) for number, name in enumerate(names))


# With limits a small part of what they are: what to multiply, and what the refusal is about. Within a layer (a), over
# layers (b), one layer over and over (c).
PART = 64
REFUSED: dict[str, tuple[Callable[[int], list[bytes]], str]] = {
    **{
        f"sparse {kind}, a": (lambda n, kind=kind: [sparse(kind, 1000, "s") * n + END], "pieces")
        for kind in ("0.0", "0.1", "1.0", "old")
    },
    "sparse, b": (lambda n: [sparse("0.1", 1000, f"s{one}") + END for one in range(n)], "pieces"),
    "holes, b": (lambda n: [holes(f"{one}") + END for one in range(n)], "holes"),
    "directories, a": (lambda n: [implied(0, n, 1000)], "directories"),
    "directories, b": (lambda n: [implied(one, 1, 1000) for one in range(n)], "directories"),
    "directories, c": (lambda n: [implied(0, 1, 1000)] * n, "directories"),
    "short directories, b": (lambda n: [implied(one, 20, 45) for one in range(n)], "directories"),
    "attributes, a": (lambda n: [owned([f"f{one}" for one in range(n)], 500) + END], "attributes"),
    "attributes, b": (lambda n: [owned([f"f{one}"], 500) + END for one in range(n)], "attributes"),
    "attributes for all, a": (
        lambda n: [attributes(500, 0, b"g") + b"".join(tar.header(f".wh.f{one}") for one in range(n)) + END],
        "attributes",
    ),
    "records, a": (
        lambda n: [(tar.pax_header([(f"{one:x}", "") for one in range(2000)]) + tar.header("f")) * n + END],
        "records",
    ),
    "long names, b": (
        lambda n: [
            b"".join(tar.long_name(f"{k}.{one}" + "n" * 3000) + tar.by_hand("x") for one in range(40)) + END
            for k in range(n)
        ],
        "names",
    ),
    "links to long paths, a": (
        lambda n: [tar.symlink("l", "a/" * 100) + b"".join(tar.file(f"l/{one}") for one in range(10 * n)) + END],
        "symlinks",
    ),
    "the same layer, c": (
        lambda n: [b"".join(tar.by_hand(f"f{one}") for one in range(600)) + END] * n,
        "repeats",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_no_image_has_is_refused_early(tmp_path, kind, monkeypatch):
    """The bound holds for the whole image: with four times as much too much, it is crossed at the same place."""
    for name, (limit, words) in bounds.LIMITS.items():
        monkeypatch.setitem(bounds.LIMITS, name, (limit // PART, words))
    make, word = REFUSED[kind]
    (seconds, peak, answer), (more_seconds, more_peak, more_answer) = (
        cost(archive(tmp_path, *make(count)), analysed) for count in (20, 80)
    )
    assert answer == more_answer and "refused" in answer and word in answer
    # Passing over the rest of a longer archive takes a little, too.
    assert more_seconds < 2.5 * seconds + 0.2
    assert more_peak < 1.5 * peak + 4 * MEGABYTE


# What is read, whatever there is of it, in linear time.
READ: dict[str, Callable[[int], list[bytes]]] = {
    "members": lambda n: [b"".join(tar.by_hand(f"f{one}") for one in range(300 * n)) + END],
    "layers": lambda n: [tar.file(f"f{one}") + END for one in range(15 * n)],
    "whiteouts": lambda n: [
        tar.file("a") + END,
        b"".join(tar.by_hand(f".wh.f{one}") for one in range(300 * n)) + END,
    ],
    "whiteouts of a path in every layer": lambda n: [
        b"".join(tar.by_hand(f"{k}.{one}") + tar.by_hand(f".wh.{k - 1}.{one}") for one in range(10)) + END
        for k in range(8 * n)
    ],
    "whiteouts within whiteouts": lambda n: [
        b"".join(tar.long_name("a/" * one) + tar.by_hand("x", typeflag=b"5") for one in range(1, 40 * n)),
        b"".join(tar.long_name("a/" * one + ".wh.a") + tar.by_hand("x") for one in range(40 * n)) + END,
    ],
    "a path over and over": lambda n: [
        b"".join(tar.directory("d") + tar.by_hand("d") for one in range(200 * n)) + END,
    ],
    "a path in every layer": lambda n: [tar.file("a", b"%d" % one) + END for one in range(15 * n)],
    "hard links": lambda n: [
        tar.file("a", b"x") + b"".join(tar.by_hand(f"l{one}", typeflag=b"1", link="a") for one in range(200 * n)) + END
    ],
    "a chain of hard links": lambda n: [
        b"".join(tar.by_hand(f"l{one}", typeflag=b"1", link=f"l{one + 1}") for one in range(200 * n)) + END
    ],
    "a chain of symlinks": lambda n: [
        b"".join(tar.by_hand(f"l{one}", typeflag=b"2", link=f"l{one + 1}") for one in range(200 * n))
        + tar.file("l0/x")
        + END
    ],
    "a global header for all": lambda n: [
        tar.pax_header([(f"{one:x}", "v") for one in range(3000)], b"g")
        + b"".join(tar.by_hand(f"f{one}") for one in range(200 * n))
        + END
    ],
}


@pytest.mark.parametrize("kind", READ)
def test_what_an_image_may_have_takes_linear_time(tmp_path, kind):
    costs = [cost(archive(tmp_path, *READ[kind](count)), analysed) for count in (1, 4, 16)]
    assert [answer for _, _, answer in costs] == ["", "", ""]
    base = 0.03
    for (seconds, peak, _), (more_seconds, more_peak, _) in itertools.pairwise(costs):
        assert more_seconds < 8 * (seconds + base), costs
        assert more_peak < 6 * peak + 4 * MEGABYTE, costs


# --- JSON --------------------------------------------------------------------------------------------------


def named(tmp_path: Path, count: int, text: str) -> Path:
    """A Docker archive of so many images whose configs have a field of that text."""
    one = tar.file("a", b"x") + END
    members = {"layer.tar": one}
    manifest = []
    for number in range(count):
        head = {"architecture": "amd64", "os": "linux", "number": number, "rootfs": {"diff_ids": [digest(one)]}}
        config = f'{json.dumps(head)[:-1]},"x":{text}}}'.encode()
        members[f"{number}.json"] = config
        manifest.append({"Config": f"{number}.json", "RepoTags": [f"app:{number}"], "Layers": ["layer.tar"]})
    members["manifest.json"] = json.dumps(manifest).encode()
    path = write_tar(tmp_path / "image.tar", members)
    path.write_bytes(gzip.compress(path.read_bytes(), 1, mtime=0))
    return path


def chosen(path: Path) -> str:
    try:
        with imgscope.analyze(path, image="app:0", cache=False):
            return ""
    except ImgscopeError as error:
        return str(error)


@pytest.mark.parametrize("unit", ["[],", "{},", "0,", '"",', "[[[]]],", '{"a":0},'])
def test_a_config_becomes_no_more_than_so_many_objects(tmp_path, unit):
    for size in (1 * MEGABYTE, 3 * MEGABYTE):
        path = named(tmp_path, 1, "[" + unit * (size // len(unit)) + "0]")
        _, peak, answer = cost(path, chosen)
        assert "values" in answer
        assert peak < 24 * MEGABYTE


def test_configs_of_other_images_are_not_kept(tmp_path):
    text = "[" + "[]," * 60_000 + "0]"
    peaks = [cost(named(tmp_path, count, text), chosen)[1] for count in (4, 16)]
    assert peaks[1] < peaks[0] + 16 * len(text) + 4 * MEGABYTE


@given(
    st.recursive(st.none() | st.text('[]{},"\\\\ab'), lambda x: st.lists(x) | st.dictionaries(st.text('[,"\\\\'), x))
)
def test_signs_within_strings_are_no_values(value):
    """As many as there are pass, whatever is in strings; one fewer do not."""

    def count(one: object) -> int:
        if isinstance(one, list):
            return 1 + sum(map(count, one))
        return 1 + sum(map(count, one.values())) if isinstance(one, dict) else 1

    text = json.dumps(value).encode()
    # Of what is empty, the sign that opens it counts too.
    most = count(value) + text.count(b"[") + text.count(b"{")
    assert documents.parse(text, most) == value
    if count(value) > 1:
        with pytest.raises(LimitError):
            documents.parse(text, count(value) - 2)


def test_a_long_string_is_one_value():
    text = json.dumps({"created_by": '[{",' * 200_000}).encode()
    assert documents.values(text) > documents.MAX_VALUES
    assert documents.parse(text)
    begin = time.process_time()
    with pytest.raises((ValueError, LimitError)):
        documents.parse(b'"\\' * 1_000_000)
    assert time.process_time() - begin < 2


def test_a_package_manifest_that_is_none_is_not_read(tmp_path):
    from imgscope.packages import read_packages

    good = tar.file("app/node_modules/good/package.json", b'{"name": "good", "version": "1"}')
    peaks = []
    for megabytes in (8, 32):
        large = tar.file("app/node_modules/large/package.json", b"[" + b"[]," * (megabytes << 18) + b"0]")
        many = tar.file("app/node_modules/many/package.json", b"[" + b"[]," * 100_000 + b"0]")
        path = archive(tmp_path, good + large + many + END)
        with imgscope.analyze(path, cache=False, contents=True) as analysis:
            tracemalloc.start()
            found = read_packages(analysis)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert [package.name for package in found.packages] == ["good"]
    assert peaks[1] < peaks[0] + 4 * MEGABYTE


# --- the limits themselves ---------------------------------------------------------------------------------


def test_each_limit_is_told_with_its_number():
    """What the docs say of it, too: a number that changes has to change there."""
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")
    for kind, (limit, words) in bounds.LIMITS.items():
        number = (
            f"{limit:,}" if f"{limit:,}" in words else f"{limit >> 20} MiB" if limit < 1 << 30 else f"{limit >> 30} GiB"
        )
        assert number in words and number in page, kind


def test_costs_add_up_whatever_the_order():
    total = bounds.Costs()
    for _ in range(4):
        total.include([{bounds.PIECES: 1 << 16}])
    with pytest.raises(LimitError, match="262,144 pieces"):
        total.include([{bounds.PIECES: 1}])
