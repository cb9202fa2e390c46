"""Completion as a person meets it: real shells on a terminal, keys typed, what stands on the line afterwards."""

import io
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from imgscope.cli import COMMANDS, cli
from imgscope.completion.answer import _IMAGES

from ..engine.conftest import missing
from .conftest import ROOT

PROGRAMS = Path(sys.executable).parent
TAB, ALL, HOME, END = "\t", "\x1b*", "\x01", "\x05"
# Of this process alone: tests that run beside it make and remove images, too.
OWN = f"imgscope-{os.getpid()}"
SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
_READY = {
    "bash": "PS1='$ '; set +o history; eval \"$(imgscope completion bash)\"",
    "zsh": "PS1='$ '; bindkey -e; autoload -U compinit; compinit -u -D; eval \"$(imgscope completion zsh)\"",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Archives, a layout, and what is neither."""
    place = tmp_path_factory.mktemp("images")
    shutil.copy(ROOT / "fixtures/site.tar", place / "app.tar")
    shutil.copy(ROOT / "fixtures/site.tar", place / "with a space.tar")
    (place / "notes.txt").write_text("no image")
    (place / "layout").mkdir()
    (place / "layout/index.json").write_text("{}")
    (place / "deep/er").mkdir(parents=True)
    shutil.copy(ROOT / "fixtures/site.tar", place / "deep/er/inner.tar.gz")
    return place


@pytest.fixture(scope="module")
def names():
    """Images in the engine whose names begin alike."""
    why = missing()
    if why is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the gate must run these: {why}")
        pytest.skip(why)
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w").close()
    made = [f"{OWN}-app:1.0", f"{OWN}-app:1.1", f"registry.example.com:5000/{OWN}-app/app:1.0"]
    for name in made:
        subprocess.run(["docker", "import", "-", name], input=empty.getvalue(), check=True, capture_output=True)
    yield made
    subprocess.run(["docker", "rmi", *made], check=False, capture_output=True)


def needs(shell: str) -> None:
    if not shutil.which(shell):
        if os.environ.get("CI") == "true":
            pytest.fail(f"the gate must run these: needs {shell}")
        pytest.skip(f"needs {shell}")


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("_IMGSCOPE")}
    return {**kept, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "TERM": "xterm", "LC_ALL": "C.UTF-8", **more}


def typed(shell: str, keys: str, folder: Path, **more: str) -> str:
    """Type ``keys`` in a shell and return the words that are then on its line, as the shell reads them."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe(shell, SHELLS[shell], environment(**more))
    said = b""

    def until(mark: bytes) -> bytes:
        nonlocal said
        end = time.monotonic() + 30
        while mark not in said:
            assert time.monotonic() < end, said.decode(errors="replace")
            # Whatever number the descriptor has: select() knows the first 1,024 only.
            waiting = select.poll()
            waiting.register(terminal, select.POLLIN)
            if waiting.poll(200):
                said += os.read(terminal, 1 << 16)
        found, _, said = said.partition(mark)
        return found

    try:
        os.write(terminal, f"{_READY[shell]}; show() {{ printf '<<%s>>\\n' \"$@\" end; }}; echo rea''dy\n".encode())
        until(b"ready\r\n")
        os.write(terminal, f"{keys}{HOME}show {END}\n".encode())
        return until(b"<<end>>").decode().rpartition("<<imgscope>>")[2]
    finally:
        os.close(terminal)
        os.kill(child, 9)
        os.waitpid(child, 0)


def words(text: str) -> list[str]:
    return re.findall(r"<<(.*?)>>", text)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("imgscope ana\t", ["analyze"]),
        ("imgscope analyze --pla\t", ["analyze", "--platform"]),
        ("imgscope analyze --format js\t", ["analyze", "--format", "json"]),
        ("imgscope analyze --format=js\t", ["analyze", "--format=json"]),
        ("imgscope analyze -o mark\t./notes\t", ["analyze", "-o", "markdown=./notes.txt"]),
        ("imgscope analyze ./ap\t", ["analyze", "./app.tar"]),
        ("imgscope analyze ./wi\t", ["analyze", "./with a space.tar"]),
        ("imgscope analyze ./dee\t\t\t", ["analyze", "./deep/er/inner.tar.gz"]),
        ("imgscope analyze ./lay\t", ["analyze", "./layout"]),
        ("imgscope analyze oci:./lay\t", ["analyze", "oci:./layout"]),
        ("imgscope analyze ./not\t", ["analyze", "./not"]),
        ("imgscope diff ./app.tar ./wi\t", ["diff", "./app.tar", "./with a space.tar"]),
        ("imgscope check ./app.tar --baseline ./ap\t", ["check", "./app.tar", "--baseline", "./app.tar"]),
        ("imgscope cache cl\t", ["cache", "clear"]),
    ],
)
def test_words_and_archives(shell, keys, expected, folder):
    needs(shell)
    assert words(typed(shell, keys, folder, DOCKER_HOST="unix:///nobody/there.sock")) == expected


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("imgscope analyze OWN-a\t", ["analyze", "OWN-app:1."]),
        ("imgscope analyze OWN-app:1.1\t", ["analyze", "OWN-app:1.1"]),
        ("imgscope analyze docker:OWN-a\t", ["analyze", "docker:OWN-app:1."]),
        (
            "imgscope analyze registry.example.com:5000/OWN-\t",
            ["analyze", "registry.example.com:5000/OWN-app/app:1.0"],
        ),
    ],
)
def test_names_of_the_engines_images(shell, keys, expected, folder, names):
    needs(shell)
    assert words(typed(shell, keys.replace("OWN", OWN), folder)) == [word.replace("OWN", OWN) for word in expected]


def test_all_that_fits_in_bash(folder, names):
    needs("bash")
    assert words(typed("bash", f"imgscope analyze {OWN}-a{ALL}", folder)) == [
        "analyze",
        f"{OWN}-app:1.0",
        f"{OWN}-app:1.1",
    ]


def test_fish(folder, names):
    needs("fish")

    def complete(line: str) -> list[str]:
        script = f'imgscope completion fish | source; complete --do-complete "{line}"'
        done = subprocess.run(
            ["fish", "--no-config", "-c", script],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return [found.partition("\t")[0] for found in done.stdout.splitlines()]

    assert complete("imgscope ana") == ["analyze"]
    assert complete(f"imgscope analyze {OWN}-a") == [f"{OWN}-app:1.0", f"{OWN}-app:1.1"]
    assert complete("imgscope analyze ./") == ["./app.tar", "./deep/", "./layout", "./with a space.tar"]


def ask(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAMS / "imgscope", *arguments],
        env=environment(_IMGSCOPE_COMPLETE="zsh", **more),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "engine",
    [
        {"DOCKER_HOST": "unix:///nobody/there.sock"},
        {"DOCKER_HOST": "no address at all"},
        {"DOCKER_HOST": "ssh://nobody@127.0.0.1"},
        {"DOCKER_HOST": "", "DOCKER_CONTEXT": "no-such-context"},
    ],
    ids=["absent", "nonsense", "ssh", "context"],
)
def test_it_is_quick_and_silent_where_no_engine_answers(engine, folder):
    began = time.monotonic()
    done = ask("analyze", "imgscope-", **engine)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert time.monotonic() - began < 2


def test_an_engine_that_says_nothing_is_not_waited_for(tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "mute.sock"))
        listening.listen()
        began = time.monotonic()
        done = ask("analyze", "imgscope-", DOCKER_HOST=f"unix://{tmp_path}/mute.sock")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert time.monotonic() - began < 6


def test_what_is_wrong_on_the_line_says_nothing():
    for words in (["nonsense", ""], ["analyze", "--nonsense", ""], [], [""], ["cat", "a", "b", "c", "d"]):
        done = ask(*words)
        assert (done.stderr, done.returncode) == ("", 0)


def test_every_command_that_takes_an_image_completes_one():
    """The help's name of an argument tells that it is an image; one with another name would complete nothing."""
    import click

    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        for parameter in command.params:
            if isinstance(parameter, click.Argument) and parameter.name in ("reference", "references", "old", "new"):
                assert parameter.metavar in _IMAGES, f"{name}: {parameter.metavar}"
