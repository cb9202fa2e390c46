"""What BuildKit's provenance says of an image: the Dockerfile it was built from, and the lines that made each layer.

Follows BuildKit's "SLSA definitions" for v0.2 and v1, ``mode=max``: ``source`` has the Dockerfile and the lines of
each step of the build, ``layers`` the layers (as descriptors of the stored blobs) that each step's output consists of.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ImgscopeError

if TYPE_CHECKING:
    from ..analysis import Analysis

PREDICATES = ("https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1")
_METADATA_02 = "https://mobyproject.org/buildkit@v1#metadata"
_MAX_CHAINS = 100_000


def read_provenance(analysis: Analysis) -> Mapping[str, Any] | None:
    """Return the provenance that lies beside an image in its archive or layout; ``None`` where there is none.

    Engines don't hand it out, and a compressed archive is not read again for it.
    """
    from ..archive.attestations import statements
    from ..reference import parse

    image = analysis.image
    if image.manifest_digest is None:
        return None
    try:
        reference = parse(image.reference)
        if reference.kind not in ("file", "layout"):
            return None
        found = statements(reference.target, image.manifest_digest, PREDICATES)
    except ImgscopeError:
        return None
    return next((statement for statement in found if metadata(statement)), None)


def metadata(provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return BuildKit's own part of a statement (or of its predicate); empty where there is none."""
    predicate = _mapping(provenance.get("predicate")) or provenance
    new = _mapping(_mapping(predicate.get("runDetails")).get("metadata"))
    old = _mapping(predicate.get("metadata"))
    return _mapping(new.get("buildkit_metadata")) or _mapping(old.get(_METADATA_02))


def dockerfile_text(provenance: Mapping[str, Any]) -> str | None:
    """Return the Dockerfile that a provenance holds; ``None`` where it holds none (``mode=min``)."""
    for info in _list(_mapping(metadata(provenance).get("source")).get("infos")):
        text = _data(info)
        if text is not None:
            return text
    return None


def layer_lines(provenance: Mapping[str, Any], text: str, digests: Sequence[str]) -> dict[int, int]:
    """Return for layers (by index; ``digests`` are those of the image's stored blobs) the line that made each.

    Empty where the provenance is of another Dockerfile than ``text``, or has no lines.
    """
    known = metadata(provenance)
    source = _mapping(known.get("source"))
    wanted = _lines(text)
    sources = {number for number, info in enumerate(_list(source.get("infos"))) if _lines(_data(info) or "") == wanted}
    if not sources:
        return {}
    locations = _mapping(source.get("locations"))
    found: dict[int, int] = {}
    budget = _MAX_CHAINS
    for output, chains in _mapping(known.get("layers")).items():
        line = _line(locations.get(output.partition(":")[0]), sources)
        if line is None:
            continue
        for chain in _list(chains):
            budget -= 1
            if budget < 0:
                return found
            names = [_mapping(descriptor).get("digest") for descriptor in _list(chain)]
            # The chain goes up to the step's own layer: with those below it, since equal layers may recur.
            if names and len(names) <= len(digests) and all(map(_same, names, digests)):
                found.setdefault(len(names) - 1, line)
    return found


def _same(name: object, digest: str) -> bool:
    return name == digest


def _line(location: object, sources: set[int]) -> int | None:
    """Return the first line of a step in one of some source files."""
    for item in _list(_mapping(location).get("locations")):
        place = _mapping(item)
        if place.get("sourceIndex", 0) not in sources:
            continue
        for part in _list(place.get("ranges")):
            line = _mapping(_mapping(part).get("start")).get("line")
            if isinstance(line, int) and not isinstance(line, bool) and line > 0:
                return line
    return None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _data(info: object) -> str | None:
    data = _mapping(info).get("data")
    if not isinstance(data, str):
        return None
    try:
        return base64.b64decode(data, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
