"""A saved analysis: the JSON that ``imgscope analyze --format json`` wrote."""

from __future__ import annotations

from .file import FileSource


class SavedSource(FileSource):
    """A file that holds a JSON object; whether that is an analysis, its reader finds out."""
