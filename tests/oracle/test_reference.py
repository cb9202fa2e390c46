"""The reference itself: its sums, and what real tools unpack."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from . import reference
from .strategies import stacks


@settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(stack=stacks())
def test_every_byte_is_either_seen_or_wasted(stack):
    result = reference.stack(stack)
    assert sum(row.size for row in result.rows) == result.merged_bytes
    assert result.merged_bytes + result.wasted_bytes == result.content_bytes
    for number, figures in enumerate(result.layers):
        stored = sum(figures.bytes[kind] for kind in reference.KINDS if kind != "removed")
        assert stored == figures.content_bytes
        gone = [row.bytes for row in result.waste if row.wasted_by == number and row.reason in ("removed", "shadowed")]
        assert figures.bytes["removed"] == sum(gone)
