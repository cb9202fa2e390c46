"""The report for people, and the Markdown that says the same."""

from __future__ import annotations

import json
import re

import pytest

import imgscope
from imgscope.largest import largest_directories
from imgscope.report import Options, renderer
from tests.oracle.maketar import directory, docker_archive, file, hardlink, layer, whiteout

STATUS = b"""Package: libbig
Status: install ok installed
Architecture: amd64
Version: 2.4-1

Package: small
Status: install ok installed
Architecture: all
Version: 0.1

"""


@pytest.fixture
def image(make_image):
    """An image with packages, a chain of directories, and a removed folder of many files."""
    cache = [file(f"srv/node_modules/.cache/p{n // 20}/f{n}", b"x" * 100) for n in range(300)]
    base = layer(
        directory("usr/lib/deep"),
        file("usr/lib/deep/er/most.so", b"b" * 9_000),
        hardlink("usr/lib/deep/er/most.so.1", "usr/lib/deep/er/most.so"),
        file("var/lib/dpkg/status", STATUS),
        file("var/lib/dpkg/info/libbig.list", b"/.\n/usr/lib/deep/er/most.so\n"),
        file("var/lib/dpkg/info/small.list", b"/usr/bin/small\n"),
        file("usr/bin/small", b"s" * 40),
        *cache,
        file("srv/app.js", b"y" * 5_000),
    )
    return make_image([base, layer(whiteout("srv/node_modules"), file("srv/app.js", b"z" * 5_000))])


@pytest.fixture
def make_image(tmp_path):
    def make(layers):
        return docker_archive(tmp_path / "image.tar", layers)

    return make


def report(path, name="text", **options):
    with imgscope.analyze(path, cache=False) as analysis:
        return b"".join(renderer(name)(analysis, Options(**options))).decode()


def test_waste_is_a_row_for_each_folder_and_rows_add_up(image):
    text = report(image, width=80)
    assert re.search(r"30 kB +0→1 +shadowed +/srv/node_modules/\.cache/ \(300 files\)\n", text)
    rows = json.loads(report(image, "json"))
    assert sum(row["bytes"] for row in rows["waste_groups"]) == rows["image"]["wasted_bytes"] == 35_000
    assert rows["waste_groups"][0] == {
        "path": "/srv/node_modules/.cache/",
        "files": 300,
        "bytes": 30_000,
        "stored_in": 0,
        "wasted_by": 1,
        "reason": "shadowed",
    }
    assert "| 30 kB | 0 | 1 | shadowed | 300 | `/srv/node_modules/.cache/` |" in report(image, "markdown")
    one = report(image, top=1, width=80)
    assert re.search(r"5 kB +in 1 more row\n", one)


def test_a_chain_of_directories_is_one_row(image):
    text = report(image, width=80)
    below = text[text.index("Largest directories") :]
    assert re.search(r"9 kB +2 +/usr/lib/deep/er\n", below)
    assert "/usr/lib/deep\n" not in below and "/usr/lib\n" not in below


def test_a_parent_stays_where_it_says_more_than_its_children():
    sizes = {b"": (300, 9), b"a": (200, 6), b"a/b": (100, 2), b"a/c": (100, 2), b"d": (100, 2), b"e": (0, 1)}
    assert [row.path for row in largest_directories(sizes, 10)] == ["/a", "/a/b", "/a/c", "/d"]
    assert [row.path for row in largest_directories(sizes, 1)] == ["/a"]
    # A long chain that loses a little at each step is not told by its end.
    chain = {b"/".join([b"d"] * (depth + 1)): (1000 - 40 * depth, 1) for depth in range(10)}
    assert largest_directories({b"": (1000, 1), **chain}, 9)[0].bytes >= 950


def test_files_and_packages_are_ranked(image):
    text = report(image, width=80)
    assert text.index("Largest files") < text.index("Largest packages") < text.index("Largest directories")
    assert re.search(r"9 kB +0 +/usr/lib/deep/er/most\.so\n", text) and text.count("most.so.1") == 0
    assert re.search(r"9\.0\d kB +dpkg +libbig 2\.4-1\n", text)
    saved = json.loads(report(image, "json", top=1))["packages"]
    assert saved["count"] == 2 and [row["name"] for row in saved["top"]] == ["libbig"] and not saved["unread"]


def test_packages_that_are_not_at_hand_are_not_called_none(image, tmp_path):
    saved = tmp_path / "saved.json"
    whole = json.loads(report(image, "json"))
    whole.pop("packages")
    saved.write_text(json.dumps(whole))
    assert re.search(r"Largest packages\n +dpkg: its records are not at hand\n", report(saved, width=80))


def test_it_says_what_is_pulled(image):
    text = report(image, width=100)
    assert re.search(r"as tar +\S+ kB +not compressed\n +to pull +about \S+ \S+ +give or take .*gzip -6", text)
    found = json.loads(report(image, "json"))
    assert set(found["image"]["compressed_estimate"]) == {"bytes", "error", "method"}
    assert found["layers"][0]["compressed_estimate"]["bytes"] < 20_000


def test_steps_without_bytes_are_shown_when_asked_for(webapp):
    assert "EXPOSE 8080" not in report(webapp)
    for name in ("text", "markdown"):
        shown = report(webapp, name, history=True)
        assert shown.index("COPY dir:") < shown.index("EXPOSE 8080") < shown.index("Largest files")


def test_the_last_line_names_the_next_command_where_there_is_any_use_in_it(image, make_image, imgscope):
    done = imgscope("analyze", image)
    assert done.stdout.splitlines()[-1] == f"next: imgscope suggest {image}"
    assert b"next:" not in imgscope("analyze", "-", input=image.read_bytes()).stdout
    assert "next:" not in imgscope("analyze", make_image([layer(file("a", b"x"))])).stdout


LONG = "opt/" + "/".join(f"{n}-a-folder-with-a-long-name" for n in range(9)) + "/file"


def test_in_a_pipe_no_path_is_parted_and_nothing_is_cut(imgscope, make):
    words = "RUN " + " && ".join(f"install-package-number-{n}" for n in range(20))
    gone = layer(whiteout(LONG))
    image = make(layer(file(LONG, b"x" * 200_000)), gone, layer(file(LONG, b"y" * 200_000)), instructions=[words] * 3)
    for command in (["analyze"], ["suggest"], ["check", "--max-wasted", "1kB"]):
        out = imgscope(command[0], image, *command[1:], env={"COLUMNS": ""}).stdout
        assert f"/{LONG}" in out and words in out and "…" not in out
    narrow = imgscope("analyze", image, env={"COLUMNS": "90"}).stdout
    # What is to be copied stays whole.
    assert max(map(len, narrow.splitlines()[:-1])) <= 90 and words not in narrow


def test_standard_input_is_called_that(imgscope, webapp):
    for command in (["analyze"], ["analyze", "--format", "markdown"], ["suggest"], ["check"]):
        out = imgscope(*command, "-", input=webapp.read_bytes()).stdout.decode()
        assert "standard input" in "\n".join(out.splitlines()[:2])
