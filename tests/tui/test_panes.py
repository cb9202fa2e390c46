"""What is always in sight: the way to help and out, the keys of the pane, the panes' names where they share a place."""

from __future__ import annotations

from .driver import explore


def test_quit_and_help_are_in_sight_on_every_width():
    for width in (60, 80, 110, 140, 200):

        async def scenario(view):
            for key in "12345":
                await view.press(key)
                assert view.text("#keys").rstrip().endswith("? Keys  q Quit")

        explore(scenario, size=(width, 24))


def test_the_key_line_is_that_of_the_pane():
    async def scenario(view):
        assert "Compare" in view.text("#keys")
        await view.press("2")
        assert "Open" in view.text("#keys")
        assert "Compare" not in view.text("#keys")
        await view.press("5")
        assert "Fix" in view.text("#keys")

    explore(scenario)


def test_titles_have_the_panes_digit_and_count():
    async def scenario(view):
        screen = view.text()
        for title in ("1 Layers 9", "2 Files up to layer", "3 Layer 8", "4 Waste 6"):
            assert title in screen

    explore(scenario)


def test_panes_that_share_a_place_are_tabs():
    async def scenario(view):
        assert "3 Layer 8 │ 4 Waste 6 │ 5 Findings" in view.text()
        await view.press("4")
        assert "/srv/app/" in view.text("#waste")
        assert "3 Layer 8 │ 4 Waste 6 │ 5 Findings" in view.text()

    explore(scenario, size=(110, 24))


def test_the_list_of_keys_scrolls_to_its_end_and_back():
    async def scenario(view):
        await view.press("question_mark")
        assert "Moving" in view.text()
        await view.press("end")
        assert "Moving" not in view.text()
        assert "Marks" in view.text()
        await view.press("home", "pagedown", "up", "down", "g")
        assert "Moving" in view.text()

    explore(scenario, size=(80, 24))
