"""An image written anew, with fewer layers or without what they waste: for images whose Dockerfile is out of reach."""

from __future__ import annotations

from .run import Squashed, SquashedLayer, squash

__all__ = ["Squashed", "SquashedLayer", "squash"]
