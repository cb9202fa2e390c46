"""Extraction is safe: an archive's names and links are a stranger's, and nothing may leave the chosen folder."""

import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import time

import pytest

import imgscope
from imgscope.errors import UsageError
from imgscope.extract import extract
from tests.oracle.maketar import docker_archive, layer, pax_sparse


@pytest.fixture
def image(tmp_path):
    """Make an archive of one layer from (name, type, content or link) entries."""

    def make(*entries):
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as tar:
            for name, kind, value in entries:
                info = tarfile.TarInfo(name)
                info.type = kind
                info.mode = 0o4755
                data = b""
                if kind == tarfile.REGTYPE:
                    data = value
                    info.size = len(data)
                else:
                    info.linkname = value
                tar.addfile(info, io.BytesIO(data))
        path = tmp_path / "image.tar"
        config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ["sha256:" + "0" * 64]}})
        manifest = json.dumps([{"Config": "config.json", "RepoTags": ["x:1"], "Layers": ["layer.tar"]}])
        with tarfile.open(path, "w") as tar:
            files = {"layer.tar": layer.getvalue(), "config.json": config.encode(), "manifest.json": manifest.encode()}
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return imgscope.analyze(path, cache=False)

    return make


def everything(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


FILE, LINK, SYMLINK = tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE


def test_names_that_climb_stay_inside(image, tmp_path):
    inside = tmp_path / "a" / "b"
    extract(image(("../../evil", FILE, b"x"), ("/abs", FILE, b"y"), ("d/../../up", FILE, b"z")), "/", inside)
    assert everything(inside) == {"evil", "abs", "up"}
    assert everything(tmp_path) - {"image.tar", "a", "a/b"} == {"a/b/evil", "a/b/abs", "a/b/up"}


@pytest.mark.parametrize("target", ["/etc", "../..", "a/../../..", "../outside"])
def test_a_symlink_that_leads_out_is_left_out_with_a_word(image, tmp_path, target):
    (tmp_path / "outside").mkdir()
    result = extract(image(("link", SYMLINK, target), ("kept", FILE, b"x")), "/", tmp_path / "out")
    assert everything(tmp_path / "out") == {"kept"}
    assert len(result.skipped) == 1 and "link" in result.skipped[0]


def test_links_that_lead_out_only_together_are_left_out(image, tmp_path):
    """``here/here/..`` looks as if it stayed, and climbs because ``here`` goes nowhere."""
    made = image(("here", SYMLINK, "."), ("up", SYMLINK, "here/here/../../image.tar"))
    result = extract(made, "/", tmp_path / "out")
    assert everything(tmp_path / "out") == {"here"}
    assert "up" in result.skipped[0]


def test_a_symlink_beside_its_folder_is_made(image, tmp_path):
    extract(image(("d/file", FILE, b"x"), ("e/f/link", SYMLINK, "../../d/file")), "/", tmp_path / "out")
    assert (tmp_path / "out/e/f/link").read_bytes() == b"x"


def test_a_symlink_that_stays_is_made(image, tmp_path):
    extract(image(("d/file", FILE, b"x"), ("link", SYMLINK, "d/file")), "/", tmp_path / "out")
    assert os.readlink(tmp_path / "out/link") == "d/file"


def test_a_file_below_a_symlink_never_lands_where_it_points(image, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "d").symlink_to(outside)
    with pytest.raises(imgscope.ImgscopeError):
        extract(image(("d/file", FILE, b"x")), "/", out)
    assert list(outside.iterdir()) == []


def test_hard_links_become_files_with_the_content(image, tmp_path):
    extract(image(("a", FILE, b"shared"), ("b", LINK, "a")), "/", tmp_path / "out")
    assert (tmp_path / "out/b").read_bytes() == b"shared"


def test_devices_are_left_out_and_set_uid_is_dropped(image, tmp_path):
    result = extract(
        image(("null", tarfile.CHRTYPE, ""), ("pipe", tarfile.FIFOTYPE, ""), ("f", FILE, b"x")), "/", tmp_path / "out"
    )
    assert everything(tmp_path / "out") == {"f"}
    assert (tmp_path / "out/f").stat().st_mode & 0o7777 == 0o755
    assert len(result.skipped) == 2


def test_a_file_that_is_there_is_kept_unless_asked(image, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "f").write_text("mine")
    (out / "l").symlink_to("/nowhere")
    with pytest.raises(UsageError, match="--force"):
        extract(image(("f", FILE, b"x")), "/", out)
    with pytest.raises(UsageError, match="--force"):
        extract(image(("l", FILE, b"x")), "/", out)
    assert (out / "f").read_text() == "mine"
    extract(image(("f", FILE, b"x"), ("l", FILE, b"y")), "/", out, force=True)
    assert (out / "f").read_bytes() == b"x" and (out / "l").read_bytes() == b"y"
    assert not (out / "l").is_symlink()
    assert everything(out) == {"f", "l"}


def test_zeros_take_no_room(image, tmp_path):
    analysis = image(("zeros", FILE, bytes(8 << 20)), ("ends", FILE, b"x" + bytes(3 << 20) + b"y"))
    extract(analysis, "/", tmp_path / "out")
    zeros, ends = tmp_path / "out/zeros", tmp_path / "out/ends"
    assert zeros.read_bytes() == bytes(8 << 20)
    assert ends.read_bytes() == b"x" + bytes(3 << 20) + b"y"
    assert zeros.stat().st_blocks * 512 < 1 << 20


def test_a_hole_is_passed_over_whatever_its_header_claims(tmp_path):
    """What has to be read is what the layer stores: a header of a few bytes may claim half a terabyte."""
    size = 1 << 39
    pieces = [(0, b"begin"), (5000, b"m" * 3000), (1 << 33, b"far")]
    data = layer(
        pax_sparse("huge", pieces, size, "1.0"),
        pax_sparse("whole", [(0, b"w" * 70_000)], 70_000, "1.0"),
        pax_sparse("hole", [], 1 << 34, "1.0"),
    )
    path = docker_archive(tmp_path / "sparse.tar", [data])
    began = time.process_time()
    with imgscope.analyze(path, cache=False) as analysis:
        extract(analysis, "/", tmp_path / "out")
    assert time.process_time() - began < 20
    huge = tmp_path / "out" / "huge"
    assert huge.stat().st_size == size and huge.stat().st_blocks * 512 < 1 << 20
    with huge.open("rb") as file:
        assert file.read(8100) == b"begin" + bytes(4995) + b"m" * 3000 + bytes(100)
        file.seek((1 << 33) - 2)
        assert file.read(7) == b"\0\0far\0\0"
    assert (tmp_path / "out" / "whole").read_bytes() == b"w" * 70_000
    assert (tmp_path / "out" / "hole").stat().st_size == 1 << 34


def test_without_hard_links_nothing_is_replaced_either(image, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    analysis = image(("a", FILE, b"new"))
    extract(analysis, "/a", tmp_path / "out")
    assert (tmp_path / "out/a").read_bytes() == b"new"
    with pytest.raises(UsageError):
        extract(analysis, "/a", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]


# --- what can't be written is left out, and the rest is written ------------------------------------------------------

LONG = "n" * 300
# What a stranger's layer may hold: (entries, names that are to be there, words about what was left out).
PARTLY = {
    "a hard link to a symlink": ([("s", SYMLINK, "a"), ("h", LINK, "s")], {"s", "h"}, []),
    "one that leads out": ([("d/s", SYMLINK, "../a"), ("h", LINK, "d/s")], {"d", "d/s"}, ["/h: a symlink to ../a"]),
    "a hard link to a device": ([("c", tarfile.CHRTYPE, ""), ("h", LINK, "c")], set(), ["/c: a", "/h: a character"]),
    "a hard link to nowhere": ([("h", LINK, "gone")], set(), ["/h: it leads to no file"]),
    "a hard link to a folder": ([("d", tarfile.DIRTYPE, ""), ("h", LINK, "d")], None, None),
    "a symlink without a target": ([("s", SYMLINK, "")], set(), ["/s: a symlink without"]),
    "a name too long": ([(LONG, FILE, b"x"), ("d/" + LONG, SYMLINK, "a")], {"d"}, [f"/{LONG}", f"/d/{LONG}"]),
    "a folder too long": ([(f"{LONG}/a", FILE, b"x"), (f"{LONG}/b", FILE, b"")], set(), [f"/{LONG}: File name"]),
    "a device": ([("b", tarfile.BLKTYPE, ""), ("f", tarfile.FIFOTYPE, "")], set(), ["/b: a block", "/f: a fifo"]),
    "control characters": ([("a\x1b[2J\n\x07", FILE, b"x")], {"a\x1b[2J\n\x07"}, []),
}


@pytest.mark.parametrize("case", PARTLY)
def test_the_rest_is_written_and_what_is_left_out_is_told(image, tmp_path, case):
    entries, expected, words = PARTLY[case]
    result = extract(image(("a", FILE, b"1"), *entries, ("z", FILE, b"2")), "/", tmp_path / "out")
    there = everything(tmp_path / "out")
    assert {"a", "z"} <= there
    if expected is not None:
        assert there == {"a", "z", *expected}
        assert result.left_out >= len(words)
        for word in words:
            assert any(line.startswith(word) for line in result.skipped), result.skipped
        assert result.left_out or not words
    designed = all("outside of the folder" in line or "is not copied" in line for line in result.skipped)
    assert (result.failed == 0) == designed


def test_a_hard_link_to_a_symlink_is_that_symlink_again(image, tmp_path):
    made = image(("d/a", FILE, b"1"), ("d/s", SYMLINK, "a"), ("d/h", LINK, "d/s"))
    extract(made, "/d", tmp_path / "out")
    assert os.readlink(tmp_path / "out/d/h") == "a"
    # PATH itself is followed, as everywhere: what the link leads to is written under its name.
    extract(made, "/d/h", tmp_path / "one")
    assert (tmp_path / "one/h").read_bytes() == b"1"
    extract(made, "/", tmp_path / "layer", layer=0)
    assert os.readlink(tmp_path / "layer/d/h") == "a"


def test_the_exit_code_says_whether_all_was_written(image, imgscope, tmp_path):
    """3 where something could not be, 0 where something is left out by design; at most ten are named."""
    image(("null", tarfile.CHRTYPE, ""), ("a", FILE, b"1"))
    done = imgscope("extract", tmp_path / "image.tar", "/", tmp_path / "one")
    assert (done.returncode, "left out /null" in done.stderr) == (0, True)
    image(*[(f"h{number}", LINK, "gone") for number in range(2000)], ("z", FILE, b"1"))
    done = imgscope("extract", tmp_path / "image.tar", "/", tmp_path / "two")
    assert done.returncode == 3 and done.stderr.count("\n") == 12, done.stderr
    assert "left out 1,990 more" in done.stderr and "1 path, " in done.stderr
    assert everything(tmp_path / "two") == {"z"}


def test_modes_of_folders_that_were_there_stay(image, tmp_path):
    (tmp_path / "out/d").mkdir(parents=True)
    (tmp_path / "out/d").chmod(0o700)
    extract(image(("d", tarfile.DIRTYPE, ""), ("d/a", FILE, b"1"), ("e", tarfile.DIRTYPE, "")), "/", tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out/d").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "out/e").stat().st_mode) == 0o755


def test_a_destination_that_is_a_link_is_where_it_leads(image, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    extract(image(("a", FILE, b"1")), "/", tmp_path / "out")
    assert everything(tmp_path / "real") == {"a"}


def test_links_in_a_tree_that_is_there_are_not_followed_with_force_either(image, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o700)
    (outside / "f").write_text("mine")
    (outside / "f").chmod(0o600)
    out = tmp_path / "out"
    out.mkdir()
    (out / "d").symlink_to(outside)
    (out / "f").symlink_to(outside / "f")
    extract(image(("d", tarfile.DIRTYPE, ""), ("d/f", FILE, b"x"), ("f", FILE, b"y")), "/", out, force=True)
    assert (outside / "f").read_text() == "mine"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (outside, outside / "f")] == [0o700, 0o600]
    assert (out / "d/f").read_bytes() == b"x" and (out / "f").read_bytes() == b"y"


# Every other name becomes a link for good, the others for a moment.
SWAP = """
import os, sys
out, victim = sys.argv[1:]
print("ready", flush=True)
while True:
    for number, name in enumerate(os.listdir(out)):
        place = os.path.join(out, name)
        try:
            os.rename(place, place + ".away")
            os.symlink(victim, place)
            if number % 2:
                os.unlink(place)
                os.rename(place + ".away", place)
        except OSError:
            pass
"""


@pytest.mark.parametrize(("kind", "below"), [(FILE, False), (tarfile.DIRTYPE, False), (tarfile.DIRTYPE, True)])
@pytest.mark.parametrize("force", [False, True])
def test_nothing_outside_changes_while_another_swaps_names_for_links(image, tmp_path, kind, force, below):
    """The image's modes, contents and names stay inside, however the names in the folder move meanwhile."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "inner").write_text("mine")
    victim.chmod(0o700)
    target = victim if kind == tarfile.DIRTYPE else victim / "inner"
    target.chmod(0o700)
    out = tmp_path / "out"
    out.mkdir()
    entries = [(f"d{number}", kind, b"x" if kind == FILE else "") for number in range(300)]
    if below:
        entries += [(f"d{number}/inner{letter}", FILE, b"evil") for number in range(300) for letter in ("", "2")]
    made = image(*entries)
    other = subprocess.Popen([sys.executable, "-c", SWAP, str(out), str(target)], stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline()
        end = time.monotonic() + 1
        while time.monotonic() < end:
            try:
                extract(made, "/", out, force=force)
            except imgscope.ImgscopeError:
                pass
            assert stat.S_IMODE(target.stat().st_mode) == 0o700
            subprocess.run(f"rm -rf {out}/*", shell=True, capture_output=True, check=False)
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    assert everything(victim) == {"inner"} and (victim / "inner").read_text() == "mine"
    assert stat.S_IMODE(victim.stat().st_mode) == 0o700
