"""What a container of the image runs, and what its config and its scripts name beside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import ImageError
from ..rootfs.programs import search_path
from ..rootfs.start import Start, command_of, follow
from ..settings import environment
from .once import once

if TYPE_CHECKING:
    from .context import Context

# A script larger than this is none that starts a container.
_MAX_SCRIPT = 64 << 10


@once
def _start(context: Context) -> Start:
    config, overlay = context.analysis.image.config, context.overlay

    def may_read(entry: int) -> bool:
        return overlay.sizes[entry] <= _MAX_SCRIPT and overlay.layer_of(entry) in context.own_layers

    return follow(context.root, command_of(config), search_path(environment(config)), may_read=may_read)


def _trouble(context: Context, start: Start) -> ImageError | None:
    """Return why a script of the image's own could not be looked into; what a base brings is known well enough."""
    own = any(context.overlay.layer_of(entry) in context.own_layers for entry in start.unread)
    return context.root.files.trouble if own else None


def started(context: Context) -> Start:
    """Find what a container runs, as far as that can be known: by the config alone where no script can be read."""
    start = _start(context)
    return start if _trouble(context, start) is None else replace(start, known=False)


def program(context: Context) -> Start:
    """Find what a container of the image runs. Raises ``ContentUnavailableError`` where it may be a script."""
    start = _start(context)
    trouble = _trouble(context, start)
    if trouble is not None:
        context.require_contents()
        raise trouble
    return start
