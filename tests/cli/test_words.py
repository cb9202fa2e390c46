"""What people type from habit: an image without a command, dive's options, a file without its format."""

from __future__ import annotations

import pytest

WEBAPP = "fixtures/webapp.tar"


@pytest.mark.parametrize("words", [(WEBAPP,), ("--no-tui", WEBAPP), ("--top", "3", WEBAPP)])
def test_an_image_alone_is_analysed(imgscope, words):
    done = imgscope(*words)
    assert done.returncode == 0
    assert "Layers" in done.stdout


def test_a_mistyped_command_gets_the_near_one(imgscope):
    done = imgscope("anlyze", WEBAPP)
    assert done.returncode == 2
    assert "Did you mean 'analyze'?" in done.stderr


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("analyze", WEBAPP, "-o", "out.json"), "-o json=out.json"),
        (("check", WEBAPP, "-o", "out.xml"), "-o junit=out.xml"),
        (("--json", "out.json", WEBAPP), "-o dive=FILE"),
        (("--ci", WEBAPP), "imgscope check IMAGE"),
        (("analyze", "--source", "docker-archive", "a.tar"), "docker-archive:FILE"),
        (("analyze", "a.tar", "b.tar"), "imgscope diff OLD NEW"),
        (("bases", "a.tar", "b.tar"), "imgscope bases IMAGE --with BASE"),
    ],
)
def test_a_mistake_is_answered_with_the_form_that_works(imgscope, words, answer):
    done = imgscope(*words)
    assert done.returncode == 2
    assert answer in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_layout_that_is_not_there_is_said_with_its_form(imgscope):
    done = imgscope("analyze", "oci:nodir:1")
    assert done.returncode == 3
    assert "no folder nodir" in done.stderr
    assert "oci:DIR:TAG" in done.stderr
