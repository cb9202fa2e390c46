"""The command line: what it prints and asks, and what it does on mistakes."""

import json
import subprocess

import pytest

from imgscope.cli import run
from imgscope.fixes import run as running
from tests.fixes.fake import FakeEngine, pairs


@pytest.fixture
def command(project, tmp_path, monkeypatch):
    """``command(text, *words)`` runs ``imgscope fix`` in a folder; it returns the exit code and the folder."""

    def go(text, *words, breaks=lambda dockerfile, ignore: "", files=()):
        folder = project(text, files)
        images = tmp_path / "images"
        images.mkdir(exist_ok=True)
        monkeypatch.setattr(
            running, "choose", lambda client=None: FakeEngine("fake", "classic", home=images, breaks=breaks)
        )
        monkeypatch.chdir(folder)
        return run(["fix", "--no-cache", *words]), folder

    return go


TEXT = f"FROM base\n{pairs(1)}"


def test_nothing_is_written_unless_it_is_asked_for(command, capsys):
    code, folder = command(TEXT)
    shown = capsys.readouterr()
    assert code == 0
    assert (folder / "Dockerfile").read_text() == TEXT
    assert "+RUN put /big1 300000" in shown.out
    assert shown.err == "Nothing was written: --write makes these changes.\n"


@pytest.mark.parametrize("word", ["--write", "--yes"])
def test_what_is_asked_for_is_written(command, capsys, word):
    code, folder = command(TEXT, word, "--format", "json")
    shown = capsys.readouterr()
    assert code == 0
    assert "rm -rf /big1" in (folder / "Dockerfile").read_text()
    assert json.loads(shown.out)["written"] == [{"path": "Dockerfile", "kept": "Dockerfile.orig"}]
    assert shown.err == "Dockerfile is written; as it was: Dockerfile.orig\n"


def test_a_patch_goes_to_a_file(command, tmp_path, capsys):
    code, _ = command(TEXT, "-o", f"patch={tmp_path / 'fix.patch'}")
    assert code == 0
    assert (tmp_path / "fix.patch").read_text().startswith("--- a/Dockerfile\n+++ b/Dockerfile\n")


def test_a_build_that_fails_shows_what_the_builder_said(command, capsys):
    code, _ = command(TEXT, breaks=lambda dockerfile, ignore: "2 E: \x1b[31mno space")
    shown = capsys.readouterr()
    assert code == 3
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "    E: \\x1b[31mno space", "imgscope: Dockerfile:2 does not build as it is, so nothing can be proven",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere"], 2, "nowhere is not a folder to build from"),
        (["-f", "missing"], 2, "missing"),
        (["--min-size", "x"], 2, "--min-size"),
        (["-o", "patch"], 2, "patch"),
        (["--test", "true"], 3, "docker or podman"),
    ],
)
def test_mistakes_are_one_line(command, capsys, words, code, said):
    found, folder = command(TEXT, *words)
    shown = capsys.readouterr()
    assert found == code
    assert said in shown.err and shown.err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["Dockerfile"]


@pytest.mark.parametrize("text", ["", "FROM\n", "RUN x\n", "FROM base\nRUN <<EOF\nput /x 1\n"])
def test_a_dockerfile_that_is_none_is_a_usage_error(command, capsys, text):
    code, _ = command(text)
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


VALUE = "hunter2" + "Xk29dkfj3"
SECRET = f"FROM base\nENV API_PASSWORD={VALUE}\n{pairs(1)}"


def test_a_patch_is_whole_and_the_lines_with_secrets_are_named(command, tmp_path, capsys):
    code, folder = command(SECRET, "-o", f"patch={tmp_path / 'fix.patch'}", "--format", "patch")
    shown = capsys.readouterr()
    assert code == 0
    assert shown.out == (tmp_path / "fix.patch").read_text()
    assert VALUE in shown.out
    assert "Dockerfile:2: the patch holds a secret of this line: API_PASSWORD\n" in shown.err
    assert VALUE not in shown.err
    subprocess.run(["patch", "-p1", "-i", tmp_path / "fix.patch"], cwd=folder, check=True, capture_output=True)
    assert "rm -rf /big1" in (folder / "Dockerfile").read_text()


@pytest.mark.parametrize("name", ["text", "json", "markdown"])
def test_other_formats_show_the_patch_without_secrets(command, capsys, name):
    code, _ = command(SECRET, "--format", name)
    shown = capsys.readouterr()
    assert code == 0
    assert "API_PASSWORD" in shown.out and VALUE not in shown.out + shown.err
    code, _ = command(SECRET, "--format", name, "--show-secrets")
    assert VALUE in capsys.readouterr().out
