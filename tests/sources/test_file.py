"""Archives in files, pipes and on standard input: each read in the way that costs least, nothing left behind."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from imgscope.errors import ArchiveError, ContentUnavailableError, ImageError, ImageNotFoundError, UsageError
from imgscope.sources import find_source

from ..archive.images import LAYERS, Image, digest, digests, docker_archive, oci, scan, write_directory, write_tar

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DIFF_IDS = [digest(data) for data in LAYERS]
PACK = {"gz": gzip.compress, "zst": zstd.compress, "xz": lzma.compress, "bz2": bz2.compress}


def never(name, read):
    raise AssertionError("an archive that can be seeked in is not scanned while it is opened")


class Progress:
    def __init__(self):
        self.calls = []

    def start(self, total, what):
        self.calls.append((total, what))
        self.count = 0

    def advance(self, count):
        self.count += count

    def finish(self):
        self.calls.append(self.count)


@pytest.fixture
def archive(tmp_path):
    return write_tar(tmp_path / "image.tar", docker_archive(Image()))


def test_a_plain_archive_is_opened_in_place(archive):
    source = find_source(archive)
    opened = source.open(never)
    assert opened.origin == "docker-archive"
    assert all(stored.region for stored in opened.layers)
    assert digests(opened) == DIFF_IDS
    assert source.saved() is None
    assert source.vouched is None
    assert source.describe() == str(archive)
    assert digests(source.reopen()) == DIFF_IDS


@pytest.mark.parametrize("kind", PACK)
def test_an_archive_compressed_as_a_whole_streams(archive, kind, tmp_path):
    path = tmp_path / f"image.{kind}"
    path.write_bytes(PACK[kind](archive.read_bytes()))
    source = find_source(path)
    progress = Progress()
    opened = source.open(scan, progress)
    assert [stored.scanned for stored in opened.layers] == DIFF_IDS
    assert progress.calls == [(None, f"reading {path}"), archive.stat().st_size]
    again = source.reopen()
    assert all(stored.region for stored in again.layers)
    assert digests(again) == DIFF_IDS
    again.close()
    # Wanting contents, it is unpacked before it is scanned.
    assert all(stored.region for stored in find_source(path, contents=True).open(never).layers)


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_compressed_archive_that_is_cut_is_an_error(archive, kind, share, tmp_path):
    path = tmp_path / f"image.{kind}"
    data = PACK[kind](archive.read_bytes())
    path.write_bytes(data[: int(len(data) * share)])
    for opening in (lambda: find_source(path).open(scan), lambda: find_source(path).reopen()):
        with pytest.raises(ArchiveError, match=f"{path} is truncated or corrupt") as error:
            opening()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello", "is not an image archive"),
        (bytes(300), "is not an image archive"),
        (b"PK\x03\x04" + bytes(1000), "is not an image archive"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(b"hello" * 300, mtime=0), "is not an image archive"),
        (b"\x1f\x8b\x08", "is truncated or corrupt"),
        (bytes(10240), "is not an image archive"),
    ],
)
def test_what_is_no_archive(content, message, tmp_path):
    path = tmp_path / "thing.tar"
    path.write_bytes(content)
    for contents in (False, True):
        with pytest.raises(ArchiveError, match=message):
            find_source(path, contents=contents).open(scan)


def test_a_file_that_may_not_be_read(tmp_path):
    (tmp_path / "x.tar").symlink_to("x.tar")
    with pytest.raises(ImageNotFoundError, match="can't be read"):
        find_source(tmp_path / "x.tar")


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, zstd.compress])
def test_a_saved_analysis_is_recognised_compressed_too(pack, tmp_path):
    text = b'{"schema_version": 1, "image": {}}'
    path = tmp_path / "saved"
    path.write_bytes(pack(text))
    assert find_source(path).saved() == text
    assert find_source(str(path)).saved() == text


def test_the_cache_key_is_the_files_identity_and_the_choice(archive):
    keys = {
        find_source(archive).cache_key(),
        find_source(archive, platform="linux/arm64").cache_key(),
        find_source(archive, image="x").cache_key(),
    }
    assert len(keys) == 3
    assert find_source(archive).cache_key() in keys
    before = find_source(archive)
    os.utime(archive, ns=(5, 5))
    assert find_source(archive).cache_key() not in keys
    # A file that takes its place is another; the one that was opened stays.
    other = write_tar(archive.with_name("other.tar"), oci())
    key = before.cache_key()
    other.replace(archive)
    assert before.cache_key() != key or find_source(archive).cache_key() != key
    assert before.open(never).origin == "docker-archive"
    assert find_source(archive).open(never).origin == "oci-archive"


def test_a_layouts_cache_key_covers_its_blobs(tmp_path):
    folder = write_directory(tmp_path / "layout", oci())
    first = find_source(folder).cache_key()
    assert first == find_source(str(folder)).cache_key()
    blob = next((folder / "blobs" / "sha256").iterdir())
    blob.write_bytes(blob.read_bytes())
    os.utime(blob, ns=(9, 9))
    assert find_source(folder).cache_key() != first
    assert digests(find_source(folder).open(never)) == DIFF_IDS
    assert digests(find_source(f"oci:{folder}:1.0").reopen()) == DIFF_IDS


def test_a_wrong_platform_is_wrong_use_before_anything_is_opened(archive):
    with pytest.raises(UsageError, match="is not a platform"):
        find_source(archive, platform="linux amd64")


# -- pipes and standard input ------------------------------------------------------------------------------


def feed(path: Path, data: bytes) -> threading.Thread:
    def write():
        with path.open("wb") as pipe:
            try:
                pipe.write(data)
            except BrokenPipeError:
                pass

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, zstd.compress])
def test_a_named_pipe_streams_once(archive, pack, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = feed(pipe, pack(archive.read_bytes()))
    source = find_source(pipe)
    assert source.saved() is None
    assert source.cache_key() is None
    assert [stored.scanned for stored in source.open(scan).layers] == DIFF_IDS
    writer.join()
    with pytest.raises(ContentUnavailableError, match="could be read only once"):
        source.reopen()


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress])
def test_contents_of_a_pipe_are_at_hand_when_they_were_announced(archive, pack, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = feed(pipe, pack(archive.read_bytes()))
    opened = find_source(pipe, contents=True).open(never)
    writer.join()
    assert digests(opened) == DIFF_IDS


PROGRAM = """
import sys
from imgscope.errors import ImgscopeError
from imgscope.sources import find_source
from tests.archive.images import digests, scan
try:
    source = find_source("-", contents="contents" in sys.argv)
    saved = source.saved()
    print(saved.decode() if saved else "\\n".join(digests(source.open(scan))))
except ImgscopeError as error:
    print(type(error).__name__, error)
"""


def stdin(arguments: list[str] | None = None, **how) -> list[str]:
    command = [sys.executable, "-c", PROGRAM, *(arguments or [])]
    done = subprocess.run(command, capture_output=True, timeout=60, **how)
    assert not done.stderr, done.stderr
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize("arguments", [[], ["contents"]])
def test_standard_input(archive, arguments):
    data = archive.read_bytes()
    assert stdin(arguments, input=data) == DIFF_IDS
    assert stdin(arguments, input=lzma.compress(data)) == DIFF_IDS
    with archive.open("rb") as file:
        assert stdin(arguments, stdin=file) == DIFF_IDS


def test_standard_input_that_is_no_archive(archive):
    assert stdin(input=b'{"schema_version": 1}') == ['{"schema_version": 1}']
    assert stdin(input=b"") == ["ArchiveError standard input is empty"]
    assert stdin(input=archive.read_bytes()[:5000])[0].startswith("ArchiveError standard input is cut short")
    assert stdin(stdin=subprocess.DEVNULL)[0].startswith("ArchiveError standard input")


def test_standard_input_that_is_a_terminal():
    master, slave = os.openpty()
    try:
        assert stdin(stdin=slave)[0].startswith("UsageError standard input is a terminal; pipe an archive in")
    finally:
        os.close(master)
        os.close(slave)


# -- the temporary copy ------------------------------------------------------------------------------------


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def test_the_copy_lies_in_tmpdir_private_and_without_a_name(archive, temporary, tmp_path):
    packed = tmp_path / "image.tar.gz"
    packed.write_bytes(gzip.compress(archive.read_bytes()))
    opened = find_source(packed).reopen()
    region = opened.layers[0].region
    status = os.fstat(region.fd)
    assert status.st_size == archive.stat().st_size
    assert status.st_mode & 0o077 == 0
    assert status.st_nlink == 0
    assert status.st_dev == temporary.stat().st_dev
    assert os.listdir(temporary) == []
    assert str(packed) in region.path
    opened.close()
    with pytest.raises(OSError):
        os.fstat(region.fd)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_however_the_process_ends(archive, temporary, ending):
    data = archive.read_bytes()
    command = [sys.executable, "-c", PROGRAM, "contents"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.stdin.write(data[: len(data) // 2])
    process.stdin.flush()
    time.sleep(0.5)
    process.send_signal(ending)
    assert process.wait(20) != 0
    process.stdin.close()
    assert os.listdir(temporary) == []


def test_a_full_disk_is_an_error_that_says_what_to_do(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    big = write_tar(tmp_path / "big.tar", docker_archive(Image(layers=(LAYERS[0] + bytes(3 << 20),))))
    feed(pipe, big.read_bytes())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        source = find_source(pipe, contents=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
        with pytest.raises(ImageError, match="set TMPDIR to a folder with room"):
            source.open(never)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_folder_for_temporary_files_that_is_not_there(archive, tmp_path, monkeypatch):
    packed = tmp_path / "image.tar.gz"
    packed.write_bytes(gzip.compress(archive.read_bytes()))

    def fail(**_):
        raise OSError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    with pytest.raises(ImageError, match="set TMPDIR"):
        find_source(packed).reopen()
