"""What a pull of an image costs: bytes and seconds, layer by layer, and what a machine that has another image saves."""

from __future__ import annotations

from .cost import PullCost, PulledLayer, pull_cost
from .what_if import WhatIf

__all__ = ["PullCost", "PulledLayer", "WhatIf", "pull_cost"]
