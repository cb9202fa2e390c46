"""All rules, in the order in which they claim bytes: what is surer and says more precisely what to do comes first.

To add one: a ``Rule`` in a file here, and its place in ``_built_in``. Another package adds rules by an entry point in
the group ``imgscope.rules``, which leads to a ``Rule`` or a sequence of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UsageError
from ..model import Rule

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "imgscope.rules"


def _built_in() -> list[Rule]:
    from . import (
        base_changes,
        build_context,
        build_leftovers,
        build_packages,
        bytecode,
        debug_symbols,
        layer_waste,
        leftovers,
        machine_learning,
        node_dev,
        order,
        practice,
        recommended,
        secrets,
        sources,
        toolchain,
    )

    return [
        *secrets.RULES,
        *leftovers.RULES,
        *build_context.RULES,
        *machine_learning.REPLACED,
        *layer_waste.RULES,
        *base_changes.RULES,
        *build_packages.RULES,
        *recommended.RULES,
        *node_dev.RULES,
        *toolchain.RULES,
        *build_leftovers.RULES,
        *sources.RULES,
        *bytecode.RULES,
        *machine_learning.RULES,
        *debug_symbols.RULES,
        *order.RULES,
        *practice.RULES,
    ]


@cache
def all_rules() -> Sequence[Rule]:
    """Return every rule, those of other packages last. Raises ``UsageError`` for one that can't be had."""
    rules = _built_in()
    for entry in _entry_points():
        try:
            found = entry.load()
        except Exception as error:
            raise UsageError(f"the rules of {entry.value} ({entry.name}) can't be loaded: {error}") from None
        rules += [found] if isinstance(found, Rule) else list(found)
    known: dict[str, Rule] = {}
    for rule in rules:
        if not isinstance(rule, Rule):
            raise UsageError(f"{rule!r} is not a rule")
        if rule.code in known:
            raise UsageError(f"two rules are called {rule.code}: {known[rule.code].name} and {rule.name}")
        known[rule.code] = rule
    return tuple(rules)


def _entry_points() -> Iterable[EntryPoint]:
    """Return the entry points of other packages.

    Few have any, and the library that reads them takes longer to be imported than to look for the group's name.
    """
    group = GROUP.encode()
    for folder in map(Path, sys.path):
        for file in folder.glob("*-info/entry_points.txt"):
            try:
                found = group in file.read_bytes()
            except OSError:
                continue
            if found:
                from importlib.metadata import entry_points

                return entry_points(group=GROUP)
    return ()
