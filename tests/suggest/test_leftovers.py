"""What package managers leave behind is found wherever it lies, and what a base brings is not."""

from __future__ import annotations

import pytest

from imgscope.suggest.rules.build_context import UNWANTED
from imgscope.suggest.rules.leftovers import LEFTOVERS
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
    assert found[0].lines == tuple(leftover.after.split("\n"))


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


CONTEXT = [(unwanted, glob) for unwanted in UNWANTED for glob in unwanted.places]


@pytest.mark.parametrize(("unwanted", "glob"), CONTEXT, ids=lambda value: getattr(value, "code", value))
def test_what_was_copied_by_accident_is_found(findings, unwanted, glob):
    path = example(glob)
    found = findings(("COPY . /root", layer(file(path, b"x" * 5000))), select=["IS3"])
    assert [(finding.code, finding.bytes) for finding in found] == [(unwanted.code, 5000)], path
    assert found[0].ignore_lines == unwanted.lines


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
