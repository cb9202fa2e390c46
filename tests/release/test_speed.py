"""Start-up: what a person or Docker waits for each time."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent


def best(*command: object) -> float:
    """Return the seconds of the quickest of several runs: what else the machine does only ever adds."""
    times = []
    for _ in range(12):
        began = time.perf_counter()
        subprocess.run([*map(str, command)], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return min(times)


@pytest.mark.parametrize(
    ("limit", "command"),
    [
        (0.080, ["imgscope", "--version"]),
        (0.080, ["imgscope", "--help"]),
        (0.030, ["docker-imgscope", "docker-cli-plugin-metadata"]),
    ],
    ids=["version", "help", "metadata"],
)
def test_starting_costs_little_more_than_python_itself(limit, command):
    bare = best(sys.executable, "-c", "pass")
    assert best(PROGRAMS / command[0], *command[1:]) - bare <= limit
