"""Which images of a source are wanted, and what is known of them already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ..model import Trouble
from .known import Known

if TYPE_CHECKING:
    from ...sources.options import Options


@dataclass(slots=True)
class Wanted:
    """What a scan asks of every source. ``trouble`` is told of what can't be had, which stops nothing; ``elsewhere`` is
    called for an image that is not there for the platform.
    """

    known: Known
    options: Options
    trouble: Callable[[Trouble], None]
    elsewhere: Callable[[], None]
    platform: str | None = None
    newest: int | None = None
    since: datetime | None = None
