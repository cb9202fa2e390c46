"""A short run of the fuzzer, the same each time."""

from __future__ import annotations

from .fuzz import fuzz


def test_changed_archives_are_read_or_refused(tmp_path):
    count, found = fuzz(7, lambda count: count < 1500, None, tmp_path)
    assert count == 1500
    assert found == []
