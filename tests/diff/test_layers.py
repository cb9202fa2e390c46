"""How layers line up, what first broke the sharing, and what is to be pulled."""

from __future__ import annotations

from imgscope.diff import diff
from tests.oracle.maketar import file, layer

A, B, C = (layer(file(name, name.encode() * size)) for name, size in (("a", 1000), ("b", 2000), ("c", 3000)))
B2 = layer(file("b", b"x" * 2000))


def lined_up(difference):
    return [
        (pair.status, pair.old.index if pair.old else None, pair.new.index if pair.new else None)
        for pair in difference.layers
    ]


def test_layers_that_were_added_on_top(make):
    with diff(make(A), make(A, B), cache=False) as found:
        assert lined_up(found) == [("shared", 0, 0), ("new", None, 1)]
        assert found.broken is None
        assert (found.pull.layers, found.pull.content_bytes, found.pull.changed_bytes) == (1, 2000, 2000)


def test_the_same_instruction_with_other_bytes_is_the_cause(make):
    with diff(make(A, B, C), make(A, B2, C), cache=False) as found:
        assert lined_up(found) == [("shared", 0, 0), ("changed", 1, 1), ("same", 2, 2)]
        assert (found.broken.cause, found.broken.pair.new.index, found.broken.timestamps) == ("changed", 1, False)
        assert [pair.pulled for pair in found.layers] == [False, True, False]
        assert [pair.really_new for pair in found.layers] == [0, 2000, 0]
        # An engine that knows layers by their chain only fetches what stands above as well.
        assert found.pull.chain_bytes > found.pull.bytes


def test_only_times_differ(make):
    old = make(A, layer(file("t", b"same", mtime=1)))
    with diff(old, make(A, layer(file("t", b"same", mtime=2))), cache=False) as found:
        assert found.broken.timestamps
        assert found.pull.changed_bytes == 0 and found.pull.content_bytes == 4 and found.pull.ratio is None


def test_instructions_that_changed_places(make):
    words = ["FROM x", "RUN make b", "RUN make c"]
    new = make(A, C, B, instructions=[words[0], words[2], words[1]])
    with diff(make(A, B, C, instructions=words), new, cache=False) as found:
        statuses = [status for status, _, _ in lined_up(found)]
        assert sorted(statuses) == ["reordered", "same", "shared"]
        assert found.broken.cause == "reordered"
        assert found.pull.layers == 0 and len(found.files) == 0


def test_an_edited_inserted_and_removed_instruction(make):
    words = ["FROM x", "RUN apt-get install curl=1.0", "COPY . /app"]
    old = make(A, B, C, instructions=words)
    edited = make(A, B2, C, instructions=[words[0], "RUN apt-get install curl=1.1", words[2]])
    with diff(old, edited, cache=False) as found:
        assert (found.broken.cause, found.layers[1].status) == ("edited", "changed")
    inserted = make(A, B2, B, C, instructions=[words[0], "ADD something /else", *words[1:]])
    with diff(old, inserted, cache=False) as found:
        assert found.broken.cause == "inserted"
        assert lined_up(found)[1:] == [("new", None, 1), ("same", 1, 2), ("same", 2, 3)]
    with diff(old, make(A, C, instructions=[words[0], words[2]]), cache=False) as found:
        assert found.broken.cause == "removed"
        assert lined_up(found)[1:] == [("gone", 1, None), ("same", 2, 1)]


def test_digests_in_the_classic_builders_words_do_not_make_another_instruction(make):
    words = [f"/bin/sh -c #(nop) COPY dir:{digit * 64} in /app" for digit in "ab"]
    with diff(make(A, B, instructions=["FROM x", words[0]]), make(A, B2, instructions=["FROM x", words[1]])) as found:
        assert found.broken.cause == "changed"


def test_a_blob_that_comes_twice_is_pulled_once(make):
    with diff(make(A), make(A, B, C, B), cache=False) as found:
        assert [pair.pulled for pair in found.layers] == [False, True, True, False]


def test_compressed_layers_that_both_have_are_unpacked_once(make, monkeypatch):
    from imgscope import analyzer

    scanned = []
    scan = analyzer._scan_blob
    monkeypatch.setattr(analyzer, "_scan_blob", lambda read: scanned.append(1) or scan(read))
    with diff(make(A, B, pack="gzip"), make(A, C, pack="gzip"), cache=False) as found:
        assert lined_up(found)[0] == ("shared", 0, 0)
    assert len(scanned) == 3


def test_a_blob_with_the_digest_of_another_is_read_itself(make):
    """What is shared is shared for its bytes, not for what an archive claims of them."""
    from imgscope.archive.image import LayerBlob, Region
    from imgscope.layer.index import LayerIndex
    from imgscope.shared import SharedLayers

    first, second = make(A), make(B)
    blobs = []
    with first.open("rb") as one, second.open("rb") as other:
        for path, file_ in ((first, one), (second, other)):
            region = Region(str(path), file_.fileno(), 0, 5000)
            blobs.append(LayerBlob("sha256:x", "sha256:y", None, 5000, "gzip", region))
        shared = SharedLayers()
        index = LayerIndex()
        shared.remember(blobs[0], index)
        assert shared.same_blob(blobs[0]) is index
        assert shared.same_blob(blobs[1]) is None
