"""Advice shows the user's own line, mended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscope import analyze
from imgscope.dockerfile import match, parse
from imgscope.dockerfile.ignore import Ignore
from imgscope.suggestions import Options, suggest
from imgscope.suggestions.own_lines import laid_out, then, with_option
from tests.oracle.maketar import file, layer

BIG = b"x" * 5000
BASE = layer(file("etc/os-release", b"ID=none"))


def test_the_dockerfiles_own_line_keeps_its_form(make):
    text = "FROM x\nRUN apt-get update && \\\n    # for the shop\n    apt-get install -y \\\n      nginx\nCMD nginx\n"
    path = make(
        BASE,
        layer(file("var/lib/apt/lists/x", BIG)),
        instructions=["ADD file:0 in /", "RUN apt-get update &&     apt-get install -y       nginx"],
    )
    with analyze(path, cache=False) as analysis:
        report = suggest(analysis, Options(("IS101",), (), 1), dockerfile=match(parse(text), analysis))
    assert report.findings[0].lines == (
        "RUN apt-get update && \\",
        "    apt-get install -y \\",
        "      nginx && \\",
        "    rm -rf /var/lib/apt/lists/*",
    )


@pytest.mark.parametrize(
    ("step", "path", "wanted"),
    [
        ("RUN pip3 install flask", "root/.cache/pip/x", "RUN pip3 install --no-cache-dir flask"),
        ("RUN python3 -m pip install flask", "root/.cache/pip/x", "RUN python3 -m pip install --no-cache-dir flask"),
        ("RUN apk update && apk add git", "var/cache/apk/x", "RUN apk add --no-cache git"),
        ("RUN yum install -y git", "var/cache/yum/x", "RUN yum install -y git && \\\n    yum clean all"),
        ("RUN ./build.sh", "home/me/.npm/_cacache/x", "RUN ./build.sh && \\\n    rm -rf /home/me/.npm/_cacache"),
        ("RUN mvn package", "root/.m2/repository/x", "--mount=type=cache,target=/root/.m2/repository mvn package"),
        ("RUN build", "usr/local/include/tool/x.h", "RUN build && \\\n    rm -rf /usr/local/include/tool"),
        ("RUN setup", "tmp/junk", "RUN setup && \\\n    rm -rf /tmp/*"),
        ("RUN make", "usr/lib/python3/dist-packages/a/tests/test_x.py",
         "RUN make && \\\n    rm -rf /usr/lib/python3/dist-packages/a/tests"),
        ("RUN dnf -y install vim", "usr/share/man/man1/x", "RUN dnf -y install --setopt=tsflags=nodocs vim"),
    ],
)  # fmt: skip
def test_the_line_of_the_history_is_mended_for_what_was_found(findings, step, path, wanted):
    found = findings((step, layer(file(path, BIG))), select=["IS1", "IS2"])
    assert any(wanted in "\n".join(each.lines) for each in found), [each.lines for each in found]


@pytest.mark.parametrize("step", ['RUN ["make", "all"]', "RUN <<EOF\nmake\nEOF", "RUN exec make", "RUN make &"])
def test_nothing_is_added_where_it_would_not_run(findings, step):
    (found,) = findings((step, layer(file("var/lib/apt/lists/x", BIG))), select=["IS101"])
    assert found.lines == ("rm -rf /var/lib/apt/lists/*",)


def test_an_option_that_is_there_is_not_given_twice():
    assert with_option("RUN pip install --no-cache-dir x", r"\bpip install\b", "--no-cache-dir") == ""
    assert then("RUN a;", "b") == "RUN a && \\\n    b"


@given(st.text(alphabet="ab \\'\"&;", max_size=40))
def test_laying_out_a_history_changes_no_words(text):
    shown = laid_out("RUN " + text)
    assert shown.replace(" \\\n    ", " ").split() == ("RUN " + text).split() or "\\ \\" in shown


# -- .dockerignore ------------------------------------------------------------------------------------------


def test_what_a_later_layer_stores_again_is_used_too(findings):
    copied = layer(file("app/core", BIG), file("app/src/core/m.py", BIG))
    owned = layer(file("app/src/core/m.py", BIG, uid=1000))
    found = findings(("COPY . /app", copied), ("RUN chown -R 1000 /app", owned), select=["IS307"])
    assert [each.ignore_lines for each in found] == [("core",)]


TREES = [
    ["core", "src/core/main.py", "src/app.py"],
    ["venv/pyvenv.cfg", "venv/lib/x.py", "lib/python3/venv/__init__.py"],
    [".git/HEAD", ".git/objects/ab/cd", "docs/git.md"],
    ["a/fixtures/x.json", "b/fixtures/y.json", "app.py"],
    ["logs/x.log", "logs/readme", "deep/er/y.log"],
    ["coverage/lcov.info", "coverage/x", "src/coverage/__init__.py"],
    ["node_modules/x/index.js", "packages/a/node_modules/y/[z].js", "index.js"],
    ["x/__pycache__/m.cpython-312.pyc", "x/m.py", "legacy.pyc"],
]


@pytest.mark.parametrize("paths", TREES, ids=lambda paths: paths[0])
@pytest.mark.parametrize("copy", ["COPY . /srv/app", "COPY ./ /srv/app/"])
def test_dockerignore_covers_the_evidence_and_nothing_else(findings, paths, copy):
    found = findings((copy, layer(*(file(f"srv/app/{path}", BIG) for path in paths))), select=["IS3", "IS1"])
    shown = {row.path.removeprefix("/srv/app/") for each in found for row in each.evidence}
    lines = [line for each in found for line in each.ignore_lines]
    assert shown and lines
    ignore = Ignore(None, "\n".join(lines))
    assert {path for path in paths if ignore.ignores(path)} == shown, lines


def test_a_run_that_only_fetches_lists_is_joined_with_the_one_that_installs_by_them(findings):
    lists = layer(file("var/lib/apt/lists/x", BIG))
    found = findings(
        ("RUN apt-get update", lists), ("RUN apt-get install -y tool", layer(file("t", b"t"))), select=["IS101"]
    )
    assert found[0].lines == (
        "RUN apt-get update && \\",
        "    apt-get install -y tool && \\",
        "    rm -rf /var/lib/apt/lists/*",
    )
    # Where nothing is installed next, cleaning that RUN would break whatever does later.
    alone = findings(("RUN apt-get update", lists), ("COPY t /", layer(file("t", b"t"))), select=["IS101"])
    assert not any(line.startswith("RUN") for line in alone[0].lines)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("python app.py", ('CMD ["python", "app.py"]',)),
        ("python app.py --port $PORT", ("CMD exec python app.py --port $PORT",)),
        ("MODE=a python app.py", ()),
        ("migrate && serve", ()),
        ("if true; then serve; fi", ()),
    ],
)
def test_exec_is_advised_only_where_it_runs(findings, line, wanted):
    config = {"Cmd": ["/bin/sh", "-c", line]}
    steps = ("RUN make", layer(file("t", b"t"))), ("CMD " + line, layer())
    found = findings(*steps, select=["IS902"], config=config)
    assert [finding.lines for finding in found] == [wanted]
