"""``--fix`` with the Dockerfile of the current folder: what was looked at is said, and why it was not used."""

import pytest

from tests.conftest import FIXTURES

from .cases import mend


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no ./Dockerfile"),
        ("FROM scratch\nCOPY . /elsewhere\n", "./Dockerfile was looked at"),
        ("FROM\n", "./Dockerfile was looked at, but can't be used"),
        (True, "./Dockerfile was looked at, but its line 23 (RUN) is not in the image's history"),
    ],
)
def test_why_the_dockerfile_here_was_not_used_is_said(imgscope, webapp, tmp_path, monkeypatch, text, words):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        own = (FIXTURES / "webapp/Dockerfile").read_text() + "RUN true\n"
        (tmp_path / "Dockerfile").write_text(own if text is True else text)
    done = imgscope("suggest", webapp, "--fix")
    assert done.returncode == 2 and words in done.stderr and "--dockerfile FILE" in done.stderr


@pytest.mark.parametrize(("home", "fixed"), [("/srv/app", True), ("/srv/app/", True), ("/other", False), (None, False)])
def test_a_program_is_looked_for_in_the_working_directory(tmp_path, home, fixed):
    config = {"Cmd": ["/bin/sh", "-c", "./run.sh --now"], **({"WorkingDir": home} if home else {})}
    made = mend("FROM x\nCOPY run.sh /srv/app/run.sh\nCMD ./run.sh --now\n", ["srv/app/run.sh"], tmp_path, config)
    assert ('CMD ["./run.sh", "--now"]' in made.after.text) is fixed
    if not fixed:
        assert any("./run.sh is not in the image" in left.why for left in made.left)
