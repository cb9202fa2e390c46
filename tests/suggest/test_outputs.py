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
        # But for code, which is there to be copied.
        prose = [line for line in done.stdout.splitlines() if not line.startswith("    ")]
        assert max(map(len, prose)) <= width


def test_the_headline_is_what_is_sure_and_secrets_come_first(imgscope, make):
    image = make(
        layer(file("app/.env", b"DB_PASSWORD=hunter2hunter2"), file("app/.npmrc", b"//x/:_authToken=npm_abcdefghijkl")),
        layer(file("a.o", BIG)),
        layer(whiteout("a.o")),
        layer(file("usr/share/man/x", BIG)),
        instructions=["COPY . /app", "RUN make", "RUN rm /a.o", "RUN install-manuals"],
    )
    for form in ("text", "markdown"):
        text = imgscope("suggest", image, "--format", form, "--width", 160).stdout
        assert "/app/.env" in text and "(layer 0)" in text and ": rotate or revoke them" in text
        order = [text.index(word) for word in ("rotate or revoke them", "ertain and likely savings", "ossible besides")]
        order += [text.index("finding", order[-1]), text.index("IS602"), text.index("RUN make && \\\n")]
        assert order == sorted(order), text
        sure = text[order[1] :].split("\n")[0]
        assert "200 kB" in sure.replace("200.0", "200"), sure
        assert text.count("IS602") <= 3


def test_code_is_never_cut_and_can_be_copied_as_it_stands(imgscope, make, tmp_path):
    long = "RUN make " + " ".join(f"--option-{number}=value" for number in range(40))
    image = make(layer(file("var/lib/apt/lists/x", BIG)), instructions=[long])
    for form, width in (("text", 60), ("text", 200), ("markdown", 80)):
        done = imgscope("suggest", image, "--format", form, "--width", width)
        shown = [line.strip() for line in done.stdout.splitlines()]
        at = shown.index(long + " && \\")
        assert shown[at + 1] == "rm -rf /var/lib/apt/lists/*"


def test_another_images_dockerfile_is_said_first(imgscope, image, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM other\nRUN something-else\nRUN and-more\n")
    done = imgscope("suggest", image, "--dockerfile", tmp_path / "Dockerfile", "--width", 200)
    assert "is not what this image was built from" in "\n".join(done.stdout.splitlines()[:4])
    assert done.stdout.count("is not what this image was built from") == 1


def test_a_finding_stands_where_most_of_its_bytes_are(imgscope, make, tmp_path):
    image = make(
        layer(file("var/lib/apt/lists/x", BIG)),
        layer(file("var/lib/apt/lists/y", BIG * 2)),
        instructions=["RUN apt-get update", "RUN apt-get update -q"],
    )
    assert "layer 1  IS101" in imgscope("suggest", image).stdout
    (tmp_path / "Dockerfile").write_text("FROM scratch\nRUN apt-get update\nRUN apt-get update -q\n")
    assert "line 3  IS101" in imgscope("suggest", image, "--dockerfile", tmp_path / "Dockerfile").stdout


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
