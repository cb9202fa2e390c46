"""The forms of suggestions: each read by its own consumer, and all with the same figures."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.check.schemas import SARIF, schema
from tests.oracle.maketar import file, layer, whiteout

BIG = b"x" * 200_000
DOCKERFILE = """\
FROM scratch
RUN make
RUN rm /a.o
RUN apt-get update
"""


@pytest.fixture
def image(make):
    return make(
        layer(file("a.o", BIG)),
        layer(whiteout("a.o")),
        layer(file("var/lib/apt/lists/\x1b[2J`|<b>", BIG + b"y")),
        instructions=["RUN make", "RUN rm /a.o", "RUN apt-get update"],
    )


def test_json_adds_up(imgscope, image):
    done = imgscope("suggest", image, "--format", "json", "--select", "IS0,IS1")
    document = json.loads(done.stdout)
    assert document["total_bytes"] == sum(found["bytes"] for found in document["findings"]) == 400_001
    assert sum(document["by_certainty"].values()) == document["total_bytes"]
    for found in document["findings"]:
        assert found["bytes"] == sum(row["bytes"] for row in found["evidence"])


def test_every_form_shows_the_same_findings(imgscope, image):
    codes = {found["code"] for found in json.loads(imgscope("suggest", image, "--format", "json").stdout)["findings"]}
    assert {"IS001", "IS101"} <= codes
    for form in ("text", "markdown", "sarif"):
        done = imgscope("suggest", image, "--format", form)
        assert done.returncode == 0
        assert all(code in done.stdout for code in codes), form
        assert "\x1b" not in done.stdout


def test_sarif_fits_its_schema_and_names_the_dockerfiles_lines(imgscope, image, tmp_path):
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    done = imgscope("suggest", image, "--format", "sarif", "--dockerfile", tmp_path / "Dockerfile")
    log = json.loads(done.stdout)
    jsonschema.validate(log, schema(SARIF))
    lines = {
        result["ruleId"]: result["locations"][0]["physicalLocation"]["region"]["startLine"]
        for result in log["runs"][0]["results"]
    }
    assert lines["IS101"] == 4 and lines["IS001"] in (2, 3)
    prints = [result["partialFingerprints"]["imgscope/v1"] for result in log["runs"][0]["results"]]
    assert len(set(prints)) == len(prints)


def test_a_comment_in_the_dockerfile_leaves_a_finding_out(imgscope, image, tmp_path):
    text = DOCKERFILE.replace("RUN apt-get", "# imgscope: ignore=IS101\nRUN apt-get")
    (tmp_path / "Dockerfile").write_text(text)
    done = imgscope("suggest", image, "--format", "json", "--dockerfile", tmp_path / "Dockerfile")
    document = json.loads(done.stdout)
    assert "IS101" not in [found["code"] for found in document["findings"]]
    assert document["ignored"] == 1


def test_the_report_keeps_to_its_width(imgscope, image):
    for width in (60, 80, 120):
        done = imgscope("suggest", image, "--width", width)
        assert max(map(len, done.stdout.splitlines())) <= width


def test_a_saved_analysis_says_what_could_not_be_looked_at(imgscope, make, tmp_path):
    image = make(layer(file("var/lib/apt/lists/x", BIG), file("root/.ssh/id_rsa", b"x")), instructions=["RUN x"])
    saved = tmp_path / "saved.json"
    assert imgscope("analyze", image, "-o", f"json={saved}").returncode == 0
    document = json.loads(imgscope("suggest", saved, "--format", "json").stdout)
    assert "IS101" in [found["code"] for found in document["findings"]]
    assert "IS601" in [row["code"] for row in document["skipped"]]


def test_a_well_made_image_is_told_so(imgscope, make):
    done = imgscope("suggest", make(layer(file("app", BIG)), instructions=["COPY app /app"]), "--ignore", "IS9")
    assert "Nothing found" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--select", "IS999"], 2),
        (["--min-size", "lots"], 2),
        (["--dockerfile", "/no/such/file"], 2),
        (["--base", "no-such.tar"], 3),
    ],
)
def test_wrong_use_is_a_line(imgscope, image, arguments, code):
    done = imgscope("suggest", image, *arguments)
    assert done.returncode == code
    assert done.stderr.startswith("imgscope: ") and done.stderr.count("\n") == 1
