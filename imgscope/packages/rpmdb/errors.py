"""What is wrong with a database."""

from __future__ import annotations


class DatabaseError(ValueError):
    """A database can't be read, or not to its end; the text says why."""
