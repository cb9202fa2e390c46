"""Nothing is said of where a COPY's files came from but what the history says, or a Dockerfile that made the image."""

from __future__ import annotations

import json
import os

import pytest

from imgscope import analyze
from imgscope.dockerfile import nearby
from imgscope.suggestions.origin import of_history
from imgscope.suggestions.rules.practice import copy_serves
from tests.oracle.maketar import file, layer

HASH = "0" * 64
NOP = "/bin/sh -c #(nop) "
BASE = (f"{NOP}ADD file:{HASH} in / ", layer(file("etc/os-release", b"ID=x")))


@pytest.mark.parametrize(
    ("created_by", "where"),
    [
        (f"{NOP}COPY dir:{HASH} in /app ", "unknown"),
        (f"{NOP}COPY --chown=web:web dir:{HASH} in /app ", "unknown"),
        (f"{NOP}COPY --chown=web:webdir:{HASH} in /app ", "unknown"),
        (f"{NOP}COPY multi:{HASH} in /app/ ", "unknown"),
        (f"{NOP}ADD dir:{HASH} in /app ", "context"),
        (f"{NOP}ADD file:{HASH} in / ", "unknown"),
        ("COPY . /app # buildkit", "context"),
        ("COPY --chown=1:1 ./ ./ # buildkit", "context"),
        ("COPY src app.py /app/ # buildkit", "context"),
        ("COPY /out/app /app # buildkit", "unknown"),
        ("COPY app /out /app/ # buildkit", "unknown"),
        ("COPY <<EOF /app/x # buildkit", "unknown"),
        ("ADD rootfs.tar.gz / # buildkit", "unknown"),
        ("ADD https://example.com/x /x # buildkit", "unknown"),
        ("COPY --from=build /app /app", "stage"),
        ("COPY . /app", "context"),
    ],
)
def test_a_source_is_what_the_history_says(created_by, where):
    shown = created_by.removeprefix(NOP).removesuffix(" # buildkit").strip()
    assert of_history(shown, created_by, "buildkit.dockerfile.v0" if "buildkit" in created_by else "").where == where


def test_a_path_that_is_only_relative_makes_nothing_certain(findings):
    made = layer(file("app/.git/HEAD", b"x" * 5000))
    for source, certainty in ((".", "certain"), ("project", "likely")):
        (found,) = findings((f"COPY {source} /app # buildkit", made), select=["IS301"])
        assert found.certainty == certainty


SOURCES = layer(file("app/a.py", b"x"), file("app/requirements.txt", b"y"))
INSTALLED = layer(file("usr/lib/x", b"x" * 5000))


@pytest.mark.parametrize(
    ("words", "certainty"),
    [("COPY . /app", "likely"), (f"{NOP}COPY dir:{HASH} in /app ", "possible"), ("COPY --from=build /s /app", None)],
)
def test_what_a_stage_made_is_not_called_the_source(findings, words, certainty):
    run = f"{'/bin/sh -c' if words.startswith(NOP) else 'RUN'} pip install -r requirements.txt"
    base = (BASE[0], layer(file("etc/os-release", b"ID=x"), file("bin/sh", b"x")))
    found = findings(base, (words, SOURCES), (run, INSTALLED), select=["IS401"], base=False)
    assert [each.certainty for each in found] == ([certainty] if certainty else [])


@pytest.mark.parametrize(
    ("text", "paths", "copied"),
    [
        (f"ADD file:{HASH} in /", ["/app"], False),
        (f"ADD file:{HASH} in /opt/", ["/opt/tool"], False),
        (f"ADD file:{HASH} in /opt/tool", ["/opt/tool"], True),
        (f"ADD file:{HASH} in /opt/tool", ["/opt/tool/tool"], False),
        (f"ADD dir:{HASH} in /opt/", ["/opt/tool", "/opt/x"], True),
        ("ADD app.py /opt/", ["/opt/app.py"], True),
        ("ADD data.bin /opt/", ["/opt/unpacked"], False),
        ("ADD x.tar.gz /", ["/x"], False),
        ("ADD . /opt/", ["/opt/unpacked"], True),
        ("ADD app.py .", ["/srv/app.py"], True),
        ("ADD *.py /opt/", ["/opt/a.py"], False),
        ("ADD https://example.com/a /a", ["/a"], False),
    ],
)
def test_copy_is_advised_only_where_nothing_was_unpacked(text, paths, copied):
    assert copy_serves(text, None, paths) is copied


def test_what_the_container_runs_is_no_leftover(findings):
    cached = ("RUN go build", layer(file("root/go/pkg/mod/x", b"x" * 5000), file("tmp/run", b"x" * 5000)))
    assert [each.code for each in findings(cached, select=["IS1"], config={"Cmd": ["/app"]})] == ["IS113", "IS122"]
    assert findings(cached, select=["IS113"], config={"Cmd": ["go", "run", "."]}) == []
    assert findings(cached, select=["IS122"], config={"Cmd": ["/tmp/run"]}) == []
    assert findings(cached, select=["IS122"], config={"Cmd": ["/app"], "WorkingDir": "/tmp"}) != []


def test_a_leftover_that_was_copied_is_not_to_be_removed_in_a_run(findings):
    for words, said in (("COPY . /", ".dockerignore"), (f"{NOP}COPY dir:{HASH} in / ", "copy only what is run")):
        (found,) = findings((words, layer(file("app/.tox/x", b"x" * 5000))), select=["IS1"])
        assert said in found.fix and not found.lines


# -- a Dockerfile that nobody named ----------------------------------------------------------------------


STAGES = "FROM y AS build\nRUN make\n\nFROM x\nCOPY --from=build /venv /venv\n"
FILES = layer(file("venv/pyvenv.cfg", b"x"), file("venv/lib/m.py", b"x" * 200_000))
STEPS = [BASE[0], f"{NOP}COPY dir:{HASH} in /venv "]


@pytest.fixture
def here(make, tmp_path, monkeypatch):
    """Return what writes an image, and a Dockerfile beside it in the working directory."""

    def write(text, *layers, steps=STEPS):
        path = make(BASE[1], *(layers or (FILES,)), instructions=steps)
        monkeypatch.chdir(tmp_path)
        if text is not None:
            (tmp_path / "Dockerfile").write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("text", "code"),
    [(STAGES, None), ("FROM x\nCOPY . /venv\n", "IS303"), ("FROM x\nCOPY . /other\n", None), (None, None)],
)
def test_a_dockerfile_here_says_where_a_copy_came_from(imgscope, here, text, code):
    done = imgscope("suggest", here(text), "--format", "json", "--select", "IS3")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [each["code"] for each in report["findings"]] == ([code] if code else [])
    used = {"path": "Dockerfile", "named": False, "belongs": True, "certainty": "certain"}
    assert report["dockerfile"] == (used if text in (STAGES, "FROM x\nCOPY . /venv\n") else None)
    if code:
        assert report["findings"][0]["location"] == {"path": "Dockerfile", "first": 2, "last": 2}
        assert report["findings"][0]["ignore_lines"] == ["**/venv"]


def test_the_report_says_which_dockerfile_was_used(imgscope, here):
    assert "Dockerfile (found here; the image was built from it)" in imgscope("suggest", here(STAGES)).stdout
    assert "Dockerfile (found here" not in imgscope("suggest", here("FROM x\nRUN y\nCOPY . /venv\n")).stdout


@pytest.mark.parametrize("kind", ["fifo", "directory", "zeros", "huge", "garbage", "loop", "stages"])
def test_a_dockerfile_that_cannot_be_read_is_none(here, tmp_path, kind):
    path, place = here(None), tmp_path / "Dockerfile"
    if kind == "fifo":
        os.mkfifo(place)
    elif kind == "directory":
        place.mkdir()
    elif kind in ("zeros", "loop"):
        place.symlink_to("/dev/zero" if kind == "zeros" else place)
    else:
        texts = {"huge": "FROM x\n" + "#" * (1 << 20), "garbage": "no <<< Dockerfile"}
        stages = "FROM x\n" + "".join(f"FROM x AS s{number}\nCOPY a /venv\n" for number in range(5000))
        place.write_text(texts.get(kind, stages))
    with analyze(path, cache=False) as analysis:
        assert nearby(analysis) is None


@pytest.mark.parametrize(
    "text",
    [
        "FROM x\nRUN make\nCOPY . /venv\n",
        "FROM x\nCOPY . /venv\nRUN more\n",
        "FROM x\n",
        "FROM x\nCOPY . /elsewhere\n",
    ],
)
def test_a_dockerfile_of_another_build_is_not_used(here, text):
    with analyze(here(text), cache=False) as analysis:
        assert nearby(analysis) is None


def test_an_image_built_upon_this_ones_is_another(here):
    more = layer(file("opt/x", b"x"))
    path = here("FROM x\nCOPY . /venv\n", FILES, more, steps=[*STEPS, "/bin/sh -c make"])
    with analyze(path, cache=False) as analysis:
        assert nearby(analysis) is None
