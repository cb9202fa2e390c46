"""What package managers leave behind is found wherever it lies, and what a base brings is not."""

from __future__ import annotations

import pytest

from imgscope.suggestions.rules.build_context import UNWANTED
from imgscope.suggestions.rules.leftovers import LEFTOVERS
from tests.oracle.maketar import directory, file, layer, whiteout

from .conftest import SYSTEM


def example(glob):
    """A path that a glob takes in."""
    path = glob.strip("/")
    if path.endswith("/**"):
        path = path[:-2] + "deep/down/file"
    return path.replace("**/", "root/").replace("*", "x1")


PLACES = [(leftover, glob) for leftover in LEFTOVERS for glob in leftover.places]


@pytest.mark.parametrize(("leftover", "glob"), PLACES, ids=lambda value: getattr(value, "code", value))
def test_every_place_is_found(findings, leftover, glob):
    path = example(glob)
    found = findings((leftover.before, layer(file(path, b"x" * 5000))), select=["IS1"])
    assert [(finding.code, finding.bytes) for finding in found] == [(leftover.code, 5000)], path
    assert found[0].evidence[0].path == "/" + path
    # The advice is the line that was written, mended; not somebody else's.
    lines = "\n".join(found[0].lines)
    place = iter(lines.split())
    assert all(word in place for word in leftover.before.replace("apk update && ", "").split()), lines
    assert lines != leftover.before and "…" not in lines


def test_the_bases_own_is_nobodys_to_change(findings):
    of_base = ("ADD file:0123 in /", layer(SYSTEM, file("var/lib/apt/lists/x", b"x" * 5000)))
    app = ("COPY app /", layer(file("app", b"x")))
    assert findings(of_base, app, base=False, select=["IS1"]) == []


def test_what_is_removed_too_late_is_still_there(findings):
    made = ("RUN apt-get update", layer(file("var/lib/apt/lists/x", b"x" * 5000)))
    removed = ("RUN rm -rf /var/lib/apt/lists/*", layer(whiteout("var/lib/apt/lists/x")))
    (found,) = findings(made, removed, select=["IS0", "IS1"])
    assert (found.code, found.bytes) == ("IS101", 5000)
    assert "too late" in found.title


def test_a_cleaned_image_has_no_findings(findings):
    clean = layer(
        directory("var/lib/apt/lists"),
        directory("var/lib/apt/lists/partial"),
        file("var/lib/apt/lists/lock"),
        directory("var/cache/apt/archives"),
        file("usr/bin/curl", b"x" * 5000),
    )
    assert findings(("RUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*", clean), select=["IS0", "IS1"]) == []


CONTEXT = [(unwanted, glob, line) for unwanted in UNWANTED for glob, line in unwanted.places]
# What shows folders whose names alone say little to be what they are called.
MARKS = [file("root/venv/pyvenv.cfg"), file("root/virtualenv/bin/activate"), file("root/coverage/lcov.info")]
MARKS += [file("root/target/debug/.cargo-lock")]


@pytest.mark.parametrize(("unwanted", "glob", "line"), CONTEXT, ids=lambda value: getattr(value, "code", value))
def test_what_was_copied_by_accident_is_found(findings, unwanted, glob, line):
    path = example(glob)
    copied = layer(file(path, b"x" * 5000), *MARKS)
    (found,) = [each for each in findings(("COPY . /root", copied), select=["IS3"]) if each.bytes]
    assert (found.code, found.bytes, found.certainty) == (unwanted.code, 5000, unwanted.certainty), path
    assert line in found.ignore_lines


@pytest.mark.parametrize(("unwanted", "glob", "line"), CONTEXT, ids=lambda value: getattr(value, "code", value))
@pytest.mark.parametrize(
    "words", ["/bin/sh -c #(nop) COPY dir:" + "0" * 64 + " in /root ", "COPY /src /root # buildkit"]
)
def test_what_may_come_of_a_stage_is_not_said_to_be_of_the_context(findings, unwanted, glob, line, words):
    found = findings((words, layer(file(example(glob), b"x" * 5000), *MARKS)), select=["IS3"])
    assert all(each.certainty == "possible" and not each.ignore_lines for each in found)
    assert not any("context" in each.title or "ignore" in each.fix for each in found)
    if unwanted.code in ("IS302", "IS303", "IS306"):
        assert not found


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("root/lib/python3.12/venv/x.py", "IS303"),
        ("root/app/coverage/x.py", "IS306"),
        ("root/log/debug/target/debug/x", "IS306"),
    ],
)
def test_a_folder_is_not_judged_by_a_name_that_others_use_too(findings, path, code):
    assert not [each for each in findings(("COPY . /root", layer(file(path, b"x" * 5000))), select=[code]) if each]


def test_what_is_ignored_is_only_what_was_found(findings):
    copied = layer(file("app/__pycache__/x.cpython-312.pyc", b"x" * 5000), file("app/target/app.jar", b"x" * 5000))
    (found,) = findings(("COPY . /app", copied), select=["IS306"])
    assert found.ignore_lines == ("**/__pycache__", "**/*.pyc")


def test_what_a_build_installs_was_not_copied(findings):
    assert findings(("RUN npm ci", layer(file("app/node_modules/x/index.js", b"x" * 5000))), select=["IS3"]) == []


@pytest.mark.parametrize("words", ["COPY --from=build /app /app", "COPY /app /app", "COPY --chown=1 /src/app /app"])
def test_what_another_stage_made_is_not_of_the_build_context(findings, words):
    made = layer(file("app/node_modules/x/index.js", b"x" * 5000), file("app/.venv/lib/x.pyc", b"x" * 5000))
    assert findings((words, made), select=["IS3"]) == []
    assert findings(("COPY --chown=1 app /app", made), select=["IS3"]) != []


def test_later_copies_of_what_should_not_be_there_go_too(findings):
    history = layer(file("app/.git/objects/x", b"x" * 5000))
    owned = layer(file("app/.git/objects/x", b"x" * 5000, uid=1000))
    (found,) = findings(("COPY . /app", history), ("RUN chown -R 1000 /app", owned), select=["IS0", "IS3"])
    assert (found.code, found.bytes) == ("IS301", 10000)


NETRC = file("srv/conf/.netrc", b"machine example.org login me password hunter2hunter2\n", mode=0o600)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("COPY . /srv", ("conf/.netrc",)),
        ("COPY conf /srv/conf", ("conf/.netrc",)),
        # What an instruction names it would not find any more.
        ("COPY conf/.netrc /srv/conf/", ()),
        ("COPY conf/.net* /srv/conf/", ()),
        ("COPY --from=build /srv /srv", ()),
        ("RUN make-netrc", ()),
    ],
)
def test_a_login_that_surely_came_of_the_context_is_kept_out_of_it(findings, words, lines):
    (found,) = findings((f"{words} # buildkit", layer(NETRC, file("srv/conf/app", b"x"))), select=["IS602"])
    assert found.ignore_lines == lines


@pytest.mark.parametrize("dpkg", [True, False])
def test_dpkgs_settings_are_only_for_an_image_that_has_dpkg(findings, dpkg):
    members = [file(f"usr/share/doc/p{n}/manual", b"x" * 9000) for n in range(30)]
    system = [file("usr/bin/dpkg", b"x")] if dpkg else []
    found = findings(("RUN apt-get update && apt-get install -y p", layer(*members, *system)), select=["IS210"])
    assert found and all(("dpkg.cfg.d" in "\n".join(row.lines)) is dpkg for row in found)


def test_what_copy_put_into_the_images_temporary_folder_is_not_called_so_in_the_context(findings):
    brought = layer(file("tmp/in/big.tar", b"x" * 5000), file("var/log/app/x.log", b"x" * 5000))
    for words in ("COPY . /tmp/in", "COPY big.tar /tmp/in/", "ADD in /tmp/in"):
        found = findings((words, brought), select=["IS122"])
        assert [(row.ignore_lines, row.lines) for row in found] == [((), ())]
        assert "copy only what is run" in found[0].fix
