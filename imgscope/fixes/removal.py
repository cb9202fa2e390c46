"""Takes away what a run has made in an engine. A process of its own, so that it goes on when the run is ended at once.

Everything carries the run's label; what can't (the steps between that a builder keeps) is named by its id on standard
input. Nothing else is touched: no image of before, and nothing that another image or container still stands on.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

_PAUSE = 0.5
# What fits on a command line of any system.
_AT_ONCE = 200


def main() -> int:
    """Remove by ``CLIENT LABEL RUNNER``: what builds, the run's label, and what runs containers (empty: nothing).

    {"containers": [...], "images": [...], "folder": "", "rounds": N} comes on standard input, ids oldest first.
    """
    client, label, runner = sys.argv[1:4]
    given = json.load(sys.stdin)
    for rounds in (1, given["rounds"] - 1):
        if given["folder"]:
            shutil.rmtree(given["folder"], ignore_errors=True)
        remove(client, label, runner, given["containers"], given["images"], rounds)
        # Whoever waits for the first round hears of its end; nobody may be there any more.
        with suppress(OSError):
            os.write(1, b"\n")
    return 0


def remove(
    client: str, label: str, runner: str, containers: Sequence[str], images: Sequence[str], rounds: int = 1
) -> None:
    """Remove what carries a label, and what is named by its id, as far as nothing else needs it.

    A build that has just been told to end may still leave something: so it looks again, ``rounds`` times in all.
    """
    for number in range(rounds):
        if number or rounds > 1:
            time.sleep(_PAUSE)
        if runner:
            found = [*_ids(runner, "ps", "-aq", "--filter", f"label={label}"), *containers]
            _each(runner, ("rm", "-f", "-v"), found)
        _each(client, ("rmi", "-f"), _ids(client, "images", "-aq", "--no-trunc", "--filter", f"label={label}"))
        # What was made later stands on what was made before.
        options = ("rmi", "--no-prune") if client == "docker" else ("rmi",)
        _each(client, options, list(reversed(images)))


def _ids(client: str, *words: str) -> list[str]:
    done = subprocess.run([client, *words], capture_output=True, text=True, check=False)
    return list(dict.fromkeys(done.stdout.split())) if done.returncode == 0 else []


def _each(client: str, words: Sequence[str], ids: Sequence[str]) -> None:
    for at in range(0, len(ids), _AT_ONCE):
        subprocess.run([client, *words, *ids[at : at + _AT_ONCE]], capture_output=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
