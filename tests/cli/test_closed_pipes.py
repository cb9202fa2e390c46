"""An exit code is the same whether anybody reads what is printed or not."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tarfile

import pytest

from tests.conftest import FIXTURES

WEBAPP, SITE = FIXTURES / "webapp.tar", FIXTURES / "site.tar"

CASES = [
    (1, "check {webapp} --max-size 3"),
    (1, "check {webapp} --max-size 3 --format json"),
    (1, "check {webapp} --max-size 3 --top 1000 --format markdown"),
    (0, "check {webapp} --max-size 3GB"),
    (3, "check {webapp} {nothing} --max-size 3"),
    (1, "diff {site} {webapp} --fail-on-growth 0%"),
    (1, "diff {site} {webapp} -q"),
    (1, "bases {webapp} --with {site} --no-table --fail-unfit"),
    (1, "verify {forged}"),
    (0, "verify {webapp}"),
    (0, "why {webapp} /etc"),
    (0, "analyze {webapp} --format json"),
    (0, "cat {webapp} /etc/os-release"),
    (2, "cat {webapp} /nothing"),
    (3, "analyze {nothing}"),
    (2, "analyze"),
    (2, "check {webapp} --max-size nonsense"),
    (0, "--help"),
    (0, "--version"),
]
# How the shell leaves standard output and error to the command.
ENDS = {"closed pipe": "| true", "closed pipe for both": "2>&1 | true", "closed": ">&-", "both closed": ">&- 2>&-"}


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipes")
    forged = folder / "forged.tar"
    data = bytearray(SITE.read_bytes())
    with tarfile.open(SITE) as archive:
        largest = max(archive, key=lambda member: member.size)
    # A letter of a file's content, so that the layer's own tar stays whole.
    at = data.index(b"<", largest.offset_data)
    data[at : at + 1] = b"["
    forged.write_bytes(data)
    return {"webapp": WEBAPP, "site": SITE, "nothing": folder / "nothing.tar", "forged": forged}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_exit_code_is_the_same_when_nobody_reads(paths, end):
    """All cases in one shell each way, side by side: starting a process is what takes the time."""
    script = ""
    for number, (_, words) in enumerate(CASES):
        command = f"{shlex.quote(sys.executable)} -m imgscope {words.format(**paths)}"
        script += f"( {command} {end}; echo {number} ${{PIPESTATUS[0]}} >&3 ) &\n"
    done = subprocess.run(
        ["bash", "-c", f"exec 3>&1 1>/dev/null 2>/dev/null\n{script}wait"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "DOCKER_HOST": "unix:///nonexistent"},
    )
    codes = dict(map(int, line.split()) for line in done.stdout.splitlines())
    assert {words: codes[number] for number, (_, words) in enumerate(CASES)} == {words: code for code, words in CASES}


def test_files_are_written_whole_though_the_reader_of_standard_output_has_gone(tmp_path):
    wanted, summary = tmp_path / "report.xml", tmp_path / "summary"
    script = (
        f"{shlex.quote(sys.executable)} -m imgscope check {WEBAPP} --max-size 3 -o junit={wanted} | true; "
        "exit ${PIPESTATUS[0]}"
    )
    environment = {**os.environ, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False, env=environment)
    assert done.returncode == 1
    assert wanted.read_text().rstrip().endswith("</testsuites>")
    assert "max-size" in summary.read_text()
