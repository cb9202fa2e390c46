"""What a container starts, found as the runtime and the kernel find it: one answer for every command."""

from __future__ import annotations

import pytest

from imgscope import analyze
from imgscope.rootfs.programs import search_path
from imgscope.rootfs.root import FileFacts, Root
from imgscope.rootfs.start import command_of, follow
from imgscope.settings import environment

from ..archive.images import Image, docker_archive, write_tar
from ..oracle.maketar import file, layer, symlink

PROGRAM = b"\x7fELF program"


@pytest.fixture
def start(tmp_path):
    """Follow the command of an image of one layer; ``named``: what is merely named as well."""

    def make(*members: bytes, named: bool = False, **config: object):
        path = tmp_path / "image.tar"
        write_tar(path, docker_archive(Image((layer(*members),), extra={"config": config})))
        with analyze(path, cache=False) as analysis:
            found = analysis.image.config
            return follow(
                Root(analysis, FileFacts()),
                command_of(found),
                search_path(environment(found)),
                may_read=(lambda entry: True) if named else None,
            )

    return make


@pytest.mark.parametrize("named", [False, True])
def test_a_bare_name_is_not_looked_for_in_the_working_directory(start, named):
    found = start(file("app/server", PROGRAM, mode=0o755), named=named, Cmd=["server"], WorkingDir="/app")
    assert (list(found.files), set(found.mentioned)) == ([], set())
    assert found.missing == [("program", "server", b"", True)]


def test_a_name_with_a_slash_is(start):
    found = start(file("app/server", PROGRAM, mode=0o755), Cmd=["./server"], WorkingDir="/app")
    assert list(found.files) == [b"app/server"]


def test_what_may_not_be_executed_is_passed_over(start):
    found = start(
        file("usr/local/bin/run", b"a text"), file("usr/bin/run", PROGRAM, mode=0o755), named=True, Cmd=["run"]
    )
    assert list(found.files) == [b"usr/bin/run"]
    assert found.mentioned == {b"usr/bin/run"}


def test_a_path_that_is_set_is_all_that_counts(start):
    members = [file("usr/bin/run", PROGRAM, mode=0o755), file("opt/bin/other", PROGRAM, mode=0o755)]
    found = start(*members, named=True, Cmd=["run"], Env=["PATH=/opt/bin"])
    assert not found.mentioned
    # Of two values the last one is what a process gets.
    found = start(*members, Cmd=["run"], Env=["PATH=/opt/bin", "PATH=/usr/bin"])
    assert list(found.files) == [b"usr/bin/run"]


def test_links_are_followed_as_a_kernel_does(start):
    """Not by letters: ``..`` is the parent of where a link leads."""
    found = start(
        file("usr/lib/tool/run", PROGRAM, mode=0o755),
        file("run", b"not this one", mode=0o755),
        symlink("opt", "usr/lib/tool/inner"),
        file("usr/lib/tool/inner/x", b""),
        Cmd=["/opt/../run"],
    )
    assert list(found.files) == [b"usr/lib/tool/run"]


def test_scripts_are_followed_through_the_shells_that_run_them(start):
    found = start(
        file("entry.sh", b'#!/bin/sh\n# not-this\nPORT=1 exec /app/server "$@"\n', mode=0o755),
        file("bin/sh", PROGRAM, mode=0o755),
        file("app/server", PROGRAM, mode=0o755),
        file("app/settings.conf", b"x"),
        named=True,
        Entrypoint=["/entry.sh"],
        Cmd=["settings.conf"],
        WorkingDir="/app",
    )
    assert set(found.files) >= {b"entry.sh", b"bin/sh", b"app/server"}
    assert b"app/settings.conf" in found.mentioned
    assert "server" in found.words and "not-this" not in found.words
    assert found.known and found.command


def test_a_healthcheck_is_named_but_not_started(start):
    members = [file("bin/sh", PROGRAM, mode=0o755), file("usr/bin/curl", PROGRAM, mode=0o755)]
    check = {"Test": ["CMD-SHELL", "curl localhost || wget localhost"]}
    found = start(*members, named=True, Cmd=["/bin/sh"], Healthcheck=check)
    assert list(found.files) == [b"bin/sh"]
    assert b"usr/bin/curl" in found.mentioned
    assert [(name, decisive) for _, name, _, decisive in found.missing] == [("wget", False)]


@pytest.mark.parametrize("command", [["/bin/sh"], ["bash"], [], ["/bin/sh", "-c", ""]])
def test_a_shell_alone_says_nothing_of_what_is_run(start, command):
    found = start(file("bin/sh", PROGRAM, mode=0o755), named=True, Cmd=command)
    assert (found.command, found.known) == (bool(command), False)
