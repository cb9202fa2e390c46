"""Files that hold secrets are found, files that only look like it are not."""

from __future__ import annotations

import pytest

from imgscope.secrets import find, redact
from tests.oracle.maketar import file, layer
from tests.suggest.command_samples import FALSE_COMMANDS, TRUE_COMMANDS, VALUES
from tests.suggest.more_shell_samples import ENCODED, MORE_FALSE, MORE_TRUE
from tests.suggest.program_samples import P64, PROGRAMS_FALSE, PROGRAMS_TRUE
from tests.suggest.secret_samples import FALSE, FALSE_TEXTS, HEX, TRUE, TRUE_TEXTS, V, W
from tests.suggest.shell_samples import FALSE_SHELLS, TRUE_SHELLS, encoded


def content(text: str) -> bytes:
    return text.encode("latin-1" if "\xfe" in text or "\x95" in text else "utf-8")


def paths(findings):
    return {row.path: (finding.code, row.kind) for finding in findings for row in finding.evidence}


def split(samples):
    """Put samples into images: of samples with one path each in another."""
    images: list[dict[str, str]] = []
    for path, text in samples:
        place = next((one for one in images if path not in one), None)
        if place is None:
            images.append(place := {})
        place[path] = text
    return images


def written(text):
    """Return a command as a Dockerfile has it, and as builders write it down."""
    if not text.startswith("RUN "):
        return [text]
    command = text[4:]
    return [text, f"/bin/sh -c {command}", f"RUN /bin/sh -c {command} # buildkit", f"ONBUILD RUN set -eux; {command}"]


def test_there_are_enough_samples():
    assert len(TRUE) >= 80
    assert len(FALSE) >= 80


def test_every_file_with_a_secret_is_found(findings):
    for image in split(TRUE):
        found = paths(findings(("COPY . /", layer(*(file(p, content(t)) for p, t in image.items()))), select=["IS6"]))
        assert {"/" + path for path in image} - found.keys() == set()
        assert all(code in ("IS601", "IS602") for code, _ in found.values())


def test_no_other_file_is(findings):
    for image in split(FALSE):
        found = paths(findings(("COPY . /", layer(*(file(p, content(t)) for p, t in image.items()))), select=["IS6"]))
        assert found == {}


@pytest.mark.parametrize("text", TRUE_TEXTS)
def test_texts_with_a_secret(text):
    assert find(text)
    assert not any(value in redact(text) for value in (V, W, HEX, "hunter2Correct"))


@pytest.mark.parametrize("text", FALSE_TEXTS)
def test_texts_without_one_stay_as_they_are(text):
    assert find(text) == []
    assert redact(text) == text


@pytest.mark.parametrize("text", [*TRUE_COMMANDS, *TRUE_SHELLS, *MORE_TRUE, *PROGRAMS_TRUE])
def test_command_lines_with_a_secret(text):
    assert find(text)
    for shown in map(redact, written(text)):
        assert not any(value in shown for value in (*VALUES, *ENCODED, P64, encoded("me:" + V)))


@pytest.mark.parametrize("text", [*FALSE_COMMANDS, *FALSE_SHELLS, *MORE_FALSE, *PROGRAMS_FALSE])
def test_command_lines_without_one_stay_as_they_are(text):
    assert [redact(shown) for shown in written(text)] == written(text)
