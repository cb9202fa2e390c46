"""Which paths of an image go into which layer: plans of layers, read, written and applied to a merged tree."""

from __future__ import annotations

from .assign import Assignment, assign
from .plan import Plan, PlannedLayer, read_plan

__all__ = ["Assignment", "Plan", "PlannedLayer", "assign", "read_plan"]
