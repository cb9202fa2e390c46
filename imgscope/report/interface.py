"""What every report format is: a function from what a command found to bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

Record_contra = TypeVar("Record_contra", contravariant=True)
"""An analysis, a difference, a verdict, …"""


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader may choose about a report.

    ``top`` rows of each ranked list; exact bytes instead of rounded sizes; ``files=False`` for JSON without its
    long lists, ``fingerprints`` for JSON with a hash of each file's content; ``width`` in columns (``fixed``: it was
    asked for; ``whole``: nobody looks at it on a screen, so nothing is cut and no path is parted, and only prose keeps
    to it), ``colour`` and ``unicode`` as the terminal has them. ``history`` shows the steps that made no layer too.
    ``again`` is how the image is named on a command line; empty where it can't be had a second time.
    """

    top: int = 10
    exact_bytes: bool = False
    files: bool = True
    duplicates: bool = False
    fingerprints: bool = False
    width: int = 100
    fixed: bool = False
    whole: bool = False
    colour: bool = False
    unicode: bool = True
    history: bool = False
    again: str = ""


class Render(Protocol[Record_contra]):
    """Renders what a command found in one format."""

    def __call__(self, record: Record_contra, options: Options, /) -> Iterator[bytes]:
        """Yield the report in pieces. Raises ``ImageError`` where contents are needed and can't be read."""
