"""The outer tar: cut anywhere, lying anywhere, hostile anywhere; an error of one line, within bounds."""

from __future__ import annotations

import io
import os
import tarfile
import tracemalloc

import pytest

from imgscope.archive import directory, tar_stores
from imgscope.archive.open import open_file, open_layout, open_stream
from imgscope.errors import ArchiveError, ImageError, ImageNotFoundError

from .images import LAYERS, Image, digest, digests, docker_archive, oci, scan, write_directory, write_tar

DIFF_IDS = [digest(data) for data in LAYERS]


def both_ways(path):
    """Open an archive on disk, then streamed."""
    yield lambda: open_file(path)
    yield lambda: open_stream(io.BytesIO(path.read_bytes()).read, scan_layer=scan)


@pytest.mark.parametrize("members", [docker_archive(Image()), oci()], ids=["docker", "oci"])
def test_a_cut_anywhere_is_an_error(members, tmp_path):
    path = write_tar(tmp_path / "image.tar", members)
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        # Nothing of the image is lost with this one, the last of an OCI layout.
        spare = tar.getmember("oci-layout").offset if "oci-layout" in members else None
    end = len(whole.rstrip(b"\0"))
    cut = tmp_path / "cut.tar"
    for length in [*range(0, end, 997), *range(512, end, 512), end - 1]:
        cut.write_bytes(whole[:length])
        for opening in both_ways(cut):
            if length == spare:
                assert "no end mark" in opening().notes[0]
                continue
            with pytest.raises(ArchiveError) as error:
                opening()
            assert "\n" not in str(error.value)
    # What follows the last member is padding, and only that.
    for length in (-(-end // 512) * 512, -(-end // 512) * 512 + 512, len(whole) - 512):
        cut.write_bytes(whole[:length])
        for opening in both_ways(cut):
            opened = opening()
            assert digests(opened) == DIFF_IDS
            assert bool(opened.notes) == (length == -(-end // 512) * 512)


def test_an_archive_cut_between_members_says_so(tmp_path):
    members = docker_archive(Image())
    path = write_tar(tmp_path / "image.tar", members)
    with tarfile.open(path) as tar:
        offset = tar.getmember("manifest.json").offset
    path.write_bytes(path.read_bytes()[:offset])
    for opening in both_ways(path):
        with pytest.raises(ArchiveError, match="no end mark, so it was probably cut short"):
            opening()


def test_rubbish_after_the_end_mark_is_not_read_as_members(tmp_path):
    path = write_tar(tmp_path / "image.tar", docker_archive(Image()))
    path.write_bytes(path.read_bytes() + os.urandom(5000))
    for opening in both_ways(path):
        assert digests(opening()) == DIFF_IDS


@pytest.mark.parametrize("at", [0, 100, 124, 148, 156])
def test_a_damaged_header_is_an_error(at, tmp_path):
    path = write_tar(tmp_path / "image.tar", docker_archive(Image()))
    data = bytearray(path.read_bytes())
    with tarfile.open(path) as tar:
        second = tar.getmembers()[1].offset
    data[second + at] ^= 0x41
    path.write_bytes(data)
    for opening in both_ways(path):
        with pytest.raises(ArchiveError, match="truncated or corrupt"):
            opening()


def test_a_size_that_lies_is_an_error(tmp_path):
    path = tmp_path / "image.tar"
    info = tarfile.TarInfo("manifest.json")
    info.size = 1 << 60
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    for opening in both_ways(path):
        with pytest.raises(ArchiveError, match=r"cut short|too large"):
            opening()


def test_an_endless_number_of_members_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tar_stores, "MAX_MEMBERS", 50)
    path = write_tar(tmp_path / "image.tar", {f"x{n}": b"" for n in range(60)})
    for opening in both_ways(path):
        with pytest.raises(ArchiveError, match="has over 50 members"):
            opening()


def test_endless_names_are_refused(tmp_path, monkeypatch):
    path = write_tar(tmp_path / "image.tar", {"n" * 20_000: b""})
    for opening in both_ways(path):
        with pytest.raises(ArchiveError, match="names longer than"):
            opening()
    monkeypatch.setattr(tar_stores, "MAX_ALL_NAMES", 1000)
    path = write_tar(tmp_path / "image.tar", {f"{n:0200}": b"" for n in range(20)})
    for opening in both_ways(path):
        with pytest.raises(ArchiveError, match="names longer than"):
            opening()


def test_json_that_nobody_needs_is_kept_within_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(tar_stores, "MAX_ALL_JSON", 100_000)
    path = write_tar(tmp_path / "image.tar", {f"j{n}": b"{" + bytes(50_000) for n in range(5)})
    with pytest.raises(ArchiveError, match="MiB of JSON"):
        open_stream(path.open("rb").read, scan_layer=scan)


def test_large_json_is_never_held(tmp_path):
    # An SBOM attestation of tens of MiB is common; it is passed over.
    members = {"blobs/sha256/sbom": b'{"x":"' + b"a" * (40 << 20) + b'"}', **docker_archive(Image())}
    path = write_tar(tmp_path / "image.tar", members)
    with path.open("rb") as file:
        tracemalloc.start()
        opened = open_stream(file.read, scan_layer=scan)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert digests(opened) == DIFF_IDS
    assert peak < 8 << 20


def test_a_sparse_member_is_refused_only_where_it_is_a_layer(tmp_path):
    from subprocess import run

    members = docker_archive(Image(layers=(LAYERS[0] + bytes(1 << 20),)))
    folder = write_directory(tmp_path / "files", members)
    layer_name = next(name for name in members if name.endswith("layer.tar"))
    with (folder / layer_name).open("r+b") as file:
        file.truncate(len(LAYERS[0]))
        file.truncate(len(LAYERS[0]) + (1 << 20))
    path = tmp_path / "image.tar"
    done = run(["tar", "-S", "-cf", path, "-C", folder, *os.listdir(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("this tar makes no sparse members")
    with tarfile.open(path) as tar:
        if not any(member.issparse() for member in tar):
            pytest.skip("this file system makes no sparse files")
    with pytest.raises(ArchiveError, match="stored as a sparse file"):
        open_file(path)
    with path.open("rb") as file:
        scanned = open_stream(file.read, scan_layer=scan).layers[0].scanned
    assert isinstance(scanned, ArchiveError) and "sparse" in str(scanned)


def test_what_the_scanner_leaves_unread_is_passed_over(tmp_path):
    path = write_tar(tmp_path / "image.tar", docker_archive(Image()))
    opened = open_stream(path.open("rb").read, scan_layer=lambda name, read, size: read(10))
    assert [stored.scanned for stored in opened.layers] == [data[:10] for data in LAYERS]


def test_a_stream_that_fails_within_a_layer_is_not_the_layers_fault(tmp_path):
    data = write_tar(tmp_path / "image.tar", docker_archive(Image())).read_bytes()
    source = io.BytesIO(data)

    def read(size):
        if source.tell() > 2000:
            raise ImageError("the engine broke off")
        return source.read(min(size, 512))

    with pytest.raises(ImageError, match="the engine broke off"):
        open_stream(read, scan_layer=scan)


def test_a_stream_that_fails_once_is_not_read_on(tmp_path):
    source = io.BytesIO(write_tar(tmp_path / "image.tar", docker_archive(Image())).read_bytes())
    failures = [ImageError("the engine broke off")]

    def read(size):
        if source.tell() > 2000 and failures:
            raise failures.pop()
        return source.read(min(size, 512))

    with pytest.raises(ImageError, match="the engine broke off"):
        open_stream(read, scan_layer=scan)


def test_bugs_of_the_scanner_are_not_hidden(tmp_path):
    path = write_tar(tmp_path / "image.tar", docker_archive(Image()))
    with pytest.raises(ZeroDivisionError):
        open_stream(path.open("rb").read, scan_layer=lambda name, read, size: 1 // 0)


def test_progress_counts_every_byte_of_the_stream(tmp_path):
    class Count:
        total = 0

        def advance(self, count):
            self.total += count

    path = write_tar(tmp_path / "image.tar", docker_archive(Image()))
    count = Count()
    open_stream(path.open("rb").read, scan_layer=scan, progress=count)
    assert count.total == path.stat().st_size


def test_files_that_cannot_be_opened(tmp_path):
    with pytest.raises(ImageNotFoundError, match="No such file"):
        open_file(tmp_path / "nothing.tar")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArchiveError, match="not a regular file"):
        open_file(tmp_path / "pipe")
    with pytest.raises(ArchiveError, match="not a regular file"):
        open_file(tmp_path)
    with pytest.raises(ArchiveError, match="can't be read"):
        open_layout(tmp_path / "nothing")


def test_nothing_but_regular_files_is_read_in_a_directory(tmp_path):
    folder = write_directory(tmp_path / "layout", oci())
    blob = next(path for path in (folder / "blobs/sha256").iterdir() if path.read_bytes()[:2] == b"\x1f\x8b")
    blob.unlink()
    os.mkfifo(blob)
    with pytest.raises(ArchiveError, match="is not a regular file"):
        open_layout(folder)
    blob.unlink()
    blob.symlink_to("/dev/zero")
    with pytest.raises(ArchiveError, match="is not a regular file"):
        open_layout(folder)


def open_fds() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files by /proc")
def test_files_are_closed_after_use_and_after_errors(tmp_path, monkeypatch):
    folder = write_directory(tmp_path / "layout", oci())
    archive = write_tar(tmp_path / "image.tar", docker_archive(Image()))
    broken = write_tar(tmp_path / "broken.tar", {"manifest.json": b"["})
    before = open_fds()
    for _ in range(3):
        for opened in (open_file(archive), open_layout(folder)):
            assert open_fds() > before
            opened.close()
            opened.close()
        with pytest.raises(ArchiveError):
            open_file(broken)
    monkeypatch.setattr(directory, "MAX_FILES", 3)
    with pytest.raises(ArchiveError, match="over 3 blobs"):
        open_layout(folder)
    assert open_fds() == before


def test_a_files_identity_changes_with_it(tmp_path):
    archive = write_tar(tmp_path / "image.tar", docker_archive(Image()))
    first = open_file(archive).file_identity
    assert first == open_file(archive).file_identity
    os.utime(archive, ns=(1, 1))
    assert open_file(archive).file_identity != first
    assert open_stream(archive.open("rb").read, scan_layer=scan).file_identity is None
