"""All rules, a family a file. To add one: its function, its line in the family's ``RULES``."""

from __future__ import annotations

from . import files, forbidden, growth, layers, properties, size, suggestions, waste
from .interface import Rule

_FAMILIES = (size, layers, waste, files, forbidden, properties, growth, suggestions)
RULES: dict[str, Rule] = {rule.name: rule for family in _FAMILIES for rule in family.RULES}

__all__ = ["RULES", "Rule"]
