"""``.dockerignore`` keeps out what Docker keeps out."""

import pytest

from imgscope.dockerfile.ignore import Ignore, read_ignore
from imgscope.errors import UsageError


def test_patterns_as_docker_matches_them():
    found = Ignore(
        "x", "\ufeff# comment\n/node_modules\n*.log\r\n!keep.log\n**/*.pyc\ndocs/**\n!docs/index.md\nte?t/[ab]*\n"
    )
    for path in ("node_modules/a/b.js", "a.log", "deep/er/x.pyc", "x.pyc", "docs/a/b", "test/a.txt", "./node_modules"):
        assert found.ignores(path), path
    for path in ("sub/node_modules/a", "sub/a.log", "keep.log", "docs/index.md", "test/c", "src", "# comment", ""):
        assert not found.ignores(path), path
    assert found.patterns[0] == "node_modules" and "!keep.log" in found.patterns


def test_the_file_beside_the_dockerfile_comes_first(tmp_path):
    (tmp_path / "app").mkdir()
    assert read_ignore(tmp_path / "app" / "Dockerfile").path is None
    (tmp_path / ".dockerignore").write_text("of-context")
    (tmp_path / "app" / "prod.Dockerfile.dockerignore").write_text("of-file")
    assert read_ignore(tmp_path / "app" / "prod.Dockerfile", tmp_path).patterns == ("of-file",)
    assert read_ignore(tmp_path / "app" / "Dockerfile", tmp_path).patterns == ("of-context",)
    (tmp_path / ".dockerignore").write_text("bad[")
    with pytest.raises(UsageError, match="bad"):
        read_ignore(tmp_path / "Dockerfile")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", ".git\n.venv\n"),
        ("a", "a\n.git\n.venv\n"),
        ("a\r\n.git\r\n", "a\r\n.git\r\n.venv\r\n"),
        (".venv\n.git\n", ".venv\n.git\n"),
    ],
)
def test_lines_are_added_once_and_in_the_files_own_way(text, after):
    assert Ignore("x", text).with_lines([".git", ".venv", ".git"]) == after
