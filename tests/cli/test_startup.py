"""Start-up: a command that only prints must not pay for what it does not use."""

import os
import subprocess
import sys

import pytest

HEAVY = ("docker", "textual", "rich", "msgspec", "requests", "xxhash", "yaml")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["analyze", "--help"]])
def test_heavy_packages_are_not_imported_for_help(arguments):
    script = (
        "import sys\nfrom imgscope.cli import run\n"
        f"code = run({arguments!r})\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_the_engines_client_is_not_imported_for_a_file(webapp):
    script = (
        "import sys\nfrom imgscope.cli import run\n"
        f"code = run(['analyze', {str(webapp)!r}, '--no-cache', '-o', 'json={os.devnull}', '--format', 'markdown'])\n"
        "print('HEAVY', [name for name in ('docker', 'textual', 'rich', 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_the_module_runs_as_the_command_does():
    done = subprocess.run([sys.executable, "-m", "imgscope", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("imgscope ")
