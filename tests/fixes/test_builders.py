"""Which builder is taken, what its words say, and that all it made is gone however a run ends."""

import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from imgscope.dockerfile import parse
from imgscope.errors import EngineError, UsageError
from imgscope.fixes.builders import Engine, Outcome, _failed, choose
from imgscope.fixes.containers import normal

# A client that keeps its images and containers as lines of files; its build never ends unless it is told to.
FAKE = """#!{python}
import fcntl, json, os, sys, time
home = {home!r}
words = sys.argv[1:]
lock = open(home + "/lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
with open(home + "/calls", "a") as file:
    file.write(json.dumps(words) + "\\n")
def lines(name):
    try:
        return open(home + "/" + name).read().split()
    except OSError:
        return []
def put(name, ids):
    with open(home + "/" + name, "w") as file:
        file.write("\\n".join(ids))
def without(name):
    put(name, [one for one in lines(name) if not any(one.startswith(word) for word in words[1:])])
if words[:1] == ["version"]:
    print("20.10")
elif words[:1] == ["buildx"]:
    sys.exit(1)
elif words[:1] == ["images"]:
    print("\\n".join(one for one in lines("images") if one[0] == "a" or "--filter" not in words))
elif words[:1] == ["ps"]:
    print("\\n".join(lines("containers")))
elif words[:1] == ["build"]:
    put("images", [*lines("images"), "a" * 64, "b" * 64])
    put("containers", ["c" * 64])
    print("Step 1/2 : FROM base\\n ---> " + "0" * 12 + "\\nStep 2/2 : RUN x\\n ---> Running in " + "c" * 12)
    print(" ---> " + "b" * 12, flush=True)
    open(home + "/building", "w").close()
    fcntl.flock(lock, fcntl.LOCK_UN)
    time.sleep(60)
elif words[:1] == ["rmi"]:
    without("images")
elif words[:1] == ["rm"]:
    without("containers")
"""


@pytest.fixture
def fake(tmp_path):
    """A folder with a docker of its own."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/docker"
    program.write_text(FAKE.format(python=sys.executable, home=str(tmp_path)))
    program.chmod(0o755)
    (tmp_path / "images").write_text("0" * 64)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM base\nRUN x\n")
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_of_a_build_leaves_nothing_behind(fake, number):
    environment = {**os.environ, "PATH": f"{fake / 'bin'}:{os.environ['PATH']}", "TMPDIR": str(fake)}
    process = subprocess.Popen(
        [sys.executable, "-m", "imgscope", "fix", str(fake / "project")],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # Who runs the tests may have it ignored, as nohup does.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )  # fmt: skip
    for _ in range(300):
        if (fake / "building").exists():
            break
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert b"Traceback" not in said
    for _ in range(600):
        # What removes goes on by itself where the process had to end at once.
        left = [path.name for path in fake.iterdir() if path.name.startswith(("imgscope-fix", "build-"))]
        if (fake / "images").read_text() == "0" * 64 and not (fake / "containers").read_text() and not left:
            break
        time.sleep(0.05)
    assert (fake / "images").read_text() == "0" * 64
    assert (fake / "containers").read_text() == ""
    assert not left
    assert sorted(path.name for path in (fake / "project").iterdir()) == ["Dockerfile"]
    calls = [json.loads(line) for line in (fake / "calls").read_text().splitlines()]
    assert not any("prune" in words and "--no-prune" not in words for call in calls for words in call)


def test_nothing_that_builds_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="docker is not on this machine's PATH; podman is not"):
        choose()
    with pytest.raises(EngineError, match="nothing can build here: podman is not on"):
        choose("podman")


def test_the_first_that_answers_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    def program(name, text):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    program("buildah", "exit 0")
    assert choose().kind == "buildah"
    program("podman", "exit 0")
    assert choose().kind == "podman"
    program("docker", "echo no daemon >&2; exit 1")
    assert choose().kind == "podman"
    program("docker", 'test "$1" = version')
    assert choose().kind == "classic"
    program("docker", "exit 0")
    assert choose().kind == "buildkit"
    assert choose(environment={"DOCKER_BUILDKIT": "0"}.get).kind == "classic"


@pytest.mark.parametrize(
    ("versions", "buildx", "kind", "verb"),
    [
        ("20.10.24+dfsg1/20.10.24+dfsg1", False, "buildkit", "build"),
        ("20.10.24/27.1.1", True, "buildkit", "build"),
        ("18.09.1/18.09.1", False, "buildkit", "build"),
        ("18.06.3-ce/20.10.1", False, "classic", "build"),
        ("20.10.1/17.12.0-ce", False, "classic", "build"),
        ("23.0.0/20.10.24", False, "classic", "build"),
        ("28.2.2/28.2.2", True, "buildkit", "buildx"),
        # Podman's stand-in for docker has versions of its own.
        ("4.3.1/4.3.1", False, "classic", "build"),
        ("none", False, "classic", "build"),
    ],
)
def test_buildkit_is_reached_as_the_client_does(tmp_path, monkeypatch, versions, buildx, kind, verb):
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\ntest "$1" = buildx && exit {int(not buildx)}\necho {versions}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = choose(environment={}.get)
    assert (engine.kind, engine._verb()[0]) == (kind, verb)
    assert choose(environment={"DOCKER_BUILDKIT": "0"}.get).kind == "classic"


def test_secrets_need_a_builder_that_knows_them(project):
    from imgscope.fixes.recipe import read_recipe

    folder = project("FROM base\n")
    with pytest.raises(UsageError, match="need BuildKit"):
        list(Engine("docker", "classic")._options(read_recipe(str(folder), secrets=("id=a",))))
    assert list(Engine("podman", "podman")._options(read_recipe(str(folder), secrets=("id=a",), target="x"))) == [
        "--secret", "id=a", "--target", "x",
    ]  # fmt: skip


TEXT = "FROM base AS a\nRUN one \\\n    && two\nFROM a\nRUN three\n"


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (["Step 1/4 : FROM base AS a", "Step 2/4 : RUN one     && two", "E: no"], 2),
        (["STEP 1/2: FROM base AS a", "[2/2] STEP 2/2: RUN three", "Error: exit 1"], 5),
        (["#5 [a 2/2] RUN one     && two", "#5 ERROR: process did not complete", "Dockerfile:5", "ERROR: x"], 5),
        (["#7 [stage-1 2/2] RUN three", "#7 0.3 sh: three: not found"], 5),
        (
            [
                "#5 [a 2/2] RUN one     && two",
                "#6 [stage-1 2/2] RUN three",
                "#5 ERROR: executor failed: exit code: 3",
                "------",
                " > [a 2/2] RUN one     && two:",
                "executor failed: exit code: 3",
            ],
            2,
        ),
        (["#1 DONE 0.0s", "failed to solve: dockerfile parse error line 4: unknown instruction: FORM"], 4),
        (["error during connect"], None),
    ],
)
def test_the_step_that_failed_is_known(said, line):
    assert _failed(said, parse(TEXT))[1] == line
    assert Outcome(None, line, "", tuple(said)).why.endswith(said[-1])


def test_output_is_compared_without_what_changes_each_time():
    one = "[2024-01-02 03:04:05,678] [12] INFO pid 77 ready in 12.5 ms at 0x7f001234 id 0123456789abcdef\r\n"
    other = "[2025-11-12 13:14:15,001] [9345] INFO pid 1 ready in 3 ms at 0x55aa000011 id fedcba9876543210\n\n"
    assert normal(one) == normal(other)
    assert normal("listening on 8000, version 1.2.3") == "listening on 8000, version 1.2.3"
    assert normal("a") != normal("b")
