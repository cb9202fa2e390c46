"""Images of machine learning: what they hold for nothing, twice, or for GPUs that nobody has. A subject a file."""

from __future__ import annotations

from . import browsers, copies, gpu, kernels, models, toolkit

RULES = (
    *models.RULES,
    *browsers.RULES,
    *gpu.RULES,
    *toolkit.RULES,
    *copies.RULES,
    *kernels.RULES,
)
