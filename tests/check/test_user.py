"""Who is root is what the runtime makes of USER and of the image's /etc/passwd."""

from __future__ import annotations

import pytest

from imgscope import analyze
from imgscope.checks.rules.interface import CannotTell, Subject
from imgscope.checks.rules.properties import require_non_root
from imgscope.checks.values import Limit
from imgscope.suggestions import Options, suggest
from tests.oracle.maketar import file, layer, symlink

PASSWD = (
    b"root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\nodd:x:no:1::/:\napp:x:0:0::/:\n"
)
IMAGES = {
    "plain": layer(file("etc/passwd", PASSWD)),
    "linked": layer(
        file("usr/share/p/passwd", PASSWD),
        symlink("etc/passwd", "../cur/../p/passwd"),
        symlink("cur", "/usr/share/q"),
        file("usr/share/q/x"),
    ),
    "none": layer(file("x")),
    "renamed": layer(file("etc/passwd", b"root:x:1000:0::/:\n")),
}


@pytest.mark.parametrize("pack", ["", "gzip"])
@pytest.mark.parametrize(
    ("image", "user", "status"),
    [
        *(
            ("plain", user, "fail")
            for user in ("", "0", "0:0", "00", "+0", "-0", "root", "root:x", "toor", "odd", ":1")
        ),
        *(("plain", user, "pass") for user in ("app", "app:root", "1000", "1000:0", "+7")),
        ("plain", "nobody", "skipped"),
        ("linked", "toor", "fail"),
        ("linked", "app", "pass"),
        ("none", "root", "fail"),
        ("none", "app", "skipped"),
        ("renamed", "root", "pass"),
    ],
)
def test_root_is_who_has_uid_0(make, image, user, status, pack):
    path = make(IMAGES[image], config={"User": user}, pack=pack)
    with analyze(path, cache=False) as analysis:
        try:
            found = "pass" if require_non_root(Subject(analysis), Limit(True, "flag"), None).ok else "fail"
        except CannotTell:
            found = "skipped"
        noted = suggest(analysis, Options(("IS901",))).findings
    assert found == status
    assert bool(noted) is (status == "fail")


def test_an_annotation_points_at_the_user(imgscope, make, tmp_path, monkeypatch):
    steps = ["/bin/sh -c #(nop) ADD file:" + "0" * 64 + " in / ", "/bin/sh -c make"]
    path = make(IMAGES["plain"], layer(file("app")), instructions=steps, config={"User": "toor"})
    (tmp_path / "Dockerfile").write_text("FROM x\nRUN make\n")
    monkeypatch.chdir(tmp_path)
    words = ("check", path, "--require-non-root", "--forbidden-findings", "IS901", "--format", "github")
    assert "file=Dockerfile,line=1," in imgscope(*words).stdout
