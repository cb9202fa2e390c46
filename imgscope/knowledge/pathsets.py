"""Ready sets of paths for ``forbidden-paths``: ``secrets`` and ``caches``."""

from __future__ import annotations

from dataclasses import dataclass

from .caches import CACHES
from .credentials import CREDENTIALS
from .tool_places import forbidden


@dataclass(frozen=True, slots=True)
class PathSet:
    """Globs that name files (never directories), those of them that are harmless, and whether empty files count."""

    summary: str
    globs: tuple[str, ...]
    harmless: tuple[str, ...] = ()
    empty: bool = False


SETS = {
    "secrets": PathSet(
        "keys, tokens and passwords that tools keep in files",
        forbidden(CREDENTIALS.values()),
        (
            # What distributions, languages and test suites ship for all to see.
            "/usr/share/**",
            "/usr/lib/**",
            "/usr/local/lib/**",
            "/lib/**",
            "/etc/apk/keys/**",
            "/opt/java/**/cacerts",
            "/**/site-packages/**/test*/**",
            "/**/node_modules/**/.env",
            "/**/node_modules/**/.npmrc",
            "/**/node_modules/**/test*/**",
            "/**/node_modules/**/fixture*/**",
        ),
    ),
    "caches": PathSet(
        "what package managers and build tools keep to be faster the next time",
        forbidden(CACHES.values()),
    ),
}
