"""From waste to fix: what an image does not need, the bytes that each fix saves, and how to make it.

``suggest(analysis)`` goes through the rules (``rules/``) and returns ``Suggestions``. Bytes are counted on the layers
and the merged tree, each once (``ledger``), so that the total is what all fixes together save. ``image.suggest`` is the
same for whatever a user names.
"""

from __future__ import annotations

from ..dockerfile.model import Location
from .model import Claim, Draft, Evidence, Finding, Rule, Suggestions
from .run import MIN_SIZE, Options, suggest

__all__ = ["MIN_SIZE", "Claim", "Draft", "Evidence", "Finding", "Location", "Options", "Rule", "Suggestions", "suggest"]
