"""What is wrong with a database, and how much of one is read."""

from __future__ import annotations

# A system has some thousand packages at most.
MAX_HEADERS = 100_000
TOO_MANY = f"it holds more than {MAX_HEADERS:,} packages"


class DatabaseError(ValueError):
    """A database can't be read, or not to its end; the text says why."""
