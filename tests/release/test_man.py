"""The manual pages: one each for the program and its commands, with all options, as readers of them accept."""

import os
import re
import runpy
import shutil
import subprocess

import click
import pytest

from imgscope.cli import COMMANDS, cli

from .conftest import ROOT


@pytest.fixture(scope="module")
def pages():
    return runpy.run_path(str(ROOT / "docs/make_man.py"))["pages"]()


def test_there_is_a_page_for_every_command(pages):
    assert set(pages) == {"imgscope.1", *(f"imgscope-{name}.1" for name in COMMANDS)}
    for name in COMMANDS:
        assert f"imgscope-{name}".replace("-", "\\-") in pages["imgscope.1"]


def test_no_option_is_left_out(pages):
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        text = pages[f"imgscope-{name}.1"].replace("\\-", "-")
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert all(option in text for option in parameter.opts), f"{name}: {parameter.opts}"
        assert ".SH EXAMPLES" in text


def test_mandoc_accepts_them(pages, tmp_path):
    if not shutil.which("mandoc"):
        if os.environ.get("CI") == "true":
            pytest.fail("the gate must run these: needs mandoc")
        pytest.skip("needs mandoc")
    for name, text in pages.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", *pages], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line]
    assert not said
    shown = subprocess.run(["mandoc", "-T", "utf8", "imgscope-check.1"], cwd=tmp_path, capture_output=True, check=True)
    # Bold letters come as a letter, a step back, and the letter again.
    assert "imgscope check [OPTIONS] IMAGE..." in re.sub(".\b", "", shown.stdout.decode())
