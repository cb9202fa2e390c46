"""``imgscope check``, run as a user would."""

from __future__ import annotations

import pytest


@pytest.fixture
def check(imgscope, tmp_path, monkeypatch):
    """Run the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments, **options: imgscope("check", *arguments, **options)
