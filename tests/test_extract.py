"""Extraction is safe: an archive's names and links are a stranger's, and nothing may leave the chosen folder."""

import io
import json
import os
import tarfile

import pytest

import imgscope
from imgscope.errors import UsageError
from imgscope.extract import extract


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
