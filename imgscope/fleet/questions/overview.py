"""All that a fleet's report tells, asked at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...brief import brief
from .bases import Bases, bases
from .fixes import Fixes, fixes
from .growth import Growth, growth
from .same import Same, same
from .stored import Stored, stored
from .waste import Waste, waste

if TYPE_CHECKING:
    from .ground import Connection


@brief("stored", "waste", "fixes", "bases", "same", "growth")
@dataclass(frozen=True, slots=True)
class FleetReport:
    """What a fleet stores, wastes, stands on, holds in copies, and how it grew."""

    stored: Stored
    waste: Waste
    fixes: Fixes
    bases: Bases
    same: Same
    growth: Growth


def overview(connection: Connection, *, limit: int | None = 10, price_per_gb: float | None = None) -> FleetReport:
    """Ask all questions; at most ``limit`` rows of each list. Raises ``UsageError``."""
    return FleetReport(
        stored=stored(connection, limit=limit, price_per_gb=price_per_gb),
        waste=waste(connection, limit=limit),
        fixes=fixes(connection, limit=limit),
        bases=bases(connection, limit=limit),
        same=same(connection, limit=limit),
        growth=growth(connection, limit=limit),
    )
