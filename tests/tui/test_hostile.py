"""Images by strangers: names that would harm a terminal, wide names, deep trees, special files; and saved analyses."""

from __future__ import annotations

import subprocess
import sys

import pytest

import imgscope
from imgscope.differences import diff
from tests.archive.images import Image, write_tar
from tests.archive.images import docker_archive as archive_of
from tests.oracle.compare import analyze_layers
from tests.oracle.maketar import directory, docker_archive, file, layer, symlink

from .driver import FIXTURES, explore


def test_names_are_escaped_wherever_they_are_shown(tmp_path):
    names = ["\x1b[31mred", "two\nlines", "[bold]markup[/bold]", "\u202egnp.exe", b"\xff\xfe"]
    layers = [layer(*(file(name, content) for name in names)) for content in (b"x", b"\x1b]0;y\x07")]
    analysis = imgscope.analyze(docker_archive(tmp_path / "hostile.tar", layers), contents=True)

    async def scenario(view):
        await view.press("2", "w")
        for _ in names:
            await view.press("j")
            text = view.text()
            assert "\x1b" not in text
            assert "\u202e" not in text
        assert "\\x1b[31mred" in text
        assert "two\\nlines" in text
        assert "[bold]markup[/bold]" in text
        assert "\\xff\\xfe" in text
        assert "\\u202egnp.exe" in text
        for key in ("v", "f", "e", "y", "o"):
            await view.press(key)
            assert "\x1b" not in view.text()
            await view.press("escape")

    explore(scenario, analysis=analysis)


def test_wide_names_keep_the_frame_straight():
    analysis = analyze_layers([layer(file("日本語のとても長いファイル名" * 6, b"x"), symlink("短い", "リンク" * 40))])

    async def scenario(view):
        from rich.cells import cell_len

        for line in view.text().splitlines():
            assert cell_len(line) == view.app.size.width
        assert "日本語" in view.text()

    explore(scenario, analysis=analysis, size=(120, 30))


def test_a_very_deep_tree_can_be_opened():
    path = "/".join("d" * 1 for _ in range(300))
    analysis = analyze_layers([layer(file(path, b"x"))])

    async def scenario(view):
        await view.press("2", "E", "G")
        # One line for all the folders, which hold nothing but the next, and one for the file.
        assert view.tree.cursor == 1
        assert "d" in view.text("#tree")

    explore(scenario, analysis=analysis)


def test_special_files_and_folders_have_no_content():
    async def scenario(view):
        await view.press("2", "v")
        assert "has no content" in view.text()

    explore(scenario)


def test_an_image_without_layers():
    async def scenario(view):
        await view.press(
            "2", "E", "s", "n", "B", "W", "x", "slash", "a", "escape", "v", "w", "4", "enter", "1", "j", "c"
        )

    explore(scenario, analysis=analyze_layers([]))


def test_an_empty_layer():
    async def scenario(view):
        await view.press("2", "E", "n", "W", "space", "l", "h", "enter", "e", "escape", "o", "escape", "y")

    explore(scenario, analysis=analyze_layers([layer(), layer(directory("only"))]))


@pytest.fixture
def saved(tmp_path):
    target = tmp_path / "saved.json"
    subprocess.run(
        [sys.executable, "-m", "imgscope", "analyze", FIXTURES / "webapp.tar", "-o", f"json={target}"],
        check=True,
        capture_output=True,
    )
    return target


def test_a_saved_analysis_opens_just_the_same(saved):
    async def scenario(view):
        assert view.paths() == ["/bin", "/etc", "/srv/app", "/tmp", "/usr/lib/webapp", "/var"]
        await view.press("B")
        assert view.here() == "/bin/busybox"
        await view.press("v")
        assert "saved" in view.text("#content").lower()

    explore(scenario, analysis=imgscope.analyze(saved))


def test_names_that_look_like_broken_markup_do_no_harm(tmp_path):
    names = ["[", "]", "a[", "[/b]x[red]"]
    archives = []
    for number, content in enumerate((b"one", b"two!")):
        members = [file(f"d/{name}", content) for name in names]
        image = Image((layer(*members),), extra={"history": [{"created_by": "RUN [/b] ["}]})
        archives.append(write_tar(tmp_path / f"{number}.tar", archive_of(image)))

    async def scenario(view):
        await view.press("2", "E", "w")
        for key in ("j", "j", "j", "j", "enter", "escape", "y", "e", "escape", "1", "enter", "escape", "3", "s"):
            await view.press(key)
        if not view.explorer.has_class("why"):
            # Esc closed it.
            await view.press("2", "w")
        assert "Why /" in view.text("#why")

    with diff(*archives, cache=False, contents=True) as difference:
        explore(scenario, difference=difference)
        explore(scenario, analysis=difference.new)
