"""Images of machine learning: what they hold for nothing, twice, or for GPUs that nobody has. A subject a file."""

from __future__ import annotations

from . import browsers, copies, environments, gpu, kernels, models, parts, toolkit, wheels

REPLACED = wheels.RULES
"""Those about what a later layer replaced: they say more than the rules about layers, and come before them."""

RULES = (
    *models.RULES,
    *browsers.RULES,
    *gpu.RULES,
    *toolkit.RULES,
    *copies.RULES,
    *environments.RULES,
    *parts.RULES,
    *kernels.RULES,
)
