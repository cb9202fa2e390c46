"""What grew since a baseline: by how much, by which files and which layer's instruction, largest first."""

import json
import random

import pytest

from tests.archive.images import Image, write_tar
from tests.archive.images import docker_archive as archive
from tests.oracle import maketar as tar

BASE = tar.layer(tar.directory("usr"), tar.file("usr/lib.so", b"l" * 40_000), tar.file("etc/conf", b"c" * 100))
APP = tar.layer(tar.file("app/main", b"m" * 10_000), tar.file("app/data", b"d" * 5_000))
LOG = tar.layer(tar.file("var/log", b"x" * 1000))
GROWN = tar.layer(
    tar.file("app/main", b"m" * 25_000), tar.file("app/data", b"d" * 5_000), tar.file("app/new", b"n" * 7_000)
)
EXTRA = tar.layer(tar.file("opt/tool", b"t" * 90_000), *[tar.file(f"opt/doc/{n}", b"." * 50) for n in range(40)])


@pytest.fixture
def images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    tar.docker_archive(tmp_path / "old.tar", [BASE, APP, LOG])
    tar.docker_archive(tmp_path / "new.tar", [BASE, GROWN, LOG, EXTRA])
    return tmp_path


def _rule(done, name):
    (image,) = json.loads(done.stdout)["images"]
    return next(rule for rule in image["rules"] if rule["rule"] == name)


FORMS = ["image", "saved", "saved with few files", "analysis"]


@pytest.fixture
def baseline(request, images, imgscope):
    """The same baseline, in each of its forms."""
    if request.param == "image":
        return "old.tar"
    if request.param == "analysis":
        assert imgscope("analyze", "old.tar", "-o", "json=old.json", "--format", "dive").returncode == 0
        return "old.json"
    more = ["--files", "1"] if "few" in request.param else []
    assert imgscope("baseline", "save", "old.tar", "-o", "base.json", *more).returncode == 0
    return "base.json"


@pytest.mark.parametrize("baseline", FORMS, indirect=True)
def test_the_growth_is_told_by_layer_and_file_largest_first(imgscope, baseline, request):
    few = "few" in request.node.callspec.params["baseline"]
    done = imgscope("check", "new.tar", "--baseline", baseline, "--max-growth", "1kB", "--format", "json")
    assert done.returncode == 1
    rule = _rule(done, "max-growth")
    assert rule["actual"] == 22_000 + 92_000
    layers = [(row["layer"], row["bytes"], row["before"]) for row in rule["causes"] if row["kind"] == "layer"]
    assert layers == [(3, 92_000, None), (1, 22_000, 15_000)]
    paths = [row for row in rule["causes"] if row["kind"] != "layer"]
    assert [row["bytes"] for row in paths] == sorted([row["bytes"] for row in paths], reverse=True)
    largest = paths[0]
    assert (largest["path"], largest["bytes"], largest["instruction"]) == ("/opt/tool", 90_000, "RUN step 3")
    told = {row["path"]: (row["bytes"], row["before"]) for row in paths}
    if few:
        # A file that was too small to be named counts as new; what lies beside it makes up for that.
        assert told["/app/main"] == (25_000, None) and sum(row["bytes"] for row in paths) >= rule["actual"]
    else:
        # Every byte that was gained is told, and no other.
        assert sum(row["bytes"] for row in paths) == rule["actual"]
        assert told["/app/main"] == (15_000, 10_000) and told["/app/new"] == (7_000, None)


def test_the_text_names_file_layer_and_instruction(imgscope, images):
    text = imgscope("check", "new.tar", "--baseline", "old.tar", "--max-growth", "1kB", "--width", "100").stdout
    assert "against old.tar" in text
    lines = [line.strip() for line in text.splitlines()]
    assert any(line.startswith("+90 kB  /opt/tool") for line in lines)
    assert any(line.startswith("+15 kB  /app/main") and "was 10 kB" in line for line in lines)
    assert lines.index(next(line for line in lines if "/opt/tool" in line)) < lines.index(
        next(line for line in lines if "/app/main" in line)
    )
    assert "+92 kB  layer 3  RUN step 3 (new layer)" in lines


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (["--max-growth", "114kB"], 0),
        (["--max-growth", "113999"], 1),
        (["--max-growth", "204%"], 0),
        (["--max-growth", "203%"], 1),
        (["--max-growth", "1GB", "--max-growth", "1%"], 1),
        (["--max-new-file-size", "90kB"], 0),
        (["--max-new-file-size", "89999"], 1),
        (["--max-new-waste", "0"], 0),
        (["--max-compressed-growth", "1GB"], 0),
    ],
)
def test_each_rule_about_growth_at_its_limit(imgscope, images, rule, code):
    done = imgscope("check", "new.tar", "--baseline", "old.tar", *rule)
    assert done.returncode == code, done.stdout


@pytest.mark.parametrize("saved", [False, True])
def test_compressed_growth_of_plain_layers_is_about_what_is_pulled(imgscope, images, saved):
    tar.docker_archive(images / "packed.tar", [BASE, APP, LOG], "gzip")
    rng = random.Random(1)
    noise = b"".join(rng.randbytes(600) + b"0" * 4000 for _ in range(100))
    tar.docker_archive(images / "more.tar", [BASE, APP, LOG, tar.layer(tar.file("noise", noise))])
    base = "old.tar"
    if saved:
        base = "old.json"
        assert imgscope("baseline", "save", "old.tar", "-o", base).returncode == 0
    near, far = ("--max-compressed-growth", "100kB"), ("--max-compressed-growth", "30kB")
    assert imgscope("check", "more.tar", "--baseline", base, *near).returncode == 0
    done = imgscope("check", "more.tar", "--baseline", base, *far)
    assert done.returncode == 1 and "about +6" in done.stdout and "give or take" in done.stdout
    # What only one of the two has compressed is estimated too.
    assert imgscope("check", "more.tar", "--baseline", "packed.tar", *near).returncode == 0
    assert imgscope("check", "more.tar", "--baseline", "packed.tar", *far).returncode == 1


def test_what_has_not_changed_has_no_error(imgscope, images):
    done = imgscope("check", "old.tar", "--baseline", "old.tar", "--max-compressed-growth", "1%", "--format", "json")
    rule = _rule(done, "max-compressed-growth")
    assert rule["actual"] == 0 and "give or take 0 B" in rule["note"] and "lies within" not in rule["note"]


def test_new_waste_names_the_path_and_who_made_it_waste(imgscope, images):
    tar.docker_archive(images / "wasteful.tar", [BASE, APP, LOG, tar.layer(tar.file("app/main", b"o" * 10_000))])
    done = imgscope("check", "wasteful.tar", "--baseline", "old.tar", "--max-new-waste", "1kB", "--format", "json")
    (cause,) = _rule(done, "max-new-waste")["causes"]
    assert (cause["path"], cause["bytes"], cause["layer"]) == ("/app/main", 10_000, 3)


def test_an_edited_instruction_is_the_same_layer_grown(imgscope, images, tmp_path):
    build = "RUN pip install flask gunicorn requests"

    def with_history(name, layers, instructions):
        history = [{"created_by": instruction} for instruction in instructions]
        write_tar(tmp_path / name, archive(Image(tuple(layers), extra={"history": history})))

    with_history("a.tar", [BASE, APP], ["ADD rootfs.tar /", build])
    with_history("b.tar", [BASE, GROWN], ["ADD rootfs.tar /", build + " pandas"])
    imgscope("baseline", "save", "a.tar", "-o", "a.json")
    done = imgscope("check", "b.tar", "--baseline", "a.json", "--max-growth", "1kB", "--format", "json")
    layer = _rule(done, "max-growth")["causes"][0]
    assert (layer["kind"], layer["bytes"], layer["before"]) == ("layer", 22_000, 15_000)
    assert "edited" in layer["detail"]


# -- the saved baseline ---------------------------------------------------------------------------------------


def test_the_same_image_gives_the_same_file_and_it_is_small(imgscope, webapp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.json", "b.json"):
        assert imgscope("baseline", "save", webapp, "-o", name).returncode == 0
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert (tmp_path / "a.json").stat().st_size < 20_000


def test_show_prints_what_save_wrote_by_default(imgscope, webapp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert imgscope("baseline", "save", webapp).returncode == 0
    assert (tmp_path / "imgscope-baseline.json").exists()
    shown = imgscope("baseline", "show", "--width", "80")
    assert shown.returncode == 0 and "/bin/busybox" in shown.stdout and "RUN chown -R 1000:1000" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_a_path_that_is_no_utf8_survives(imgscope, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    odd = tar.layer(tar.file(b"d/\xff\x1b", b"x" * 5000))
    tar.docker_archive(tmp_path / "odd.tar", [BASE, odd])
    imgscope("baseline", "save", "odd.tar", "-o", "odd.json")
    done = imgscope("check", "odd.tar", "--baseline", "odd.json", "--max-growth", "0", "--max-new-file-size", "1kB")
    assert done.returncode == 0, done.stdout
    assert "\x1b" not in imgscope("baseline", "show", "odd.json").stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "is not a baseline"),
        ('{"imgscope_baseline": 99}', "version 99"),
        ('{"imgscope_baseline": 1}', "not a readable baseline"),
        ("[" * 5000, "not a readable baseline"),
        ("no JSON", "not a readable baseline"),
    ],
)
def test_what_is_no_baseline_is_told(imgscope, tmp_path, text, told):
    (tmp_path / "base.json").write_text(text)
    done = imgscope("baseline", "show", tmp_path / "base.json")
    assert done.returncode == 2 and told in done.stderr and done.stderr.count("\n") == 1


def test_a_baseline_that_is_not_there_is_told_with_how_to_make_it(imgscope, webapp, tmp_path):
    done = imgscope("check", webapp, "--baseline", tmp_path / "none.json", "--max-growth", "1%")
    assert done.returncode == 2 and "imgscope baseline save" in done.stderr


def test_a_baseline_that_names_too_few_files_says_so_instead_of_passing(imgscope, images):
    imgscope("baseline", "save", "old.tar", "-o", "few.json", "--files", "1")
    done = imgscope("check", "new.tar", "--baseline", "few.json", "--max-new-file-size", "6kB")
    assert done.returncode == 1 and "could not be evaluated" in done.stdout and "--files-above" in done.stdout
    imgscope("baseline", "save", "old.tar", "-o", "few.json", "--files-above", "6kB")
    done = imgscope("check", "new.tar", "--baseline", "few.json", "--max-new-file-size", "6kB")
    assert done.returncode == 1 and "/opt/tool" in done.stdout and "could not be" not in done.stdout
