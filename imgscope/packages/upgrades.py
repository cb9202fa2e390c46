"""Which packages of a base an installation brings up to date: those that are asked for at a version it has not.

apt leaves an installed package alone as long as its version will do (Debian policy, *Declaring relationships between
packages*); versions are ordered as deb-version(7) says.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

_RELATION = re.compile(r"([^\s():]+)(?::[\w-]+)?\s*\((<<|<=|=|>=|>>)([^()]*)\)")
_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">>": operator.gt,
}
_PART = re.compile(r"([^0-9]*)([0-9]*)")
# A longer version is no package's, and would only cost time.
_MAX_VERSION = 256


class Bound(NamedTuple):
    """A package that another needs at certain versions; ``relation``: ``<<``, ``<=``, ``=``, ``>=``, ``>>``."""

    name: str
    relation: str
    version: str

    def takes(self, version: str) -> bool:
        """Tell whether a version will do."""
        return _HOLDS[self.relation](order(version), order(self.version))


def bounds(relations: str) -> tuple[Bound, ...]:
    """Return what a field (``Depends``, …) asks for at a version; where there are alternatives, nothing is certain."""
    groups = (group.strip() for group in relations.split(",") if "(" in group and "|" not in group)
    found = (_RELATION.match(group) for group in groups)
    return tuple(Bound(match[1], match[2], match[3].strip()) for match in found if match)


def order(version: str) -> tuple[Any, ...]:
    """Return what Debian's versions are ordered by (deb-version(7), *Sorting algorithm*)."""
    epoch, colon, rest = version[:_MAX_VERSION].partition(":")
    if not colon:
        epoch, rest = "0", epoch
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "0")
    return _number(epoch), _parts(upstream), _parts(revision)


def _parts(text: str) -> tuple[Any, ...]:
    # The end of a text counts as less than anything but a tilde.
    return (*(((*map(_weight, word), 0), _number(digits)) for word, digits in _PART.findall(text)), ((0,), _number("")))


def _weight(letter: str) -> int:
    if letter == "~":
        return -1
    return ord(letter) if letter.isalpha() else ord(letter) + 0x110000


def _number(digits: str) -> tuple[int, str]:
    digits = digits.lstrip("0")
    return len(digits), digits


def renewed(asked: Iterable[tuple[Bound, ...]], there: Mapping[str, tuple[str, tuple[Bound, ...]]]) -> set[str]:
    """Return the names of a base's packages that an installation brings up to date.

    ``asked`` is what the packages that it installs need; ``there`` has of each package of the base its version, and
    what the newer one of it needs in turn.
    """
    found: set[str] = set()
    pending = list(asked)
    while pending:
        for bound in pending.pop():
            if bound.name in there and bound.name not in found and not bound.takes(there[bound.name][0]):
                found.add(bound.name)
                pending.append(there[bound.name][1])
    return found
