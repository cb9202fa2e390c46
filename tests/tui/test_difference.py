"""Every action of the view of a difference, by its keys, on two releases that differ in every way."""

from __future__ import annotations

import json

import pytest

import imgscope
from imgscope.differences import Filter, diff
from imgscope.report import Options, renderer
from imgscope.tui.content.screen import ContentScreen, TextLines
from imgscope.tui.dialogs.ask import Ask
from imgscope.tui.keys import DIFFERENCE_KEYS
from imgscope.tui.model.marks import Mark

from .driver import explore, releases
from .pair import MARKS, write_pair


def look(scenario, **more):
    return explore(scenario, **{"difference": releases(), **more})


def leaves(view):
    return [path for path, node in zip(view.paths(), view.rows.nodes, strict=True) if not view.rows.has_names(node)]


def test_it_opens_with_what_differs_and_what_it_costs():
    async def scenario(view):
        assert view.explorer.focused.id == "layers"
        # The layer that ends the sharing is selected.
        assert view.explorer.layer_pane.cursor == 1
        text = view.text()
        for words in (
            "shop:1.0 → shop:1.1",
            "+62 kB content",
            "pull 225 kB in 3 layers",
            "165 kB really changed",
            "1 of 4 layers shared; layer 1 has",
            "1.4 times as much",
            "ENV MODE",
            "17 differences",
        ):
            assert words in text, words

    look(scenario)


def test_the_tree_has_every_difference_and_its_mark():
    async def scenario(view):
        await view.press("2", "E")
        marks = {path: view.mark(path) for path in leaves(view)}
        shown = set(view.paths())
        for row in releases().files:
            assert view.mark(row.path) is MARKS[row.kind], row
            assert row.path in shown
            if row.path_before:
                assert view.mark(row.path_before) is Mark.MOVED
        assert Mark.UNCHANGED not in marks.values()

    look(scenario)


def test_sizes_and_deltas_add_up():
    async def scenario(view):
        old, new = releases().old.image, releases().new.image
        shown = view.explorer.view
        assert shown.deltas[-1] == new.merged_bytes - old.merged_bytes
        for path, directory in releases().files.directories().items():
            # (What lies in a folder that was a file before counts apart from that file.)
            if path not in ("/", "/srv/app/plugins"):
                before, after = shown.both_sizes(view.explorer.paths.find(path[1:].encode()))
                assert after - before == directory.delta, path
        line = next(line for line in view.text("#tree").splitlines() if "usr/" in line)
        assert line.strip("│ ").split()[:6] == ["·", "+35", "kB", "99", "kB", "134"]

    look(scenario)


def test_marks_are_told_apart_without_colour():
    async def scenario(view):
        await view.press("2", "E")
        found = {}
        for line in view.text("#tree").splitlines():
            words = line.strip("│ ").split()
            found.update({word.rstrip("/"): words[0] for word in words})
        signs = {
            "newtool": "+",
            "oldtool": "-",
            "libexample.so.2": "~",
            "plugins": "!",
            "model.bin": ">",
            "small.bin": ">",
            "run.sh": "m",
        }
        assert {name: found[name] for name in signs} == signs

    look(scenario)


def test_where_a_file_went_and_what_of_the_metadata_differs():
    async def scenario(view):
        await view.press("2", "E")
        text = view.text("#tree")
        assert "← /srv/app/models/small.bin" in text
        assert "⇢ /srv/app/data/model.bin" in text
        assert "mode 0644 → 0755, owner 0:0 → 1000:0" in text
        assert "file → directory" in text
        await view.press("ctrl+b")
        assert "0755" not in view.text("#tree")

    look(scenario, size=(180, 45))


def test_sorting_by_delta_name_and_size():
    async def scenario(view):
        def sorted_by(key):
            values = [key(node) for node in view.rows.nodes]
            return values == sorted(values, reverse=True)

        await view.press("2", "x")
        shown = view.explorer.view
        assert sorted_by(lambda node: abs(shown.both_sizes(node)[1] - shown.both_sizes(node)[0]))
        await view.press("s")
        assert view.paths() == sorted(view.paths())
        await view.press("s")
        assert sorted_by(lambda node: max(shown.both_sizes(node)))
        assert "by size" in view.text("#tree")
        await view.press("E", "s")
        assert view.rows.sort == "delta"
        await view.press("s", "s", "s")
        assert view.rows.sort == "delta"

    look(scenario)


@pytest.mark.parametrize(
    ("key", "hidden"),
    [
        ("A", {Mark.ADDED}),
        ("ctrl+a", {Mark.ADDED}),
        ("R", {Mark.REMOVED}),
        ("M", {Mark.MODIFIED, Mark.TYPE_CHANGED}),
        ("m", {Mark.METADATA_ONLY}),
        ("V", {Mark.MOVED}),
    ],
)
def test_paths_are_hidden_by_how_they_differ(key, hidden):
    async def scenario(view):
        await view.press("2", "E")
        before = view.paths()
        await view.press(key)
        assert hidden.isdisjoint(view.mark(path) for path in leaves(view))
        assert leaves(view)
        await view.press(key)
        assert view.paths() == before

    look(scenario)


@pytest.mark.parametrize("key", ["x", "U", "ctrl+u"])
def test_what_is_the_same_can_be_shown(key):
    async def scenario(view):
        await view.press("2", "E", key)
        assert "/bin/busybox" in view.paths()
        assert "Files of both images" in view.text("#tree")
        await view.press(key)
        assert "/bin/busybox" not in view.paths()

    look(scenario)


def test_the_filter_and_jumps():
    async def scenario(view):
        await view.press("slash")
        await view.type("*.bin")
        assert set(leaves(view)) == {
            "/srv/app/data/model.bin",
            "/srv/app/models/small.bin",
            "/srv/app/static/logo.bin",
        }
        await view.press("escape", "n")
        assert view.mark(view.here()) is not Mark.UNCHANGED
        await view.press("W")
        assert view.here() in ("/srv/app/data/model.bin", "/srv/app/models/small.bin")
        await view.press("x", "B")
        assert view.here() == "/bin/busybox"

    look(scenario)


def test_enter_on_a_layer_shows_what_it_brought():
    async def scenario(view):
        await view.press("1", "end", "enter")
        assert leaves(view) == ["/srv/app/static/logo.bin"]
        assert "of layer 3" in view.text("#tree")
        await view.press("escape")
        assert len(leaves(view)) != 1
        await view.press("1", "home", "enter")
        assert view.explorer.focused.id == "layers"

    look(scenario)


def test_enter_on_a_package_shows_its_files():
    async def scenario(view):
        await view.press("4")
        assert "libexample" in view.text("#packages")
        assert "2.0-1 → 2.1-3" in view.text("#packages")
        await view.press("j", "enter")
        assert "/usr/lib/libexample.so.2" in leaves(view)
        assert not [path for path in leaves(view) if path.startswith("/srv")]
        await view.press("slash")
        await view.type("run.sh")
        assert leaves(view) == ["/srv/app/run.sh"]

    look(scenario)


def test_the_selected_layers_are_described():
    async def scenario(view):
        details = view.explorer.query_one("#details")
        assert ("Became", "edited") in details._facts
        await view.press("2", "right_square_bracket")
        assert ("Became", "changed") in details._facts
        await view.press("left_square_bracket", "left_square_bracket")
        assert ("Pulled", "no: OLD has it") in details._facts

    look(scenario)


def test_enter_shows_the_unified_diff_between_the_images():
    async def scenario(view):
        await view.press("slash")
        await view.type("config.ini")
        await view.press("enter", "enter")
        lines = view.app.screen.query_one(TextLines).lines
        assert "-option7 = 49" in lines
        assert "+option7 = 50" in lines
        assert lines[0] == "--- OLD: /srv/app/config.ini"
        await view.press("v")
        assert "option7 = 50" in view.text("#content")
        await view.press("left_square_bracket")
        assert "option7 = 49" in view.text("#content")
        await view.press("f")
        assert "+option7 = 50" in view.app.screen.query_one(TextLines).lines
        await view.press("escape")
        assert view.app.screen is view.explorer

    look(scenario)


def test_a_file_of_one_image_alone_is_viewed():
    async def scenario(view):
        await view.press("slash")
        await view.type("notes.txt")
        await view.press("enter", "f")
        assert view.app.screen is view.explorer
        await view.press("v")
        assert isinstance(view.app.screen, ContentScreen)
        assert "to do" in view.text("#content")
        assert "OLD" in view.text("#content-title")

    look(scenario)


def test_why_tells_of_both_images():
    async def scenario(view):
        await view.press("w", "slash")
        await view.type("oldtool")
        await view.press("enter", "end")
        await view.settle()
        text = view.text("#why")
        assert "In OLD" in text
        assert "In NEW: never there" in text
        assert "apt-get" in text

    look(scenario)


@pytest.mark.parametrize(("name", "content"), [("run.sh", b"#!/bin/sh"), ("oldtool", b"")])
def test_extracting_from_the_image_that_has_it(tmp_path, name, content):
    async def scenario(view):
        await view.press("slash")
        await view.type(name)
        await view.press("enter")
        assert view.here().endswith("/" + name)
        await view.press("e")
        assert isinstance(view.app.screen, Ask)
        assert ("of OLD" if name == "oldtool" else "of NEW") in view.text()
        view.app.screen.query_one("#answer").value = str(tmp_path)
        await view.press("enter")
        await view.app.workers.wait_for_complete()

    look(scenario)
    assert (tmp_path / name).read_bytes().startswith(content)


@pytest.mark.parametrize("suffix", ["json", "md"])
def test_exporting_what_is_shown(tmp_path, suffix):
    async def scenario(view):
        await view.press("2", "E", "o")
        view.app.screen.query_one("#answer").value = str(tmp_path / f"tree.{suffix}")
        await view.press("enter")
        await view.app.workers.wait_for_complete()

    look(scenario)
    text = (tmp_path / f"tree.{suffix}").read_text()
    if suffix == "json":
        rows = {row["path"]: row for row in json.loads(text)["paths"]}
        for row in releases().files:
            found = rows[row.path]
            assert found["change"] == row.kind
            assert found["path_before"] == row.path_before
            if row.type_after == "file":
                assert found["size_after"] == row.size_after
    else:
        assert "`/usr/bin/newtool`" in text


def test_copying_help_theme_and_palette():
    async def scenario(view):
        await view.press("2", "y")
        assert view.app.clipboard == view.here()
        await view.press("question_mark")
        assert "Type changed" in view.text() or "size changed most" in view.text()
        await view.press("escape", "T")
        assert not view.app.current_theme.dark
        titles = {command.title for command in view.app.get_system_commands(view.explorer)}
        for key in DIFFERENCE_KEYS:
            if not key.name.startswith(("move.", "app.command_palette", "app.quit")):
                assert key.words in titles

    look(scenario)


def test_every_key_can_be_pressed_on_a_narrow_terminal():
    async def scenario(view):
        for key in DIFFERENCE_KEYS:
            if key.name != "app.quit":
                for name in filter(None, key.keys.split(",")):
                    await view.press(name)
                    if view.app.screen is not view.explorer:
                        await view.press("escape")
        for key, pane, words in (
            ("3", "details", "Sharing"),
            ("4", "packages", "newtool"),
            ("5", "config", "ENV MODE"),
            ("2", "tree", "Path"),
            ("1", "layers", "Instruction"),
        ):
            await view.press(key)
            assert view.explorer.focused.id == pane
            assert words in view.text(f"#{pane}")

    look(scenario, size=(80, 24))


def test_saved_analyses_are_compared_too(tmp_path):
    saved = []
    for path in write_pair(tmp_path):
        with imgscope.analyze(path, cache=False, contents=True) as analysis:
            target = path.with_suffix(".json")
            target.write_bytes(b"".join(renderer("json")(analysis, Options())))
            saved.append(target)

    async def scenario(view):
        await view.press("2", "E")
        assert view.mark("/usr/bin/newtool") is Mark.ADDED
        assert "can't be read" in view.text("#packages")
        await view.press("slash")
        await view.type("config.ini")
        await view.press("enter", "enter")
        assert "saved" in view.text("#content")

    with diff(*saved, cache=False) as difference:
        look(scenario, difference=difference)


def test_what_a_filter_leaves_out_is_not_told_to_be_the_same(tmp_path):
    async def scenario(view):
        await view.press("2", "E", "x")
        assert "/usr/bin/newtool" in view.paths()
        assert not [path for path in view.paths() if path.startswith(("/srv", "/bin"))]

    with diff(*write_pair(tmp_path), cache=False, wanted=Filter(paths=("/usr",))) as difference:
        look(scenario, difference=difference)


def test_an_image_beside_itself_differs_in_nothing(tmp_path):
    old, _ = write_pair(tmp_path)

    async def scenario(view):
        assert view.paths() == []
        text = view.text()
        assert "nothing to pull" in text
        assert "no difference" in text
        for key in DIFFERENCE_KEYS:
            if key.name not in ("app.quit", "app.command_palette"):
                await view.press(key.keys.split(",")[0])
                if view.app.screen is not view.explorer:
                    await view.press("escape")

    with diff(old, old, cache=False) as difference:
        look(scenario, difference=difference)


def test_a_click_on_a_head_sorts():
    async def scenario(view):
        async def click(word):
            pane = view.tree
            heading = pane.heading(pane.scrollable_content_region.width)
            await view.pilot.click("#tree", offset=(heading.index(word) + 2, 1))
            await view.settle()

        for word, sort in (("Path", "name"), ("After", "size"), ("Before", "size"), ("Delta", "delta")):
            await click(word)
            assert view.rows.sort == sort

    look(scenario)


def test_enter_follows_a_link():
    async def scenario(view):
        # Both images have it, so it is shown with what is the same.
        await view.press("2", "U")
        node = view.explorer.paths.find(b"bin/sh")
        view.explorer.go_to(node, "")
        await view.settle()
        await view.press("enter")
        assert view.here() == "/bin/busybox"

    look(scenario)
