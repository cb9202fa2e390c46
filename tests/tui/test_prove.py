"""F in the view: the Dockerfile is fixed and proven, with progress; Esc stops it, and nothing is left behind."""

from __future__ import annotations

import os
import threading
import time

import pytest

import imgscope
from imgscope.dockerfile import read
from imgscope.fixes.builders import choose
from imgscope.fixes.containers import call
from imgscope.fixes.recipe import read_recipe
from imgscope.stopping import Stop, Stopped
from imgscope.tui.findings.prove import ProofScreen
from tests.engine.conftest import base, docker, engine  # noqa: F401
from tests.fixes.fake import FakeEngine, pairs
from tests.fixes.test_engine import RUN_SH
from tests.fixes.test_engine import TEXT as REAL

from .driver import explore
from .test_findings import known

TEXT = f'FROM base\n{pairs(2)}CMD ["sh"]\n'


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a Dockerfile, its image, and a builder that makes one; ``engines`` are those of each run."""
    folder, images = tmp_path / "project", tmp_path / "images"
    folder.mkdir()
    images.mkdir()
    (folder / "Dockerfile").write_text(TEXT)
    first = FakeEngine("fake", "classic", home=images)
    built = first.build(read_recipe(str(folder)), read(str(folder / "Dockerfile")))
    monkeypatch.chdir(folder)
    engines = []

    def choose(client=None):
        home = tmp_path / f"run{len(engines)}"
        home.mkdir()
        engines.append(FakeEngine("fake", "classic", home=home, breaks=lambda *_: project.slow()))
        return engines[-1]

    class Project:
        slow = staticmethod(lambda: "")

        def __init__(self):
            self.folder, self.engines = folder, engines
            self.analysis = imgscope.analyze(built.image, cache=False, contents=True)

    monkeypatch.setattr("imgscope.fixes.run.choose", choose)
    project = Project()
    yield project
    project.analysis.close()


async def shows(view, words):
    """Wait until a person would read ``words``."""
    for _ in range(500):
        if words in view.text():
            return
        await view.pilot.pause(0.02)
    raise AssertionError(view.text())


def test_f_proves_the_fix_and_writes_nothing(project):
    async def scenario(view):
        await known(view)
        await view.press("5", "F")
        assert isinstance(view.app.screen, ProofScreen)
        await shows(view, "Nothing is written: imgscope")
        text = view.text()
        for words in ("600 kB", "Nothing is written", "RUN put /big1"):
            assert words in text
        await view.press("y")
        assert view.app.clipboard.startswith("--- a/")
        await view.press("escape")
        assert view.app.screen is view.explorer

    explore(scenario, analysis=project.analysis)
    assert (project.folder / "Dockerfile").read_text() == TEXT
    assert sorted(path.name for path in project.folder.iterdir()) == ["Dockerfile"]
    assert len(project.engines) == 1


@pytest.mark.engine
@pytest.mark.parametrize("end", ["proven", "stopped"])
def test_a_real_engine_builds_runs_and_has_nothing_of_it_afterwards(end, engine, base, tmp_path, monkeypatch):  # noqa: F811
    name = f"imgscope-test:prove-{os.getpid()}"
    (tmp_path / "Dockerfile").write_text(REAL.format(base=base))
    (tmp_path / "run.sh").write_text(RUN_SH)
    (tmp_path / "run.sh").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    docker("build", "-q", "-t", name, tmp_path)
    chosen = []
    monkeypatch.setattr("imgscope.fixes.run.choose", lambda client: chosen.append(choose(client)) or chosen[-1])

    async def scenario(view):
        await view.press("5")
        while view.explorer.report is None:
            await view.pilot.pause(0.1)
        await view.press("F")
        window = view.app.screen
        assert isinstance(window, ProofScreen), view.text()
        if end == "stopped":
            await shows(view, "build 1")
            await view.press("escape")
        # Looking seldom leaves the processor to what is waited for.
        for _ in range(240):
            if not window._thread.is_alive():
                break
            await view.pilot.pause(0.5)
        await view.pilot.pause(0.5)
        if end == "stopped":
            assert view.app.screen is view.explorer
            return
        for words in (
            "ends with exit code 0",
            "the same output",
            "2 builds by docker",
            "819 kB less",
            "Nothing is written",
        ):
            assert words in view.text()

    try:
        with imgscope.analyze(f"docker:{name}", cache=False, contents=True) as analysis:
            explore(scenario, analysis=analysis)
        for words in (("images", "-aq"), ("ps", "-aq")):
            assert docker(*words, "--filter", f"label={chosen[0].label}") == b""
        assert (tmp_path / "Dockerfile").read_text() == REAL.format(base=base)
    finally:
        docker("rmi", name)


def test_esc_stops_it(project):
    going = threading.Event()
    project.slow = lambda: going.wait(5) and ""

    async def scenario(view):
        await known(view)
        await view.press("5", "F")
        await shows(view, "building what is there")
        assert "Esc stops it" in view.text()
        await view.press("escape")
        assert "Stopping" in view.text()
        going.set()
        for _ in range(200):
            if view.app.screen is view.explorer:
                break
            await view.pilot.pause(0.02)
        assert view.app.screen is view.explorer

    explore(scenario, analysis=project.analysis)
    (one,) = project.engines
    assert len(one.texts) == 1
    assert one.removals == 1
    assert (project.folder / "Dockerfile").read_text() == TEXT


def test_what_does_not_build_is_said(project):
    project.slow = lambda: "2 no-space-left"

    async def scenario(view):
        await known(view)
        await view.press("5", "F")
        await shows(view, "does not build as it is")
        assert "no-space-left" in view.text()

    explore(scenario, analysis=project.analysis)


def test_without_a_dockerfile_of_the_image_there_is_nothing_to_prove():
    async def scenario(view):
        await known(view)
        await view.press("5", "F")
        assert view.app.screen is view.explorer
        assert "No Dockerfile here" in view.text()

    explore(scenario)


def test_a_program_that_runs_is_ended_when_the_run_is_stopped():
    stop, raised = Stop(), []

    def work():
        try:
            with stop.holds():
                call(["sleep", "30"], None)
        except Stopped:
            raised.append(True)

    thread = threading.Thread(target=work)
    began = time.monotonic()
    thread.start()
    while not stop._kills and time.monotonic() - began < 5:
        time.sleep(0.01)
    stop.now()
    thread.join(10)
    assert raised == [True]
    assert time.monotonic() - began < 10
