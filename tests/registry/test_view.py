"""The view of an image in a registry: there at once, and what is selected comes first."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import pytest

from imgscope import analyze
from imgscope.errors import ArchiveError
from imgscope.layer import workers
from imgscope.layer.workers import Turns, several_at_a_time
from imgscope.sources.registry.blobs import RemoteBlob
from imgscope.tui.app import ImgscopeApp
from imgscope.tui.explorer import Explorer
from imgscope.tui.loading import LoadingScreen, ScreenProgress
from tests.archive.images import Image, layer, manifest_of

NAMES = ("base", "one", "two", "three", "zulu")


@pytest.fixture
def image(registry) -> str:
    """Five layers, the lower the larger."""
    import random

    source = random.Random(1)
    members: dict[str, bytes] = {}
    layers = tuple(
        layer(**{name: source.randbytes(20_000 * (9 - place)).decode("latin-1")}) for place, name in enumerate(NAMES)
    )
    return registry.upload("slow", "1", members, manifest_of(Image(layers=layers), members))


class Gate:
    """Lets no layer's bytes by but those that were let."""

    def __init__(self, monkeypatch):
        self.begun: list[str] = []
        self.free = {name: threading.Event() for name in NAMES}
        self.digests: list[str] = []
        stream = RemoteBlob.stream
        gate = self

        @contextlib.contextmanager
        def gated(blob, check=True):
            name = NAMES[gate.digests.index(blob.digest)]
            gate.begun.append(name)
            assert gate.free[name].wait(20)
            with stream(blob, check) as read:
                yield read

        monkeypatch.setattr(RemoteBlob, "stream", gated)

    def open(self, *names: str):
        for name in names or NAMES:
            self.free[name].set()


@pytest.fixture
def gate(image, monkeypatch) -> Gate:
    found = Gate(monkeypatch)
    found.digests = [row.digest for row in analyze(image, layers=False).layers]
    return found


def text_of(app) -> str:
    return "\n".join("".join(s.text for s in strip) for strip in app.screen._compositor.render_strips())


def reading(image, jobs):
    return lambda progress: analyze(image, jobs=jobs, cache=False, contents=True, progress=progress)


async def until(pilot, what):
    for _ in range(500):
        if what():
            return
        await pilot.pause(0.02)
    raise AssertionError(text_of(pilot.app))


def test_the_selected_layer_comes_first_and_shows_while_others_are_read(image, gate):
    async def main():
        app = ImgscopeApp(reading(image, 2), "slow:1")
        async with app.run_test(size=(120, 30)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, LoadingScreen) and "5 layers" in text_of(app))
            assert "kB stored" in text_of(app) and "RUN 4" in text_of(app)
            await until(pilot, lambda: len(gate.begun) == 2)
            assert gate.begun == ["base", "one"]
            assert "not read yet" in text_of(app)
            # All hands are busy; whoever looks at another layer does not wait for them.
            await pilot.press("end")
            await until(pilot, lambda: len(gate.begun) == 3)
            assert gate.begun[2] == "zulu"
            gate.open("zulu")
            await until(pilot, lambda: "150 kB in 1 entry" in text_of(app))
            await until(pilot, lambda: "zulu" in text_of(app))
            assert "base" not in text_of(app)
            # The path that one has gone to stays selected when the rest is there.
            await pilot.press("tab")
            assert app.screen.own.has_focus
            gate.open()
            await until(pilot, lambda: isinstance(app.screen, Explorer) and app.screen.views is not None)
            assert app.screen.layer_pane.cursor == 4
            assert app.screen.selected_path() == "/zulu"
            assert app.screen.focused is app.screen.tree_pane
            assert len(app.screen.analysis.layers) == 5

    asyncio.run(main())


def test_who_chooses_nothing_gets_the_largest_first_and_the_usual_view(image, gate):
    gate.open()

    async def main():
        app = ImgscopeApp(reading(image, 1), "slow:1")
        async with app.run_test(size=(120, 30)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, Explorer) and app.screen.views is not None)
            assert app.screen.layer_pane.cursor == 0

    asyncio.run(main())
    assert gate.begun == list(NAMES)


def test_it_can_be_left_while_nothing_comes(image, gate):
    async def main():
        app = ImgscopeApp(reading(image, 2), "slow:1")
        async with app.run_test(size=(120, 30)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, LoadingScreen) and "5 layers" in text_of(app))
            await pilot.press("down", "q")
        return app

    app = asyncio.run(main())
    assert app.return_value is None
    gate.open()
    app.close()


def test_what_is_known_is_told_before_the_rest_is_read(registry):
    members: dict[str, bytes] = {}
    common = layer(old="x" * 1000)
    analyze(registry.upload("knows", "1", members, manifest_of(Image(layers=(common,)), members)))
    more = registry.upload("knows", "2", members, manifest_of(Image(layers=(layer(new="y"), common)), members))
    heard: list[object] = []

    class Watching(ScreenProgress):
        def start(self, total, what):
            heard.append(what.partition(" ")[0])

        def scanned(self, layer, index):
            heard.append(layer)

    analyze(more, progress=Watching())
    assert heard[:4] == ["opening", 1, "reading", 0]
    assert heard.count(0) == heard.count(1) == 1


def test_whoever_is_waited_for_is_begun_next():
    begun: list[int] = []
    wanted: list[int | None] = [None]

    def work(number):
        begun.append(number)
        if number == 1:
            wanted[0] = 4

    several_at_a_time([1, 2, 3, 4], work, 1, lambda: wanted[0])
    assert begun == [1, 4, 2, 3]


def test_a_failure_is_told_whatever_was_waited_for():
    def work(number):
        raise ArchiveError(f"no {number}")

    with pytest.raises(ArchiveError, match="no [12]"):
        several_at_a_time([1, 2], work, 1, lambda: 2)


def test_others_hold_back_but_not_for_ever(monkeypatch):
    monkeypatch.setattr(workers, "HOLD", 0.3)
    wanted = [7]
    counted: list[int] = []
    turns = Turns({7: [7, 8], 9: [9]}, lambda: wanted[0])
    other = turns.counted(9, counted.append)
    other(1)
    assert counted == [1]  # it is not under way: nobody has to wait
    with turns.under_way(7):
        began = time.monotonic()
        other(5)
        assert 0.25 < time.monotonic() - began < 5
        wanted[0] = 8  # of the same bytes as 7
        turns.counted(7, counted.append)(6)
        thread = threading.Thread(target=other, args=(2,))
        monkeypatch.setattr(workers, "HOLD", 60)
        thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert counted.count(5) == counted.count(6) == counted.count(2) == 1
