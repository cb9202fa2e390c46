"""Every regular expression of the package, how it is used, and texts that would make it slow.

A pattern is collected as an object that a module holds (in a table or a class, too), or as the text of a call of
``re`` within a function, written there or held by the module. What is tried on it is made of its own parts: what it
repeats, after what comes before.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import pkgutil
import re
import signal
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from re import _constants as code  # the same as sre_constants, which warns
from re import _parser as parser

import imgscope

USES = ("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")
EVERYWHERE = ("search", "sub", "subn", "split", "findall", "finditer")
CHARACTERS = " \n\ta-_\"'`=/\\${}0:.,;|&@#<>()[]é+~*"


@dataclass(frozen=True)
class Used:
    """A pattern, the module that has it, and whether it is tried at every place of a text or only at its start."""

    module: str
    pattern: re.Pattern
    everywhere: bool

    def __str__(self) -> str:
        text = self.pattern.pattern
        return f"{self.module}: {text if isinstance(text, str) else text.decode('latin-1')}"


def modules() -> Iterator[object]:
    for info in pkgutil.walk_packages(imgscope.__path__, "imgscope."):
        if not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def found_in(value: object, depth: int = 0) -> Iterator[re.Pattern]:
    """The patterns in a value: itself, or what its members and fields hold."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 5 and isinstance(value, dict):
        for one in (*value.keys(), *value.values()):
            yield from found_in(one, depth + 1)
    elif depth < 5 and isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from found_in(one, depth + 1)
    elif depth < 5 and is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from found_in(getattr(value, field.name), depth + 1)
    elif depth < 3 and isinstance(value, type) and value.__module__.startswith("imgscope"):
        for one in list(vars(value).values()):
            yield from found_in(one, depth + 1)
    elif inspect.ismethod(value) or inspect.isbuiltin(value):
        yield from found_in(getattr(value, "__self__", None), depth + 1)


def of_text(node: ast.AST, names: dict[str, object]) -> tuple[re.Pattern, str] | None:
    """The pattern, and the way of use, in ``compiled(TEXT).search(…)``: what is compiled when it is first used."""
    if (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "compiled"
    ):
        value = text_of(node.value.args[0], names)
        if value is not None:
            return re.compile(value), node.attr
    return None


def text_of(node: ast.AST, names: dict[str, object]) -> str | bytes | None:
    """The text that an argument is: a constant, or one that the module holds."""
    value = node.value if isinstance(node, ast.Constant) else names.get(getattr(node, "id", ""))
    return value if isinstance(value, str | bytes) else None


def collected() -> list[Used]:
    """Every pattern of the package, once for each module."""
    found: dict[tuple[str, object, int], bool] = {}
    for module in modules():
        tree = ast.parse(Path(module.__file__).read_text())
        used: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in USES:
                used.setdefault(node.value.id, set()).add(node.attr)
        for name, value in list(vars(module).items()):
            for pattern in found_in(value):
                ways = used.get(name) if isinstance(value, re.Pattern) else None
                key = module.__name__, pattern.pattern, pattern.flags
                found[key] = found.get(key, False) or ways is None or not ways.isdisjoint(EVERYWHERE)
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr in (*USES, "compile")
                and node.args
                and (text := text_of(node.args[0], vars(module))) is not None
            ):
                flags = 0
                for one in (*node.args[1:], *(keyword.value for keyword in node.keywords)):
                    for part in ast.walk(one):
                        if isinstance(part, ast.Attribute) and hasattr(re.RegexFlag, part.attr):
                            flags |= getattr(re.RegexFlag, part.attr)
                pattern = re.compile(text, flags)
                key = module.__name__, pattern.pattern, pattern.flags
                if node.func.attr != "compile":
                    found[key] = found.get(key, False) or node.func.attr in EVERYWHERE
                elif key not in found:
                    found[key] = True
            if (made := of_text(node, vars(module))) is not None:
                pattern, ways = made
                key = module.__name__, pattern.pattern, pattern.flags
                found[key] = found.get(key, False) or ways in EVERYWHERE
    return [
        Used(module, re.compile(text, flags & ~re.UNICODE if isinstance(text, bytes) else flags), everywhere)
        for (module, text, flags), everywhere in found.items()
    ]


# --- texts -------------------------------------------------------------------------------------------------

_OF_CATEGORY = {
    code.CATEGORY_DIGIT: "0",
    code.CATEGORY_SPACE: " ",
    code.CATEGORY_WORD: "a",
    code.CATEGORY_NOT_DIGIT: "a",
    code.CATEGORY_NOT_SPACE: "a",
    code.CATEGORY_NOT_WORD: "-",
}


def members(items: list) -> list[str]:
    """Some characters that a set takes."""
    negated = bool(items) and items[0][0] is code.NEGATE
    taken: list[str] = []
    for kind, value in items:
        if kind is code.LITERAL:
            taken.append(chr(value))
        elif kind is code.RANGE:
            taken += [chr(value[0]), chr(value[1])]
        elif kind is code.CATEGORY:
            taken.append(_OF_CATEGORY.get(value, "a"))
    if negated:
        taken = [sign for sign in "a- =/0\n\"'" if not any(_takes(item, sign) for item in items[1:])] or ["é"]
    # One of each kind: a sign that is not a letter parts words, and so brings more places to begin at.
    kinds = {("letter" if sign.isalpha() else "digit" if sign.isdigit() else sign): sign for sign in taken[::-1]}
    return list(kinds.values())[::-1][:5] or ["a"]


def _takes(item: tuple, sign: str) -> bool:
    kind, value = item
    if kind is code.LITERAL:
        return ord(sign) == value
    if kind is code.RANGE:
        return value[0] <= ord(sign) <= value[1]
    name = str(value)
    inside = sign.isspace() if "SPACE" in name else sign.isdigit() if "DIGIT" in name else sign.isalnum() or sign == "_"
    return inside != ("NOT" in name)


def sample(tokens: object, turn: int = 0) -> str:
    """A text that these parts of a pattern take (lookarounds apart)."""
    out = ""
    for kind, value in tokens:
        if kind is code.LITERAL:
            out += chr(value)
        elif kind is code.NOT_LITERAL:
            choices = [sign for sign in "a -=/0" if ord(sign) != value]
            out += choices[turn % len(choices)]
        elif kind is code.ANY:
            out += "a -=/"[turn % 5]
        elif kind is code.IN:
            choices = members(value)
            out += choices[turn % len(choices)]
        elif kind is code.BRANCH:
            out += sample(value[1][turn % len(value[1])], turn)
        elif kind is code.SUBPATTERN:
            out += sample(value[3], turn)
        elif kind in (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT):
            out += sample(value[2], turn) * max(1, value[0])
        elif kind is code.ATOMIC_GROUP:
            out += sample(value, turn)
    return out


def pumps(tokens: object, before: str = "") -> Iterator[tuple[str, str]]:
    """(what comes before, what is repeated) for each part of a pattern that may be repeated often."""
    for kind, value in tokens:
        if kind in (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT):
            if value[1] > 50:
                for turn in range(5):
                    yield before, sample(value[2], turn)
            yield from pumps(value[2], before)
        elif kind is code.SUBPATTERN:
            yield from pumps(value[3], before)
        elif kind is code.ATOMIC_GROUP:
            yield from pumps(value, before)
        elif kind is code.BRANCH:
            for turn, branch in enumerate(value[1]):
                yield from pumps(branch, before)
                if turn > 12:
                    break
        before += sample([(kind, value)])


@dataclass(frozen=True)
class Shape:
    """A text of any size: something repeated, then something else, between a head and an end."""

    head: str
    unit: str
    other: str
    end: str

    def text(self, size: int) -> str:
        if not self.other:
            return self.head + self.unit * (size // len(self.unit)) + self.end
        half = size // 2
        return self.head + self.unit * (half // len(self.unit)) + self.other * (half // len(self.other)) + self.end


def shapes(used: Used) -> list[Shape]:
    """The shapes of text to try on a pattern."""
    pattern = used.pattern
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
        tokens = parser.parse(text, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else 0)
    found: dict[Shape, None] = {Shape("", sign, "", ""): None for sign in CHARACTERS}
    pairs = list(dict.fromkeys(pumps(tokens)))[:60]
    for before, pump in pairs:
        for unit, head in (
            (pump, before),
            (before + pump, ""),
            (pump + before, ""),
            (before, ""),
            (pump + " ", before),
            (pump + "\n", ""),
        ):
            for start, end in (("", ""), ("", "\0"), ("", " !"), (" ", "\0")):
                if unit:
                    found[Shape(start + head, unit, "", end)] = None
    for (before, pump), (_, other) in itertools.pairwise(pairs):
        if pump and other:
            found[Shape(before, pump, other, "\0")] = None
    for turn in range(3):
        whole = sample(tokens, turn)
        for unit in (whole, whole[:-1]):
            if unit:
                found[Shape("", unit, "", "")] = None
    return list(found)


# --- time --------------------------------------------------------------------------------------------------


FAST = 0.002
# Linear time grows to four times as much here, quadratic time to sixteen times.
STEEP = 8


class TooLong(Exception):
    pass


def seconds(used: Used, text: str, limit: float) -> float:
    """Seconds that a pattern takes over a text; ``limit`` where it would take longer."""
    subject = text if isinstance(used.pattern.pattern, str) else text.encode("utf-8", "surrogateescape")

    def ring(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, ring)
    begin = time.perf_counter()
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, limit)
        if used.everywhere:
            for _ in used.pattern.finditer(subject):
                pass
        else:
            used.pattern.match(subject)
            used.pattern.fullmatch(subject)
        return min(time.perf_counter() - begin, limit)
    except TooLong:
        return limit
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def slow(used: Used, size: int = 1000) -> list[str]:
    """Texts over which a pattern takes more than linear time: three at most."""
    found: list[str] = []
    tried = shapes(used)
    for shape in tried:
        if seconds(used, shape.text(40), 0.2) > 0.1:
            return [f"{shape}: exponential"]
    for shape in tried:
        # Linear time is some ten nanoseconds a character, and a quadratic one at least a thousand times that. Once more
        # with twice the length: a busy machine, or a part that is long but bounded, shows only once.
        if seconds(used, shape.text(4 * size), 0.2) > FAST and all(
            grown(used, shape, many * size) > STEEP for many in (1, 2)
        ):
            found.append(str(shape))
            if len(found) == 3:
                break
    return found


def grown(used: Used, shape: Shape, size: int) -> float:
    """How many times longer a pattern takes over a text of four times the size."""
    one, four = (min(seconds(used, shape.text(many * size), 2.0) for _ in range(3)) for many in (1, 4))
    return four / one if four > FAST else 1.0
