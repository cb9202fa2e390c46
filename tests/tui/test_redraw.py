"""A key draws what it changes, and nothing else: counted in widgets and lines, not in milliseconds."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager

import pytest
from textual._styles_cache import StylesCache
from textual.containers import Container, Horizontal, Vertical

from imgscope.tui.widgets import Lines

from .driver import explore


@contextmanager
def drawing(monkeypatch):
    """Count the lines of each pane that are made anew, and note all widgets that are asked for lines."""
    made, asked = Counter(), set()
    line, widget_lines = Lines.render_line, StylesCache.render_widget

    def counted(pane, y):
        made[pane.id, y] += 1
        return line(pane, y)

    def noted(cache, widget, crop):
        asked.add(widget)
        return widget_lines(cache, widget, crop)

    with monkeypatch.context() as patched:
        patched.setattr(Lines, "render_line", counted)
        patched.setattr(StylesCache, "render_widget", noted)
        yield made, asked


def panes(made):
    return {pane for pane, _ in made}


@pytest.mark.parametrize(
    ("before", "key", "wanted"),
    [
        (["2"], "down", {"tree"}),
        (["2"], "end", {"tree"}),
        (["2"], "enter", {"tree"}),
        (["2"], "E", {"tree"}),
        (["2"], "s", {"tree"}),
        (["2"], "U", {"tree"}),
        (["2"], "b", {"tree"}),
        (["2"], "n", {"tree"}),
        (["2", "slash"], "e", {"tree"}),
        (["2"], "left_square_bracket", {"layers", "tree", "details"}),
        ([], "up", {"layers", "tree", "details"}),
        ([], "2", {"layers", "tree"}),
        ([], "4", {"layers", "waste"}),
        (["3"], "down", {"details"}),
        (["4"], "down", {"waste"}),
        (["4"], "s", {"waste"}),
        (["5"], "4", {"findings", "waste"}),
    ],
)
def test_a_key_draws_the_panes_that_it_changes(monkeypatch, before, key, wanted):
    async def scenario(view):
        await view.press(*before)
        with drawing(monkeypatch) as (made, asked):
            await view.press(key)
        assert panes(made) <= wanted
        # Others are not even looked at, nor what lies behind the panes.
        assert {widget.id for widget in asked if isinstance(widget, Lines)} <= wanted
        assert not [widget for widget in asked if isinstance(widget, Container | Horizontal | Vertical)]
        assert asked

    explore(scenario, size=(140, 45))


def test_a_step_in_the_tree_draws_two_lines(monkeypatch):
    async def scenario(view):
        await view.press("2")
        with drawing(monkeypatch) as (made, _):
            await view.press("down")
        assert made == {("tree", 1): 1, ("tree", 2): 1}

    explore(scenario, size=(140, 45))


def test_a_change_of_pane_does_not_draw_the_screen_again_and_again(monkeypatch):
    async def scenario(view):
        with drawing(monkeypatch) as (made, _):
            await view.press("2")
        assert max(made.values()) <= 2

    explore(scenario, size=(140, 45))


@pytest.mark.parametrize("key", ["slash", "escape"])
def test_the_filters_line_comes_and_goes_with_one_layout(monkeypatch, key):
    async def scenario(view):
        # The first time its parts get their sizes.
        await view.press("2", "slash", *(["e"] if key == "escape" else ["escape"]))
        layouts = []
        laid_out = view.explorer._refresh_layout
        monkeypatch.setattr(view.explorer, "_refresh_layout", lambda **how: (layouts.append(how), laid_out(**how)))
        await view.press(key)
        assert len(layouts) == 1

    explore(scenario, size=(140, 45))
