"""What is written into the user's files: all of it or nothing, with the old text kept unless git has it."""

import os
import subprocess

import pytest

from imgscope.errors import UsageError
from imgscope.fixes.writing import in_git, write
from imgscope.output import OutputError

from .fake import pairs

TEXT = f"FROM base\n{pairs(1)}"
IGNORED = {".git/objects/x": b"x" * 400_000, "run.sh": b"echo"}


def git(folder, *words):
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, check=True, capture_output=True
    )


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_old_text_is_kept_beside_and_never_over_another(fixed, tmp_path):
    record, _ = fixed(TEXT)
    folder = tmp_path / "project"
    (folder / "Dockerfile.orig").write_text("mine")
    write(record)
    assert (folder / "Dockerfile").read_text() == record.changed.text != TEXT
    assert (folder / "Dockerfile.orig").read_text() == "mine"
    assert (folder / "Dockerfile.orig1").read_text() == TEXT
    assert record.written == {str(folder / "Dockerfile"): str(folder / "Dockerfile.orig1")}


def test_git_keeps_what_is_clean_in_it(fixed, tmp_path):
    record, _ = fixed(TEXT)
    folder = tmp_path / "project"
    git(folder, "init", "-q")
    assert not in_git(folder / "Dockerfile")
    git(folder, "add", ".")
    assert not in_git(folder / "Dockerfile")  # no commit has it yet
    git(folder, "commit", "-qm", "x")
    assert in_git(folder / "Dockerfile")
    write(record)
    assert listing(folder) == [".git", "Dockerfile"]
    assert record.written == {str(folder / "Dockerfile"): None}
    # What was changed since the commit is not in git.
    assert not in_git(folder / "Dockerfile")


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_line_ends_and_all_other_lines_stay(fixed, tmp_path, ending):
    text = f'# syntax=docker/dockerfile:1\nFROM base\n\n# why: ü\n{pairs(1)}\n# end\nCMD ["sh"]'.replace("\n", ending)
    record, _ = fixed(text)
    write(record)
    data = (tmp_path / "project/Dockerfile").read_bytes().decode()
    assert data.count("\n") == (data.count("\r\n") if ending == "\r\n" else data.count("\n"))
    kept = [line for line in text.split(ending) if not line.startswith("RUN")]
    assert [line for line in data.split(ending) if line in kept] == kept


def test_a_file_that_changed_meanwhile_is_not_touched(fixed, tmp_path):
    record, _ = fixed(TEXT)
    path = tmp_path / "project/Dockerfile"
    path.write_text(TEXT + "# more\n")
    with pytest.raises(UsageError, match="has changed meanwhile"):
        write(record)
    assert path.read_text() == TEXT + "# more\n"


def test_both_files_or_none(fixed, tmp_path):
    record, _ = fixed(f"FROM base\n{pairs(1)}COPY . /src\n", files=IGNORED)
    folder = tmp_path / "project"
    (folder / ".dockerignore").write_text("mine\n")
    with pytest.raises(UsageError, match="dockerignore has changed meanwhile"):
        write(record)
    assert (folder / "Dockerfile").read_text() == record.dockerfile.text
    (folder / ".dockerignore").unlink()
    write(record)
    assert ".git" in (folder / ".dockerignore").read_text()
    assert (folder / "Dockerfile").read_text() == record.changed.text


@pytest.mark.parametrize("fails", ["Dockerfile", ".dockerignore"])
def test_where_writing_fails_nothing_is_left_beside(fixed, tmp_path, monkeypatch, fails):
    record, _ = fixed(f"FROM base\n{pairs(1)}COPY . /src\n", files={**IGNORED, ".dockerignore": b"mine\n"})
    folder = tmp_path / "project"
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert record.changed is not None and record.ignore_after is not None

    def full(path, parts, **options):
        if path.name == fails:
            raise OutputError(f"{path} can't be written: No space left on device")
        path.write_bytes(b"".join(parts))

    monkeypatch.setattr("imgscope.output.write_whole", full)
    monkeypatch.setattr("imgscope.fixes.writing.write_whole", full)
    with pytest.raises(OutputError, match="No space left"):
        write(record)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert not record.written


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_said_and_left(fixed, tmp_path):
    record, _ = fixed(TEXT)
    folder = tmp_path / "project"
    folder.chmod(0o555)
    try:
        with pytest.raises(OutputError):
            write(record)
    finally:
        folder.chmod(0o755)
    assert listing(folder) == ["Dockerfile"]
    assert (folder / "Dockerfile").read_text() == TEXT
