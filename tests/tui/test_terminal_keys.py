"""Keys that a multiplexer may take, Esc everywhere, links, searching, heads of columns, copying."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import imgscope
from imgscope.tui import clipboard, keys
from imgscope.tui.content.reading import HexLines
from imgscope.tui.content.screen import ContentScreen, TextLines
from imgscope.tui.content.search import SearchBar, matching
from imgscope.tui.widgets import head_at
from tests.oracle.compare import analyze_layers
from tests.oracle.maketar import directory, docker_archive, file, layer, symlink, whiteout

from .driver import explore, releases

# What takes a key before any program gets it: tmux, screen, zellij.
TAKEN = {"ctrl+b", "ctrl+a", *(f"ctrl+{letter}" for letter in "gptnhsoq")}


@pytest.mark.parametrize("table", [keys.KEYS, keys.DIFFERENCE_KEYS], ids=["image", "difference"])
def test_what_a_multiplexer_takes_has_another_key(table):
    for key in table:
        assert set(key.keys.split(",")) - TAKEN, f"{key.name} has only {key.keys}"


def test_escape_closes_every_pane_and_never_the_view():
    async def scenario(view):
        for pane in ("3", "4", "5"):
            await view.press(pane, "escape")
            assert view.app.focused.id == "tree"
        await view.press("w")
        assert view.explorer.has_class("why")
        await view.press("escape")
        assert not view.explorer.has_class("why")
        await view.press("w")
        view.explorer.action_pane("why")
        await view.press("escape")
        assert not view.explorer.has_class("why")
        assert view.app.focused.id == "tree"
        # A filter goes first.
        await view.press("w", "slash", "x", "escape")
        assert view.explorer.has_class("why")
        await view.press(*["escape"] * 5)
        assert view.app.is_running

    explore(scenario, size=(110, 24))
    explore(scenario)


def test_escape_in_a_difference_leads_back_to_the_tree():
    async def scenario(view):
        for pane in ("3", "4", "5"):
            await view.press(pane, "escape")
            assert view.app.focused.id == "tree"

    explore(scenario, difference=releases())


def linked():
    below = layer(
        directory("usr"),
        directory("usr/bin"),
        file("usr/bin/python3.11", b"x"),
        symlink("usr/bin/python3", "python3.11"),
        symlink("bin", "usr/bin"),
        symlink("start", "/bin/../bin/./python3"),
        symlink("gone", "usr/nothing/here"),
        symlink("a", "b"),
        symlink("b", "a"),
        symlink("root", "/"),
        symlink("up", "../../../usr/bin"),
        file("old", b"x"),
        symlink("to-old", "old"),
    )
    return analyze_layers([below, layer(whiteout("old"))])


def test_enter_on_a_link_follows_it():
    async def scenario(view):
        def go_to(name):
            view.explorer.go_to(view.explorer.paths.find(name), "")

        for name, to in ((b"start", "usr/bin/python3.11"), (b"bin", "usr/bin"), (b"up", "usr/bin")):
            go_to(name)
            await view.press("enter")
            assert view.here().strip("/") == to
        for name, words in (
            (b"gone", "there is no /usr/nothing"),
            (b"a", "circle"),
            (b"root", "root folder"),
            (b"to-old", "there is no /old"),
        ):
            go_to(name)
            await view.press("enter")
            assert view.here().strip("/").encode() == name
            assert words in view.text()
            view.app.clear_notifications()
        # As of the layer that still has it.
        await view.press("left_square_bracket")
        go_to(b"to-old")
        await view.press("enter")
        assert view.here().strip("/") == "old"

    explore(scenario, analysis=linked())


def test_searching_in_a_file(tmp_path):
    text = "".join(f"line {number} {'Needle' if number % 10 == 3 else 'hay'}\n" for number in range(100))
    archive = docker_archive(tmp_path / "notes.tar", [layer(file("notes.txt", text.encode()))])
    analysis = imgscope.analyze(archive, cache=False, contents=True)

    async def scenario(view):
        await view.press("2", "v")
        pane = view.app.screen.query_one(TextLines)
        await view.press("slash")
        await view.type("needle")
        assert pane.cursor == 3
        assert "1 of 10 lines" in view.text()
        await view.press("enter", "n", "n")
        assert pane.cursor == 23
        await view.press("N", "N", "N")
        assert pane.cursor == 93
        await view.press("slash")
        await view.type("zzz")
        assert "not found" in view.text()
        await view.press("escape")
        assert isinstance(view.app.screen, ContentScreen)
        assert not view.app.screen.query_one(SearchBar).has_class("open")
        await view.press("escape")
        assert not isinstance(view.app.screen, ContentScreen)

    explore(scenario, analysis=analysis)


def test_what_is_searched_for_is_found():
    assert matching(["One", "two", "ONE"], "one") == [0, 2]
    assert matching(["One", "two", "ONE"], "ONE") == [2]
    assert matching(["a"], "") == []
    dump = HexLines(bytes(40) + b"\x7fELF" + bytes(20) + b"elf")
    assert matching(dump, "elf") == [2, 4]
    assert matching(dump, "7f 45 4c") == [2]
    # Across the end of a line of the dump.
    assert matching(HexLines(bytes(14) + b"name"), "name") == [0]


def test_heads_of_columns():
    heading = "   Wasted   In→By  Reason       Path"
    assert [head_at(heading, x) for x in (0, 8, 12, 20, 33, 90)] == [
        "Wasted",
        "Wasted",
        "In→By",
        "Reason",
        "Path",
        "Path",
    ]
    assert head_at("", 3) == ""


def test_a_click_on_a_head_sorts():
    async def scenario(view):
        async def click(pane, word):
            widget = view.explorer.query_one(f"#{pane}")
            place = widget.heading(widget.scrollable_content_region.width).index(word) + 1
            offset = widget.content_region.offset - widget.region.offset
            await view.pilot.click(f"#{pane}", offset=(offset.x + place, offset.y))
            await view.settle()

        await click("tree", "Size")
        assert view.rows.sort == "size"
        await click("tree", "Path")
        assert view.rows.sort == "name"
        await click("waste", "Path")
        assert view.explorer.waste_pane.sort == "path"
        assert view.rows.sort == "name"
        await click("waste", "Reason")
        assert view.explorer.waste_pane.sort == "path"

    explore(scenario, size=(200, 60))


def test_a_selection_that_is_lost_falls_back_to_its_folder():
    async def scenario(view):
        view.explorer.go_to(view.explorer.paths.find(b"srv/app/assets/photo.raw"), "")
        await view.press("1", "home")
        assert view.here() in ("/srv/app", "/srv", "/bin")
        above = view.here()
        assert "/srv/app/assets/photo.raw".startswith(above) or "/srv" not in view.paths()

    explore(scenario)


def program(folder: Path, name: str, code: int = 0) -> None:
    path = folder / name
    path.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(folder / 'got')!r}, 'a').write({name!r} + ' '\n"
        f"+ ' '.join(sys.argv[1:]) + ':' + sys.stdin.read() + '\\n')\nsys.exit({code})\n"
    )
    path.chmod(0o755)


def test_copying_takes_what_is_there(tmp_path, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("tmux", "wl-copy", "xclip", "xsel"):
        program(tmp_path, name)
    assert clipboard.copy("nobody") == []
    monkeypatch.setenv("TMUX", "/tmp/x,1,0")
    assert clipboard.copy("a path\n") == ["tmux"]
    monkeypatch.setenv("DISPLAY", ":0")
    assert clipboard.copy("x") == ["tmux", "xclip"]
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert clipboard.copy("x") == ["tmux", "wl-copy"]
    program(tmp_path, "wl-copy", code=1)
    assert clipboard.copy("x") == ["tmux"]
    assert (tmp_path / "got").read_text().startswith("tmux load-buffer -w -:a path\n")


def test_copying_says_what_took_it(tmp_path, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TMUX", "/tmp/x,1,0")
    program(tmp_path, "tmux")

    async def scenario(view):
        await view.press("2", "y")
        await view.settle()
        assert "OSC 52" in view.text()
        assert "tmux" in view.text()

    explore(scenario)
