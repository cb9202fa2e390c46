"""Dockerfiles: read, matched to the image that was built from them, and edited line by line.

Follows the Dockerfile reference as BuildKit's parser reads it; ``parser`` hides the library that does.
"""

from __future__ import annotations

from .match import DockerfileMatch, Match, match
from .model import Dockerfile, Heredoc, Instruction, Stage
from .nearby import nearby
from .parser import parse, read

__all__ = [
    "Dockerfile",
    "DockerfileMatch",
    "Heredoc",
    "Instruction",
    "Match",
    "Stage",
    "match",
    "nearby",
    "parse",
    "read",
]
