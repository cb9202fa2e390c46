"""``imgscope fleet report``, ``free``, ``find`` and ``sql``: every format, hostile names, the same twice."""

import csv
import io
import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from imgscope.cli import run
from imgscope.fleet.store.store import Store

from .ask_store import NOON, digest, image, layer, tag

HOSTILE = "\x1b[31m<script>alert(1)</script>|`@evil`\u202e=cmd()\n::error::x"
FORMATS = ["text", "json", "csv", "markdown", "html"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("fleet")
    made = Store.open(str(path), create=True)
    names = ["i0", "i1", "i2"]
    rows = [tag(f"team/{HOSTILE}", f"{number}{HOSTILE}", digest(name)) for number, name in enumerate(names)]
    rows.append(tag("app", "old-1", digest("i0"), observed=NOON + timedelta(days=1)))
    made.add("tags", rows)
    made.add("images", [image(name, ["base" if name == "i0" else "other", f"own {name}"]) for name in names])
    made.add("layers", [layer(name, 1000) for name in ("base", "other", "own i0", "own i1", "own i2")])
    own = [digest(name) for name in ("base", "other")]
    made.add(
        "files",
        [
            {"layer": one, "path": f"/{HOSTILE}", "type": "file", "bytes": 9, "content": digest("content")}
            for one in own
        ],
    )
    every = [{"image": digest(name), "layer": digest(f"own {name}"), "bytes": 5} for name in names]
    made.add("waste", [row | {"hidden_by": "x", "path": f"/{HOSTILE}", "reason": "removed"} for row in every])
    made.add("packages", [row | {"kind": HOSTILE, "name": HOSTILE, "version": HOSTILE} for row in every])
    made.add(
        "findings",
        [
            row | {"finding": 1, "rule": "IS001", "certainty": "certain", "title": HOSTILE, "path": "/x"}
            for row in every
        ],
    )
    made.add("bases", [{"image": digest(name), "base": HOSTILE, "base_layers": 1} for name in names])
    return path


def asked(capsysbinary, *words):
    assert run(["fleet", *map(str, words)]) == 0
    return capsysbinary.readouterr().out


QUESTIONS = [
    ("report", "--price-per-gb", "2"),
    ("free", "*"),
    ("find", "/**"),
    ("find", HOSTILE, "--as", "package"),
    ("sql", "SELECT * FROM findings ORDER BY image"),
]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("words", QUESTIONS, ids=lambda words: words[0])
def test_what_an_image_says_harms_nobody(store, capsysbinary, words, format_):
    if words[0] == "sql" and format_ in ("markdown", "html"):
        pytest.skip("rows are text, JSON or CSV")
    out = asked(capsysbinary, *words, "--store", store, "--format", format_)
    text = out.decode()
    assert "script" in text
    assert "\x1b" not in text and "\u202e" not in text
    assert not any(line.lstrip().startswith("::error::") for line in text.splitlines())
    if format_ == "html":
        assert "<script" not in text and "&lt;script" in text
    if format_ == "csv":
        rows = list(csv.reader(io.StringIO(text)))
        assert len({len(row) for row in rows}) == 1 and len(rows) > 1
        assert not any(cell[:1] in ("=", "@") for row in rows for cell in row)
    if format_ == "json":
        assert json.loads(text)["schema_version"] == 1
    if format_ == "markdown":
        # What a stranger says stands in code spans alone.
        outside = "".join(part for line in text.splitlines() for part in _outside_code(line))
        assert "<script" not in outside and "@evil" not in outside


def _outside_code(line):
    import re

    yield re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", line)


def test_a_report_says_what_the_questions_found(store, capsysbinary):
    found = json.loads(asked(capsysbinary, "report", "--store", store, "--price-per-gb", "2", "--format", "json"))
    total = found["stored"]["total"]
    # i0 stands in two repositories of the host.
    assert (total["logical"], total["physical"], total["shared"]) == (4 * 2150, 5 * 1000 + 3 * 150, 1000)
    assert found["stored"]["price_per_gb"] == 2
    assert found["waste"]["bytes"] == 15
    assert found["fixes"]["bytes"] == 15
    assert [row["images"] for row in found["bases"]["drift"]] in ([1], [2])
    assert found["same"]["redundant"] == 9
    assert [point["tags"] for point in found["growth"]["points"]] == [3, 4]


def test_text_is_for_people(store, capsysbinary):
    text = asked(capsysbinary, "report", "--store", store, "--width", "120").decode()
    assert "5.45 kB are stored, where a sum over images counts 8.6 kB" in text
    assert "Growth" in text and "Drift" in text
    assert all(len(line) <= 120 for line in text.splitlines())


def test_free_is_what_goes(store, capsysbinary):
    found = json.loads(asked(capsysbinary, "free", "app:old-*", "--store", store, "--format", "json"))
    assert (found["bytes"], found["images"], found["kept"]) == (0, 0, 1)
    assert run(["fleet", "free", "nothing:*", "--store", str(store)]) == 2
    assert "no tag in the store fits nothing:*" in capsysbinary.readouterr().err.decode()


def test_a_script_learns_that_nothing_was_found(store, capsysbinary):
    found = json.loads(asked(capsysbinary, "find", "/no/such/path", "--store", store, "--format", "json"))
    assert (found["count"], found["rows"]) == (0, [])


def test_no_store_is_one_line(tmp_path, capsysbinary):
    for words in QUESTIONS:
        assert run(["fleet", *words, "--store", str(tmp_path / "none")]) == 2
        assert len(capsysbinary.readouterr().err.splitlines()) == 1


def test_an_empty_store_is_told_as_one(tmp_path, capsysbinary):
    Store.open(str(tmp_path), create=True)
    for format_ in FORMATS:
        assert asked(capsysbinary, "report", "--store", tmp_path, "--format", format_)


def test_the_same_store_says_the_same(store):
    def said(seed):
        command = [sys.executable, "-m", "imgscope", "fleet", "report", "--store", str(store), "--format", "json"]
        environment = os.environ | {"PYTHONHASHSEED": str(seed), "TZ": ["UTC", "Asia/Tokyo"][seed]}
        return subprocess.run(command, capture_output=True, check=True, env=environment).stdout

    assert said(0) == said(1)
