"""Finds the values of Kubernetes Secrets: all that stands below ``stringData:``, and below ``data:`` in base64."""

from __future__ import annotations

from collections.abc import Iterator

from .names import compiled, plausible
from .shell import lines
from .tokens import Secret

KIND = "Kubernetes secret"
_OF_KIND = r"""kind(?<![\w-]kind)["'\\]{0,8}+\s{0,8}+:\s{0,8}+["'\\]{0,8}+Secret(?![\w-])"""
_BLOCKS = ("stringData:", "data:")
_PAIR = r"\s{0,64}([\w.\-/\"']{1,128}+)\s{0,8}:\s{1,8}(.{0,8192}+)"
_SCALAR = r"[|>][-+0-9]{0,3}\s{0,8}"
_JSON = r"""(stringData|data)["'\\]{0,8}+\s{0,8}+:\s{0,8}+\{"""
_JSON_KIND = r"""["']kind\\{0,7}["']\s{0,8}:\s{0,8}\\{0,7}["']Secret(?![\w-])"""
_JSON_PAIR = (
    r"""[\s,"'\\]{0,80}+[\w.\-/]{1,128}+["'\\]{0,8}+\s{0,8}+:\s{0,8}+"""
    r"""(?:\\{0,7}+["']([^"'\\{}]{0,8192}+)\\{0,7}+["']|([^"'\\{},\s]{1,8192}+))"""
)
_AROUND = " \t\r\"'"


def secrets_of_manifests(text: str, start: int, end: int) -> Iterator[Secret]:
    """Yield the values of the Secrets that a part of a text describes, in YAML or in JSON."""
    if text.find("stringData", start, end) >= 0 or text.find("Secret", start, end) >= 0:
        yield from _in_yaml(text, start, end)
        yield from _in_json(text, start, end)


def _in_yaml(text: str, start: int, end: int) -> Iterator[Secret]:
    held: list[Secret] = []
    secret = False
    block: tuple[str, int] | None = None
    scalar = -1
    for at, stop in lines(text, start, end):
        line = text[at:stop]
        bare = line.strip(_AROUND)
        indent = len(line) - len(line.lstrip(" \t"))
        if bare.startswith("---"):
            yield from held if secret else ()
            held, secret, block, scalar = [], False, None, -1
            continue
        if not bare:
            continue
        if scalar >= 0:
            # All of a text of several lines is its key's value.
            if indent > scalar:
                yield from _kept(held, block, at, line)
                continue
            scalar = -1
        secret = secret or compiled(_OF_KIND).search(line) is not None
        if block is not None and indent > block[1]:
            pair = compiled(_PAIR).match(line)
            if pair is not None and compiled(_SCALAR).fullmatch(pair[2]):
                scalar = indent
            elif pair is not None:
                yield from _kept(held, block, at + pair.start(2), pair[2])
            continue
        block = (bare, indent) if bare in _BLOCKS else None
    yield from held if secret else ()


def _kept(held: list[Secret], block: tuple[str, int] | None, at: int, value: str) -> Iterator[Secret]:
    """Yield a value of ``stringData``, which only Secrets have; keep one of ``data`` until the kind is known."""
    bare = value.strip(_AROUND)
    if block is None or not plausible(bare):
        return
    first = at + value.index(bare)
    found = Secret(KIND, first, first + len(bare))
    if block[0] == _BLOCKS[0]:
        yield found
    elif " " not in bare:
        held.append(found)


def _in_json(text: str, start: int, end: int) -> Iterator[Secret]:
    known: bool | None = None
    for match in compiled(_JSON).finditer(text, start, end):
        if match[1] == "data":
            known = compiled(_JSON_KIND).search(text, start, end) is not None if known is None else known
            if not known:
                continue
        at = match.end()
        while (pair := compiled(_JSON_PAIR).match(text, at, end)) is not None:
            at = pair.end()
            group = 1 if pair[1] is not None else 2
            if plausible(pair[group]):
                yield Secret(KIND, pair.start(group), pair.end(group))
