"""How layers line up, what first broke the sharing, and what is to be pulled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from imgscope.differences import diff
from tests.archive.images import PACK, Image, blob, descriptor, digest, docker_archive, layout, oci, write_tar
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


def claiming(path: Path, layer: bytes, claim: bytes, pack: str = "", digest_of: bytes | None = None) -> Path:
    """An image of one layer whose config has the diff_id of another; ``digest_of`` is what the manifest calls it by."""
    image = Image((layer,), extra={"rootfs": {"type": "layers", "diff_ids": [digest(claim)]}})
    if not pack:
        return write_tar(path, docker_archive(image))
    members = oci(image, pack=pack, media=f"tar+{pack}")
    if digest_of is None:
        return write_tar(path, members)
    # The blob under the name of the other one.
    other = PACK[pack](digest_of)
    (top,) = json.loads(members["index.json"])["manifests"]
    manifest = json.loads(members["blobs/" + top["digest"].replace(":", "/")])
    members[blob(other)] = members.pop(blob(PACK[pack](layer)))
    manifest["layers"][0].update(digest=digest(other), size=len(members[blob(other)]))
    return write_tar(path, layout(members, descriptor(manifest, members, "manifest.v1+json")))


@pytest.mark.parametrize("pack", ["", "gzip"])
@pytest.mark.parametrize("liar", ["OLD", "NEW"])
def test_a_layer_that_claims_anothers_diff_id_is_pulled_and_named(tmp_path, pack, liar):
    honest = claiming(tmp_path / "honest.tar", A, A, pack)
    false = claiming(tmp_path / "false.tar", B, A, pack)
    old, new = (false, honest) if liar == "OLD" else (honest, false)
    with diff(old, new, cache=False) as found:
        assert lined_up(found) == [("changed", 0, 0)] and not found.equal
        assert found.pull.layers == 1 and found.pull.changed_bytes == (1000 if liar == "OLD" else 2000)
        (note,) = found.notes
        assert note.startswith(f"layer 0 of {liar} is not what that image says: its diff_id is {digest(B)}")


def test_a_blob_that_claims_anothers_digest_is_pulled_and_named(tmp_path):
    honest = claiming(tmp_path / "honest.tar", A, A, "gzip")
    false = claiming(tmp_path / "false.tar", B, B, "gzip", digest_of=A)
    with diff(honest, false, cache=False) as found:
        assert found.pull.layers == 1 and "layer 0 of NEW is not what that image says: its blob is" in found.notes[0]


def test_a_false_claim_beside_the_true_one_does_not_hide_it(tmp_path, make):
    both = Image((B, A), extra={"rootfs": {"type": "layers", "diff_ids": [digest(A), digest(A)]}})
    with diff(make(A), write_tar(tmp_path / "both.tar", docker_archive(both)), cache=False) as found:
        assert found.pull.layers == 0 or found.notes
        assert [row.kind for row in found.files] == ["added"]


def test_a_saved_analysis_with_another_layer_of_that_name_is_not_believed(tmp_path, imgscope):
    honest = claiming(tmp_path / "honest.tar", A, A)
    (tmp_path / "old.json").write_text(imgscope("analyze", honest, "--format", "json").stdout)
    with diff(tmp_path / "old.json", claiming(tmp_path / "false.tar", B, A), cache=False) as found:
        assert found.pull.layers == 1 and "layer 0 of NEW is not what that image says" in found.notes[0]


def test_compressed_layers_that_both_have_are_unpacked_once(make, monkeypatch):
    from imgscope import scanning

    scanned = []
    scan = scanning._scan_blob
    monkeypatch.setattr(scanning, "_scan_blob", lambda *given, **named: scanned.append(1) or scan(*given, **named))
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


def test_the_file_that_made_a_same_instruction_differ_is_named(imgscope, make):
    from tests.oracle import maketar as tar

    steps = ["COPY a /", "RUN make"]
    same = tar.layer(tar.file("a", b"x"))
    old = make(same, tar.layer(tar.file("b", b"y"), tar.file("log", b"1")), instructions=steps)
    new = make(same, tar.layer(tar.file("b", b"y"), tar.file("log", b"22")), instructions=steps)
    done = imgscope("diff", old, new)
    assert "the first file that differs in it is /log" in " ".join(done.stdout.split())
    assert "new bytes" in done.stdout and " news" not in done.stdout
    touched = make(same, tar.layer(tar.file("b", b"y", mtime=77), tar.file("log", b"1")), instructions=steps)
    done = imgscope("diff", old, touched)
    assert "differs in it is /b" in " ".join(done.stdout.split())
