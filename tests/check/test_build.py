"""``imgscope build`` gives the builder what it was given, and takes its end for its own."""

import os

import pytest

from imgscope.checks.build import option_values

_BUILDER = """#!/bin/sh
printf '%s\\n' "$@" >"$0.arguments"
echo "from the builder"
echo "its progress" >&2
while [ $# -gt 0 ]; do [ "$1" = --iidfile ] && printf '%s' "$IID" >"$2"; shift; done
exit ${ENDS:-0}
"""


@pytest.fixture
def builder(tmp_path, monkeypatch):
    """A stand-in for docker; returns its path."""
    path = tmp_path / "bin" / "docker"
    path.parent.mkdir()
    path.write_text(_BUILDER)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    return path


@pytest.mark.parametrize("code", [1, 17, 125])
def test_a_build_that_fails_ends_with_the_builders_code_and_output(imgscope, builder, code):
    done = imgscope("build", "-t", "app", ".", env={"ENDS": str(code)})
    assert done.returncode == code
    assert done.stdout == "from the builder\n" and done.stderr == "its progress\n"


def test_the_builder_gets_its_arguments_as_they_were(imgscope, builder):
    given = ["-thello:1", "--no-cache", "--build-arg", "x=--format", "-q", "--platform=linux/arm64", "-f", "a b", "."]
    imgscope("build", "--check", *given, env={"ENDS": "9"})
    words = (builder.parent / "docker.arguments").read_text().splitlines()
    assert words[:2] == ["build", "--iidfile"] and words[3:] == given


def test_what_follows_two_dashes_is_the_builders(imgscope, builder):
    imgscope("build", "--", "--check", ".", env={"ENDS": "9"})
    assert (builder.parent / "docker.arguments").read_text().splitlines()[3:] == ["--check", "."]


def test_a_file_for_the_id_that_is_named_is_used(imgscope, builder, tmp_path):
    done = imgscope("build", "--iidfile", tmp_path / "iid", ".", env={"IID": "sha256:" + "0" * 64})
    assert (builder.parent / "docker.arguments").read_text().count("--iidfile") == 1
    assert done.returncode == 3 and "sha256:000" in (tmp_path / "iid").read_text()


def test_a_build_that_leaves_no_image_is_told(imgscope, builder):
    done = imgscope("build", "-o", "out", ".")
    assert done.returncode == 3 and "left no image" in done.stderr and "--load" in done.stderr


def test_an_engine_that_is_not_there_is_told(imgscope, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = imgscope("build", ".")
    assert done.returncode == 3 and "neither docker nor podman" in done.stderr


def test_options_of_check_alone_need_it(imgscope, builder):
    assert imgscope("build", "--baseline", "a.json", ".").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (["-t", "a", "--tag=b", "-tc", "--tag", "d", "."], ["a", "b", "c", "d"]),
        (["--target", "x", "-q", "."], []),
        (["-t"], []),
    ],
)
def test_an_option_is_found_however_it_is_written(arguments, values):
    assert list(option_values(arguments, "--tag", "-t")) == values
