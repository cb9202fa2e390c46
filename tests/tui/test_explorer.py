"""Every action of the interactive view, by its keys, on a real image."""

from __future__ import annotations

import json
import time

import pytest

from imgscope.tui.content.screen import ContentScreen, TextLines
from imgscope.tui.dialogs.ask import Ask
from imgscope.tui.dialogs.help import HelpScreen
from imgscope.tui.model.marks import Mark

from .driver import explore, webapp


def test_it_opens_on_the_last_layer_with_the_merged_tree():
    async def scenario(view):
        assert view.explorer.focused.id == "layers"
        assert view.explorer.layer_pane.cursor == 8
        assert view.paths() == ["/bin", "/etc", "/srv/app", "/tmp", "/usr/lib/webapp", "/var"]
        assert view.rows.view.sizes[-1] == webapp().image.merged_bytes
        screen = view.text()
        for words in ("277 kB wasted (11.6 %)", "rm -rf /var/cac", "Files up to layer 8", "88.4 %"):
            assert words in screen

    explore(scenario)


def test_arrows_and_vim_keys_move_and_stop_at_the_ends():
    async def scenario(view):
        layers = view.explorer.layer_pane
        await view.press("up", "k")
        assert layers.cursor == 6
        await view.press("down", "j", "j", "j")
        assert layers.cursor == 8
        await view.press("home")
        assert layers.cursor == 0
        await view.press("k")
        assert layers.cursor == 0
        await view.press("G")
        assert layers.cursor == 8
        await view.press("g")
        assert layers.cursor == 0
        await view.press("2", "E", "pagedown")
        assert view.tree.cursor > 20
        await view.press("pageup")
        assert view.tree.cursor == 0
        await view.press("d", "u", "end")
        assert view.tree.cursor == len(view.rows.nodes) - 1

    explore(scenario)


def test_tab_goes_round_the_panes_and_digits_go_straight():
    async def scenario(view):
        seen = []
        for _ in range(5):
            await view.press("tab")
            seen.append(view.explorer.focused.id)
        assert seen == ["details", "waste", "findings", "tree", "layers"]
        await view.press("shift+tab")
        assert view.explorer.focused.id == "tree"
        for key, pane in (
            ("1", "layers"),
            ("2", "tree"),
            ("3", "details"),
            ("4", "waste"),
            ("5", "findings"),
        ):
            await view.press(key)
            assert view.explorer.focused.id == pane

    explore(scenario)


def test_selecting_a_layer_shows_its_tree_and_details():
    async def scenario(view):
        await view.press(
            "2", "left_square_bracket", "left_square_bracket", "left_square_bracket", "left_square_bracket"
        )
        assert view.explorer.layer_pane.cursor == 4
        assert view.mark("/var/cache/pkg") is Mark.REMOVED
        assert "RUN rm -rf /var/cache/pkg" in view.text("#details")
        await view.press("right_square_bracket")
        assert view.mark("/srv/app") is Mark.METADATA_ONLY
        assert "metadata" in view.text("#details").lower()

    explore(scenario)


def test_marks_are_told_apart_without_colour():
    async def scenario(view):
        await view.press("2", "E", "left_square_bracket")
        signs = {line.split()[1]: line for line in view.text("#tree").splitlines() if "webapp.conf" in line}
        assert list(signs) == ["~"]
        await view.press("left_square_bracket", "left_square_bracket")
        assert any(line.strip("│ ").startswith("m ") for line in view.text("#tree").splitlines())

    explore(scenario)


def test_folders_open_and_close():
    async def scenario(view):
        # /srv holds nothing but app, so both are one line.
        await view.press("2", "j", "j", "space")
        assert "/srv/app/assets" in view.paths()
        await view.press("space")
        assert "/srv/app/assets" not in view.paths()
        await view.press("l")
        assert view.here() == "/srv/app"
        assert "/srv/app/assets" in view.paths()
        await view.press("right")
        assert view.here().startswith("/srv/app/")
        await view.press("h")
        assert view.here() == "/srv/app"
        await view.press("left")
        assert "/srv/app/assets" not in view.paths()
        await view.press("enter")
        assert "/srv/app/assets" in view.paths()
        await view.press("ctrl+@")
        one_line = view.rows.ends_of(view.rows.view).count(0)
        assert one_line
        assert len(view.paths()) == webapp().image.file_count + 12 - one_line
        await view.press("E")
        assert len(view.paths()) == 6

    explore(scenario)


def test_open_folders_stay_open_when_the_layer_changes():
    async def scenario(view):
        await view.press("2", "j", "j", "l", "l", "l")
        here = view.here()
        await view.press("left_square_bracket")
        assert view.here() == here
        assert "/srv/app/assets" in view.paths()

    explore(scenario)


@pytest.mark.parametrize(
    ("key", "mark"),
    [
        ("A", Mark.ADDED),
        ("ctrl+a", Mark.ADDED),
        ("M", Mark.MODIFIED),
        ("R", Mark.REMOVED),
        ("ctrl+r", Mark.REMOVED),
        ("U", Mark.UNCHANGED),
        ("ctrl+u", Mark.UNCHANGED),
        ("x", Mark.UNCHANGED),
    ],
)
def test_paths_are_hidden_by_what_was_done_to_them(key, mark):
    async def scenario(view):
        await view.press("2", "E")
        before = view.paths()
        await view.press(key)
        assert mark not in view.rows.shown
        leaves = [n for n in view.rows.nodes if not view.rows.has_names(n)]
        assert mark not in {Mark(view.rows.view.marks[node]) for node in leaves}
        await view.press(key)
        assert view.paths() == before

    explore(scenario)


def test_natural_aggregated_and_range_comparing():
    async def scenario(view):
        assert view.mark("/srv") is Mark.UNCHANGED
        await view.press("ctrl+a")
        assert (view.rows.view.base, view.rows.view.layer) == (0, 8)
        assert view.mark("/srv") is Mark.ADDED
        await view.press("ctrl+l")
        assert view.rows.view.base == 7
        await view.press("home", "j", "j", "c", "end")
        assert (view.rows.view.base, view.rows.view.layer) == (2, 8)
        assert view.mark("/srv/app/src/module9.js") is Mark.REMOVED
        assert view.mark("/srv/app/assets/photo.raw") is Mark.METADATA_ONLY
        assert view.mark("/bin/busybox") is Mark.UNCHANGED
        assert "changes since layer 2" in view.text("#tree")
        await view.press("c")
        assert view.rows.view.base == 7

    explore(scenario)


def test_attributes_can_be_hidden():
    async def scenario(view):
        assert "drwxr-xr-x" in view.text("#tree")
        await view.press("ctrl+b")
        assert "drwxr-xr-x" not in view.text("#tree")

    explore(scenario, size=(200, 60))


def test_attributes_give_way_to_names_until_they_are_asked_for():
    async def scenario(view):
        assert "drwxr-xr-x" not in view.text("#tree")
        await view.press("ctrl+b")
        assert "drwxr-xr-x" in view.text("#tree")

    explore(scenario, size=(110, 30))


def test_sorting_by_size_and_waste():
    async def scenario(view):
        await view.press("2", "s")
        assert view.paths()[0] == "/bin"
        assert view.paths()[1] == "/srv/app"
        sizes = [view.rows.view.size(node) for node in view.rows.nodes]
        assert sizes == sorted(sizes, reverse=True)
        await view.press("ctrl+o")
        assert view.paths()[:2] == ["/srv/app", "/var"]
        await view.press("E")
        assert view.paths()[0] == "/srv/app"
        await view.press("E", "s")
        assert view.paths()[0] == "/bin"
        assert view.paths() == sorted(view.paths())

    explore(scenario)


@pytest.mark.parametrize(
    ("typed", "found", "mode"),
    [
        ("busyb", ["/bin", "/bin/busybox"], "text"),
        ("BUSYB", [], "text"),
        (
            "*.raw",
            ["/srv/app/assets", "/srv/app/assets/photo-copy.raw", "/srv/app/assets/photo.raw"],
            "glob",
        ),
        ("/bin/b*", ["/bin", "/bin/busybox"], "glob"),
        ("p/ass", ["/srv/app/assets"], "text"),
        (".*yb.x$", ["/bin", "/bin/busybox"], "regex"),
    ],
)
def test_the_filter_keeps_matches_in_their_folders(typed, found, mode):
    async def scenario(view):
        before = view.paths()
        await view.press("2", "slash")
        await view.type(typed)
        assert view.paths() == found
        assert mode in view.text("#filter-mode")
        await view.press("enter")
        assert view.explorer.focused.id == "tree"
        await view.press("escape")
        assert view.paths() == before

    explore(scenario)


def test_what_is_typed_in_a_go_reaches_the_filter():
    async def scenario(view):
        from textual import events

        for char in ("slash", *"busyb", "enter"):
            view.app.post_message(events.Key(char, char if len(char) == 1 else None))
        for _ in range(100):
            await view.settle()
            if view.explorer.focused.id == "tree":
                break
        assert view.paths() == ["/bin", "/bin/busybox"]
        assert view.explorer.base is None

    explore(scenario)


def test_a_broken_pattern_says_so_and_keeps_the_last_result():
    async def scenario(view):
        await view.press("ctrl+f")
        await view.type("busy(")
        assert "not a regular expression" in view.text("#filter")
        assert "/bin/busybox" in view.paths()

    explore(scenario)


def test_a_pattern_that_would_match_for_years_is_given_up():
    async def scenario(view):
        view.explorer.filter_bar.open()
        began = time.monotonic()
        view.explorer.filter_bar.query_one("#filter-input").value = r"(.*a){25}!"
        await view.settle()
        assert "takes too long" in view.text("#filter") or "0 matches" in view.text("#filter")
        assert time.monotonic() - began < 3

    explore(scenario)


def test_the_filters_mode_can_be_chosen():
    async def scenario(view):
        await view.press("slash")
        await view.type("*")
        assert "match" in view.text("#filter-count")
        assert len(view.paths()) > 6
        await view.press("ctrl+t")
        assert "text" in view.text("#filter-mode")
        assert "0 matches" in view.text("#filter-count")

    explore(scenario)


def test_jumping_to_changes_and_to_the_largest():
    async def scenario(view):
        await view.press("n")
        first = view.here()
        assert view.mark(first) not in (Mark.UNCHANGED, Mark.ABSENT)
        await view.press("n")
        assert view.here() > first
        await view.press("N")
        assert view.here() == first
        await view.press("B")
        assert view.here() == "/bin/busybox"
        await view.press("W")
        assert view.here() == "/srv/app"
        assert view.explorer.layer_pane.cursor == 2

    explore(scenario)


def test_from_a_group_of_waste_to_the_layer_that_wrote_it():
    async def scenario(view):
        await view.press("4", "j", "j")
        assert view.here() == "/srv/app/src"
        await view.press("enter")
        assert view.explorer.layer_pane.cursor == 5
        assert view.explorer.focused.id == "tree"
        assert view.here() == "/srv/app/src"

    explore(scenario)


def test_waste_is_rolled_up_and_adds_up():
    async def scenario(view):
        pane = view.explorer.waste_pane
        assert sum(group.bytes for group in pane.items) == webapp().image.wasted_bytes
        assert "/var/cache/pkg/archives/ (24 files)" in view.text("#waste")

    explore(scenario, size=(200, 60))


def test_the_waste_is_sorted_when_its_pane_has_the_keys():
    async def scenario(view):
        pane = view.explorer.waste_pane
        await view.press("4", "j", "s")
        assert [group.path for group in pane.items] == sorted(group.path for group in pane.items)
        assert pane.selected.path == "/var/cache/pkg/archives/"
        assert view.rows.sort == "name"

    explore(scenario)


def test_it_opens_on_the_layer_that_wasted_most_with_the_largest_branches_open():
    async def scenario(view):
        assert view.explorer.layer_pane.cursor == 5
        assert "/srv/app/assets" in view.paths()
        assert "/bin/busybox" not in view.paths()

    # Here the folder of programs has more names than there is room for.
    explore(scenario, size=(140, 38), as_opened=True)


def test_live_and_dead_bytes_are_told_apart_without_colour():
    async def scenario(view):
        tree = view.text("#tree")
        assert "█" in tree
        assert "░" in tree

    explore(scenario, as_opened=True)

    explore(scenario)


def test_a_folder_is_extracted_as_it_was_as_of_a_layer(tmp_path):
    async def scenario(view):
        # Layer 7 wrote etc/webapp.conf alone; as of layer 7 the folder had more.
        await view.press("left_square_bracket", "2")
        while view.here() != "/etc":
            await view.press("j")
        await view.press("e")
        assert "as of layer 7" in view.text()
        view.app.screen.query_one("#answer").value = str(tmp_path)
        await view.press("enter")
        await view.app.workers.wait_for_complete()

    explore(scenario)
    assert {path.name for path in (tmp_path / "etc").iterdir()} >= {"passwd", "os-release", "webapp.conf"}
    assert (tmp_path / "etc" / "webapp.conf").read_text() == "debug = false\n"


def test_why_tells_what_each_layer_did():
    async def scenario(view):
        await view.press("2", "w", "B")
        await view.settle()
        assert "Imported from" in view.text("#why")
        await view.press("W")
        text = view.text("#why")
        assert "Why /srv/app" in text
        assert "metadata only" in text
        assert "owner" in text
        assert "in 5 layers" in text
        await view.press("w")
        assert not view.explorer.query_one("#why").display

    explore(scenario)


def test_viewing_text_and_bytes_as_of_a_layer():
    async def scenario(view):
        await view.press("slash")
        await view.type("webapp.conf")
        await view.press("enter", "v")
        screen = view.app.screen
        assert isinstance(screen, ContentScreen)
        assert screen.version.label == "layer 7"
        assert "debug = false" in view.text("#content")
        await view.press("left_square_bracket")
        assert "debug = true" in view.text("#content")
        await view.press("x")
        assert "64 65 62 75 67" in view.text("#content")
        await view.press("escape")
        assert view.app.screen is view.explorer

    explore(scenario)


def test_binary_content_is_shown_in_hex():
    async def scenario(view):
        await view.press("B", "enter")
        assert "7f 45 4c 46" in view.text("#content")
        assert "the first 1.05 MB of more" in view.text("#content-title")

    explore(scenario)


def test_the_difference_between_two_layers_versions():
    async def scenario(view):
        await view.press("slash")
        await view.type("webapp.conf")
        await view.press("enter", "f")
        lines = view.app.screen.query_one(TextLines).lines
        assert "-debug = true" in lines
        assert "+debug = false" in lines
        await view.press("q", "escape", "B", "f")
        assert view.app.screen is view.explorer

    explore(scenario)


def test_extracting_asks_where_and_before_it_overwrites(tmp_path):
    async def scenario(view):
        await view.press("slash")
        await view.type("webapp.conf")
        await view.press("enter", "e")
        assert isinstance(view.app.screen, Ask)
        view.app.screen.query_one("#answer").value = str(tmp_path)
        await view.press("enter")
        await view.app.workers.wait_for_complete()
        target = tmp_path / "webapp.conf"
        assert b"debug = false" in target.read_bytes()
        target.write_bytes(b"mine")
        await view.press("ctrl+e")
        view.app.screen.query_one("#answer").value = str(tmp_path)
        await view.press("enter")
        for _ in range(50):
            await view.pilot.pause(0.02)
            if isinstance(view.app.screen, Ask):
                break
        assert "already" in view.text()
        await view.press("escape")
        assert target.read_bytes() == b"mine"
        await view.press("ctrl+e")
        view.app.screen.query_one("#answer").value = str(tmp_path)
        await view.press("enter")
        for _ in range(50):
            await view.pilot.pause(0.02)
            if isinstance(view.app.screen, Ask):
                break
        await view.pilot.click("#button-0")
        await view.app.workers.wait_for_complete()
        assert b"debug = false" in target.read_bytes()

    explore(scenario)


@pytest.mark.parametrize("suffix", ["json", "md"])
def test_exporting_what_is_shown(tmp_path, suffix):
    async def scenario(view):
        await view.press("o")
        view.app.screen.query_one("#answer").value = str(tmp_path / f"tree.{suffix}")
        await view.press("enter")
        await view.app.workers.wait_for_complete()

    explore(scenario)
    text = (tmp_path / f"tree.{suffix}").read_text()
    if suffix == "json":
        rows = json.loads(text)["paths"]
        assert [row["path"] for row in rows] == ["/bin", "/etc", "/srv/app", "/tmp", "/usr/lib/webapp", "/var"]
        assert sum(row["size"] for row in rows) == webapp().image.merged_bytes
    else:
        assert "`/bin`" in text


def test_copying_a_path():
    async def scenario(view):
        await view.press("B", "y")
        assert view.app.clipboard == "/bin/busybox"

    explore(scenario)


def test_help_lists_all_keys_and_goes_away():
    async def scenario(view):
        await view.press("question_mark")
        assert isinstance(view.app.screen, HelpScreen)
        await view.press("q")
        assert view.app.screen is view.explorer

    explore(scenario)


def test_the_palette_has_every_action():
    async def scenario(view):
        from imgscope.tui.keys import KEYS

        words = {command.title for command in view.app.get_system_commands(view.explorer)}
        for key in KEYS:
            if not key.name.startswith(("move.", "app.command_palette", "app.quit")):
                assert key.words in words
        await view.press("ctrl+p")
        for char in "To the largest group":
            await view.pilot.press("space" if char == " " else char)
        for _ in range(200):
            await view.pilot.pause(0.02)
            if "largest group" in view.text():
                break
        await view.press("down", "enter")
        for _ in range(100):
            await view.pilot.pause(0.02)
            if view.here() == "/srv/app":
                break
        assert view.here() == "/srv/app"

    explore(scenario)


def test_the_theme_switches():
    async def scenario(view):
        assert view.app.current_theme.dark
        await view.press("T")
        assert not view.app.current_theme.dark
        view.app.theme = "nord"
        await view.settle()
        assert "Files up to layer 8" in view.text()

    explore(scenario)


def test_the_mouse_selects_and_opens():
    async def scenario(view):
        await view.pilot.click("#layers", offset=(10, 4))
        assert view.explorer.layer_pane.cursor == 2
        await view.pilot.click("#tree", offset=(60, 4))
        await view.settle()
        assert view.here() == "/srv/app"
        await view.pilot.click("#tree", offset=(60, 4))
        await view.settle()
        assert "/srv/app/assets" in view.paths()

    explore(scenario)


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_leaving(key):
    async def scenario(view):
        await view.pilot.press(key)

    assert explore(scenario).return_code == 0


def test_every_key_can_be_pressed_on_a_narrow_terminal():
    async def scenario(view):
        from imgscope.tui.keys import KEYS

        for key in KEYS:
            if key.name != "app.quit":
                for name in filter(None, key.keys.split(",")):
                    await view.press(name)
                    while view.app.screen is not view.explorer:
                        await view.press("escape")
        await view.press("3")
        assert "Instruction" in view.text("#details")
        await view.press("4")
        assert "/srv/app/ (20 files)" in view.text("#waste")
        await view.press("2")
        assert "2 File" in view.text("#tree")
        assert "Size" in view.text("#tree")

    explore(scenario, size=(80, 24))


def test_resizing_keeps_the_cursor_in_sight():
    async def scenario(view):
        await view.press("2", "E", "end")
        await view.pilot.resize_terminal(80, 24)
        await view.settle()
        assert "var" in view.text("#tree")
        await view.pilot.resize_terminal(140, 45)
        await view.settle()
        assert view.tree.cursor == len(view.rows.nodes) - 1

    explore(scenario)
