"""The view of a fleet: what its panes say, how one leads to the next, an image opened from it and left again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest

from imgscope.cli import run as cli
from imgscope.errors import ImageNotFoundError
from imgscope.fleet.store import Store
from imgscope.output import OutputError
from imgscope.tui.app import ImgscopeApp
from imgscope.tui.explorer import Explorer
from imgscope.tui.fleet.screen import FleetScreen
from imgscope.tui.fleet.store import OpenFleet, open_fleet
from imgscope.tui.loading import LoadingScreen

from ..fleet.ask_store import NOON, digest, image, layer, tag
from .driver import FIXTURES, Driven
from .test_snapshots import compared, normal

HOSTILE = "team/\x1b[31mred[bold]\u202eexe"
STEPS = ("ADD rootfs.tar / ", "RUN apt-get update && apt-get install -y python3", "COPY . /srv/app\x1b]0;x\x07")


def made(folder: str) -> Store:
    """A store of nine images in five repositories, of tables alone."""
    store = Store.open(folder, create=True)
    tags, images, waste = [], [], []
    layers = {"base": layer("base", 30_000_000)}
    for number, name in enumerate(["team/shop", "team/shop-admin", "library/python", HOSTILE]):
        for version in range(2 if number else 3):
            own = [f"{number}-deps", f"{number}-{version}"]
            layers |= {own[0]: layer(own[0], 8_000_000 * (number + 1)), own[1]: layer(own[1], 400_000 + version)}
            steps = [digest(one) for one in ("base", *own)]
            key = f"i{number}{version}"
            told = [{"layer": one, "instruction": words} for one, words in zip(steps, STEPS, strict=True)]
            made = NOON - timedelta(days=30 * version + number)
            figures = {"content_bytes": 120_000_000, "wasted_bytes": 1000 * (number + 1), "files": 9, "created": made}
            images.append(image(key, ["base", *own], history=told, **figures))
            tags.append(tag(name, f"1.{version}", digest(key)))
            gone = {"image": digest(key), "layer": steps[0], "hidden_by": steps[2], "path": "/var/cache/apt"}
            waste.append(gone | {"cause": STEPS[2], "reason": "removed", "bytes": 1000 * (number + 1), "files": 3})
    for table, rows in {"tags": tags, "images": images, "layers": layers.values(), "waste": waste}.items():
        store.add(table, [dict(row) for row in rows])
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return made(str(tmp_path_factory.mktemp("fleet") / "store"))


def browse(scenario, store, *, size=(140, 45), theme=None) -> ImgscopeApp:
    """Open the view of a store, wait until all of it is told, and run a scenario."""

    async def main() -> ImgscopeApp:
        fleet = open_fleet(store)
        store.place.shown = "fleet"
        app = ImgscopeApp(lambda _: fleet, "fleet")
        app.animation_level = "none"
        if theme:
            app.theme = theme
        async with app.run_test(size=size, notifications=True) as pilot:
            for _ in range(500):
                await pilot.pause(0.01)
                if isinstance(app.screen, FleetScreen) and app.screen.stack.count():
                    break
            driven = Driven(app, pilot)
            await driven.settle()
            await scenario(driven)
        app.close()
        return app

    return asyncio.run(asyncio.wait_for(main(), 120))


SCREENS = {
    "fleet": "",
    "fleet-images": "enter s s",
    "fleet-layers": "3 j",
    "fleet-filter": "slash s h o p",
    "fleet-help": "question_mark",
}
DRAWN = [
    *((screen, "imgscope-dark", size) for screen in SCREENS for size in ((80, 24), (140, 45))),
    *(("fleet", "imgscope-dark", size) for size in ((110, 24), (200, 60))),
    ("fleet", "imgscope-light", (140, 45)),
]


@pytest.mark.parametrize(
    ("screen", "theme", "size"), DRAWN, ids=lambda value: value if isinstance(value, str) else "x".join(map(str, value))
)
def test_the_screen_looks_as_it_did(store, screen, size, theme, tmp_path):
    drawn = []

    async def scenario(view):
        await view.press(*SCREENS[screen].split())
        if view.app.focused is not None and hasattr(view.app.focused, "cursor_blink"):
            view.app.focused.cursor_blink = False
        await view.settle()
        drawn.append(normal(view.app.export_screenshot(title=screen)))

    browse(scenario, store, size=size, theme=theme)
    compared(drawn[0], screen, size, theme, tmp_path)


def test_the_figures_are_those_of_the_report(store):
    from imgscope.fleet.questions.stored import stored

    async def scenario(view):
        screen = view.app.screen
        with store.connection() as connection:
            known = {(row.host, row.repository): row for row in stored(connection).repositories}
            by_tag = {(row.repository, row.name): row for row in stored(connection).tags}
        rows = screen.repositories.items
        assert len(rows) == len(known) == 4
        for row in rows:
            told = known[row.host, row.name]
            assert (row.logical, row.physical, row.unique) == (told.logical, told.physical, told.unique)
            assert (row.images, row.tags) == (told.images, told.tags)
        assert sorted(row.wasted for row in rows) == [1000, 2000, 3000, 4000]
        for row in screen.images.items:
            told = by_tag[screen.repositories.selected.name, row.tag]
            assert (row.stored, row.unique) == (told.physical, told.unique)
        text = view.text("#title")
        assert "9 images" in text and "4 repositories" in text

    browse(scenario, store)


def test_a_pane_leads_to_the_next_and_escape_back(store):
    async def scenario(view):
        screen = view.app.screen
        await view.press("enter")
        assert view.app.focused is screen.images
        await view.press("l")
        assert view.app.focused is screen.stack
        assert [row.images for row in screen.stack.items] == [9, 2, 1]
        await view.press("escape", "escape")
        assert view.app.focused is screen.repositories
        before = screen.images.items
        await view.press("j")
        assert screen.images.items != before and screen.images.of == screen.repositories.selected.id

    browse(scenario, store)


def test_lists_are_sorted_by_each_column_and_filtered(store):
    async def scenario(view):
        screen = view.app.screen
        pane = screen.repositories
        seen = set()
        for _ in pane.orders:
            seen.add(pane.sort)
            key = pane.orders[pane.sort]
            assert list(pane.items) == sorted(pane.items, key=key)
            await view.press("s")
        assert seen == set(pane.orders) == set(pane.by_head.values())
        await view.press("slash")
        await view.type("shop")
        assert [row.name for row in pane.items] == ["team/shop-admin", "team/shop"]
        assert "2 of 4 repositories" in view.text("#filter")
        await view.press("enter", "escape")
        assert len(pane.items) == 4 and view.app.focused is pane

    browse(scenario, store)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
def test_hostile_names_and_instructions_are_escaped(store, size):
    async def scenario(view):
        screen = view.app.screen
        place = [row.name for row in screen.repositories.items].index(HOSTILE)
        screen.repositories.cursor = place
        await asyncio.sleep(0.1)
        await view.settle()
        for keys in ((), ("enter",), ("l", "G")):
            await view.press(*keys)
            text = view.text()
            assert not set(text) & {"\x1b", "\x07", "\u202e"}
        assert size[0] < 100 or "[31mred[bold]" in text

    browse(scenario, store, size=size)


def test_an_image_is_opened_and_left_again(tmp_path, monkeypatch):
    """An archive's layers are not in the store's indexes: it is opened where it was read."""
    monkeypatch.setenv("IMGSCOPE_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "store"
    assert cli(["fleet", "scan", str(FIXTURES / "webapp.tar"), "--store", str(folder), "--jobs", "1"]) == 0

    async def scenario(view):
        fleet = view.app.screen
        await view.press("enter", "enter")
        await until(view, lambda: isinstance(view.app.screen, Explorer) and view.app.screen.rows is not None)
        explorer = view.app.screen
        assert explorer.analysis.notes[-1] == f"read from {FIXTURES / 'webapp.tar'}"
        assert len(explorer.analysis.layers) == fleet.stack.count()
        wasted = {row.number: row.wasted for row in fleet.stack.items}
        assert wasted == {row.index: row.stored_waste_bytes for row in explorer.analysis.layers}
        # Esc closes what there is to close first.
        await view.press("slash", "x", "escape", "5", "escape")
        assert view.app.screen is explorer
        await view.press("escape")
        assert view.app.screen is fleet and view.app.focused is fleet.images
        # An Enter on a layer opens the image at that layer.
        await view.press("3", "j", "j", "enter")
        await until(view, lambda: isinstance(view.app.screen, Explorer) and view.app.screen.layer_pane.cursor == 2)

    browse(scenario, Store.open(str(folder)))


async def until(view, holds):
    for _ in range(500):
        await view.pilot.pause(0.02)
        if holds():
            return
    raise AssertionError(view.text())


def test_an_image_that_cannot_be_had_is_said_and_the_fleet_stays(store, monkeypatch):
    def gone(*_):
        raise ImageNotFoundError("there is no such image\x1b[2J")

    monkeypatch.setattr(OpenFleet, "analysis", gone)

    async def scenario(view):
        fleet = view.app.screen
        await view.press("enter", "enter")
        await until(view, lambda: "there is no such image" in view.text())
        assert view.app.screen is fleet

    browse(scenario, store)


def test_an_image_that_takes_long_can_be_left(store, monkeypatch):
    import threading

    over, closed = threading.Event(), threading.Event()

    def slow(self, image, progress, again):
        over.wait(10)
        self._images.append(SimpleNamespace(close=closed.set))
        return self._images[-1]

    monkeypatch.setattr(OpenFleet, "analysis", slow)

    async def scenario(view):
        fleet = view.app.screen
        view.app.screen.action_pane("images")
        await view.pilot.press("enter")
        await until(view, lambda: isinstance(view.app.screen, LoadingScreen) and "Esc goes back" in view.text())
        await view.pilot.press("escape")
        await until(view, lambda: view.app.screen is fleet)
        over.set()
        await until(view, closed.is_set)

    browse(scenario, store)


def test_a_store_that_breaks_ends_the_view_with_its_error(store, monkeypatch):
    def broken(self, question):
        raise OutputError("the store fleet can't be read: images: damaged")

    async def main():
        fleet = open_fleet(store)
        monkeypatch.setattr(OpenFleet, "ask", broken)
        app = ImgscopeApp(lambda _: fleet, "fleet")
        async with app.run_test(size=(80, 24)) as pilot:
            for _ in range(200):
                await pilot.pause(0.01)
                if app.return_value is not None:
                    break
        return app.return_value

    assert isinstance(asyncio.run(main()), OutputError)


def test_without_a_terminal_it_says_what_writes_a_report(store, capsys):
    assert cli(["fleet", "open", "--store", store.place.address]) == 2
    assert "imgscope fleet report" in capsys.readouterr().err
