"""A plan of layers as a small file, TOML or JSON: names, packages and globs of paths, lowest layer first.

    version = 1

    [[layers]]
    name = "torch"
    packages = ["python:torch", "python:nvidia-*"]

    [[layers]]
    name = "models"
    paths = ["/srv/models"]

What no layer names goes into one more on top of them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..escape import escape

VERSION = 1
MAX_LAYERS = 127
"""Docker's overlay2 stacks no more layers than this."""
REST = "everything else"
# Plans are written by programs, or by hand: an image has no more packages, and nobody writes more globs.
_MAX_BYTES = 4 << 20
_MAX_GLOBS = 100_000
_MAX_GLOB = 4096
_MAX_NAME = 200
# JSON's strings are TOML's, but for this sign.
_DELETE = re.compile("\x7f")


@dataclass(frozen=True, slots=True)
class PlannedLayer:
    """A layer of a plan: the ``packages`` in it (``python:torch``, ``dpkg:lib*``), and globs of ``paths``."""

    name: str
    packages: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Layers, lowest first; ``rest`` is what the layer above them is called, which holds what none of them names."""

    layers: tuple[PlannedLayer, ...]
    rest: str = REST

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all layers, that of the rest too."""
        return (*(layer.name for layer in self.layers), self.rest)

    def toml(self) -> Iterator[str]:
        """Yield the lines of the plan as a file."""
        yield "# Which paths go into which layer, lowest first. The first whose globs fit a path has it,"
        yield "# else the first that names its package."
        yield "# imgscope squash IMAGE -o out.tar --split THIS-FILE writes the image so."
        yield f"version = {VERSION}"
        for layer in (*self.layers, PlannedLayer(self.rest)):
            yield ""
            yield "[[layers]]"
            yield f"name = {_string(layer.name)}"
            for key, values in (("packages", layer.packages), ("paths", layer.paths)):
                if len(values) == 1:
                    yield f"{key} = [{_string(values[0])}]"
                elif values:
                    yield f"{key} = ["
                    yield from (f"    {_string(value)}," for value in values)
                    yield "]"


def read_plan(path: str | os.PathLike[str]) -> Plan:
    """Read a plan's file, TOML or JSON. Raises ``UsageError``."""
    shown = escape(os.fspath(path))
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{shown}: the plan can't be read: {error.strerror or error}") from None
    if len(data) > _MAX_BYTES:
        raise UsageError(f"{shown}: a plan has no more than {_MAX_BYTES >> 20} MiB")
    try:
        return _plan(_parsed(data.decode()))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown}: {escape(str(error)) or 'nested too deep'}") from None


def _parsed(text: str) -> Any:
    if text.lstrip()[:1] == "{":
        return json.loads(text)
    import tomllib

    return tomllib.loads(text)


def _plan(document: Any) -> Plan:
    if not isinstance(document, dict) or not isinstance(document.get("layers"), list):
        raise ValueError("not a plan: it has no [[layers]]")
    unknown = sorted(map(str, document.keys() - {"version", "layers"}))
    if unknown:
        raise ValueError(f"there is no {unknown[0]} in a plan, only version and layers")
    if document.get("version", VERSION) != VERSION:
        raise ValueError(f"this imgscope reads plans of version {VERSION}")
    rows = document["layers"]
    if len(rows) > MAX_LAYERS:
        raise ValueError(f"more than {MAX_LAYERS} layers, which no engine stacks")
    layers = [_layer(number, row) for number, row in enumerate(rows)]
    if sum(len(layer.packages) + len(layer.paths) for layer in layers) > _MAX_GLOBS:
        raise ValueError(f"more than {_MAX_GLOBS:,} packages and paths")
    rest = REST
    if layers and not (layers[-1].packages or layers[-1].paths):
        rest = layers.pop().name
    for number, layer in enumerate(layers):
        if not (layer.packages or layer.paths):
            raise ValueError(f"layer {number} names no packages and no paths: only the last one takes the rest")
    return Plan(tuple(layers), rest)


def _layer(number: int, row: Any) -> PlannedLayer:
    if not isinstance(row, Mapping):
        raise ValueError(f"layer {number} is no table")
    unknown = sorted(map(str, row.keys() - {"name", "packages", "paths"}))
    if unknown:
        raise ValueError(f"layer {number}: there is no {unknown[0]}, only name, packages and paths")
    name = row.get("name", f"layer {number}")
    if not isinstance(name, str) or not name.strip() or len(name) > _MAX_NAME:
        raise ValueError(f"layer {number}: its name is a text of up to {_MAX_NAME} signs")
    return PlannedLayer(name, *(_globs(number, key, row.get(key, [])) for key in ("packages", "paths")))


def _globs(number: int, key: str, values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"layer {number}: {key} is a list of texts")
    for value in values:
        if len(value) > _MAX_GLOB:
            raise ValueError(f"layer {number}: one of its {key} is longer than {_MAX_GLOB} signs")
        if key == "packages" and ":" not in value:
            raise ValueError(f"layer {number}: {value!r} is no package; write it as python:torch or dpkg:lib*")
    return tuple(values)


def _string(text: str) -> str:
    return _DELETE.sub(r"\\u007f", json.dumps(text, ensure_ascii=False))


def literal(text: str) -> str:
    """Write the glob that fits one name and nothing else.

    A byte that is no text is any byte in the glob: a plan is text.
    """
    return re.sub("[\udc80-\udcff]", "?", re.sub(r"[*?\[]", r"[\g<0>]", text))


def glob_of(path: bytes) -> str:
    """Write the glob that fits one path, with all below it."""
    return "/" + literal(path.decode("utf-8", "surrogateescape"))
