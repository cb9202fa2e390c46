"""Base images: which one an image stands on, what it brings, and how others would do in its place."""

from __future__ import annotations

from .find import Base, find_base

__all__ = ["Base", "find_base"]
