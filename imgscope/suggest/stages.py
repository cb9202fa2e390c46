"""Proposes a Dockerfile in two stages where findings call for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .context import Context
    from .model import Report


def proposal(context: Context, report: Report) -> tuple[str, ...]:
    """Return the lines of a Dockerfile with a build stage and a final one; nothing where none is called for."""
    return ()
