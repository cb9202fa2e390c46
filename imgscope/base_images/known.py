"""Well-known base images that may not be at hand: their sizes as published, with the day and the place of that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class PublishedBase:
    """A base as its maintainers' pages tell of it: ``bytes`` on disk of ``platform``, as published (rounded there).

    ``dated`` is the day that the image was made (empty for ``scratch``), ``url`` the page that tells the size.
    """

    name: str
    bytes: int
    dated: str
    url: str
    platform: str
    libc: str
    shell: str
    manager: str
    user: str
    runtime: str = ""
    """The language that it brings: ``Python 3.13``."""


def known_bases() -> list[PublishedBase]:
    """Return the table, smallest first."""
    text = files(__package__).joinpath("known.json").read_text("utf-8")
    table = json.loads(text)
    rows = [PublishedBase(platform=table["platform"], **row) for row in table["bases"]]
    return sorted(rows, key=lambda row: row.bytes)
