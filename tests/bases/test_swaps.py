"""What is said of a base is what a real engine then does: called fit, it runs the app; called unfit, it does not."""

from __future__ import annotations

import os
import subprocess

import pytest

from imgscope.base_images.compare import bases
from tests.engine.conftest import docker, engine  # noqa: F401

from . import trees

pytestmark = pytest.mark.engine

# app, the base it was built on, another base, and what has to be missing there: nothing where the app runs.
SWAPS = [
    ("glibc", "glibc", "merged", None),
    ("lib", "glibc", "merged", None),
    ("musl", "musl", "musl2", None),
    ("static", "glibc", "empty", None),
    ("static", "musl", "glibc", None),
    ("needs1", "demo1", "demo2", None),
    ("needs2", "demo2", "opt", "libdemo.so.1"),
    ("beside", "glibc", "merged", None),
    ("rpath", "opt", "demo2", None),
    ("path", "stray", "demo2", None),
    ("number", "user", "glibc", None),
    ("script", "bash", "bash", None),
    ("calls", "musl", "musl2", None),
    ("glibc", "glibc", "musl", "/lib64/ld-linux-x86-64.so.2"),
    ("glibc", "merged", "empty", "/lib64/ld-linux-x86-64.so.2"),
    ("musl", "musl", "glibc", "/lib/ld-musl-x86_64.so.1"),
    ("needs2", "demo2", "demo1", "libdemo.so.1: DEMO_2"),
    ("needs2", "demo2", "stray", "libdemo.so.1"),
    ("beside", "glibc", "musl", "/lib64/ld-linux-x86-64.so.2"),
    ("rpath", "opt", "glibc", "libdemo.so.1"),
    ("shell", "glibc", "empty", "/bin/sh"),
    ("script", "bash", "glibc", "/bin/bash"),
    ("user", "user", "glibc", "app"),
    ("calls", "musl", "glibc", "/lib/ld-musl-x86_64.so.1"),
]


@pytest.fixture(scope="module")
def images(engine, tmp_path_factory):  # noqa: F811
    why = trees.missing()
    if why is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the gate must run these: {why}")
        pytest.skip(why)
    context = tmp_path_factory.mktemp("context")
    made = trees.programs(context)
    for name, text in trees.SCRIPTS.items():
        (context / name).write_text(text)
        (context / name).chmod(0o755)
    for name, data in trees.bases(made).items():
        docker("import", "--change", "ENV PATH=/bin", "-", f"imgscope-bases:base-{name}", input=data)

    def build(app: str, base: str) -> str:
        tag = f"imgscope-bases:{app}-on-{base}"
        text = f"FROM imgscope-bases:base-{base}\n{trees.APPS[app]}"
        (context / "Dockerfile").write_text(text)
        docker("build", "-q", "-t", tag, context)
        return tag

    return build


def runs(tag: str) -> bool:
    done = subprocess.run(["docker", "run", "--rm", "--network=none", tag], capture_output=True, check=False)
    return done.returncode == 0 and done.stdout == b"app runs\n"


@pytest.mark.parametrize(("app", "base", "other", "lacks"), SWAPS)
def test_a_base_called_fit_runs_the_app_and_one_called_unfit_does_not(images, app, base, other, lacks):
    tag = images(app, base)
    assert runs(tag), "the app doesn't even run where it was built"
    comparison = opened = bases(tag, [f"imgscope-bases:base-{other}"], table=False)
    with opened:
        assert comparison.base.layers == 1
        (candidate,) = comparison.candidates
        missing = [lack.name for lack in candidate.fit.lacks if lack.decisive]
        assert missing == ([lacks] if lacks else [])
        assert candidate.fit.verdict == ("unfit" if lacks else "fits")
    assert runs(images(app, other)) is (lacks is None)


def test_the_size_foretold_is_that_of_the_image_built_anew(images):
    comparison = opened = bases(images("beside", "glibc"), ["imgscope-bases:base-merged"], table=False)
    with opened:
        foretold = comparison.candidates[0].content_bytes
    from imgscope import analyze

    with analyze(images("beside", "merged")) as built:
        assert built.image.content_bytes == foretold
