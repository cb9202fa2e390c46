"""imgscope's own image: what its Dockerfile copies is enough to install from, and the context holds no more."""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch

from .conftest import ROOT

DOCKERFILE = (ROOT / ".docker/Dockerfile").read_text()


def copied() -> list[list[str]]:
    return [line.split()[1:] for line in DOCKERFILE.splitlines() if re.match(r"COPY (?!--)", line)]


def test_what_is_copied_is_enough_to_install_from(source, wheel, built, tmp_path):
    for *names, destination in copied():
        for name in names:
            target = tmp_path / destination
            if (source / name).is_dir():
                shutil.copytree(source / name, target)
            else:
                target.mkdir(exist_ok=True)
                shutil.copy(source / name, target)
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path / "dist", tmp_path],
        env={"PATH": "/usr/bin:/bin", "SOURCE_DATE_EPOCH": "1700000000"},
        check=True,
        capture_output=True,
    )
    assert next((tmp_path / "dist").iterdir()).read_bytes() == built[wheel.name]


def test_the_context_holds_what_is_copied_and_no_more():
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert allowed == {name for *names, _ in copied() for name in names}


def test_it_runs_without_rights():
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    user = re.search(r"^USER (\d+)", final, re.MULTILINE)
    assert user and int(user[1]) > 0
    assert not any(fnmatch(line, "RUN *") for line in final.splitlines()), "one layer above the base is enough"
