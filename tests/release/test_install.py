"""Installed from the wheel, in clean environments, as people install it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

SMOKE = Path(__file__).parent / "smoke.py"
UV = Path(sys.executable).parent / "uv"
PIPX = Path(sys.executable).parent / "pipx"


def run(*command, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [*map(str, command)], env={**kept, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def walk(programs: Path) -> None:
    assert "nothing failed" in run(sys.executable, SMOKE, programs, ROOT / "fixtures")


def interpreters() -> list[str]:
    """Every Python of this machine that imgscope supports: on the path, and pyenv's; one of each version."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    names = [shutil.which(f"python3.{minor}") for minor in range(11, 20)]
    found: dict[str, str] = {}
    for python in [sys.executable, *filter(None, names), *map(str, sorted(pyenv.glob("versions/3.*/bin/python")))]:
        said = subprocess.run(
            [python, "-Ic", "import platform, sys; print(*sys.version_info[:2], sep='.')"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        version = said.stdout.strip()
        # A shim of pyenv's answers for versions that are not chosen, too: with an error.
        if said.returncode == 0 and tuple(map(int, version.split("."))) >= (3, 11):
            found.setdefault(version, python)
    return [found[version] for version in sorted(found)]


def test_with_pip(wheel, tmp_path):
    run(sys.executable, "-m", "venv", tmp_path / "env")
    python = tmp_path / "env/bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    run(python, "-m", "pip", "check")
    walk(tmp_path / "env/bin")
    assert run(python, "-m", "imgscope", "--version") == run(tmp_path / "env/bin/imgscope", "--version")
    assert (tmp_path / "env/share/man/man1/imgscope.1").is_file()


def test_with_pipx(wheel, tmp_path):
    run(
        PIPX, "install", "--backend", "uv", wheel,
        PIPX_HOME=str(tmp_path / "home"), PIPX_BIN_DIR=str(tmp_path / "bin"), PIPX_MAN_DIR=str(tmp_path / "man"),
        PATH=f"{UV.parent}{os.pathsep}{os.environ['PATH']}",
    )  # fmt: skip
    walk(tmp_path / "bin")
    assert (tmp_path / "man/man1/imgscope.1").is_file()


def test_with_uv(wheel, tmp_path):
    run(
        UV, "tool", "install", "--python", sys.executable, wheel,
        UV_TOOL_DIR=str(tmp_path / "tools"), UV_TOOL_BIN_DIR=str(tmp_path / "bin"),
    )  # fmt: skip
    walk(tmp_path / "bin")


@pytest.mark.parametrize("python", interpreters(), ids=lambda path: Path(path).resolve().parent.parent.name)
def test_on_every_python_here(python, wheel, tmp_path):
    run(UV, "venv", "--no-python-downloads", "--python", python, tmp_path / "env")
    run(UV, "pip", "install", "--python", tmp_path / "env/bin/python", wheel)
    walk(tmp_path / "env/bin")
