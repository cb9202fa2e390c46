"""What an image says stands in code spans in Markdown, and escaped and readable in JSON, whatever the command."""

from __future__ import annotations

import base64
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from imgscope.cli import run
from imgscope.report.markdown import block, code, prose, table
from imgscope.report.portable import dumps, dumps_row, portable
from tests.oracle.maketar import file, text
from tests.report.hostile import PLANTS, WORD, image

RULES = (
    *(
        "--max-size",
        "1B",
        "--max-layers",
        "1",
        "--max-file-size",
        "1B",
        "--max-path-size",
        "/app=1B",
        "--max-files",
        "1",
    ),
    *("--forbidden-paths", "secrets", "--forbidden-paths", "caches", "--require-non-root", "--forbid-latest-base"),
    *("--forbidden-findings", "ALL", "--max-wasted", "0B", "--no-config", "--no-github"),
)
MARKDOWN = MarkdownIt("commonmark").enable("table")


def commands(one, two, baseline):
    """Command lines without their format; each is run with ``--format``."""
    return {
        "analyze": ["analyze", one, "--duplicates", "--top", "50"],
        "check": ["check", one, two, *RULES, "--baseline", baseline, "--max-growth", "0B", "--top", "50"],
        "diff": ["diff", one, two, "--top", "50"],
        "bases": ["bases", one, "--with", two, "--no-table", "--top", "50"],
        "suggest": ["suggest", one, "--min-size", "1B", "--top", "50", "--previous", two],
    }


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Two images in archives whose own names are hostile too; the second one's names are not UTF-8 besides."""
    folder = tmp_path_factory.mktemp("@zqx <b>zqx")
    one = image(folder / "@zqx`.tar")
    bytes_ = tuple(file(text(b"app/zqx-\xff\xfe" + b"%d" % number), b"1" * 500) for number in range(3))
    two = image(folder / "![zqx](x).tar", (*PLANTS[1:], PLANTS[0]), version="2", extra=bytes_)
    return str(one), str(two)


@pytest.fixture(scope="module")
def without_engine():
    """No engine is asked, here alone: the tests that come after have theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nonexistent")
        yield


@pytest.fixture(scope="module")
def written(images, tmp_path_factory, without_engine):
    """What every command prints in a format."""
    folder = tmp_path_factory.mktemp("printed")

    def written(name, form, words):
        target = folder / f"{name}.{form}"
        if not target.exists():
            assert run([*words, "-o", f"{form}={target}", "--no-cache", "-o", f"json={target}.json"]) in (0, 1), words
        return target.read_bytes()

    found = {}
    for name, words in commands(*images, images[0]).items():
        for form in ("markdown", "json", "text", *(("sarif",) if name in ("suggest", "check") else ())):
            found[name, form] = written(name, form, words)
    for form in ("gitlab", "junit"):
        found["check", form] = written("check", form, commands(*images, images[0])["check"])
    found["analyze", "dive"] = written("analyze", "dive", ["analyze", images[1]])
    return found


def outside(markdown: str) -> str:
    """All that Markdown shows, or passes on as HTML, but what is in code: by a parser of CommonMark with tables."""
    found = []

    def visit(tokens):
        for token in tokens:
            if token.type in ("code_inline", "fence"):
                continue
            found.append(json.dumps([token.type, token.attrs, "" if token.children else token.content]))
            visit(token.children or ())

    visit(MARKDOWN.parse(markdown))
    return "\n".join(found)


TAGS = re.compile(r"<br>|<!-- [^<>]* -->|<details><summary>[\w -]+</summary>|</details>")
SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")


@pytest.mark.parametrize("name", ["analyze", "check", "diff", "bases", "suggest"])
def test_nothing_of_an_image_stands_outside_a_code_span(written, name):
    markdown = written[name, "markdown"].decode()
    assert markdown.count(WORD) > 10
    lines = [line for line in outside(markdown).splitlines() if WORD in line]
    assert not lines, lines[:3]
    # And for those who look for code spans line by line, without a parser.
    inside_fence = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            inside_fence = not inside_fence
        assert inside_fence or WORD not in SPAN.sub("", line), line
    kinds = {json.loads(line)[0] for line in outside(markdown).splitlines()}
    assert not kinds & {"link_open", "image"}
    html = [json.loads(line)[2] for line in outside(markdown).splitlines() if json.loads(line)[0].startswith("html")]
    assert all(
        re.fullmatch(r"<br>|<!-- [^<>]* -->|(<details><summary>[\w -]+</summary>)|</details>", tag.strip())
        for tag in html
    )
    assert "\x1b" not in markdown and "\u202e" not in markdown and "\x7f" not in markdown


def test_a_step_summary_is_as_harmless(images, tmp_path, monkeypatch, capsys):
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    words = commands(*images, images[0])["check"]
    words.remove("--no-github")
    assert run([*words, "--no-cache"]) == 1
    assert WORD in summary.read_text()
    assert WORD not in outside(summary.read_text())
    # Annotations are lines: none of them is the maker's own.
    printed = capsys.readouterr().out
    assert all(line.startswith("::") for line in printed.splitlines() if line.lstrip().startswith("::"))


UNSEEN = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e\u2066\u3164\ufeff\ufffe\uffff\U000e0041]"
LINES = re.compile("[\n\r\x0b\x0c\x85\u2028]")
# How build servers find commands in what programs print: GitHub's runner (a line's beginning, and its older form
# anywhere), and Azure's agent.
STEERS = re.compile(r"\s*::[\w-]+(?: [^:]*)?::|.*##(?:\[error\]|vso\[)")


def test_no_line_is_a_command_to_a_build_server(written):
    for (name, form), data in written.items():
        lines = LINES.split(data.decode())
        assert not [line for line in lines if STEERS.match(line)], (name, form)


@pytest.mark.parametrize("form", ["text", "junit"])
def test_text_and_xml_show_all_that_is_there(written, form):
    import xml.dom.minidom

    for (name, kind), data in written.items():
        if kind == form:
            assert WORD.encode() in data, name
            assert not re.search(UNSEEN, data.decode()), name
            if form == "junit":
                xml.dom.minidom.parseString(data)


@pytest.mark.parametrize("form", ["json", "sarif", "gitlab", "dive"])
def test_json_steers_no_terminal_and_any_program_reads_it(written, form):
    for (name, kind), data in written.items():
        if kind != form:
            continue
        assert WORD.encode() in data, name
        if form != "dive":
            assert data.isascii(), name
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\u2066\ufeff]", data.decode()), name
        # Half of a pair of surrogates is what Python takes and others refuse.
        json.dumps(json.loads(data), ensure_ascii=False).encode()


def rows_of(value):
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from rows_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from rows_of(item)


def test_a_name_that_is_not_utf8_has_one_form_in_every_command(written):
    for name in ("analyze", "check", "diff", "bases"):
        found = {
            base64.b64decode(row["path_base64"])
            for row in rows_of(json.loads(written[name, "json"]))
            if isinstance(row.get("path_base64"), str)
        }
        if name in ("diff", "check"):
            assert b"/app/zqx-\xff\xfe0" in found, name
        for row in rows_of(json.loads(written[name, "json"])):
            for key, value in row.items():
                if not key.endswith("_base64"):
                    continue
                shown, encoded = row[key.removesuffix("_base64")], value
                pairs = [(shown, encoded)] if isinstance(shown, str) else zip(shown, encoded, strict=True)
                for part, raw in pairs:
                    assert raw is None or base64.b64decode(raw).decode("utf-8", "replace") == part


def test_a_baseline_keeps_names_that_are_not_utf8(images, tmp_path):
    from imgscope.checks.baselines.file import load

    target = tmp_path / "base.json"
    assert run(["baseline", "save", images[1], "-o", str(target), "--no-cache"]) == 0
    assert target.read_bytes().isascii()
    json.dumps(json.loads(target.read_bytes()), ensure_ascii=False).encode()
    assert b"app/zqx-\xff\xfe0" in {path for path, *_ in load(target).files}
    assert run(["check", images[1], "--baseline", str(target), "--max-new-file-size", "0B", "--no-config"]) == 0


# -- the functions, for any text -------------------------------------------------------------------------------------

texts = st.text(st.one_of(st.sampled_from("`|\\@#<>[]()!_*~$:. -\n\r\t\x1b\udcffZQX"), st.characters()), max_size=30)


@given(texts)
def test_code_is_one_code_span_in_a_paragraph_and_in_a_table(value):
    shown = code(value)
    if not shown:
        return
    (inline,) = (token for token in MARKDOWN.parse(f"a {shown} b") if token.type == "inline")
    assert [token.type for token in inline.children] == ["text", "code_inline", "text"]
    rows = "\n".join(table([("x", False), ("y", False)], [(shown, "end")]))
    *_, cell, last = (token for token in MARKDOWN.parse(rows) if token.type == "inline")
    assert [token.type for token in cell.children] == ["code_inline"] and last.content == "end"


@given(st.lists(texts, max_size=5))
def test_a_block_is_one_block(lines):
    tokens = MARKDOWN.parse("\n".join(["before", "", *block(lines, "text"), "", "after"]))
    kinds = [token.type for token in tokens if not token.type.startswith("paragraph")]
    assert kinds == ["inline", "fence", "inline"]


@given(texts)
def test_prose_shows_words_and_code_alone(value):
    for token in MARKDOWN.parse(prose(value)):
        for inner in token.children or ():
            assert inner.type in ("text", "code_inline")
            assert inner.type == "code_inline" or not re.search(r"[@#<>\[\]|\\_*~$/=`]|\w\.\w*[A-Za-z]", inner.content)


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, max_size=4))
def test_portable_json_is_ascii_that_strict_readers_take(value):
    import msgspec

    for data in (dumps(value), dumps_row(value)):
        assert data.isascii() and b"\x7f" not in data
        assert msgspec.json.decode(data) == json.loads(json.dumps(portable(value)))
