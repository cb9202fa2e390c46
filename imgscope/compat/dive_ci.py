"""dive's rules for CI: what ``.dive-ci`` says, and dive's verdict on an image's figures.

The three rules, their defaults, how values are read and where the limits lie are dive's (0.13.1; ``off``, ``false`` and
an empty text switch a rule off as in the dive that comes after it). What dive calls a misconfiguration and fails on
is a ``ConfigError`` here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..errors import ConfigError
from ..escape import escape

LOWEST_EFFICIENCY = "lowestEfficiency"
HIGHEST_WASTED_BYTES = "highestWastedBytes"
HIGHEST_USER_WASTED_PERCENT = "highestUserWastedPercent"

DEFAULTS: Mapping[str, str] = {
    LOWEST_EFFICIENCY: "0.9",
    HIGHEST_WASTED_BYTES: "disabled",
    HIGHEST_USER_WASTED_PERCENT: "0.1",
}
"""Each rule's value where nothing sets it; ``disabled`` switches a rule off."""

_OFF = ("", "disabled", "off", "false")
_SIZE = re.compile(r"([0-9.,]*)(.*)", re.DOTALL)
_UNITS = {"": 1, "b": 1} | {
    prefix + ending: base**power
    for power, prefix in enumerate("kmgtpe", 1)
    for ending, base in (("", 1000), ("b", 1000), ("i", 1024), ("ib", 1024))
}


class _Figures(Protocol):
    @property
    def efficiency(self) -> float: ...
    @property
    def wasted_bytes(self) -> int: ...
    @property
    def user_wasted_percent(self) -> float: ...


@dataclass(frozen=True, slots=True)
class DiveRules:
    """dive's three limits: fractions, and bytes; ``None`` for a rule that is off. ``notes`` are oddities to report."""

    lowest_efficiency: float | None = 0.9
    highest_wasted_bytes: int | None = None
    highest_user_wasted_percent: float | None = 0.1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's outcome: ``status`` is ``pass``, ``fail`` or ``skipped``; ``rule`` is its name as dive spells it."""

    rule: str
    status: str
    limit: float | int | None
    actual: float | int
    message: str = ""


def read_dive_ci(text: str, overrides: Mapping[str, str] | None = None) -> DiveRules:
    """Read the YAML of a ``.dive-ci``; ``overrides`` are values given as options, by rule, which win.

    Both spellings of a rule's name are read (``lowestEfficiency``, ``lowest-efficiency``), in any case. Raises
    ``ConfigError`` for what is not YAML, and for a value that dive could not use.
    """
    values, notes = _values(text)
    return rules({**values, **{_spelled(name) or name: value for name, value in (overrides or {}).items()}}, notes)


def rules(values: Mapping[str, str], notes: tuple[str, ...] = ()) -> DiveRules:
    """Make rules of values as texts, by rule (dive's spelling); those that are missing have dive's defaults.

    Raises ``ConfigError`` for a name that is not a rule, and for a value that dive could not use.
    """
    for name in values:
        if name not in DEFAULTS:
            raise ConfigError(f"dive has no rule {escape(name)!r}, only {', '.join(DEFAULTS)}")
    given = {**DEFAULTS, **values}
    return DiveRules(
        _fraction(LOWEST_EFFICIENCY, given[LOWEST_EFFICIENCY]),
        _bytes(given[HIGHEST_WASTED_BYTES]),
        _fraction(HIGHEST_USER_WASTED_PERCENT, given[HIGHEST_USER_WASTED_PERCENT]),
        notes,
    )


def evaluate(rules: DiveRules, figures: _Figures) -> list[Verdict]:
    """Return each rule's verdict, in dive's order of the rules. A limit that is just met passes, as in dive."""
    low, most, share = rules.lowest_efficiency, rules.highest_wasted_bytes, rules.highest_user_wasted_percent
    percent = figures.user_wasted_percent
    nothing = "no layer above the first has content" if math.isnan(percent) else ""
    return [
        _verdict(LOWEST_EFFICIENCY, low, figures.efficiency, low is not None and low > figures.efficiency),
        _verdict(HIGHEST_WASTED_BYTES, most, figures.wasted_bytes, most is not None and figures.wasted_bytes > most),
        # Whatever NaN is compared with, dive lets it pass.
        _verdict(HIGHEST_USER_WASTED_PERCENT, share, percent, share is not None and percent > share, nothing),
    ]


def _verdict(rule: str, limit: float | None, actual: float, failed: bool, message: str = "") -> Verdict:
    if limit is None:
        return Verdict(rule, "skipped", None, actual, "rule disabled")
    return Verdict(rule, "fail" if failed else "pass", limit, actual, message)


def _spelled(name: str) -> str | None:
    """Return dive's spelling of a rule's name, whichever of its spellings it is; ``None`` for any other name."""
    plain = name.replace("-", "").casefold()
    return next((known for known in DEFAULTS if known.casefold() == plain), None)


def _values(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the values that a ``.dive-ci`` sets, as written, and notes on what else stands there."""
    import yaml

    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f".dive-ci is not YAML: {escape(' '.join(str(error).split()))}") from None
    values: dict[str, str] = {}
    spellings: dict[str, str] = {}
    notes: list[str] = []
    for key, node in _mapping(document, ".dive-ci"):
        if key.casefold() != "rules":
            continue
        for name, value in _mapping(node, "rules of .dive-ci"):
            rule = _spelled(name)
            if rule is None:
                notes.append(_unknown(name))
            elif not isinstance(value, yaml.ScalarNode):
                raise ConfigError(f".dive-ci: {rule} must be one value")
            # A rule without a value keeps its default; the older spelling wins, as in dive.
            elif value.tag != "tag:yaml.org,2002:null" and not ("-" in name and "-" not in spellings.get(rule, "-")):
                values[rule], spellings[rule] = value.value, name
    return values, tuple(notes)


def _mapping(node: object, what: str) -> list[tuple[str, object]]:
    import yaml

    if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"):
        return []
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{what} must be a mapping of names to values")
    return [(key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [*DEFAULTS, "lowest-efficiency", "highest-wasted-bytes"], 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f".dive-ci: dive has no rule {escape(name)!r}, it is ignored{hint}"


def _number(rule: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or text != text.strip():
        raise ConfigError(f"{rule} is {escape(text)!r}, which is not a number")
    return number


def _fraction(rule: str, text: str) -> float | None:
    if text.strip().lower() in _OFF:
        return None
    number = _number(rule, text)
    if not 0 <= number <= 1:
        raise ConfigError(f"{rule} is {escape(text)!r}; it must be between 0 and 1")
    return number


def _bytes(text: str) -> int | None:
    """Read a size as dive does: decimal units (20MB, 1.5 gb, 20m), or binary ones that say so (20MiB, 20Mi)."""
    if text.strip().lower() in _OFF:
        return None
    match = _SIZE.fullmatch(text)
    assert match is not None
    digits, unit = match.groups()
    factor = _UNITS.get(unit.strip().lower())
    if factor is None or not digits.replace(",", ""):
        # YAML's own way of writing a number, such as 2.5e7.
        try:
            size = _number(HIGHEST_WASTED_BYTES, text)
        except ConfigError:
            size = -1
        if size < 0:
            raise ConfigError(f"{HIGHEST_WASTED_BYTES} is {escape(text)!r}; it must be a size such as 20MB")
        return int(size)
    size = _number(HIGHEST_WASTED_BYTES, digits.replace(",", "")) * float(factor)
    if size >= 2**64:
        raise ConfigError(f"{HIGHEST_WASTED_BYTES} is {escape(text)!r}, which is too large")
    return int(size)
