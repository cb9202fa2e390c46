"""How an image's size went from tag to tag, and what made it jump."""

from __future__ import annotations

from .collect import trend
from .model import Jump, Point, Trend

__all__ = ["Jump", "Point", "Trend", "trend"]
