"""The same input gives the same bytes: in any process, with or without a cache, alone or with a second process.

``IMGSCOPE_ARCHIVES=DIR pytest tests/determinism`` takes the archives of a folder too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.determinism.archives import archives

SEEDS = range(6)
# What a cache holds: nothing and nothing is kept, nothing yet, what another process kept, that with a part lost.
WAYS = {
    0: ("no cache", "cold", "warm"),
    1: ("no cache", "warm"),
    2: ("warm", "no layers"),
    3: ("cold", "warm"),
    4: ("warm", "no images"),
    5: ("warm",),
}


def child(seed: int, images: list, folder: Path, output: Path) -> dict:
    job = {
        "images": images,
        "ways": WAYS[seed],
        # What one process kept, two read, and the other way round.
        "processes": 1 + seed % 2,
        "cache": str(folder / "cache"),
        "folder": str(output),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.determinism.child"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env={
            **os.environ,
            "PYTHONHASHSEED": str(seed),
            "DOCKER_HOST": "unix:///nonexistent",
            "PATH": "/nonexistent",
            "NO_COLOR": "1",
            "COLUMNS": "100",
            "GITHUB_ACTIONS": "",
        },
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("output")


@pytest.fixture(scope="module")
def answers(tmp_path_factory, output):
    """What every command answered: {command: {(seed, way): [exit code, digest of output, digest of messages]}}."""
    folder = tmp_path_factory.mktemp("archives")
    images = archives(folder)
    more = os.environ.get("IMGSCOPE_ARCHIVES")
    for path in sorted(Path(more).iterdir()) if more else ():
        images.append({"image": str(path), "other": images[0]["image"], "path": "/etc", "dockerfile": None})
    # The first one fills the cache that the others read.
    found = [child(SEEDS[0], images, folder, output)]
    with ThreadPoolExecutor(2) as pool:
        found += pool.map(lambda seed: child(seed, images, folder, output), SEEDS[1:])
    whole: dict[str, dict] = {}
    for seed, by_way in zip(SEEDS, found, strict=True):
        for way, rows in by_way.items():
            for command, answer in rows.items():
                whole.setdefault(command, {})[seed, way] = answer
    return whole


def test_every_command_says_the_same_each_time(answers, output):
    other: dict[str, str] = {}
    for command, found in answers.items():
        groups: dict[str, list] = {}
        for run, answer in found.items():
            groups.setdefault(json.dumps(answer), []).append(run)
        if len(groups) > 1:
            texts = [(output / json.loads(key)[1]).read_text("utf-8", "replace").splitlines() for key in groups]
            lines = next((pair for pair in zip(*texts[:2], strict=False) if pair[0] != pair[1]), None)
            other[command] = f"{list(groups.values())}: {lines}"
    assert not other, f"{len(other)} of {len(answers)} commands:\n" + "\n".join(
        f"{command}\n  {said}" for command, said in list(other.items())[:10]
    )


def test_the_commands_say_something(answers, output):
    """A test of sameness proves nothing where every answer is the same error."""
    codes: dict[str, set[int]] = {}
    for command, found in answers.items():
        for code, printed, _ in found.values():
            codes.setdefault(command.split()[0], set()).add(code)
            assert code != 3 or command.startswith("bases") or "broken" in command, command
            if command.split()[0] not in ("cat", "why") and "broken" not in command:
                assert (output / printed).stat().st_size or "--diff" in command, command
    assert all(codes[word] <= {0, 3} for word in ("analyze", "suggest", "diff", "baseline"))
    assert codes["check"] == {0, 1, 3}
    assert 0 in codes["why"] and 0 in codes["cat"] and 0 in codes["bases"]
