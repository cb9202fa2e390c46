"""The places of a tool, told apart by the commands that look for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class ToolPlaces(NamedTuple):
    """A tool's places, in globs: those that both commands know, those of ``suggest`` alone (wanted now and then, or
    found by more than the place), and those that ``forbidden-paths`` words more narrowly or broadly.
    """

    both: tuple[str, ...] = ()
    suggested: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """What ``suggest`` looks for."""
        return self.both + self.suggested


def forbidden(tools: Iterable[ToolPlaces]) -> tuple[str, ...]:
    """Return what a set of ``forbidden-paths`` holds of some tools."""
    return tuple(glob for tool in tools for glob in tool.both + tool.forbidden)
