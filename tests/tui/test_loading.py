"""What happens before the tree is there: progress, leaving, errors."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest

from imgscope.errors import ArchiveError
from imgscope.sources.backend import Step
from imgscope.tui.app import ImgscopeApp
from imgscope.tui.explorer import Explorer
from imgscope.tui.loading import Cancelled, LoadingScreen, ScreenProgress, foreseen

from .driver import FIXTURES, webapp


def test_progress_is_shown_and_the_view_follows():
    go = threading.Event()

    def work(progress):
        progress.start(1000, "reading layers")
        progress.advance(400)
        assert go.wait(10)
        return webapp()

    async def main():
        app = ImgscopeApp(work, "big:1")
        async with app.run_test(size=(80, 24)) as pilot:
            while not isinstance(app.screen, LoadingScreen):
                await pilot.pause(0.02)
            await pilot.pause(0.2)
            text = "\n".join("".join(s.text for s in strip) for strip in app.screen._compositor.render_strips())
            assert "big:1" in text
            assert "reading layers" in text
            assert "400 B" in text
            assert "40%" in text
            go.set()
            while not (isinstance(app.screen, Explorer) and app.screen.query("#layers")):
                await pilot.pause(0.02)

    asyncio.run(main())


def test_leaving_ends_the_work():
    ended = threading.Event()

    def work(progress):
        try:
            while True:
                progress.advance(1)
                threading.Event().wait(0.01)
        except Cancelled:
            ended.set()
            raise

    async def main():
        app = ImgscopeApp(work, "big:1")
        async with app.run_test() as pilot:
            while not isinstance(app.screen, LoadingScreen):
                await pilot.pause(0.02)
            await pilot.press("q")
        return app

    app = asyncio.run(main())
    app.close()
    assert ended.wait(2)
    assert app.return_value is None


def test_an_error_ends_the_view_and_is_handed_back():
    def work(progress):
        raise ArchiveError("x.tar is truncated")

    async def main():
        app = ImgscopeApp(work, "x.tar")
        async with app.run_test() as pilot:
            for _ in range(200):
                await pilot.pause(0.01)
                if app.return_value is not None:
                    break
        return app.return_value

    error = asyncio.run(main())
    assert isinstance(error, ArchiveError)


def test_cancelled_is_no_exception_that_anybody_catches():
    progress = ScreenProgress()
    progress.cancel()
    with pytest.raises(Cancelled):
        progress.finish()
    assert not issubclass(Cancelled, Exception)


def test_what_manifest_and_config_tell_is_shown_before_the_layers_are_read(tmp_path, monkeypatch):
    import imgscope
    from imgscope import scanning

    go, reading = threading.Event(), threading.Event()
    scan = scanning.Scanning._scan_region

    def slow(self, number, blob):
        index = scan(self, number, blob)
        if number == 2:
            reading.set()
            assert go.wait(10)
        return index

    monkeypatch.setattr(scanning.Scanning, "_scan_region", slow)

    def work(progress):
        return imgscope.analyze(FIXTURES / "webapp.tar", cache=False, contents=True, progress=progress)

    async def main():
        app = ImgscopeApp(work, "webapp:1.0")
        async with app.run_test(size=(100, 30)) as pilot:
            while not (reading.is_set() and isinstance(app.screen, LoadingScreen)):
                await pilot.pause(0.02)
            await pilot.pause(0.2)
            lines = ["".join(s.text for s in strip) for strip in app.screen._compositor.render_strips()]
            text = "\n".join(lines)
            assert "webapp:1.0" in text
            assert "9 layers" in text
            assert "WORKDIR /srv/app" in text
            assert "q leaves" in text
            # The first ones are read, the last is not.
            rows = {words[0]: words for line in lines if (words := line.split()) and words[0].isdigit()}
            assert rows["0"][3:5] == ["1.98", "MB"]
            assert rows["8"][3] == "…"
            go.set()
            while not (isinstance(app.screen, Explorer) and app.screen.query("#layers")):
                await pilot.pause(0.02)

    asyncio.run(main())


def test_escape_does_not_leave_by_accident():
    go = threading.Event()

    def work(progress):
        go.wait(10)
        return webapp()

    async def main():
        app = ImgscopeApp(work, "big:1")
        async with app.run_test() as pilot:
            while not isinstance(app.screen, LoadingScreen):
                await pilot.pause(0.02)
            await pilot.press("escape")
            await pilot.pause(0.1)
            assert app.is_running
            assert app.return_value is None
            go.set()
            while not (isinstance(app.screen, Explorer) and app.screen.query("#layers")):
                await pilot.pause(0.02)

    asyncio.run(main())


# Each where it stands: in a step of the history, or in a setting that a command repeats.
PLANTED = {
    "history": ("RUN tool --password {0} run", {}),
    "instruction ENV": ("ENV API_TOKEN={0}", {}),
    "instruction LABEL": ("LABEL com.example.secret={0}", {}),
    "variable": ("RUN use {0} now", {"Env": ["API_TOKEN={0}"]}),
    "label": ("RUN use {0} now", {"Labels": {"com.example.secret": "{0}"}}),
}


@pytest.mark.parametrize("place", PLANTED)
def test_no_secret_is_shown_while_the_image_is_read(place):
    value = "Zq7Rv2XpL9mT4zK8w"
    instruction, settings = PLANTED[place]
    settings = {
        key: [text.format(value) for text in item]
        if isinstance(item, list)
        else {name: text.format(value) for name, text in item.items()}
        for key, item in settings.items()
    }
    steps = [{"created_by": "ADD rootfs.tar /"}, {"created_by": instruction.format(value) + " # buildkit"}]
    image = SimpleNamespace(
        config={"config": settings, "history": steps},
        layers=[SimpleNamespace(size=1000), SimpleNamespace(size=2000)],
        platform="linux/amd64",
    )
    go = threading.Event()

    def work(progress):
        progress.opened(image)
        progress.start(1000, "reading layers")
        assert go.wait(30)
        return webapp()

    async def main():
        app = ImgscopeApp(work, "big:1")
        async with app.run_test(size=(200, 24)) as pilot:
            text = ""
            while "ADD rootfs.tar" not in text:
                await pilot.pause(0.02)
                if isinstance(app.screen, LoadingScreen):
                    text = "\n".join("".join(s.text for s in strip) for strip in app.screen._compositor.render_strips())
            assert "***" in text
            assert value[:8] not in text
            go.set()
            while not (isinstance(app.screen, Explorer) and app.screen.query("#layers")):
                await pilot.pause(0.02)

    asyncio.run(main())


def _step(words, size, comment="buildkit.dockerfile.v0"):
    return Step(words, comment, size)


def test_what_an_engine_tells_stands_there_before_its_export_ends():
    steps = [
        _step("ADD rootfs.tar / # buildkit", 1000),
        _step("CMD [sh]", 0),
        _step("RUN /bin/sh -c make # buildkit", 300),
        _step("ENV TOKEN=ghp_" + "a1B2" * 9, 0),
        _step("COPY . /srv # buildkit", 300),
    ]
    known = foreseen(3, steps, "linux/amd64")
    assert list(known.expected) == [1000, 300, 300]
    assert known.words == "3 layers · linux/amd64"
    assert [words.partition(" ")[0] for words in known.instructions] == ["ADD", "RUN", "COPY"]
    known.take(300)
    assert known.content == {1: 300}
    known.take(300)
    known.take(7)
    assert known.content == {1: 300, 2: 300}
    assert known.passed == 3


def test_a_step_without_bytes_that_made_a_layer_is_one():
    steps = [_step("ADD rootfs.tar /", 10), _step("WORKDIR /srv", 0), _step("ENV A=1", 0)]
    known = foreseen(2, steps, "")
    assert list(known.expected) == [10, 0]
    assert [words.partition(" ")[0] for words in known.instructions] == ["ADD", "WORKDIR"]


def test_of_a_history_that_does_not_fit_only_the_number_of_layers_is_told():
    known = foreseen(4, [_step("ADD rootfs.tar /", 10), _step("RUN true", 5)], "")
    assert list(known.instructions) == [""] * 4
    assert list(known.expected) == [None] * 4


def test_layers_are_filled_in_as_they_stream_by():
    go = threading.Event()

    class Index:
        content_bytes = 1000

    def work(progress):
        progress.expected(2, [_step("ADD rootfs.tar /", 1000), _step("RUN make", 300)], "linux/amd64")
        progress.start(2000, "reading big:1")
        progress.advance(400)
        progress.passed(Index())
        assert go.wait(10)
        return webapp()

    async def main():
        app = ImgscopeApp(work, "big:1")
        async with app.run_test(size=(100, 24)) as pilot:
            while not isinstance(app.screen, LoadingScreen):
                await pilot.pause(0.02)
            await pilot.pause(0.3)
            text = "\n".join("".join(s.text for s in strip) for strip in app.screen._compositor.render_strips())
            assert "RUN make" in text
            assert "1 kB" in text
            assert "1 of 2 layers" in text
            go.set()
            while not isinstance(app.screen, Explorer):
                await pilot.pause(0.02)

    asyncio.run(main())


@pytest.mark.parametrize("processes", [1, 2])
def test_each_layer_is_told_once(processes, monkeypatch):
    from imgscope import analyze
    from imgscope.layer import workers

    monkeypatch.setattr(workers, "usable_processes", lambda: processes, raising=False)
    told: list[int] = []

    class Watching(ScreenProgress):
        def scanned(self, layer, index):
            told.append(layer)

    with analyze(FIXTURES / "webapp.tar", cache=False, progress=Watching()) as analysis:
        assert sorted(told) == list(range(len(analysis.layers)))
