"""A short run of the fuzzer, the same each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CODE = """
import json, sys
from pathlib import Path
from tests.hostile.fuzz import fuzz
print(json.dumps(fuzz(7, lambda count: count < 1500, None, Path(sys.argv[1]))))
"""


def test_changed_archives_are_read_or_refused(tmp_path):
    # In a process of its own: the memory that other tests took would count as this one's.
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)], cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [1500, []]
