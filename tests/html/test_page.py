"""What is in the file: the figures of every other output, nothing live of a stranger's, and not too many bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from imgscope import analyze
from imgscope.cli import run
from imgscope.report.html.file import asset
from tests.html.pages import PAGE_BYTES, data, encoded, many_files, paths, write
from tests.oracle.maketar import file, hardlink, layer, whiteout
from tests.report import hostile


@pytest.fixture
def stacked(make) -> Path:
    """Folders that go, files that become folders, links whose first name goes, copies that are stored again."""
    return make(
        layer(
            file("a/one", b"1" * 1000),
            file("a/b/two", b"2" * 2000),
            file("gone/deep/three", b"3" * 3000),
            file("turn", b"4" * 400),
            file("first", b"5" * 500),
            hardlink("second", "first"),
            file("z-a", b"z"),
            file("z/y", b"yy"),
        ),
        layer(file("a/one", b"one" * 100), whiteout("gone"), file("turn/into", b"6" * 60), whiteout("first")),
        layer(whiteout("z"), file("a/b", b"7" * 70)),
    )


def _json(*arguments: object, folder: Path) -> dict:
    target = folder / "same.json"
    assert run([*map(str, arguments), "-o", f"json={target}"]) in (0, 1)
    return json.loads(target.read_text())


def test_live_and_dead_nodes_add_up_to_what_the_image_says(stacked, tmp_path):
    nodes = data(write(tmp_path / "page.html", "analyze", stacked))["nodes"]
    dead = set(nodes["dead"])
    live = sum(size for number, size in enumerate(nodes["sizes"]) if number not in dead)
    with analyze(str(stacked)) as analysis:
        assert live == analysis.image.merged_bytes
        assert sum(nodes["sizes"][number] for number in dead) == analysis.image.wasted_bytes
        alive = [path for number, path in enumerate(paths(nodes)) if number not in dead]
        assert {row.path for row in analysis.files} <= set(alive)
        ghosts = sorted(
            (paths(nodes)[number], nodes["sizes"][number], nodes["layers"][number], by, why)
            for number, by, why in zip(nodes["dead"], nodes["dead_by"], nodes["dead_why"], strict=True)
        )
        assert ghosts == sorted(map(tuple, analysis.waste))
        sizes = {path: size for number, (path, size) in enumerate(zip(paths(nodes), nodes["sizes"], strict=True))
                 if number not in dead and size}  # fmt: skip
        assert sizes == {row.path: row.size for row in analysis.files if row.size}


def test_the_figures_are_those_of_the_json(webapp, tmp_path):
    page = data(write(tmp_path / "page.html", "analyze", webapp, "--duplicates"))
    same = _json("analyze", webapp, "--duplicates", "--top", 200, folder=tmp_path)
    for name in ("layers", "waste_by_reason", "waste_groups", "duplicates", "notes"):
        assert page[name] == same[name], name
    assert {**page["image"], "settings": None} == {
        **{key: value for key, value in same["image"].items() if key != "config"},
        "settings": None,
    }
    assert page["packages"]["bytes"] == same["packages"]["bytes"]


def test_findings_verdict_difference_and_bases_are_those_of_the_json(webapp, site, tmp_path):
    page = data(write(tmp_path / "suggest.html", "suggest", webapp))["suggestions"]
    same = _json("suggest", webapp, folder=tmp_path)
    assert page["total_bytes"] == same["total_bytes"]
    assert [{key: row[key] for key in same["findings"][0]} for row in page["findings"]] == same["findings"]

    page = data(write(tmp_path / "check.html", "check", webapp, "--max-wasted", "1kB", "--max-size", "1GB"))["verdict"]
    same = _json("check", webapp, "--max-wasted", "1kB", "--max-size", "1GB", folder=tmp_path)
    assert page["verdict"] == same["verdict"] == "fail"
    assert page["images"][0]["rules"] == same["images"][0]["rules"]

    page = data(write(tmp_path / "diff.html", "diff", site, webapp))["difference"]
    same = _json("diff", site, webapp, folder=tmp_path)
    for name in ("growth_bytes", "pull", "layers", "packages", "config", "kinds"):
        assert page[name] == same[name], name
    assert [row[0] for row in page["files"]] == [row["path"] for row in same["files"]]
    assert sum(page["nodes"]["before"]) == same["old"]["merged_bytes"]
    assert sum(page["nodes"]["after"]) == same["new"]["merged_bytes"]

    page = data(write(tmp_path / "bases.html", "bases", webapp, "--no-table"))["bases"]
    same = _json("bases", webapp, "--no-table", folder=tmp_path)
    assert page["candidates"] == same["candidates"]


def test_claims_add_up_to_what_the_findings_save(webapp, tmp_path):
    page = data(write(tmp_path / "page.html", "suggest", webapp))
    claimed: dict[int, int] = {}
    for finding in page["suggestions"]["findings"]:
        claims = finding["claims"]
        for node, part in zip(claims[::3], claims[1::3], strict=True):
            claimed[node] = page["nodes"]["sizes"][node] if part < 0 else claimed.get(node, 0) + part
    assert sum(claimed.values()) == page["suggestions"]["total_bytes"] > 0


def test_the_same_image_makes_the_same_file(webapp, tmp_path):
    one, two = (write(tmp_path / f"{name}.html", "suggest", webapp).read_bytes() for name in ("one", "two"))
    assert one == two


def test_a_saved_analysis_makes_the_same_map(webapp, tmp_path):
    saved = tmp_path / "saved.json"
    run(["analyze", str(webapp), "-o", f"json={saved}"])
    assert (
        data(write(tmp_path / "a.html", "analyze", saved))["nodes"]["sizes"]
        == data(write(tmp_path / "b.html", "analyze", webapp))["nodes"]["sizes"]
    )


def test_the_policy_lets_the_files_own_script_and_style_run_and_nothing_else(webapp, tmp_path):
    text = write(tmp_path / "page.html", "analyze", webapp).read_text()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": _hash(re.search(r"<script>(.*)</script>", text, re.S)[1]),
        "style-src": _hash(re.search(r"<style>(.*)</style>", text, re.S)[1]),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    # Before anything that it is for.
    assert text.index("Content-Security-Policy") < min(text.index("<style"), text.index("<script"))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_names_no_place_outside_itself(webapp, tmp_path):
    text = write(tmp_path / "page.html", "analyze", webapp).read_text()
    text = text.replace(asset("page.js"), "").replace(encoded(text), "")
    assert not re.search(r"https?:|//[a-z]|\bsrc=|url\(|@import", text)
    assert not re.search(
        r"\bfetch\(|XMLHttpRequest|WebSocket|\beval\(|new Function|innerHTML|import\(", asset("page.js")
    )


def test_a_stranger_writes_nothing_but_data(tmp_path):
    page = write(tmp_path / "page.html", "suggest", hostile.image(tmp_path / "image.tar"))
    plain = write(tmp_path / "plain.html", "suggest", hostile.image(tmp_path / "other.tar", ("harmless",) * 14))
    frames = [file.read_text().replace(encoded(file.read_text()), "") for file in (page, plain)]
    assert hostile.WORD not in frames[0]
    assert frames[0].replace("image.tar", "other.tar") == frames[1]
    found = json.dumps(data(page), ensure_ascii=False).replace("\\n", "")
    assert hostile.WORD in found
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", found)


def test_a_reference_is_only_a_title(tmp_path, webapp):
    odd = tmp_path / "</title><script>alert(1)</script>\u202e.tar".replace("/", "_")
    odd.write_bytes(webapp.read_bytes())
    text = write(tmp_path / "page.html", "analyze", odd).read_text()
    assert text.count("<script") == 2 and "\u202e" not in text
    assert "&lt;_title&gt;&lt;script&gt;" in text


def test_passwords_of_the_config_are_not_in_the_page(make, tmp_path):
    secret = "correct-horse-7battery"
    image = make(
        layer(file("a", b"a")),
        instructions=[f"RUN curl -u me:{secret} example"],
        config={"Env": [f"DB_PASSWORD={secret}", "MODE=fast"], "Labels": {"a": "b"}},
    )
    found = json.dumps(data(write(tmp_path / "page.html", "analyze", image)))
    assert secret not in found and "MODE=fast" in found


def test_an_image_that_can_not_be_had_has_a_page_too(tmp_path):
    target = tmp_path / "page.html"
    assert run(["check", str(tmp_path / "none.tar"), "--max-size", "1MB", "-o", f"html={target}"]) == 3
    page = data(target)
    assert page["verdict"]["verdict"] == "error" and "nodes" not in page


def test_an_empty_image_has_a_page(make, tmp_path):
    page = data(write(tmp_path / "page.html", "analyze", make(layer())))
    assert page["nodes"]["names"] == "" and page["nodes"]["sizes"] == [0]


def test_the_page_itself_is_small_and_so_is_much_data(webapp, tmp_path):
    text = write(tmp_path / "page.html", "suggest", webapp).read_text()
    assert len(text) - len(encoded(text)) < PAGE_BYTES
    big = write(tmp_path / "big.html", "analyze", many_files(tmp_path / "big.tar", 30_000))
    # A fifth of 150,000 files takes less than a fifth of 3 MB.
    assert big.stat().st_size < 3_000_000 / 5
