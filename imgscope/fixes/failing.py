"""The error of a build that fails before anything was changed: shown with its last lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import EngineError
from ..escape import escape

if TYPE_CHECKING:
    from .builders import Outcome


class BuildFailedError(EngineError):
    """The Dockerfile does not build as it is. ``said`` are the builder's last lines."""

    def __init__(self, path: str, outcome: Outcome) -> None:
        """Say which line failed."""
        where = f"{escape(path)}:{outcome.line}" if outcome.line is not None else escape(path)
        super().__init__(f"{where} does not build as it is, so nothing can be proven")
        self.said = outcome.said
